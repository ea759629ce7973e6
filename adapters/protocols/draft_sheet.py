"""Drafts a file_drop system from one file it dropped: CSV or XLSX, its first row the headings. No value of a person is
kept: the rows only show what form a column has."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from adapters.protocols import guessing
from adapters.protocols.charset import decode
from adapters.protocols.drafting import Draft, Shape, Wishes, Writer, started
from hub.port import Garbled

_ROWS = 200
_NONE = {"code": "NOT_ON_FILE", "zh": "没有查到您的记录。", "en": "There is no record of yours."}
_FOUND = {"path": "found", "ok": ["1"], "rejected": {"0": _NONE}}


def draft(source: str, wishes: Wishes) -> Draft:
    """Raises ValueError where nothing can be made of it."""
    path = Path(source)
    excel = path.suffix.lower() in (".xlsx", ".xls")
    rows = _sheet(path) if excel else _text(path, wishes.encoding or "utf-8")
    if len(rows) < 2 or not all(rows[0]):
        raise ValueError("its first row must hold the headings, each column one, and rows must follow")
    made = started(wishes, "file_drop")
    made.address, made.facts["file_drop"] = "", {"path_encoding": wishes.encoding or "utf-8"}
    made.facts["poll"] = {"every_s": 60}
    made.open["poll",] = "how often its folder is looked at (every_s), or when (daily); without it nothing is fetched"
    made.open["file_drop",] = (
        "the folder, when a file is whole (done, holds, stable_s), where taken files and reports go"
    )
    shapes = [_column(name, [row[at] for row in rows[1:] if at < len(row)]) for at, name in enumerate(rows[0])]
    writer = Writer(made, wishes)
    name = writer.operation(wishes.operation or "query", [], [Shape("rows", many=True, group=True,
                            children=tuple(shapes))], {"dataset": "rows"})  # fmt: skip
    operation = made.facts["operations"][name]
    _look_up(made, name, operation, path, excel)
    return writer.finish()


def _look_up(made: Draft, name: str, operation: dict[str, Any], path: Path, excel: bool) -> None:
    """The rows become a dataset; the operation looks one field up in it."""
    told = operation["answer"]["lists"]["rows"]["fields"]
    by = next((each for each in ("id_number", "number") if each in told), next(iter(told)))
    key = operation["answer"]["lists"]["rows"]["key"][:1]
    for each in {by, *key}:
        told[each]["required"] = True
    operation["request"] = {"fields": {by: {"to": by, "required": True}}}
    operation["file_drop"] = {"dataset": "rows", "by": by}
    dataset: dict[str, Any] = {"files": _pattern(path), "format": "excel" if excel else "csv"}
    if not excel:
        dataset["trailer"] = {"begins": "合计"}
        made.open["datasets", "rows", "trailer"] = "how one sees that a text file is whole: a last row with the number"
    made.facts["datasets"] = {"rows": {**dataset, "fields": told, "key": key, "look_up": [by], "keep_days": 400}}
    made.open["datasets", "rows"] = "the pattern of its names, its key, until when it must be there (expected)"
    operation |= {"outcome": _FOUND, "answer": _answer(told, key)}
    made.open = {place: what for place, what in made.open.items() if place[:2] != ("operations", name)}
    for each, entry in told.items():
        if not guessing.guess(entry["from"]).sure:
            made.open["datasets", "rows", "fields", each] = f"name, type and class; the heading is {entry['from']}"


def _answer(told: dict[str, Any], key: list[str]) -> dict[str, Any]:
    """What was delivered is kept in hub values already: whole fen, ISO dates."""
    fields = {
        name: {
            "from": name,
            **({"as": "fen" if entry["as"] == "yuan" else entry["as"]} if "as" in entry else {}),
            **{word: entry[word] for word in ("required", "class") if word in entry},
        }
        for name, entry in told.items()
    }
    about = {"id_number": {**fields["id_number"], "from": "row.id_number"}} if "id_number" in fields else {}
    age = {"from": "as_of", "as": "datetime", "required": True, "class": 1}
    return {
        "fields": {**about, "as_of": age},
        "lists": {"rows": {"from": "rows", "key": list(key), "fields": fields}},
        "ignored": ["stale"],
    }


def _pattern(path: Path) -> str:
    """subsidy_20260105.xlsx -> subsidy_{yyyymmdd}.xlsx"""
    name = re.sub(r"(19|20)\d{6}", "{yyyymmdd}", path.name, count=1)
    return name if "{" in name else re.sub(r"(19|20)\d{4}(?!\d)", "{yyyymm}", name, count=1)


def _column(name: str, examples: list[str]) -> Shape:
    shown = [text for text in examples if text]
    return Shape(name, required=len(shown) == len(examples), examples=tuple(shown))


def _sheet(path: Path) -> list[list[str]]:
    try:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(nrows=_ROWS)
    except (CalamineError, OSError, IndexError) as error:
        raise ValueError(f"{path.name} is no workbook that can be read: {type(error).__name__}") from error
    return [[_shown(cell) for cell in row] for row in rows]


def _shown(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _text(path: Path, charset: str) -> list[list[str]]:
    try:
        text = decode(path.read_bytes(), charset).removeprefix("\ufeff")
    except Garbled as error:
        raise ValueError(f"it is {error.note}; name its charset with --encoding") from error
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if row][:_ROWS]
