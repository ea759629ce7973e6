"""Keeps legs, finds them, opens them, forgets them. Writing is left to a thread, so that no caller waits for it; only
a write to a department is on record before its first byte leaves (C8).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.legs.models import Leg, LegRow

LEASE_S = 45  # longer than any call may take: who has not ended by then is dead (reliability.md 7.3)
PURPOSE = {"question": "legs.question", "answer": "legs.answer"}
SUBJECT, MANDATE = "legs.subject", "legs.mandate"
_MOST, _TOGETHER = 5000, 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One leg to be kept. `question` and `answer` are JSON values; None: not kept. `subject` is the id of who asks,
    `mandate` under which one where it is for somebody else."""

    id: UUID
    at: datetime
    trace_id: str
    service: str
    system: str
    operation: str
    kind: str
    data_class: int
    state: str
    outcome: str
    keep_days: int
    question: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] | None = None
    subject: str = ""
    mandate: str = ""


class Legs:
    """One per process; `start` gives it its writer."""

    def __init__(self, database: Database, crypto: Crypto) -> None:
        self.lost = 0
        self._database = database
        self._crypto = crypto
        self._waiting: queue.Queue[Entry | None] = queue.Queue(_MOST)
        self._thread = threading.Thread(target=self._run, name="legs-writer", daemon=True)
        self._log = structlog.get_logger()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        if self._thread.ident:
            self._waiting.put(None)
            self._thread.join(3)

    def keep(self, entry: Entry) -> None:
        """Some time soon. Never blocks, never raises; what there is no room for is counted."""
        try:
            self._waiting.put_nowait(entry)
        except queue.Full:
            self.lost += 1

    def begin(self, entry: Entry) -> None:
        """A write: on record before it leaves. Raises STORE_UNAVAILABLE, and then nothing must be sent."""
        lease = func.clock_timestamp() + timedelta(seconds=LEASE_S)
        with self._database.session() as session:
            session.execute(insert(LegRow).values(**self._values(entry), lease_until=lease))

    def end(self, id: UUID, state: str, outcome: str) -> None:
        """How the write ended. When this cannot be written the sweep makes it `unknown`, which is true as well."""
        try:
            with self._database.session() as session:
                mine = (LegRow.id == id) & (LegRow.state == "inflight")
                session.execute(update(LegRow).where(mine).values(state=state, outcome=outcome, lease_until=None))
        except Problem as problem:
            self._log.error("leg_not_ended", code=problem.code)

    def find(self, session: Session, trace_id: str) -> Sequence[Leg]:
        return [_leg(row) for row in session.scalars(_ordered().where(LegRow.trace_id == trace_id))]

    def get(self, session: Session, id: UUID) -> Leg:
        """Raises NOT_FOUND."""
        return _leg(self._row(session, id))

    def to_ask_again(
        self, session: Session, system: str | None, service: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Leg]:
        """Reads that were not answered, nor by a re-run since; the oldest first."""
        query = _ordered().where(LegRow.kind == "read", LegRow.state.in_(("failed", "unknown")), LegRow.at >= since)
        query = query.where(LegRow.at < until, LegRow.answered_by == "", LegRow.question_sealed.is_not(None))
        if system is not None:
            query = query.where(LegRow.system == system)
        if service is not None:
            query = query.where(LegRow.service == service)
        return [_leg(row) for row in session.scalars(query.limit(limit))]

    def opened(self, session: Session, id: UUID) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Question and answer; empty where they are not kept. Who may see them is decided above."""
        row = self._row(session, id)
        return self._open("question", row.question_sealed), self._open("answer", row.answer_sealed)

    def answered(self, session: Session, id: UUID, trace_id: str) -> None:
        """A re-run got what this one did not."""
        session.execute(update(LegRow).where(LegRow.id == id).values(answered_by=trace_id))

    def erase(self, session: Session, subject: str, mandates: Iterable[str]) -> None:
        """What was said by somebody who has gone, and by and about this person under these mandates; that there was a
        call stays."""
        under = [self._crypto.lookup(mandate, MANDATE) for mandate in mandates]
        theirs = (LegRow.subject_tag == self._crypto.lookup(subject, SUBJECT)) | LegRow.mandate_tag.in_(under)
        session.execute(update(LegRow).where(theirs).values(question_sealed=None, answer_sealed=None))

    def sweep(self, session: Session) -> int:
        """Writes whose sender did not come back become `unknown`: asked about first, never sent again blindly (C8).
        Forgets what need not be kept any longer."""
        dead = (LegRow.state == "inflight") & (LegRow.lease_until < func.clock_timestamp())
        found: Any = session.execute(
            update(LegRow).where(dead).values(state="unknown", outcome="OUTCOME_UNKNOWN", lease_until=None)
        )
        session.execute(delete(LegRow).where(LegRow.keep_until < func.clock_timestamp()))
        return int(found.rowcount)

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            entries, last = [first], False
            while len(entries) < _TOGETHER and not self._waiting.empty() and not last:
                entry = self._waiting.get()
                last = entry is None
                entries += [entry] if entry is not None else []
            self._write(entries)
            if last:
                return

    def _write(self, entries: Sequence[Entry]) -> None:
        try:
            with self._database.session() as session:
                session.execute(insert(LegRow), [self._values(entry) for entry in entries])
        except Exception as error:  # the calls themselves are on record in the ledger
            self.lost += len(entries)
            self._log.error("legs_lost", count=len(entries), error=type(error).__name__)

    def _values(self, entry: Entry) -> dict[str, Any]:
        names = ("id", "at", "trace_id", "service", "system", "operation", "kind", "data_class", "state", "outcome")
        return {
            **{name: getattr(entry, name) for name in names},
            "question_sealed": self._sealed("question", entry.question),
            "answer_sealed": self._sealed("answer", entry.answer),
            "keep_until": entry.at + timedelta(days=entry.keep_days),
            "answered_by": "",
            "subject_tag": self._crypto.lookup(entry.subject, SUBJECT) if entry.subject else None,
            "mandate_tag": self._crypto.lookup(entry.mandate, MANDATE) if entry.mandate else None,
        }

    def _sealed(self, what: str, value: Mapping[str, Any] | None) -> bytes | None:
        return None if value is None else self._crypto.seal(orjson.dumps(dict(value), default=str), PURPOSE[what])

    def _open(self, what: str, sealed: bytes | None) -> Mapping[str, Any]:
        opened: dict[str, Any] = {} if sealed is None else orjson.loads(self._crypto.open(sealed, PURPOSE[what]))
        return opened

    @staticmethod
    def _row(session: Session, id: UUID) -> LegRow:
        row = session.get(LegRow, id)
        if row is None:
            raise Problem("NOT_FOUND")
        return row


def _ordered() -> Any:
    return select(LegRow).order_by(LegRow.at, LegRow.id)


def _leg(row: LegRow) -> Leg:
    names = ("id", "at", "trace_id", "service", "system", "operation", "kind", "data_class", "state", "outcome")
    return Leg(
        **{name: getattr(row, name) for name in names},
        keep_until=row.keep_until,
        answered_by=row.answered_by,
        has_question=row.question_sealed is not None,
        has_answer=row.answer_sealed is not None,
    )
