"""CSV and fixed width as tables: bytes are cut into lines and columns first and decoded strictly afterwards.

A line feed is never half of a character in GB 18030 or UTF-8, so a broken line costs that line alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.protocols.charset import decode
from adapters.protocols.file_drop_rows import Table
from hub.port import Garbled

_BOM = b"\xef\xbb\xbf"
RUNS = ("=", "+", "-", "@")
"""What a spreadsheet takes for a formula when a text begins with it."""


def escaped(text: str) -> str:
    """For a file that people open in a spreadsheet: shown as it is, never run (legacy.md Q45)."""
    return f"'{text}" if text.lstrip("'\t\r\n ").startswith(RUNS) or text.startswith(("\t", "\r")) else text


def unescaped(text: str) -> str:
    """The text again, of a cell that somebody escaped."""
    return text[1:] if text.startswith("'") and escaped(text[1:]) == text else text


class _Lines:
    """The lines of a file for the CSV reader; those of another charset are left empty and noted in `strange`."""

    def __init__(self, raw: bytes, charset: str) -> None:
        self._raw, self._charset = raw, charset
        self.strange = 0

    def __iter__(self) -> Iterator[str]:
        lines = io.BytesIO(self._raw)
        if self._raw.startswith(_BOM) and self._charset == "utf-8":
            lines.seek(len(_BOM))
        for line in lines:
            try:
                yield decode(line, self._charset)
            except Garbled:
                self.strange += 1
                yield "\n"


def csv_table(raw: bytes, facts: Mapping[str, Any], charset: str) -> Table:
    return Table("", lambda: _csv_rows(raw, facts["delimiter"], charset))


def _csv_rows(raw: bytes, delimiter: str, charset: str) -> Iterator[tuple[int, list[str] | str]]:
    lines = _Lines(raw, charset)
    reading = csv.reader(lines, delimiter=delimiter, strict=True)
    strange = 0
    while True:
        cells: list[str] | str
        try:
            cells = [unescaped(cell) for cell in next(reading)]
        except csv.Error:  # quotes that do not close, or more than a cell holds
            cells = "FORMAT"
        except StopIteration:
            return
        if lines.strange > strange:
            strange, cells = lines.strange, "CHARSET"
        yield reading.line_num, cells


def fixed_table(raw: bytes, facts: Mapping[str, Any], charset: str) -> Table:
    trailer = facts["trailer"]["begins"].encode(charset) if facts["trailer"] else b""
    widths = tuple(facts["columns"].values())
    return Table("", lambda: _fixed_rows(raw, widths, trailer, charset), tuple(facts["columns"]))


def _fixed_rows(
    raw: bytes, widths: tuple[int, ...], trailer: bytes, charset: str
) -> Iterator[tuple[int, list[str] | str]]:
    whole = sum(widths)
    for number, line in enumerate(io.BytesIO(raw), 1):
        record = line.rstrip(b"\r\n")
        if not record.strip():
            continue
        try:
            if trailer and record.startswith(trailer):
                yield number, [decode(record, charset)]
            else:
                yield number, _cut(record, widths, charset) if len(record) == whole else "FORMAT"
        except Garbled:
            yield number, "CHARSET"


def _cut(record: bytes, widths: tuple[int, ...], charset: str) -> list[str]:
    cells, start = [], 0
    for width in widths:
        cells.append(decode(record[start : start + width], charset))
        start += width
    return cells
