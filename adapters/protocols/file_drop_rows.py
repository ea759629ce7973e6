"""The rows of one delivered table as records: headings found by name, blank rows skipped, the trailer compared.

A row that cannot be read is a BadRow with its place (file/sheet/row/column) and never a value; the others go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from adapters.protocols.file_drop_cells import Column, Known, Refused, number, squeezed
from adapters.protocols.file_drop_names import Pattern
from hub.port import BadRow, Garbled, Record

HEADED_WITHIN = 20  # rows; above the headings stand titles and merged groups
_BLANKS = " \t\r\n\u3000\xa0"
_NUMBERS = frozenset({"integer", "yuan", "fen", "boolean"})
_ROW, _NOTHING, _ENDS = range(3)
Cells = Sequence[Any]
Tell = Callable[[str, str], None]
"""Told of what nobody mapped: its kind, and the department's own word."""

Placed = tuple[str, int, Callable[[Any], Any], str]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` begins anew each time: (number, cells), or (number, code) for one that is refused as a whole. `headings`
    where the format itself names the columns, so that no row does."""

    sheet: str
    rows: Callable[[], Iterator[tuple[int, Cells | str]]]
    headings: Sequence[str] = ()


class Dataset:
    """One kind of file, compiled from its facts."""

    def __init__(self, name: str, facts: Mapping[str, Any], codes: Mapping[str, Any], subject: str) -> None:
        self.name, self.facts = name, facts
        self.pattern = Pattern(facts["files"])
        self._columns = [
            Column(field, entry, codes.get(entry["table"]), entry["required"] or field == subject)
            for field, entry in facts["fields"].items()
        ]
        # a number of a person is looked up by and stands in one row; keeping it to know it again would be in vain
        self._various = {*facts["look_up"], *(each.field for each in self._columns if each.free)}
        self._wanted = frozenset(column.heading for column in self._columns)
        self._familiar = self._wanted | {squeezed(each) for each in facts["ignored"]}
        trailer = facts["trailer"]
        self._ends = squeezed(trailer["begins"]) if trailer else ""
        self._special = frozenset(("", *_BLANKS, *self._ends[:1]))  # what no ordinary row begins with
        self._count = re.compile(trailer["count"]) if trailer and trailer["count"] else None
        self._key = _key(facts)

    def records(self, table: Table, file: str, version: str, tell: Tell) -> Iterator[Record | BadRow]:
        """Raises Garbled before the first row: when the headings are not there, the trailer is not, or it counts other
        rows. `tell` hears of columns that are neither mapped nor ignored."""
        if self._ends:
            self._compare(table)
        rows = table.rows()
        headings = table.headings or self._headings(rows)
        columns = self._placed(headings)
        for heading in map(squeezed, headings):
            if heading and heading not in self._familiar:
                tell("column", heading[:40])
        for row, cells in rows:
            if isinstance(cells, str):
                yield BadRow(f"{file}/{table.sheet}/{row}/", cells)
                continue
            kind = self._kind(cells)
            if kind == _ENDS:
                return
            if kind == _ROW:
                record = self._record(columns, cells, version)
                yield record or self._refused(columns, cells, f"{file}/{table.sheet}/{row}/", tell)

    def _record(self, columns: Sequence[Placed], cells: Cells, version: str) -> Record | None:
        """None for a row that is refused. Nothing is done here twice: it runs for every row of a large file."""
        fields: dict[str, Any] = {}
        try:
            for name, position, read, _ in columns:
                fields[name] = read(cells[position])
        except (Refused, IndexError):
            return None
        return Record(self.name, self._key(fields), fields, version)

    def _refused(self, columns: Sequence[Placed], cells: Cells, place: str, tell: Tell) -> BadRow:
        for _, position, read, heading in columns:
            try:
                read(cells[position])
            except Refused as refused:
                if refused.table:
                    tell(f"code table {refused.table}", refused.word)
                return BadRow(place + heading, str(refused))
            except IndexError:
                return BadRow(place + heading, "REQUIRED")
        raise AssertionError("a row is refused for one of its cells")

    def _headings(self, rows: Iterator[tuple[int, Cells | str]]) -> Sequence[Any]:
        """The first row, or the first two joined column by column, that hold every heading asked for."""
        above: Cells = ()
        strange = 0
        for row, cells in rows:
            if row > HEADED_WITHIN:
                break
            if isinstance(cells, str):
                strange += cells == "CHARSET"
                continue
            joined = [cell or (above[place] if place < len(above) else "") for place, cell in enumerate(cells)]
            for candidate in (cells, joined):
                if self._wanted <= {squeezed(cell) for cell in candidate}:
                    return candidate
            above = cells
        if strange:
            raise Garbled("the headings are not in the declared charset", code="UPSTREAM_CHARSET")
        raise Garbled("the declared headings are not there")

    def _placed(self, headings: Sequence[Any]) -> list[Placed]:
        names = [squeezed(each) for each in headings]
        twice = {name for name in self._wanted if names.count(name) > 1}
        if twice or not self._wanted <= set(names):
            raise Garbled("a heading stands twice" if twice else "the declared headings are not there")
        return [
            (
                each.field,
                names.index(each.heading),
                each.value if each.field in self._various else Known(each.value).__getitem__,
                each.heading,
            )
            for each in self._columns
        ]

    def _kind(self, cells: Cells) -> int:
        """An ordinary row, one with nothing in it, or the one that ends the table."""
        first = cells[0] if cells else None
        if type(first) is float or (type(first) is str and first[:1] not in self._special):
            return _ROW
        if _empty(cells):
            return _NOTHING
        first = next(cell for cell in cells if cell is not None and cell != "")
        return _ENDS if self._ends and squeezed(first).startswith(self._ends) else _ROW

    def _compare(self, table: Table) -> None:
        """A pass of its own, so that no row of a file that was cut is ever given away."""
        rows, found = table.rows(), 0
        if not table.headings:
            self._headings(rows)
        for _, cells in rows:
            kind = _ROW if type(cells) is str else self._kind(cells)
            if kind == _ENDS:
                return self._counted(cells, found)
            found += kind == _ROW
        raise Garbled("the file ends without its trailer", code="UPSTREAM_TRUNCATED")

    def _counted(self, ended: Cells, found: int) -> None:
        if self._count is None:
            return
        text = " ".join(_shown(cell) for cell in ended if cell not in ("", None))
        told = self._count.search(text)
        if told is None or int(told[1]) != found:
            raise Garbled(f"the trailer does not count the {found} rows before it", code="UPSTREAM_TRUNCATED")


def _key(facts: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], str]:
    """Rows of one key are the same row."""
    names: Sequence[str] = facts["key"]
    if any(facts["fields"][name]["as"] in _NUMBERS for name in names):
        return lambda fields: "|".join([str(fields[name]) for name in names])
    texts = itemgetter(*names)
    return texts if len(names) == 1 else lambda fields: "|".join(texts(fields))


def _empty(cells: Cells) -> bool:
    for cell in cells:
        if cell is None or (type(cell) is str and not cell.strip()):
            continue
        return False
    return True


def _shown(cell: Any) -> str:
    return squeezed(cell) if isinstance(cell, str) else number(cell) if isinstance(cell, int | float) else ""
