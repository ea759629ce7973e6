"""Gives every row that is on record its place in the tree, within a second. One at a time, whoever is asked to.

A row of the gateway's record becomes a leaf as it stands, so that nothing is written twice while a citizen waits.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.ledger.exchange import Exchange
from hub.ledger.models import ExchangeRow, LeafRow
from hub.ledger.statement import canonical, leaf_of, micros
from hub.ledger.tiles import Tiles
from hub.ledger.tree import leaf_hash

_LOCK = 0x6C656467  # "ledg"
_MOST = 20_000
_EVERY_S = 0.5
_PATIENCE_S = 30.0
_COPY = f"COPY {LeafRow.__tablename__} (number, exchange_id, step, at) FROM STDIN"
COLUMNS = ", ".join(f"e.{column.name}" for column in fields(Exchange))
EXCHANGE, CLOCK = "EXCHANGE", "CLOCK"
_NOT_YET = "NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.exchange_id = {id} AND l.step = {step})"
_EXCHANGES = (
    f"SELECT e.written_in::text::bigint, {COLUMNS} FROM {ExchangeRow.__tablename__} e"  # noqa: S608
    f" WHERE {{which}} AND {_NOT_YET.format(id='e.id', step=repr(EXCHANGE))}"
    " ORDER BY e.written_in, e.request_in_at, e.id"
)
_ENTRIES = (
    "SELECT e.written_in::text::bigint, e.exchange_id, e.step, e.at, e.leaf FROM ledger_entry e"  # noqa: S608
    f" WHERE {{which}} AND {_NOT_YET.format(id='e.exchange_id', step='e.step')}"
    " ORDER BY e.written_in, e.at, e.exchange_id, e.step"
)
_SETTLED = "e.written_in >= CAST(CAST(:taken AS text) AS xid8) AND e.written_in < CAST(CAST(:until AS text) AS xid8)"
_TOO_MANY = (
    "SELECT min(late) FROM (SELECT (SELECT e.written_in::text::bigint FROM {table} e WHERE {which}"
    " ORDER BY e.written_in OFFSET :most LIMIT 1) AS late) AS found"
)


class Leaf(NamedTuple):
    """Sorted as it goes into the tree."""

    written_in: int
    at: datetime
    exchange_id: uuid.UUID
    step: str
    hash: bytes


class Sequencer:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._log = structlog.get_logger()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; with PostgreSQL away it tries again."""
        while not stop.wait(_EVERY_S):
            try:
                while self.round() >= _MOST:
                    pass
            except Problem as problem:
                self._log.warning("sequencer_waits", code=problem.code)
            except Exception as error:  # one bad round must not end the others
                self._log.error("sequencer_failed", error=type(error).__name__)

    def round(self, tick: datetime | None = None) -> int:
        """How many leaves came into the tree. `tick` adds one that tells the time, so that no two checkpoints have one
        size."""
        with self._database.session(patience=_PATIENCE_S) as session:
            waits = "SELECT pg_advisory_xact_lock(:lock)" if tick else "SELECT pg_try_advisory_xact_lock(:lock)"
            if session.scalar(text(waits), {"lock": _LOCK}) is False:
                return 0
            taken, size = session.execute(text("SELECT taken, size FROM ledger_place WHERE id = 1")).one()
            until, leaves = self._new(session, taken)
            if tick:
                id = uuid.uuid4()
                leaves.append(Leaf(until, tick, id, CLOCK, leaf_hash(leaf_of(CLOCK, id, tick))))
            if leaves:
                self._add(session, size, leaves)
            if leaves or until > taken + _MOST:
                place = {"taken": until, "size": size + len(leaves)}
                session.execute(text("UPDATE ledger_place SET taken = :taken, size = :size WHERE id = 1"), place)
            return len(leaves)

    def _new(self, session: Session, taken: int) -> tuple[int, list[Leaf]]:
        """Rows of transactions that are over, in the order of those; and up to which transaction that is."""
        snapshot = "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM"
        until, newest = session.execute(text(f"{snapshot} pg_current_snapshot() s")).one()
        if taken > newest:  # restored into another server, whose transactions count anew
            which, among = "true", {}
        else:
            which, until = _SETTLED, self._bounded(session, taken, until)
            among = {"taken": str(taken), "until": str(until)}
        exchanges = session.execute(text(_EXCHANGES.format(which=which)), among)
        entries = session.execute(text(_ENTRIES.format(which=which)), among)
        leaves = [_of_exchange(row[0], row[1:]) for row in exchanges]
        leaves += [Leaf(within, at, id, step, leaf_hash(leaf)) for within, id, step, at, leaf in entries]
        return until, sorted(leaves)

    @staticmethod
    def _bounded(session: Session, taken: int, until: int) -> int:
        """Not more than one round can bear: up to the transaction that has the row which is one too many."""
        for table in (ExchangeRow.__tablename__, "ledger_entry"):
            among = {"taken": str(taken), "until": str(until), "most": _MOST}
            late = session.scalar(text(_TOO_MANY.format(table=table, which=_SETTLED)), among)
            until = until if late is None else min(until, max(late, taken + 1))
        return until

    @staticmethod
    def _add(session: Session, size: int, leaves: Sequence[Leaf]) -> None:
        Tiles(session).append(size, (leaf.hash for leaf in leaves))
        driver: Any = session.connection().connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            for number, leaf in enumerate(leaves, size):
                copy.write_row((number, leaf.exchange_id, leaf.step, leaf.at))


def exchange_leaf(values: Sequence[Any]) -> bytes:
    """The bytes of a gateway's record in the tree: its columns in their order."""
    *_, id = values
    plain = [micros(each) if isinstance(each, datetime) else each for each in values[:-1]]
    return canonical(["xiantong/1", EXCHANGE, id.bytes, *plain])


def leaf_of_row(row: ExchangeRow) -> bytes:
    return exchange_leaf([getattr(row, column.name) for column in fields(Exchange)])


def _of_exchange(written_in: int, values: Sequence[Any]) -> Leaf:
    return Leaf(written_in, values[0], values[-1], EXCHANGE, leaf_hash(exchange_leaf(values)))
