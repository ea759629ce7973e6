"""From an answer's bytes to a tree without letting XML do anything: no DTD, no entity, no include, no network.

The charset is pinned, so the document's own label decides nothing; the parser always gets UTF-8. It is expat: without
a DTD, which is refused before it sees one byte, it knows no entity, and it has no means to open anything. Its elements
cost a third of lxml's, whose every element is an object of Python made anew.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from adapters.protocols.answer_tree import Tree
from adapters.protocols.charset import decode
from hub.port import Garbled

DEPTH = 100
_PIECE = 256 * 1024  # a large document is parsed in pieces: others may run between two of them
MARKUP = 120_000  # start and end tags; a tag of four bytes costs the parser a hundred and more

_XSD = "{http://www.w3.org/2001/XMLSchema}schema"
_DIFFGRAM = "{urn:schemas-microsoft-com:xml-diffgram-v1}"
ASIDE = frozenset({_XSD, f"{_DIFFGRAM}before", f"{_DIFFGRAM}errors"})
"""What a DataSet answer of .NET carries beside its rows: its own schema, the rows as they were before, its errors."""

_EBCDIC = "<?xml".encode("cp037")
_DTD = re.compile(rb"<!\s*(doctype|entity)", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml\b[^>]{0,200}\?>", re.IGNORECASE)
_LABEL = re.compile(r"encoding\s*=\s*[\"']([^\"']{1,40})")
_FIRST_TAG = re.compile(r"\A\ufeff?\s*<([^\s<>/!?]{1,200})")


def text_of(raw: bytes, charset: str) -> str:
    """The document as text. Raises Garbled: UPSTREAM_UNSAFE_XML before anything is parsed, or UPSTREAM_CHARSET."""
    if raw.startswith(_EBCDIC):
        raise Garbled("written in EBCDIC, which hides markup", code="UPSTREAM_UNSAFE_XML", sample=raw)
    if _has_dtd(raw.replace(b"\0", b"")):  # without the zeros, UTF-16 and UTF-32 spell it the same way
        raise Garbled("a document type or entity declaration", code="UPSTREAM_UNSAFE_XML", sample=raw)
    _count(raw)
    text = decode(raw, charset)
    if label(text) == "utf-7":
        raise Garbled("labelled UTF-7, which hides markup", code="UPSTREAM_UNSAFE_XML", sample=raw)
    return text


def _has_dtd(raw: bytes) -> bool:
    return b"!" in raw and _DTD.search(raw) is not None  # the sign alone is found at once, and hardly ever there


def _count(raw: bytes) -> None:
    if len(raw) > MARKUP and (raw.count(b"<") > MARKUP or raw.count(b"=") > MARKUP):
        raise Garbled("more markup than is taken", code="UPSTREAM_TOO_LARGE", sample=raw)


def label(text: str) -> str:
    """The encoding the document claims; empty when it claims none."""
    declaration = _DECLARATION.match(text)
    found = _LABEL.search(declaration[0]) if declaration else None
    return found[1].lower() if found else ""


def parse(text: str) -> Element:
    """The root element of a whole document. A document that ends early is UPSTREAM_TRUNCATED."""
    declaration = _DECLARATION.match(text)
    text = (text[declaration.end() :] if declaration else text.removeprefix("\ufeff")).strip()
    raw = text.encode()
    if _has_dtd(raw):
        raise Garbled("a document type or entity declaration", code="UPSTREAM_UNSAFE_XML")
    _count(raw)  # again: a document within a text brings markup that was none before
    try:
        root = _parsed(raw)
    except ParseError as error:
        first = _FIRST_TAG.match(text)
        if first and not re.search(rf"</{re.escape(first[1])}\s*>\Z", text):
            raise Garbled("the document ends before its root does", code="UPSTREAM_TRUNCATED") from error
        raise Garbled("not well-formed XML") from error
    if b"&" in raw and b"&#" in raw:  # the letters that a wrong charset leaves may hide behind references
        decode("".join(root.itertext()).encode(), "utf-8")
    return root


def _parsed(raw: bytes) -> Element:
    parser = XMLParser()
    for at in range(0, len(raw) or 1, _PIECE):
        parser.feed(raw[at : at + _PIECE])
    root: Element = parser.close()
    return root


def local_name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def tree_of(element: Any) -> Tree:
    """Element to text, group to dict by local names, what stands several times to a list."""
    return _group(element, 1, {}) if len(element) else element.text or ""


def _group(element: Any, depth: int, names: dict[str, str]) -> Tree:
    """`names` are the local names met so far; cutting them off for every element anew took a fifth of a call. One of
    them is empty for what stands aside."""
    if depth >= DEPTH:
        raise Garbled("nested too deeply")
    tree: dict[str, Tree] = {}
    known = names.get
    for child in element:
        tag = child.tag
        name = known(tag)
        if name is None:
            name = names[tag] = "" if tag in ASIDE else tag[tag.rfind("}") + 1 :]
        if not name:
            continue
        value = _group(child, depth + 1, names) if len(child) else child.text or ""
        if name in tree:
            put(tree, name, value)
        else:
            tree[name] = value
    return tree


def put(tree: dict[str, Tree], name: str, value: Tree) -> None:
    """One more element of a group."""
    if name not in tree:
        tree[name] = value
    elif isinstance(tree[name], list):
        tree[name].append(value)
    else:
        tree[name] = [tree[name], value]
