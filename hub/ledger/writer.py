"""The one writer of exchange records. Records that arrive while a commit runs share the next one (group commit).

Answers of data class 3 and 4 wait for their commit: no leaf, no data. The others do not wait. With PostgreSQL away the
records are kept, up to a limit, and written when it is back; what had to be dropped is counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, fields

import orjson
import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub.database import Database, Steady
from hub.errors import Problem
from hub.ledger.exchange import Exchange

# One text for any number of rows costs half of a COPY of each value; one statement, so one commit. Said twice it is
# still true: the first time may have been committed without our hearing of it.
_PUT = """
INSERT INTO ledger_exchange ({columns})
SELECT {columns} FROM json_populate_recordset(NULL::ledger_exchange, CAST($1 AS json)) ON CONFLICT DO NOTHING
""".format(columns=", ".join(column.name for column in fields(Exchange))).encode()
_LINGER_S = 0.02  # how long a batch nobody waits for collects more …
_GATHER_S = 0.004  # … and one that callers wait for: a commit costs the same for one row and for twenty
_AT_ONCE = 4
_TRY_AGAIN_S = 0.5
_PATIENCE_S = 20.0
_FROZEN_S = 2.0  # a commit that takes longer: the server is taken for gone
_REFUSED = psycopg.DataError, psycopg.IntegrityError, orjson.JSONEncodeError


@dataclass(slots=True, eq=False)
class _Batch:
    rows: list[Exchange] = field(default_factory=list)
    committed: bool = False
    waiting: deque[threading.Lock] = field(default_factory=deque)

    def done(self, *, committed: bool) -> None:
        """Only a few wake at once and each wakes the next: a hundred at once would only fight for the interpreter,
        and keep it from the requests that come in."""
        self.committed = committed
        for _ in range(_AT_ONCE):
            self.wake_next()

    def wake_next(self) -> None:
        with suppress(IndexError):
            self.waiting.popleft().release()

    def awaited(self, gate: threading.Lock, seconds: float) -> bool:
        """Wait at the gate. Who does not wait any longer must not be the one that should have woken the next."""
        opened = gate.acquire(timeout=seconds)
        if not opened:
            with suppress(ValueError):
                self.waiting.remove(gate)
                return False
        self.wake_next()
        return opened


class Exchanges:
    def __init__(self, database: Database, capacity: int = 20_000) -> None:
        self.lost = 0
        # Longer than the server's own limit on a statement. Giving up sooner would leave the rows to a statement nobody
        # waits for, and the second try would run into its locks. The callers have deadlines of their own.
        self._steady = Steady(database, _PATIENCE_S)
        self._capacity = capacity
        self._signal = threading.Condition()
        self._open = _Batch()
        self._depth = 0
        self._late: list[Exchange] = []
        self._writing_since: float | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._log = structlog.get_logger()

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Writes what is waiting. What cannot be written in time is counted as lost."""
        with self._signal:
            self._closing.set()
            self._signal.notify()
        if self._thread.ident:
            self._thread.join(timeout_s)
        if self._depth:
            self.lost += self._depth
            self._log.error("records_lost", count=self._depth)

    @property
    def depth(self) -> int:
        """How many records wait to be written."""
        return self._depth

    @property
    def away(self) -> bool:
        """True while PostgreSQL does not take records: answers of class 3 and 4 cannot be given."""
        since = self._writing_since
        return bool(self._late) or (since is not None and time.monotonic() - since > _FROZEN_S)

    def record(self, exchange: Exchange) -> None:
        """Hand it over and go on. Never blocks, never raises."""
        self._add(exchange)

    def commit(self, exchange: Exchange, deadline: float) -> None:
        """Hand it over and wait until it is in the database; STORE_UNAVAILABLE when it is not by the deadline."""
        away = self.away
        gate = threading.Lock()  # one for each caller: an Event for all of them costs each several times as much
        gate.acquire()
        batch = self._add(exchange, None if away else gate)
        left = min(max(0.0, deadline - time.monotonic()), _PATIENCE_S)
        if away or batch is None or not batch.awaited(gate, left) or not batch.committed:
            raise Problem("STORE_UNAVAILABLE", origin="hub", retry_after=5, note="no leaf, no data")

    def _add(self, exchange: Exchange, gate: threading.Lock | None = None) -> _Batch | None:
        with self._signal:
            if self._depth >= self._capacity or self._closing.is_set():
                self.lost += 1
                return None
            batch = self._open
            batch.rows.append(exchange)
            self._depth += 1
            if gate is not None:
                batch.waiting.append(gate)
            if len(batch.rows) == 1 or (gate is not None and len(batch.waiting) == 1):
                self._signal.notify()
            return batch

    def _next(self) -> _Batch | None:
        with self._signal:
            self._signal.wait_for(lambda: self._open.rows or self._closing.is_set())
            self._signal.wait_for(lambda: self._open.waiting or self._closing.is_set(), timeout=_LINGER_S)
        time.sleep(_GATHER_S)
        with self._signal:
            batch, self._open = self._open, _Batch()
            return batch if batch.rows else None

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            batch.done(committed=self._write(batch.rows))
            if not batch.committed:
                self._late = batch.rows
                self._catch_up()
        self._steady.close()

    def _catch_up(self) -> None:
        """PostgreSQL is away: try until it is back, or until we are told to end."""
        self._log.error("records_wait", count=self._depth)
        while self._late:
            self._closing.wait(_TRY_AGAIN_S)
            if self._write(self._late):
                self._late = []
                self._log.info("records_resumed", count=self._depth)
            elif self._closing.is_set():
                return

    def _write(self, rows: list[Exchange]) -> bool:
        """True when the rows are dealt with; False when the database is away."""
        self._writing_since = time.monotonic()
        try:
            self._put(rows)
        except _REFUSED:
            self._put_singly(rows)
        except (psycopg.Error, SQLAlchemyError):
            self._steady.close()
            return False
        finally:
            self._writing_since = None
        with self._signal:
            self._depth -= len(rows)
        return True

    def _put(self, rows: list[Exchange]) -> None:
        self._steady.once(_PUT, (orjson.dumps(rows, default=_hex),))

    def _put_singly(self, rows: list[Exchange]) -> None:
        """One row the database refuses must not take the others with it."""
        for row in rows:
            try:
                self._put([row])
            except (psycopg.Error, SQLAlchemyError, *_REFUSED) as error:
                self.lost += 1
                self._log.error("record_refused", trace_id=row.trace_id, error=type(error).__name__)


def _hex(value: bytes) -> str:
    return f"\\x{value.hex()}"
