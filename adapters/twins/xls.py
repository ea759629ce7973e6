"""A workbook as Excel 97 wrote it: one sheet of texts and numbers. There is no library for it in the product."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_SECTOR, _SMALLEST = 512, 4096  # a shorter stream would lie in sectors of another kind
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_BOF, _EOF, _SHEET, _LABEL, _NUMBER = 0x0809, 0x000A, 0x0085, 0x0204, 0x0203
_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Cell = str | float


def xls(sheet: str, rows: Sequence[Sequence[Cell]]) -> bytes:
    page = b"".join([_begin(0x0010), *_cells(rows), _record(_EOF)])
    head, end = _begin(0x0005), _record(_EOF)
    place = len(head) + len(_named(sheet, 0)) + len(end)
    return _container(head + _named(sheet, place) + end + page)


def _cells(rows: Sequence[Sequence[Cell]]) -> Iterator[bytes]:
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            at = struct.pack("<HHH", row, column, 0)
            if isinstance(cell, str):
                text = cell.encode("utf-16-le")
                yield _record(_LABEL, at + struct.pack("<HB", len(text) // 2, 1) + text)
            else:
                yield _record(_NUMBER, at + struct.pack("<d", cell))


def _begin(kind: int) -> bytes:
    return _record(_BOF, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 0x06))


def _named(sheet: str, place: int) -> bytes:
    return _record(_SHEET, struct.pack("<IHBB", place, 0, len(sheet), 1) + sheet.encode("utf-16-le"))


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _container(stream: bytes) -> bytes:
    """An OLE file of one stream: its head, the table of sectors, the directory, the stream."""
    stream = stream.ljust(-(-max(len(stream), _SMALLEST) // _SECTOR) * _SECTOR, b"\0")
    count = len(stream) // _SECTOR
    tables = 1
    while tables * _SECTOR // 4 < tables + 1 + count:
        tables += 1
    first = tables + 1
    chain = [*[_FAT] * tables, _END, *range(first + 1, first + count), _END]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(tables * _SECTOR, b"\xff")
    places = [*range(tables), *[_FREE] * (109 - tables)]
    head = _MAGIC + bytes(16) + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, tables, 0,
                                            _SMALLEST, _END, 0, _END, 0)  # fmt: skip
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, first, len(stream))
    return head + struct.pack("<109I", *places) + table + directory.ljust(_SECTOR, b"\0") + stream


def _entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return text.ljust(64, b"\0") + struct.pack("<HBBIII36xIII", len(text), kind, 1, _FREE, _FREE, child, first, size, 0)
