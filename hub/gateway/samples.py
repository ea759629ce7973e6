"""The first bytes of answers that were not understood, sealed, for a week: what a department is shown when it says that
nothing changed. Whoever may read them is decided above.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.gateway.models import SampleRow
from hub.gateway.passage import Passage
from hub.port import PortError

KEPT = timedelta(days=7)
PURPOSE = "gateway.sample"
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Sample:
    kept_at: datetime
    system: str
    operation: str
    code: str
    answer: bytes


class Samples:
    """`start` runs something some time soon: the caller is not kept waiting for a sample."""

    def __init__(self, database: Database, crypto: Crypto, start: Callable[[Callable[[], object]], None]) -> None:
        self._database = database
        self._crypto = crypto
        self._start = start
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def keep(self, passage: Passage, error: PortError) -> None:
        """In a storm most are left out: one is enough to see what is wrong."""
        if error.sample and self._slots.acquire(blocking=False):
            self._start(partial(self._write, passage.trace.id, passage.system, passage.operation, error))

    def find(self, session: Session, trace_id: str) -> Sequence[Sample]:
        rows = session.scalars(select(SampleRow).where(SampleRow.trace_id == trace_id).order_by(SampleRow.kept_at))
        return [
            Sample(row.kept_at, row.system, row.operation, row.code, self._crypto.open(row.sample_sealed, PURPOSE))
            for row in rows
        ]

    def _write(self, trace_id: str, system: str, operation: str, error: PortError) -> None:
        sealed = self._crypto.seal(error.sample, PURPOSE)
        row = {"trace_id": trace_id, "system": system, "operation": operation, "code": error.code}
        try:
            with suppress(Problem), self._database.session() as session:
                session.execute(insert(SampleRow).values(kept_at=func.clock_timestamp(), sample_sealed=sealed, **row))
        finally:
            self._slots.release()


def purge(session: Session) -> None:
    """Forget what is older than a week."""
    session.execute(delete(SampleRow).where(SampleRow.kept_at < func.clock_timestamp() - KEPT))
