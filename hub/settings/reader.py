"""Reads one YAML file strictly and remembers where everything stands. What the values mean is not its business.

Refused: tabs, anchors and aliases (and with them YAML bombs), merge keys, tags, duplicate keys, deep nesting, size.
Only true, false, null, whole and decimal numbers are more than text: `no`, `08` or `2026-01-01` stay what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from hub.settings.place import Complaint, Keys, Refused, Span

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "~": None, "": None}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """The file's value, and for each path in it (a tuple of keys and list positions) where key and value stand."""

    file: str
    text: str
    value: Any
    keys: dict[Keys, Span] = field(default_factory=dict)
    values: dict[Keys, Span] = field(default_factory=dict)

    def mark(self, path: Keys) -> tuple[int, int]:
        """Line and column (from 1) of the value at `path`, or of the nearest key or list item above it."""
        if path in self.values:
            return self.values[path].place
        while path and path not in self.keys:
            if path in self.values:
                return self.values[path].place
            path = path[:-1]
        return self.keys[path].place if path else (1, 1)

    def key_mark(self, path: Keys) -> tuple[int, int]:
        """Where the key at `path` stands (of a list item: the item)."""
        return self.keys[path].place if path in self.keys else self.mark(path)

    def complaint(self, path: Keys, text: str, *, at_key: bool = False) -> Complaint:
        line, column = self.key_mark(path) if at_key else self.mark(path)
        name = ".".join(str(part) for part in path)
        return Complaint(self.file, line, column, f"{name}: {text}" if name else text, path)


def read_yaml(path: Path, name: str = "") -> Document:
    """Raises Refused with the one complaint that stopped the reading."""
    file = name or path.name
    return parse(file, _text(path, file))


def _text(path: Path, file: str) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refused(Complaint(file, 1, 1, f"cannot be read ({error.strerror})")) from error
    if len(data) > MAX_BYTES:
        raise Refused(Complaint(file, 1, 1, "is larger than 1 MiB"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        raise Refused(_at(file, before, len(before), "is not UTF-8 here")) from error
    return text


def _refuse_characters(file: str, text: str) -> None:
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        raise Refused(_at(file, text, unprintable.start(), f"control character U+{ord(unprintable.group()):04X}"))
    if "\t" in text:
        raise Refused(_at(file, text, text.index("\t"), "a tab; YAML is indented with spaces"))


def _at(file: str, text: str, index: int, what: str) -> Complaint:
    line = text.count("\n", 0, index) + 1
    return Complaint(file, line, index - text.rfind("\n", 0, index), what)


def parse(file: str, text: str) -> Document:
    """The same for a text in memory."""
    _refuse_characters(file, text)
    document = Document(file, text, None)
    builder = _Builder(document, yaml.parse(text, Loader=yaml.CSafeLoader))
    try:
        value = builder.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Refused(Complaint(file, line, column, f"not YAML: {error.problem or error.context}")) from error
    return replace(document, value=value)


class _Builder:
    """Builds values straight from the parser's events, so that nothing is expanded before it was looked at."""

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self._document = document
        self._events = events

    def document(self) -> Any:
        value = None
        seen = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                seen += 1
                if seen > 1:
                    raise self._refusal(event, "a second document; one file holds one")
                value = self._value(next(self._events), ())
        return value

    def _refusal(self, event: Any, text: str) -> Refused:
        mark = event.start_mark
        return Refused(Complaint(self._document.file, mark.line + 1, mark.column + 1, text))

    def _value(self, event: Any, path: Keys) -> Any:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._refusal(event, "anchors and aliases are not used here; write it out")
        if event.tag is not None:
            raise self._refusal(event, "tags are not used here")
        if len(path) > MAX_DEPTH:
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH}")
        if isinstance(event, yaml.ScalarEvent):
            self._document.values[path] = Span.of(event, event)
            return _scalar(event.value) if event.style in (None, "") and event.implicit[0] else event.value
        value, end = self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._sequence(path)
        self._document.values[path] = Span.of(event, end, block=not event.flow_style)
        return value

    def _sequence(self, path: Keys) -> tuple[list[Any], Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return items, event
            items.append(self._value(event, (*path, len(items))))
        raise AssertionError("the parser always ends a sequence")

    def _mapping(self, path: Keys) -> tuple[dict[str, Any], Any]:
        items: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                return items, event
            key = self._key(event, items)
            self._document.keys[(*path, key)] = Span.of(event, event)
            items[key] = self._value(next(self._events), (*path, key))
        raise AssertionError("the parser always ends a mapping")

    def _key(self, event: Any, items: dict[str, Any]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refusal(event, "a key must be plain text")
        if event.anchor is not None or event.tag is not None:
            raise self._refusal(event, "anchors and tags are not used here")
        key = str(event.value)
        if key == "<<":
            raise self._refusal(event, "merge keys are not used here; write it out")
        if key in items:
            raise self._refusal(event, f"the key '{key}' stands here twice")
        return key


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
