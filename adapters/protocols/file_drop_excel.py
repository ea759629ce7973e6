"""XLSX and XLS as a table, read by calamine. Before it sees an XLSX, every part was inflated once and looked at: no
bomb, no DTD, no sheet whose corner cells would ask for gigabytes. An XLS is read by a small process of its own.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, load_workbook

from adapters.protocols.file_drop_rows import Table
from hub.port import Garbled

PARTS, PART_BYTES, WHOLE_BYTES = 2000, 256 << 20, 320 << 20
RATIO, RATIO_FROM = 200, 1 << 20  # real sheets shrink to a tenth, seldom to a fiftieth
CELLS = 8_000_000
_STEP, _OVERLAP = 1 << 18, 64
_DTD = re.compile(rb"<!\s*(doctype|entity)", re.IGNORECASE)
# A cell that does not say at once that it lies within column Z and row 99,999; whether the last one of a piece does is
# seen with the next piece. A letter behind the c makes another element of it.
_ODD = re.compile(rb'<c(?! r="[A-Z][0-9]{1,5}"|[a-z]|.{0,11}\Z)', re.DOTALL)
_PREFIXED = re.compile(rb":c[\s/>]")
_PLACE = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]*)([0-9]+)")
_ROW, _CELL = re.compile(rb"[<:]row\b"), re.compile(rb"[<:]c(?:[/>]|\s+(?:[^r\s]|r[^\s=]))")
_XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR = 512
_XLS_SECONDS = 60.0
_CHILD = Path(__file__).with_name("xls_process.py")


def excel_table(raw: bytes, sheet: str) -> Table:
    """`sheet` by name, or the first one. Raises Garbled for what is no whole workbook, or no safe one."""
    if raw.startswith(_XLS):
        return _old(raw, sheet)
    _inspect(raw)
    try:
        with load_workbook(io.BytesIO(raw)) as book:
            name = sheet or book.sheet_names[0]
            rows = book.get_sheet_by_name(name)
    except (CalamineError, IndexError, ValueError) as error:
        raise Garbled(f"the workbook is not understood: {type(error).__name__}") from error
    return Table(name, lambda: enumerate(rows.iter_rows(), 1))


def _inspect(raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            if len(entries) > PARTS or sum(entry.file_size for entry in entries) > WHOLE_BYTES:
                raise Garbled("the workbook unpacks to more than is taken", code="UPSTREAM_TOO_LARGE")
            for entry in entries:
                _inspect_part(archive, entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Garbled("no whole workbook", code="UPSTREAM_TRUNCATED") from error


def _inspect_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Inflates it, so that what counts is what is there and not what the archive says."""
    markup = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
    sheet = entry.filename.lower().startswith("xl/worksheets/")
    size, before, odd, plain = 0, b"", False, False
    with archive.open(entry) as part:
        while piece := part.read(_STEP):
            size += len(piece)
            if size > PART_BYTES or (size > RATIO_FROM and size > RATIO * max(1, entry.compress_size)):
                raise Garbled("a part of the workbook unpacks to more than is taken", code="UPSTREAM_TOO_LARGE")
            text = before + piece
            if markup and (b"!" in text or b"\0" in text) and _DTD.search(text.replace(b"\0", b"")):
                raise Garbled("a document type or entity declaration", code="UPSTREAM_UNSAFE_XML")
            plain = plain or (not before and b"<worksheet" in text)  # tags without a prefix
            odd = odd or (sheet and _odd(text, plain))
            before = text[-_OVERLAP:]
    if odd:
        _measure(archive, entry)


def _odd(text: bytes, plain: bool) -> bool:
    """The quick look: whether some cell may lie far out. It costs little, and nearly every sheet ends here."""
    return not plain or _ODD.search(text) is not None or _PREFIXED.search(text) is not None


def _measure(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """The last row and column. calamine keeps room for every cell up to there, filled or not."""
    rows, last, columns, more, before = 0, 0, 1, 0, b""
    with archive.open(entry) as part:
        while piece := part.read(_STEP):
            text = before + piece
            pieces = _ROW.split(text)
            rows += len(pieces)
            # cells without a place follow the one before; a row may go on in the next piece, so twice what is seen
            more = max(more, 2 * max(len(_CELL.findall(row)) for row in pieces))
            for letters, digits in _PLACE.findall(text):
                column = 0
                for letter in letters[:4].upper():
                    column = column * 26 + letter - 64
                last, columns = max(last, int(digits[:9])), max(columns, column)
            if max(rows, last) * (columns + more) > CELLS:
                raise Garbled("a sheet that reaches further than is taken", code="UPSTREAM_TOO_LARGE")
            before = text[-_OVERLAP:]


def _old(raw: bytes, sheet: str) -> Table:
    """The format of 1997 has neither checksum nor limits that its reader keeps: a crash or a flood ends the child."""
    if len(raw) % _SECTOR:
        raise Garbled("an XLS that ends within a sector", code="UPSTREAM_TRUNCATED")
    name = next(_from_child(raw, sheet), None)
    if not isinstance(name, str):
        raise Garbled("the workbook is not understood")
    return Table(name, lambda: enumerate(islice(_from_child(raw, sheet), 1, None), 1))


def _from_child(raw: bytes, sheet: str) -> Iterator[Any]:
    with os.fdopen(os.memfd_create("xls"), "w+b") as file:
        file.write(raw)
        file.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD), sheet],
            stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"RUST_BACKTRACE": "0"},
        )  # fmt: skip
    with child:
        assert child.stdout is not None
        try:
            ended = False
            for line in child.stdout:
                ended = line == b"null\n"
                if not ended:
                    yield _again(json.loads(line))
            if not ended:
                raise Garbled("the workbook is not understood, or reaches further than is taken")
        finally:
            child.kill()


def _again(line: Any) -> Any:
    """Dates travel as {"day": …} and {"moment": …}."""
    if isinstance(line, str):
        return line
    return [_cell(cell) if isinstance(cell, dict) else cell for cell in line]


def _cell(cell: dict[str, str]) -> date | datetime:
    return date.fromisoformat(cell["day"]) if "day" in cell else datetime.fromisoformat(cell["moment"])
