"""The mapping report: every code and element of a department that system.yaml does not know, counted, no values.

Counted in the process at once and written every few seconds; what a killed process had not written yet is lost.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.database import Database
from hub.errors import Problem
from hub.port import Unmapped
from hub.systems.models import UnmappedRow

_EVERY_S = 5.0
_LONGEST = 200
_MOST = 5_000
Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the report."""

    system: str
    operation: str
    kind: str
    word: str
    seen: int
    first_seen_at: datetime
    last_seen_at: datetime


class UnmappedWords:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: Counter[Key] = Counter()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="unmapped", daemon=True)
        self._log = structlog.get_logger()

    def of(self, system: str) -> Unmapped:
        """What one system's adapter is told to count with."""
        return partial(self._count, system)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.ident:
            self._thread.join(_EVERY_S)
        self.write()

    def write(self) -> None:
        """Put on record what was counted since. With PostgreSQL away it is kept for the next time."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            with self._database.session() as session:
                _add(session, counted)
        except Problem as problem:
            self._log.warning("unmapped_not_written", count=len(counted), code=problem.code)
            with self._lock:
                self._counted.update(counted)

    def report(self, session: Session, system: str = "") -> Sequence[Seen]:
        """Most seen first; of one system, or of all."""
        query = select(UnmappedRow).order_by(UnmappedRow.system, UnmappedRow.seen.desc(), UnmappedRow.word)
        rows = session.scalars(query.where(UnmappedRow.system == system) if system else query)
        return [
            Seen(row.system, row.operation, row.kind, row.word, row.seen, row.first_seen_at, row.last_seen_at)
            for row in rows
        ]

    def _count(self, system: str, operation: str, kind: str, word: str) -> None:
        key = (system, operation, kind, word[:_LONGEST].replace("\0", ""))
        with self._lock:
            if key in self._counted or len(self._counted) < _MOST:
                self._counted[key] += 1

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY_S):
            self.write()


def _add(session: Session, counted: Counter[Key]) -> None:
    names = ("system", "operation", "kind", "word")
    now = func.clock_timestamp()
    for key, seen in sorted(counted.items()):  # in one order everywhere, so that two workers never wait for each other
        row = insert(UnmappedRow).values(
            **dict(zip(names, key, strict=True)), seen=seen, first_seen_at=now, last_seen_at=now
        )
        session.execute(
            row.on_conflict_do_update(
                index_elements=names, set_={"seen": UnmappedRow.seen + row.excluded.seen, "last_seen_at": now}
            )
        )
