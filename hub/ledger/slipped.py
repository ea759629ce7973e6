"""Rows that are on record and have no place in the tree: they came in behind the sequencer's back. Those of the last
hour are looked for each time, the others by and by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.ledger.looking import Fault

_LATELY = timedelta(hours=1)
_MOST = 50_000  # old rows of each table at once: a hundred minutes for ten million
_SETTLED = "written_in < CAST(CAST(:taken AS text) AS xid8)"
_NEW = text(
    f"SELECT e.exchange_id FROM ledger_entry e WHERE e.at > :since AND e.{_SETTLED}"  # noqa: S608
    " AND NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.exchange_id = e.exchange_id AND l.step = e.step)"
    f" UNION ALL SELECT e.id FROM ledger_exchange e WHERE e.request_in_at > :since AND e.{_SETTLED}"
    " AND NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.exchange_id = e.id AND l.step = 'EXCHANGE') LIMIT 20"
)
# A question for each row: no plan can turn it into a scan of all leaves.
_OLD = (
    "WITH part AS MATERIALIZED (SELECT {} WHERE {} > (:first, :second) ORDER BY 1, 2 LIMIT :most)"  # noqa: S608
    f" SELECT first, second, ARRAY(SELECT id FROM part WHERE {_SETTLED} AND (SELECT true FROM ledger_leaf l"
    " WHERE l.exchange_id = part.id AND l.step = part.step) IS NULL LIMIT 20), (SELECT count(*) FROM part)"
    " FROM part ORDER BY first DESC, second DESC LIMIT 1"
)
_EXCHANGES = text(_OLD.format(
    "request_in_at AS first, id AS second, id, 'EXCHANGE' AS step, written_in FROM ledger_exchange",
    "(request_in_at, id)",
))  # fmt: skip
_ENTRIES = text(_OLD.format(
    "exchange_id AS first, step AS second, exchange_id AS id, step, written_in FROM ledger_entry", "(exchange_id, step)"
))  # fmt: skip
_BEGIN: dict[Any, tuple[Any, Any]] = {
    _EXCHANGES: (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0)), _ENTRIES: (UUID(int=0), "")
}  # fmt: skip


class Slipped:
    """Goes on where it was. What one turn finds is told until the next is over."""

    def __init__(self) -> None:
        self._at = dict(_BEGIN)
        self._found: dict[Any, list[UUID]] = {each: [] for each in _BEGIN}
        self._before: dict[Any, list[UUID]] = {each: [] for each in _BEGIN}

    def look(self, session: Session, taken: int, now: datetime) -> Sequence[Fault]:
        """`taken`: up to which transaction every row has its place."""
        new = session.scalars(_NEW, {"since": now - _LATELY, "taken": str(taken)}).all()
        for each in _BEGIN:
            self._go_on(session, each, taken)
        old = (id for found in (self._before, self._found) for each in found.values() for id in each)
        return [Fault("inserted", -1, f"row {id} was never given a place") for id in dict.fromkeys([*new, *old])]

    def _go_on(self, session: Session, table: Any, taken: int) -> None:
        first, second = self._at[table]
        among = {"first": first, "second": second, "most": _MOST, "taken": str(taken)}
        *last, found, count = session.execute(table, among).one_or_none() or (first, second, [], 0)
        self._at[table] = (last[0], last[1])
        self._found[table] += found
        if count < _MOST:
            self._at[table], self._before[table], self._found[table] = _BEGIN[table], self._found[table], []
