"""Reads SOAP answers: the envelope of the operation, a fault by table, a maintenance page by its marks, or Garbled."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from adapters.protocols.answer_tree import Tree, as_path, leaf_of
from adapters.protocols.charset import decode
from adapters.protocols.maintenance import refuse_maintenance
from adapters.protocols.mapping import Operation, rejected
from adapters.protocols.soap_envelope import SOAP11, SOAP12
from adapters.protocols.soap_parts import Parts, parts_of
from adapters.protocols.soap_references import References, answered, hinted
from adapters.protocols.transport import Response, refuse
from adapters.protocols.xml_safety import label, local_name, parse, text_of, tree_of
from hub.port import Denied, Garbled, PortError, Unavailable

# What WS-Security itself calls a refused account.
_NOT_LET_IN = frozenset(
    {
        "FailedAuthentication",
        "FailedCheck",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "MessageExpired",
        "SecurityTokenUnavailable",
    }
)


_BODIES = {f"{{{soap}}}Envelope": f"{{{soap}}}Body" for soap in (SOAP11, SOAP12)}


class Answers:
    """How one system answers."""

    def __init__(self, facts: Mapping[str, Any], charset: str) -> None:
        self._faults: Mapping[str, Any] = facts["faults"]
        self._maintenance: Mapping[str, Any] | None = facts["maintenance"]
        self._inner: Mapping[str, Any] | None = facts["inner"]
        self._charset = charset

    def tree(self, operation: Operation, tag: str, response: Response, bare: bool = False) -> Tree:
        """What the operation answered; its element must be `tag`, unless that is empty. `bare`: it is the value."""
        write = operation.write
        if response.status not in (200, 500):
            raise refuse(response, write)
        if _is_page(response.body):
            raise self._page(response, write)
        try:
            parts = parts_of(response)
            text = text_of(parts.envelope, self._charset)
            body = _body(parse(text))
            references = References(body, parts.others) if parts.others or hinted(parts.envelope) else None
            content = _content(body, references)
        except Garbled as error:
            if response.status == 500 and error.code == "UPSTREAM_MALFORMED":  # a broken server, not a broken answer
                raise refuse(response, write) from error
            raise
        operation.expect("charset", label(text) or _charset(parts), self._charset)
        if local_name(content) == "Fault":
            raise self._fault(tree_of(content))
        if response.status == 500 or (tag and content.tag != tag):
            raise Garbled("not the answer of this operation")
        tree = references.tree_of(content) if references else tree_of(content)
        return self._unpacked({local_name(content): tree} if bare else tree)

    def _unpacked(self, tree: Tree) -> Tree:
        if self._inner is None:
            return tree
        told = self._inner["answer"]
        document = parse(leaf_of(tree, as_path(told["element"])))
        if local_name(document) != told["root"]:
            raise Garbled("another inner document than the declared one")
        return tree_of(document)

    def _page(self, response: Response, write: bool) -> PortError:
        """HTML where XML was promised (Q4)."""
        for charset in (self._charset, "utf-8"):  # the page often comes from another server
            with suppress(Garbled):
                refuse_maintenance(decode(response.body, charset), self._maintenance, write)
        return refuse(response, write) if response.status == 500 else Garbled("a page where an envelope was promised")

    def _fault(self, fault: Mapping[str, Any]) -> PortError:
        """A fault by table. Its text stays inside, whatever it is."""
        for key in _fault_keys(fault, self._faults["path"]):
            if key in self._faults["rejected"]:
                return rejected(self._faults["rejected"][key])
            if key in self._faults["denied"] or key in _NOT_LET_IN:
                return Denied("refused by a fault")
            if key in self._faults["unavailable"]:
                return Unavailable("not available by a fault")
        return Garbled("a fault that is not in the table")


def _is_page(body: bytes) -> bool:
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<html", b"<!doctype html", b"<head", b"<body", b"<script"))


def _charset(parts: Parts) -> str:
    return parts.media_type.partition("charset=")[2].split(";")[0].strip(" \"'")


def _body(envelope: Any) -> Any:
    wanted = _BODIES.get(envelope.tag)
    bodies = [child for child in envelope if child.tag == wanted]
    if len(bodies) == 1:
        return bodies[0]
    raise Garbled("not an envelope with one body")


def _content(body: Any, references: References | None) -> Any:
    """The one element in the body, beside what it refers to."""
    if len(body) == 1:
        return body[0]
    if references is None:
        raise Garbled("not an envelope with one element in its body")
    return answered(body)


def _fault_keys(fault: Any, path: str) -> list[str]:
    """What a fault may be known by, most telling first."""
    if not isinstance(fault, dict):
        return []
    detail = fault.get("detail") or fault.get("Detail")
    code = fault.get("Code") if isinstance(fault.get("Code"), dict) else {}
    places: list[tuple[Any, str]] = [(detail, path)] if path and isinstance(detail, dict) else []
    places += [(code, "Subcode.Value"), (code, "Value"), (fault, "faultcode")]
    places += [(fault, "faultstring"), (fault, "Reason.Text")]
    keys = []
    for tree, where in places:
        key = leaf_of(tree, as_path(where))
        keys += [key, key.rpartition(":")[2]] if key else []
    return keys
