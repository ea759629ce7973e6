"""Writes one value into the text of a YAML file and leaves every other character of it, comments too, as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from hub.settings.place import Keys
from hub.settings.reader import Document, parse


def switched(document: Document, entry: Keys, fields: Mapping[str, Any]) -> str:
    """The text with these fields set in the `switch` of the entry at `entry` (of a service's file: the whole), and its
    `limits` beside it."""
    limits = fields.get("limits") or {}
    paths: dict[Keys, Any] = {("switch", name): value for name, value in fields.items() if name != "limits"}
    paths |= {("limits", name): value for name, value in limits.items()}
    for path in sorted(paths, key=str):
        document = parse(document.file, put(document, (*entry, *path), paths[path]))
    return document.text


def put(document: Document, path: Keys, value: Any) -> str:
    """The text with `value` at `path`. Comments inside a value that is replaced go with it."""
    text, parent = document.text, path[:-1]
    if path in document.keys:
        return _replaced(document, path, value)
    if not isinstance(_at(document.value, parent), dict):
        return put(document, parent, {path[-1]: value})
    entry, span = f"{path[-1]}: {_written(value)}", document.values[parent]
    inside = [each.end for keys, each in document.values.items() if keys[:-1] == parent and keys]
    if span.block:
        column = min(each.column for keys, each in document.keys.items() if keys[:-1] == parent)
        return _line_after(text, _end(document, parent), " " * (column - 1) + entry)
    at = max(inside, default=span.start + 1)
    return f"{text[:at]}{', ' if inside else ''}{entry}{text[at:]}"


def _at(value: Any, path: Keys) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _replaced(document: Document, path: Keys, value: Any) -> str:
    text, span = document.text, document.values[path]
    colon = text.index(":", document.keys[path].end)
    end = _end(document, path) if span.end > span.start else colon + 1
    line_break = "\n" if text[:end].endswith("\n") else ""  # a text block ends with its line
    return f"{text[: colon + 1]} {_written(value)}{line_break}{text[end:]}"


def _end(document: Document, path: Keys) -> int:
    """Where the value really ends: the parser counts the comments below a block as part of it."""
    if not document.values[path].block:
        return document.values[path].end
    return max(each.end for keys, each in document.values.items() if keys[: len(path)] == path and not each.block)


def _line_after(text: str, position: int, line: str) -> str:
    """The line behind the one that `position` is on."""
    end = text.find("\n", len(text[:position].rstrip()))
    return f"{text[: end + 1]}{line}\n{text[end + 1 :]}" if end >= 0 else f"{text.rstrip()}\n{line}\n"


def _written(value: Any) -> str:
    """On one line."""
    whole: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1 << 30, sort_keys=False)
    return whole.removesuffix("\n").removesuffix("\n...")
