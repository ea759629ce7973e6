"""What stands elsewhere and is only referred to: values of rpc/encoded by `href="#id"`, MIME parts by `cid:`.

Put in its place while the tree is built, counted and never twice through itself: references can multiply like entities.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.protocols.answer_tree import Tree
from adapters.protocols.soap_parts import named
from adapters.protocols.transport import BODY_CAP
from adapters.protocols.xml_safety import ASIDE, DEPTH, local_name, put
from hub.port import Garbled

ELEMENTS = 60_000
ENCODING12 = "http://www.w3.org/2003/05/soap-encoding"
_ENCODING12 = ENCODING12.encode()
_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"
_ROOT = "{http://schemas.xmlsoap.org/soap/encoding/}root"


def hinted(envelope: bytes) -> bool:
    """Whether a document may refer to anything; nearly none does."""
    return b"href" in envelope or _ENCODING12 in envelope


def answered(body: Any) -> Any:
    """The one element of a body that is the answer; beside it only values that others refer to."""
    alone = [child for child in body if _id(child) is None and child.get(_ROOT) != "0"]
    if len(alone) != 1:
        raise Garbled("not an envelope with one element in its body")
    return alone[0]


class References:
    """The values and parts of one answer."""

    def __init__(self, envelope: Any, parts: Mapping[str, bytes]) -> None:
        self._values: dict[str, Any] = {}
        for element in envelope.iter():
            name = _id(element)
            if name is not None:  # two of one id are nobody's business until something refers to them
                self._values[name] = None if name in self._values else element
        self._parts = dict(parts)
        self._elements = self._bytes = 0

    def tree_of(self, element: Any, depth: int = 1) -> Tree:
        """As xml_safety.tree_of, with everything in its place."""
        self._elements += 1
        if depth > DEPTH:
            raise Garbled("nested too deeply, or a value within itself")
        if self._elements > ELEMENTS:
            raise Garbled("references that multiply", code="UPSTREAM_TOO_LARGE")
        href = element.get("href") or ""
        target = href[1:] if href.startswith("#") else element.get(f"{{{ENCODING12}}}ref")
        if target:
            value = self._values.get(target)
            if value is None:
                raise Garbled("refers to a value that is not there, or to one of two")
            return self.tree_of(value, depth + 1)
        if href.startswith("cid:"):
            return self._included(href)
        return self._group(element, depth) if len(element) else element.text or ""

    def _group(self, element: Any, depth: int) -> Tree:
        if len(element) == 1 and element[0].tag == _INCLUDE:
            return self._included(element[0].get("href") or "")
        tree: dict[str, Tree] = {}
        for child in _within(element):
            put(tree, local_name(child), self.tree_of(child, depth + 1))
        return tree

    def _included(self, href: str) -> str:
        """A part as its Base64 text, which is what stands there without MTOM. Each part has one place."""
        part = self._parts.pop(named(href), None) if href.startswith("cid:") else None
        if part is None:
            raise Garbled("refers to a part that is not there, or twice to one")
        self._bytes += len(part)
        if self._bytes > BODY_CAP:
            raise Garbled("more in parts than is taken", code="UPSTREAM_TOO_LARGE")
        return base64.b64encode(part).decode("ascii")


def _within(element: Any) -> Iterator[Any]:
    return (child for child in element if child.tag not in ASIDE)


def _id(element: Any) -> str | None:
    found: str | None = element.get("id")
    return found if found is not None else element.get(f"{{{ENCODING12}}}id")
