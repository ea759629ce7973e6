"""Files of many shared records: asked for under one right, made by a job, fetched by who asked, gone a day later.

Each record is asked for as any other, with the right looked at anew and evidence of its own. A file that gets out names
who asked for it: by the number of the exchange in each row, and by people in it who do not exist.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import trace
from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.exchange import table
from hub.exchange.models import BatchRow
from hub.exchange.service import Asked, Exchange, Given
from hub.jobs.service import Cancelled, Jobs

TASK = "exchange.batch"
MARK = "exchange_id"  # the last column
_KEPT = timedelta(days=1)
_ENOUGH = 5  # failures one after the other: the department is away
_NO_RIGHT = "GRANT_"


@dataclass(frozen=True, slots=True)
class Batch:
    """One file as it stands: waiting, done or failed (`code`). `failed`: place in the list and problem's code."""

    id: str
    resource: str
    status: str
    code: str
    asked: int
    given: int
    failed: Sequence[Mapping[str, Any]]
    asked_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None


@dataclass(slots=True)
class _Made:
    """What a job has come to so far."""

    given: list[Given] = field(default_factory=list, repr=False)
    failed: list[dict[str, Any]] = field(default_factory=list)
    code: str = ""

    def fails(self, place: int, code: str) -> None:
        self.failed.append({"place": place, "code": code})
        last = [each["place"] for each in self.failed[-_ENOUGH:]]
        if code.startswith(_NO_RIGHT) or last == list(range(place - _ENOUGH + 1, place + 1)):
            self.code = code


class Batches:
    """One per process. `run` is the job."""

    def __init__(self, database: Database, jobs: Jobs, crypto: Crypto, clock: Clock, exchange: Exchange) -> None:
        self._database, self._jobs, self._crypto, self._clock = database, jobs, crypto, clock
        self._exchange = exchange
        jobs.register(TASK, self.run)

    def begin(self, asked: Asked, subjects: Mapping[str, Any]) -> Batch:
        """`subjects` are columns of the source's words, 1 to 500 long. Raises as a query does; a refused one is on
        record."""
        made: list[Batch] = []

        def keep(session: Session, id: UUID, each: Sequence[Mapping[str, str]]) -> None:
            plain = orjson.dumps({"asked": {**asdict(asked), "subject": {}, "op": "BULK"}, "subjects": each})
            row = BatchRow(
                id=id, resource=asked.resource, consumer=asked.consumer, officer=asked.officer, at=self._clock.now(),
                state="waiting", code="", asked=len(each), given=0, failed=[],
                asked_sealed=self._crypto.seal(plain, purpose_of(id)),
            )  # fmt: skip
            session.add(row)
            self._jobs.enqueue(session, TASK, batch=str(id))
            made.append(_batch(row))

        self._exchange.begin(asked, subjects, keep)
        return made[0]

    def get(self, session: Session, id: str, consumer: str, officer: str) -> Batch:
        """For who asked for it. Raises NOT_FOUND."""
        return _batch(self._row(session, id, consumer, officer))

    def file(self, session: Session, id: str, consumer: str, officer: str) -> str:
        """As CSV. Raises NOT_FOUND, also when it is gone; STATE_CONFLICT before it is made; what a query raises where
        the right has ended since."""
        row = self._row(session, id, consumer, officer)
        if row.state != "done":
            raise Problem("STATE_CONFLICT", extra={"status": row.state, "possible": []})
        if row.file_sealed is None or row.expires_at is None or row.expires_at <= self._clock.now():
            raise Problem("NOT_FOUND")
        kept = orjson.loads(self._crypto.open(row.file_sealed, purpose_of(row.id)))
        self._exchange.may_still(session, _asked(kept["asked"]))
        return str(kept["file"])

    def run(self, cancelled: Cancelled, batch: str) -> None:
        """A second one of the same file makes it anew, or finds it made."""
        id = UUID(batch)
        with self._database.session() as session:
            row = session.get(BatchRow, id)
            if row is None or row.state != "waiting" or row.asked_sealed is None:
                return
            kept = orjson.loads(self._crypto.open(row.asked_sealed, purpose_of(id)))
        asked, made = _asked(kept["asked"]), _Made()
        for place, subject in enumerate(kept["subjects"]):
            if cancelled():
                made.code = "STATE_CONFLICT"
            if made.code:
                break
            self._ask(replace(asked, subject=subject), place, made)
        self._end(id, kept["asked"], made)

    def sweep(self, session: Session) -> None:
        """Nothing of a file is kept longer than it may be."""
        over = BatchRow.expires_at <= self._clock.now()
        session.execute(update(BatchRow).where(over, BatchRow.file_sealed.is_not(None)).values(file_sealed=None))

    def _ask(self, asked: Asked, place: int, made: _Made) -> None:
        try:
            made.given.append(self._exchange.query(asked, trace.new()))
        except Problem as problem:
            made.fails(place, problem.code)

    def _end(self, id: UUID, asked: Mapping[str, Any], made: _Made) -> None:
        """The file, or why there is none: what was cut off in the middle is not given in part."""
        now, sealed, rows = self._clock.now(), None, 0
        if not made.code:
            lines = self._marked(str(id), made.given)
            rows = sum(len(each.rows) for each in made.given)
            plain = orjson.dumps({"asked": asked, "file": _written(lines)})
            sealed = self._crypto.seal(plain, purpose_of(id))
        what = {
            "state": "failed" if made.code else "done", "code": made.code, "given": rows, "failed": made.failed,
            "asked_sealed": None, "file_sealed": sealed, "ended_at": now, "expires_at": now + _KEPT,
        }  # fmt: skip
        with self._database.session() as session:
            session.execute(update(BatchRow).where(BatchRow.id == id, BatchRow.state == "waiting").values(**what))
        self._exchange.end(id, made.code or "OK", rows)

    def _marked(self, id: str, given: Sequence[Given]) -> list[tuple[str, Mapping[str, Any]]]:
        """Each row with the number of its exchange; the canaries anywhere among them."""
        lines = [(str(each.statement.exchange_id), row) for each in given for row in each.rows]
        if lines:
            rows = [row for _, row in lines]
            for mark in self._exchange.marks.for_file(id, rows, given[-1].statement):
                lines.insert(secrets.randbelow(len(lines) + 1), mark)
        return lines

    @staticmethod
    def _row(session: Session, id: str, consumer: str, officer: str) -> BatchRow:
        try:
            wanted = UUID(id)
        except ValueError:
            raise Problem("NOT_FOUND") from None
        mine = select(BatchRow).where(BatchRow.consumer == consumer, BatchRow.officer == officer)
        row = session.scalar(mine.where(BatchRow.id == wanted))
        if row is None:
            raise Problem("NOT_FOUND")
        return row


def _written(lines: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    names = list(lines[0][1]) if lines else []
    return table.written([*names, MARK], [[*(row[name] for name in names), id] for id, row in lines])


def _asked(kept: Mapping[str, Any]) -> Asked:
    return Asked(**{**kept, "fields": tuple(kept["fields"])})


def purpose_of(id: UUID) -> str:
    return f"exchange.batch:{id}"


def _batch(row: BatchRow) -> Batch:
    return Batch(
        str(row.id), row.resource, row.state, row.code, row.asked, row.given, row.failed, row.at, row.ended_at,
        row.expires_at,
    )  # fmt: skip
