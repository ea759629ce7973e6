"""Exchange tables of national front-end databases: rows wait in batches, each is taken once, then marked as taken.

A delivery is what waits of one batch, as lines of JSON. Taken again after a crash it has the same id and bytes.
Where the account may only read (`options.mark` is not set) the table is left as it is, and this process remembers.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnClause, Select, Update, bindparam, select, table, update

from adapters.protocols.answer_tree import Tree
from adapters.protocols.datasets import Dataset
from adapters.protocols.db_view_kinds import Kind
from adapters.protocols.db_view_line import Line
from adapters.protocols.db_view_rows import checked, reader, selected, typed, value_of
from adapters.protocols.facts import unusable
from hub.port import BadRow, Delivery, Garbled, PortError, Record, Setting

BATCHES = 1000  # batches looked through by one collect
_MARK_AT_ONCE = 500
_BAD = "UPSTREAM_MALFORMED"


class Exchange:
    """The exchange tables of one system; none, where system.yaml names none."""

    def __init__(self, setting: Setting, kind: Kind, line: Line) -> None:
        own: Mapping[str, Any] = setting.facts["db_view"]
        mark = setting.options.get("mark", False) is True
        if mark and kind.grants not in ("postgresql", "mysql"):
            raise unusable(f"mark is not offered for {kind.name}")
        self._tables = {name: _Table(setting, name, kind) for name in own["exchange"]}
        self.marked = frozenset(each["table"] for each in own["exchange"].values()) if mark else frozenset[str]()
        self._line = line
        self._marking = Line(setting, kind, own, writes=True) if self.marked else None
        self._settled: set[tuple[str, bytes]] = set()

    def collect(self, deadline: float) -> Iterator[Delivery]:
        for each in self._tables.values():
            for (batch,) in self._line.fetch(each.batches, {}, deadline):
                yield from self._pages(each, batch, deadline)

    def _pages(self, each: _Table, batch: Any, deadline: float) -> Iterator[Delivery]:
        after: Any = None
        while time.monotonic() < deadline:
            rows = self._line.fetch(each.page(after), each.page_parameters(batch, after), deadline)
            if not rows:
                return
            after = each.name_of(rows[-1])
            delivery = each.delivery(batch, rows)
            if _print(delivery) not in self._settled:
                yield delivery
            if len(rows) < each.most:
                return

    def settle(self, delivery: Delivery) -> None:
        if self._marking is None:
            self._settled.add(_print(delivery))
            return
        each = self._table(delivery)
        names = [each.name(row) for row in _rows(delivery)]
        pieces = [names[at : at + _MARK_AT_ONCE] for at in range(0, len(names), _MARK_AT_ONCE)]
        self._marking.change([(each.marks, {"taken": each.taken, "names": piece}) for piece in pieces])

    def read(self, delivery: Delivery) -> Iterator[Record | BadRow]:
        yield from map(self._table(delivery).read, _rows(delivery))

    def close(self) -> None:
        if self._marking:
            self._marking.close()

    def _table(self, delivery: Delivery) -> _Table:
        found = self._tables.get(delivery.id.partition("/")[0])
        if found is None:
            raise Garbled("a delivery of a table that is not declared")
        return found


class _Table:
    """One exchange table: what is asked of it, and how a row of it is read."""

    def __init__(self, setting: Setting, name: str, kind: Kind) -> None:
        own: Mapping[str, Any] = setting.facts["db_view"]["exchange"][name]
        self._name, self._own, self._columns = name, own, own["columns"]
        self._names = [*self._columns]
        self._readers = [reader(each, facts) for each, facts in self._columns.items()]
        self._from = table(own["table"], schema=setting.facts["db_view"]["schema"] or None)
        self._flag, self._row, self._batch = (
            self._typed(each) for each in (own["flag"]["column"], own["row"], own["batch"])
        )
        self._chosen = [selected(each, facts, kind) for each, facts in self._columns.items()]
        self._waiting = self._value(own["flag"]["column"], own["flag"]["waiting"])
        self.taken = self._value(own["flag"]["column"], own["flag"]["taken"])
        self.most: int = own["rows"]
        self._dataset = Dataset(setting, name)
        self._kept = [each["from"] for each in setting.facts["datasets"][name]["fields"].values()]

    @property
    def batches(self) -> Select[Any]:
        waiting = select(self._batch).select_from(self._from).where(self._flag == self._waiting)
        return waiting.distinct().order_by(self._batch).limit(BATCHES)

    @property
    def marks(self) -> Update:
        """By the rows' own names, and only where they still wait: never by a time."""
        into = table(self._from.name, self._typed(self._own["flag"]["column"]), schema=self._from.schema)
        named = self._row.in_(bindparam("names", expanding=True))
        return update(into).values({self._own["flag"]["column"]: bindparam("taken")}).where(
            named, self._flag == self._waiting
        )  # fmt: skip

    def page(self, after: Any) -> Select[Any]:
        found = select(*self._chosen).select_from(self._from).order_by(self._row).limit(self.most)
        found = found.where(self._flag == self._waiting, self._batch == bindparam("batch"))
        return found if after is None else found.where(self._row > bindparam("after"))

    def page_parameters(self, batch: Any, after: Any) -> dict[str, Any]:
        return {"batch": batch} if after is None else {"batch": batch, "after": after}

    def name_of(self, row: Sequence[Any]) -> Any:
        return row[self._names.index(self._own["row"])]

    def delivery(self, batch: Any, rows: Sequence[Sequence[Any]]) -> Delivery:
        lines = [json.dumps({"table": self._own["table"], "batch": str(batch), "rows": len(rows)}, sort_keys=True)]
        for row in rows:
            told = {
                name: self._told(read, value) for name, read, value in zip(self._names, self._readers, row, strict=True)
            }
            lines.append(json.dumps(told, ensure_ascii=True, sort_keys=True))
        raw = "\n".join(lines).encode("ascii")
        return Delivery(f"{self._name}/{batch}", raw, {"dataset": self._name})

    def name(self, row: Mapping[str, Any]) -> Any:
        """What a row of a delivery is called in the table."""
        return self._value(self._own["row"], row[self._own["row"]])

    def read(self, row: Mapping[str, Any]) -> Record | BadRow:
        own, place = self._own, f"{self._own['table']} {row.get(self._own['row'])}"
        bad = [name for name, value in row.items() if not isinstance(value, str)]
        if bad:
            return BadRow(place, "UPSTREAM_CHARSET", f"{', '.join(bad)} cannot be read")
        operation = str(row.get(own["operation"]["column"], "")).strip()
        if operation not in (*own["operation"]["put"], *own["operation"]["delete"]):
            return BadRow(place, _BAD, "an operation code that is not declared")
        try:
            checked("\n".join(row.values()))
            kept: Tree = {name: row.get(name, "") for name in self._kept}
            return self._dataset.record(kept, operation in own["operation"]["delete"])
        except PortError as error:
            return BadRow(place, error.code, error.note)

    def _told(self, read: Any, value: Any) -> str | None:
        """A value that is not what it should be is kept as nothing readable, so that its row alone is refused."""
        try:
            return str(read(value))
        except PortError:
            return None

    def _typed(self, name: str) -> ColumnClause[Any]:
        return typed(name, self._columns[name])

    def _value(self, name: str, text: str) -> Any:
        try:
            return value_of(text, self._columns[name])
        except ValueError:
            raise unusable(f"{name}: a flag of another type") from None


def _rows(delivery: Delivery) -> list[dict[str, Any]]:
    try:
        head, *rows = [json.loads(line) for line in delivery.raw.decode("ascii").splitlines()]
        whole = head["rows"] == len(rows)
    except (ValueError, LookupError, TypeError) as error:
        raise Garbled("no delivery of an exchange table", sample=delivery.raw) from error
    if not whole:
        raise Garbled("rows are missing", code="UPSTREAM_TRUNCATED", sample=delivery.raw)
    return rows


def _print(delivery: Delivery) -> tuple[str, bytes]:
    return delivery.id, hashlib.sha256(delivery.raw).digest()
