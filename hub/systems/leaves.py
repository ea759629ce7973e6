"""Replaces single values in the text of a JSON, XML or HTML answer and leaves every other character as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape, unescape

Replace = Callable[[str, str], str]
"""Path (names joined by dots, no positions) and text -> the text to stand there instead."""

_DECODER = json.JSONDecoder(strict=False)
_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"true|false|null")
_TOKEN = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[^>]*>|[^<]+", re.DOTALL)
_NAME = re.compile(r"</?\s*([^\s/>]+)")
_ALONE = frozenset({"br", "input", "img", "meta", "link", "hr"})
_UNSEEN = frozenset({"script", "style", "title"})


def in_json(text: str, replace: Replace) -> str:
    """Raises ValueError where it is no JSON."""
    pieces: list[str] = []
    done = _json(text, _BLANK.match(text).end(), "", replace, pieces)  # type: ignore[union-attr]  # it always matches
    return "".join(pieces) + text[done:]


def _json(text: str, at: int, path: str, replace: Replace, pieces: list[str]) -> int:
    """Copies the value at `at` and returns where it ends; what stands before it was copied by the caller."""
    if not pieces:
        pieces.append(text[:at])
    match text[at : at + 1]:
        case "{" | "[":
            return _json_group(text, at, path, replace, pieces)
        case '"':
            value, end = _DECODER.raw_decode(text, at)
            pieces.append(json.dumps(replace(path, value), ensure_ascii=False))
            return int(end)
    if number := _NUMBER.match(text, at):
        pieces.append(replace(path, number[0]))
        return number.end()
    if word := _WORD.match(text, at):
        pieces.append(word[0])
        return word.end()
    raise ValueError("no JSON")


def _json_group(text: str, at: int, path: str, replace: Replace, pieces: list[str]) -> int:
    named, close = text[at] == "{", "}" if text[at] == "{" else "]"
    start, at = at, _skip(text, at + 1)
    pieces.append(text[start:at])
    while text[at : at + 1] != close:
        start, below = at, path
        if named:
            if text[at : at + 1] != '"':
                raise ValueError("no JSON")
            name, end = _DECODER.raw_decode(text, at)
            below = f"{path}.{name}" if path else name
            at = _skip(text, text.index(":", end) + 1)
            pieces.append(text[start:at])
        at = _json(text, at, below, replace, pieces)
        start, at = at, _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != close:
            raise ValueError("no JSON")
        pieces.append(text[start:at])
    pieces.append(close)
    return at + 1


def _skip(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]  # it always matches


def in_xml(text: str, replace: Replace, above: int = 0) -> str:
    """`above` is how many outer elements do not count in a path. A document escaped inside is walked as well."""
    pieces: list[str] = []
    names: list[str] = []
    for token in _TOKEN.findall(text):
        if token.startswith("<![CDATA["):
            pieces.append(f"<![CDATA[{_xml_text(token[9:-3], names, replace, above)}]]>")
        elif token.startswith("<"):
            pieces.append("" if token.startswith("<!--") else token)
            _step(token, names)
        elif token.strip():
            value = unescape(token)
            pieces.append(escape(_xml_text(value, names, replace, above), quote=False))
        else:
            pieces.append(token)
    return "".join(pieces)


def _xml_text(value: str, names: list[str], replace: Replace, above: int) -> str:
    if value.lstrip().startswith("<") and value.rstrip().endswith(">"):
        return in_xml(value, replace, 1)
    return replace(".".join(names[above:]), value)


def _step(token: str, names: list[str]) -> None:
    if token[1:2] in "?!" or token.endswith("/>"):
        return
    found = _NAME.match(token)
    name = found[1].rpartition(":")[2] if found else ""
    if token.startswith("</"):
        if names:
            names.pop()
    else:
        names.append(name)


def in_html(text: str, replace: Replace, labels: frozenset[str]) -> str:
    """Of a page, whatever is no label: a text's path is the label before it, or that of its column."""
    page = _Page(replace, labels)
    return "".join(page.token(token) for token in _TOKEN.findall(text))


class _Page:
    def __init__(self, replace: Replace, labels: frozenset[str]) -> None:
        self._replace, self._labels = replace, labels
        self._tag = self._label = ""
        self._columns: list[str] = []
        self._heads: list[str] = []
        self._cell, self._cells = -1, 0

    def token(self, token: str) -> str:
        if token.startswith("<"):
            self._step(token)
            return "" if token.startswith("<!--") else token
        plain = re.sub(r"[\s　：:]", "", unescape(token))
        if not plain or self._tag in _UNSEEN:
            return token
        if plain in self._labels or self._tag == "th":
            self._label = plain
            self._heads.append(plain)
            return token
        in_grid = self._tag == "td" and not self._heads and 0 <= self._cell < len(self._columns)
        path = self._columns[self._cell] if in_grid else self._label
        return escape(self._replace(path, unescape(token)), quote=False)

    def _step(self, token: str) -> None:
        found = _NAME.match(token)
        name = found[1].lower() if found else ""
        ends = token.startswith("</")
        if name not in _ALONE:
            self._tag = "" if ends else name
        if name == "tr" and ends and self._heads and not self._cells:
            self._columns = self._heads
        if name in ("tr", "table"):
            self._heads, self._cell, self._cells = [], -1, 0
        if name in ("td", "th") and not ends:
            self._cell += 1
            self._cells += name == "td"
