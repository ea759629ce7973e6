"""DBF as a table. dbfread reads the structure, always as GB 18030: files without a code page byte are the rule (Q46).

Records are cut from the delivered bytes and decoded one by one. Rows marked as deleted are passed over.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from typing import Any

from dbfread import DBF, FieldParser  # type: ignore[import-untyped]

from adapters.protocols.charset import decode
from adapters.protocols.file_drop_rows import Table
from hub.port import Garbled

_LEAST_HEAD = 33
_PLAIN = frozenset("CNFD")
_POINTERS = frozenset("MGPB")  # their text lies in a second file


def dbf_table(raw: bytes, charset: str) -> Table:
    if len(raw) < _LEAST_HEAD:
        raise Garbled("shorter than the head of a DBF", code="UPSTREAM_TRUNCATED")
    count, head, length = struct.unpack_from("<IHH", raw, 4)
    if len(raw) - head - count * length not in (0, 1):  # the end mark is often left out
        raise Garbled("not as long as its head says", code="UPSTREAM_TRUNCATED")
    structure = _structure(raw[:head])
    if sum(field.length for field in structure.fields) + 1 != length:
        raise Garbled("its columns are not as long as its records")
    return Table("", lambda: _rows(raw, head, count, length, structure, charset), tuple(structure.field_names))


def _structure(head: bytes) -> Any:
    """dbfread wants a file: one in memory, that holds the head only."""
    file = os.memfd_create("dbf")
    try:
        os.write(file, head)
        path = f"/proc/self/fd/{file}"
        return DBF(path, encoding="gb18030", ignorecase=False, ignore_missing_memofile=True, raw=True)
    except (ValueError, LookupError, struct.error, UnicodeError, TypeError, AttributeError) as error:
        raise Garbled("the head of the DBF is not understood") from error
    finally:
        os.close(file)


def _rows(
    raw: bytes, head: int, count: int, length: int, structure: Any, charset: str
) -> Iterator[tuple[int, list[Any]]]:
    cut = struct.Struct("".join(f"{field.length}s" for field in structure.fields))
    readers = [_reader(field, FieldParser(structure), charset) for field in structure.fields]
    for number in range(count):
        start = head + number * length
        if raw[start] != 0x2A:
            yield number + 1, [read(cell) for read, cell in zip(readers, cut.unpack_from(raw, start + 1), strict=True)]


def _reader(field: Any, parser: Any, charset: str) -> Callable[[bytes], Any]:
    """A cell that cannot be read stays bytes, which the row then refuses."""
    if field.type in _POINTERS:
        return lambda cell: b"kept in another file" if cell.strip(b"\0 ") else None
    if field.type in _PLAIN:
        return lambda cell: _text(cell, charset)

    def parsed(cell: bytes) -> Any:
        try:
            return parser.parse(field, cell)
        except (ValueError, TypeError, LookupError, struct.error, ArithmeticError):
            return cell or b"?"

    return parsed


def _text(cell: bytes, charset: str) -> str | bytes:
    stripped = cell.strip(b"\0 ")
    if stripped.isascii():
        return stripped.decode("ascii")
    try:
        return decode(stripped, charset)
    except Garbled:
        return stripped
