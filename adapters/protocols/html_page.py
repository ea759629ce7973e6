"""A department's HTML page as a tree: label and value pairs, tables by their header names, hidden inputs.

It takes decoded text only: lxml given bytes believes the page's own charset and silently cuts a name (legacy.md Q14).
A page that cannot be read for certain is Garbled; it never yields part of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import lxml.html
from lxml.etree import ParserError, XPath
from lxml.html import HtmlElement

from hub.port import Garbled

_END = re.compile(r"</html\s*>\s*\Z", re.IGNORECASE)
_XML_HEAD = re.compile(r"\A\s*<\?xml[^>]*\?>")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_BLANK = re.compile(r"\s+")
DEPTH = 100
# Looked for in C: a step of Python for each element of a page took a third of a call.
_TOO_DEEP = XPath(f"boolean({'/*' * (DEPTH + 2)})")
_BY_ID = XPath("//*[@id=$id]")


@dataclass(frozen=True, slots=True)
class Table:
    """A table we want: known by its columns. `empty` is the only cell when there are no rows."""

    columns: tuple[str, ...]
    empty: str = ""


class Page:
    """One complete page. Raises Garbled when it is cut, too deep, or not a page."""

    def __init__(self, text: str) -> None:
        if not _END.search(text):
            begun = "<html" in text[:2000].lower()
            raise Garbled("no whole page", code="UPSTREAM_TRUNCATED" if begun else "UPSTREAM_MALFORMED")
        if "<!entity" in text.lower():
            raise Garbled("the page declares entities", code="UPSTREAM_UNSAFE_XML")
        try:
            self._root: HtmlElement = lxml.html.document_fromstring(_XML_HEAD.sub("", text))
        except (ParserError, ValueError):
            raise Garbled("not a page") from None
        if _TOO_DEEP(self._root):
            raise Garbled("the page is nested too deeply")

    def hidden(self, names: Sequence[str]) -> dict[str, str]:
        """The hidden inputs that must be sent back: each exactly once on the page."""
        inputs = [node for node in self._root.iter("input") if (node.get("type") or "").lower() == "hidden"]
        found: dict[str, str] = {}
        for name in names:
            values = {node.get("value") or "" for node in inputs if node.get("name") == name}
            if len(values) != 1 or "" in values:
                raise Garbled(f"hidden input {name} not found once")
            found[name] = values.pop()
        return found

    def marked(self, element_id: str) -> str:
        """The text of the element with this id; empty when the page has none."""
        nodes: Any = _BY_ID(self._root, id=element_id)
        if len(nodes) > 1:
            raise Garbled(f"element {element_id} stands twice")
        return _text(nodes[0]) if nodes else ""

    def pairs(self) -> dict[str, str]:
        """`<th>姓名</th><td>…</td>`, `<td>姓名：</td><td>…</td>` and `<dt>`, `<dd>`, as label -> value."""
        found: dict[str, str] = {}
        for label, value in self._pairs():
            if found.setdefault(label, value) != value:
                raise Garbled("a label stands twice with different values", code="UPSTREAM_CONFLICT")
        return found

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for node in self._root.iter("th", "td", "dt"):
            value = node.getnext()
            if value is None or value.tag != ("dd" if node.tag == "dt" else "td"):
                continue
            label = _text(node)
            if node.tag != "td" or label.endswith(("：", ":")):
                yield _label(label), _text(value)

    def rows(self, table: Table) -> list[dict[str, str]]:
        """The rows of the one table that has these columns, by column name."""
        found = [rows for node in self._root.iter("table") if (rows := _read(node, table)) is not None]
        if len(found) != 1:
            raise Garbled(f"{len(found)} tables with the columns looked for")
        return found[0]

    def tree(self, labels: Set[str], tables: Mapping[str, Table], message_id: str) -> dict[str, Any]:
        """The whole answer for the mapping: `page` (pairs), `message`, and each table by its name. A page that carries
        a message is the department's word on the request; every other one has these labels and tables, blank or not:
        a page without them is another page."""
        message, pairs = self.marked(message_id) if message_id else "", self.pairs()
        if message:
            return {"page": pairs, "message": message}
        if not labels <= pairs.keys():
            raise Garbled("a label is missing on the page")
        return {"page": pairs, "message": "", **{name: self.rows(table) for name, table in tables.items()}}


def _text(node: HtmlElement) -> str:
    whole = node.text_content() if len(node) else node.text or ""  # most cells hold nothing but text
    text = _BLANK.sub(" ", whole).strip()
    if _CONTROL.search(text):
        raise Garbled("a control character in the page", code="UPSTREAM_CHARSET")
    return text


def _label(text: str) -> str:
    """Labels are padded to equal width (姓　名：)."""
    return _BLANK.sub("", text).rstrip("：:")


def _read(node: HtmlElement, table: Table) -> list[dict[str, str]] | None:
    """The rows of this table; None when its header is another one."""
    lines = [line for line in node.iter("tr") if next(line.iterancestors("table")) is node]
    header = [_label(_text(cell)) for cell in lines[0].iterchildren("th")] if lines else []
    if not set(table.columns) <= set(header):
        return None
    if len(set(header)) != len(header):
        raise Garbled("a column stands twice")
    rows = []
    for line in lines[1:]:
        cells = [_text(cell) for cell in line.iterchildren("td", "th")]
        if table.empty and cells == [table.empty] and len(lines) == 2:
            return []
        if len(cells) != len(header):
            raise Garbled("a row does not have the columns of its header")
        rows.append(dict(zip(header, cells, strict=True)))
    return rows
