"""The rows of one delivered table as records: headings found by name, blank rows skipped, the trailer compared.

A row that cannot be read is a BadRow with its place (file/sheet/row/column) and never a value; the others go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.protocols.file_drop_cells import Column, Refused, number, squeezed
from adapters.protocols.file_drop_names import Pattern
from hub.port import BadRow, Garbled, Record

HEADED_WITHIN = 20  # rows; above the headings stand titles and merged groups
_UNKNOWN = object()
_KNOWN = 1000  # values of a column that are kept while a file is read, so that a repeated cell costs nothing
Cells = Sequence[Any]
Tell = Callable[[str, str, str], None]


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
        self._wanted = frozenset(column.heading for column in self._columns)
        self._familiar = self._wanted | {squeezed(each) for each in facts["ignored"]}
        trailer = facts["trailer"]
        self._ends = squeezed(trailer["begins"]) if trailer else ""
        self._count = re.compile(trailer["count"]) if trailer and trailer["count"] else None
        self._key: tuple[str, ...] = tuple(facts["key"])

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
                tell("column", self.facts["files"], heading[:40])
        where = f"{file}/{table.sheet}"
        for row, cells in rows:
            if isinstance(cells, str):
                yield BadRow(f"{where}/{row}/", cells)
            elif not _empty(cells):
                if self._ends and self._is_trailer(cells):
                    return
                yield self._record(columns, cells, f"{where}/{row}/", version)

    def _record(
        self, columns: Sequence[tuple[str, int, dict[Any, Any], Column]], cells: Cells, place: str, version: str
    ) -> Record | BadRow:
        fields: dict[str, Any] = {}
        column = columns[0][3]
        try:
            for name, position, known, column in columns:
                cell = cells[position]
                value = known.get(cell, _UNKNOWN)
                if value is _UNKNOWN:
                    value = column.value(cell)
                    if len(known) < _KNOWN:
                        known[cell] = value
                fields[name] = value
        except Refused as refused:
            return BadRow(place + column.heading, str(refused))
        except IndexError:
            return BadRow(place + column.heading, "REQUIRED")
        key = self._key
        named = str(fields[key[0]]) if len(key) == 1 else "|".join([str(fields[name]) for name in key])
        return Record(self.name, named, fields, version)

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

    def _placed(self, headings: Sequence[Any]) -> list[tuple[str, int, dict[Any, Any], Column]]:
        names = [squeezed(each) for each in headings]
        twice = {name for name in self._wanted if names.count(name) > 1}
        if twice or not self._wanted <= set(names):
            raise Garbled("a heading stands twice" if twice else "the declared headings are not there")
        return [(each.field, names.index(each.heading), {}, each) for each in self._columns]

    def _is_trailer(self, cells: Cells) -> bool:
        first = cells[0] or next((cell for cell in cells if cell), "")
        return isinstance(first, str) and squeezed(first).startswith(self._ends)

    def _compare(self, table: Table) -> None:
        """A pass of its own, so that no row of a file that was cut is ever given away."""
        rows, found = table.rows(), 0
        if not table.headings:
            self._headings(rows)
        for _, cells in rows:
            if isinstance(cells, str):
                found += 1
            elif not _empty(cells):
                if self._is_trailer(cells):
                    return self._counted(cells, found)
                found += 1
        raise Garbled("the file ends without its trailer", code="UPSTREAM_TRUNCATED")

    def _counted(self, ended: Cells, found: int) -> None:
        if self._count is None:
            return
        text = " ".join(_shown(cell) for cell in ended if cell not in ("", None))
        told = self._count.search(text)
        if told is None or int(told[1]) != found:
            raise Garbled(f"the trailer does not count the {found} rows before it", code="UPSTREAM_TRUNCATED")


def _empty(cells: Cells) -> bool:
    for cell in cells:
        if cell is None or (type(cell) is str and not cell.strip()):
            continue
        return False
    return True


def _shown(cell: Any) -> str:
    return squeezed(cell) if isinstance(cell, str) else number(cell) if isinstance(cell, int | float) else ""
