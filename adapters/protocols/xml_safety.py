"""From an answer's bytes to a tree without letting XML do anything: no DTD, no entity, no include, no network.

The charset is pinned, so the document's own label decides nothing; the parser always gets UTF-8.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from adapters.protocols.answer_tree import Tree
from adapters.protocols.charset import decode
from hub.port import Garbled

DEPTH = 100
MARKUP = 120_000  # start and end tags; a tag of four bytes costs the parser a hundred and more

_DTD = re.compile(rb"<!\s*(doctype|entity)", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml\b[^>]{0,200}\?>", re.IGNORECASE)
_LABEL = re.compile(r"encoding\s*=\s*[\"']([^\"']{1,40})")
_FIRST_TAG = re.compile(r"\A\ufeff?\s*<([^\s<>/!?]{1,200})")


def text_of(raw: bytes, charset: str) -> str:
    """The document as text. Raises Garbled: UPSTREAM_UNSAFE_XML before anything is parsed, or UPSTREAM_CHARSET."""
    if _DTD.search(raw.replace(b"\0", b"")):  # without the zeros, UTF-16 and UTF-32 spell it the same way
        raise Garbled("a document type or entity declaration", code="UPSTREAM_UNSAFE_XML", sample=raw)
    if raw.count(b"<") > MARKUP or raw.count(b"=") > MARKUP:
        raise Garbled("more markup than is taken", code="UPSTREAM_TOO_LARGE", sample=raw)
    text = decode(raw, charset)
    if label(text) == "utf-7":
        raise Garbled("labelled UTF-7, which hides markup", code="UPSTREAM_UNSAFE_XML", sample=raw)
    return text


def label(text: str) -> str:
    """The encoding the document claims; empty when it claims none."""
    declaration = _DECLARATION.match(text)
    found = _LABEL.search(declaration[0]) if declaration else None
    return found[1].lower() if found else ""


def parse(text: str) -> Any:
    """The root element of a whole document. A document that ends early is UPSTREAM_TRUNCATED."""
    text = _DECLARATION.sub("", text, count=1).removeprefix("\ufeff").strip()
    if _DTD.search(text.encode()):
        raise Garbled("a document type or entity declaration", code="UPSTREAM_UNSAFE_XML")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        first = _FIRST_TAG.match(text)
        if first and not re.search(rf"</{re.escape(first[1])}\s*>\Z", text):
            raise Garbled("the document ends before its root does", code="UPSTREAM_TRUNCATED") from error
        raise Garbled("not well-formed XML") from error


def local_name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def tree_of(element: Any, depth: int = 1) -> Tree:
    """Element to text, group to dict by local names, what stands several times to a list."""
    if depth > DEPTH:
        raise Garbled("nested too deeply")
    if not len(element):
        return element.text or ""
    tree: dict[str, Tree] = {}
    for child in element:
        name, value = local_name(child), tree_of(child, depth + 1)
        if name not in tree:
            tree[name] = value
        elif isinstance(tree[name], list):
            tree[name].append(value)
        else:
            tree[name] = [tree[name], value]
    return tree
