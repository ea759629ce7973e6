"""Work for later: handed over in the caller's own transaction, done at least once, given up loudly.

A job is a doorbell: the name of a task and ids, never a value. What is to be done, and whether it still is, stands in
the tables of its room.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import JobAborted
from sqlalchemy import (
    ColumnElement,
    DateTime,
    String,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    literal_column,
    null,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.orm import Session
from sqlalchemy.types import UserDefinedType

from hub.database import Database
from hub.errors import Problem

ATTEMPTS = 5  # then it is poison: it fails, stays visible, and the rest flows (F43)
KEPT_DAYS = 30
_WAIT_S = 4  # 4, 16, 64 and 256 s between the attempts
_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_LARGEST = 10**10  # larger whole numbers are no ids of ours: they may be somebody's
STATUS = {"todo": "waiting", "doing": "running", "failed": "failed", "cancelled": "cancelled", "aborted": "cancelled",
          "succeeded": "done"}  # fmt: skip

Cancelled = Callable[[], bool]
Task = Callable[..., None]
"""Called with `cancelled` and the ids by name. May be called twice for one job: what it does must bear that."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job as operations see it: waiting | running | failed | cancelled. Done ones are gone."""

    id: int
    task: str
    ids: Mapping[str, int | str]
    status: str
    attempts: int
    given_at: datetime | None
    scheduled_at: datetime | None


class Jobs:
    """One per process. Rooms `register` their tasks while the hub is wired."""

    def __init__(self, database: Database, wait_s: int = _WAIT_S) -> None:
        url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=4))
        self._again = RetryStrategy(max_attempts=ATTEMPTS - 1, exponential_wait=wait_s)
        self._log = structlog.get_logger()

    def register(self, name: str, run: Task) -> None:
        """Jobs named `name` are done by `run`."""

        def job(context: JobContext, /, **ids: int | str) -> None:
            self._run(context, name, run, ids)

        self.app.task(name=name, queue="hub", retry=self._again, pass_context=True)(job)

    def enqueue(self, session: Session, name: str, at: datetime | None = None, **ids: int | str) -> int:
        """The job's number. It is there when the caller's transaction commits, and never was when it does not."""
        for key, value in ids.items():
            if not (abs(value) < _LARGEST if isinstance(value, int) else _ID.fullmatch(value)):
                raise ValueError(f"{key} of job {name} is no id")
        given = {"task": name, "ids": orjson.dumps(ids).decode(), "at": at}
        handed: int = session.execute(_HANDED, given).scalar_one()[0]
        return handed

    @staticmethod
    def handing(name: str, **ids: ColumnElement[Any]) -> ColumnElement[Any]:
        """`enqueue` as a column of the caller's own statement, which hands over a job for each of its rows: a trip less
        where every trip counts. The ids are columns that hold ids."""
        named = [each for key, column in ids.items() for each in (literal(key, String), column)]
        return _handed(literal(name, String), func.jsonb_build_object(*named), null())

    @staticmethod
    def ringing(name: str, **ids: ColumnElement[Any]) -> ColumnElement[Any]:
        """`handing`, unless one of this name waits to be done already: for a doorbell whose room looks by itself too,
        as a job that ends just before the caller's commit has not seen what was written."""
        waits = (_ROWS.c.task_name == name, _ROWS.c.status == literal_column("'todo'"), _ROWS.c.scheduled_at.is_(None))
        return case((exists().where(*waits), null()), else_=Jobs.handing(name, **ids))

    def retry(self, session: Session, id: int) -> Job:
        """Once more, now. Raises STATE_CONFLICT for one that has not failed: it will run by itself, or must not."""
        job = self._locked(session, id)
        if job.status != "failed":
            raise _conflict(job)
        session.execute(text("SELECT procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)"), {"id": id})
        return self.get(session, id)

    def cancel(self, session: Session, id: int) -> Job:
        """Not any more. One that runs is told so and ends before its next step."""
        job = self._locked(session, id)
        if job.status not in ("waiting", "running"):
            raise _conflict(job)
        session.execute(text("SELECT procrastinate_cancel_job_v1(:id, true, false)"), {"id": id})
        return self.get(session, id)

    def get(self, session: Session, id: int) -> Job:
        """Raises NOT_FOUND."""
        found = session.execute(text(f"{_SELECT} WHERE job.id = :id"), {"id": id}).mappings().first()
        if found is None:
            raise Problem("NOT_FOUND")
        return _job(found)

    def page(
        self, session: Session, status: str | None = None, before: int | None = None, limit: int = 20
    ) -> Sequence[Job]:
        """Newest first; `before` is the id to go on from."""
        meant = [theirs for theirs, ours in STATUS.items() if status in (None, ours)]
        where = "WHERE job.status::text = ANY(:meant) AND (CAST(:before AS bigint) IS NULL OR job.id < :before)"
        query = text(f"{_SELECT} {where} ORDER BY job.id DESC LIMIT :limit")
        found = session.execute(query, {"meant": meant, "before": before, "limit": limit})
        return [_job(row) for row in found.mappings()]

    def counts(self, session: Session) -> Mapping[str, int]:
        """How many jobs there are in each status."""
        found = dict.fromkeys(STATUS.values(), 0)
        for theirs, count in session.execute(text("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1")):
            found[STATUS.get(theirs, "cancelled")] += count
        return found

    def sweep(self, session: Session, silent_s: float = 30.0) -> int:
        """Jobs whose worker died (no sign of life for so long) wait again, or have failed when that was the last
        attempt. Forgets what ended long ago. How many were found."""
        stalled = session.execute(text(_STALLED), {"silent": silent_s}).all()
        for id, task, attempts in stalled:
            last = attempts + 1 >= ATTEMPTS
            if last:
                session.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": id})
            else:
                session.execute(text("SELECT procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)"), {"id": id})
            self._tell(last, task, attempts + 1, "WorkerDied")
        session.execute(text(_OLD), {"days": KEPT_DAYS})
        return len(stalled)

    def _run(self, context: JobContext, name: str, run: Task, ids: Mapping[str, int | str]) -> None:
        try:
            run(context.should_abort, **ids)
        except Exception as error:
            attempt = context.job.attempts + 1
            self._tell(attempt >= ATTEMPTS, name, attempt, type(error).__name__)
            raise
        if context.should_abort():
            raise JobAborted

    def _tell(self, last: bool, task: str, attempt: int, error: str) -> None:
        if last:
            self._log.error("job_given_up", job=task, attempt=attempt, error=error)
        else:
            self._log.warning("job_failed", job=task, attempt=attempt, error=error)

    def _locked(self, session: Session, id: int) -> Job:
        session.execute(text("SELECT 1 FROM procrastinate_jobs WHERE id = :id FOR UPDATE"), {"id": id})
        return self.get(session, id)


class _Jobs(UserDefinedType[Any]):
    """What the library's own function takes."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "procrastinate_job_to_defer_v1[]"


def _handed(name: ColumnElement[Any], ids: ColumnElement[Any], at: ColumnElement[Any]) -> ColumnElement[Any]:
    """As the library's `defer` writes it, which costs ten times as much around it: the numbers of the jobs."""
    job = func.row("hub", name, 0, null(), null(), ids, at)
    return func.procrastinate_defer_jobs_v1(cast(array([job]), _Jobs()))


_ROWS = table("procrastinate_jobs", column("task_name", String), column("status"), column("scheduled_at"))
_HANDED = select(
    _handed(
        bindparam("task", type_=String), cast(bindparam("ids", type_=String), JSONB(none_as_null=True)),
        bindparam("at", type_=DateTime(timezone=True)),
    )
)  # fmt: skip
_SELECT = """
SELECT job.id, job.task_name, job.args, job.status::text AS status, job.attempts, job.scheduled_at,
       (SELECT min(event.at) FROM procrastinate_events event WHERE event.job_id = job.id) AS given_at
FROM procrastinate_jobs job
"""
# A worker that was forgotten leaves its jobs without one: they are stalled too.
_STALLED = """
SELECT job.id, job.task_name, job.attempts
FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
WHERE job.status = 'doing'
  AND (worker.id IS NULL OR worker.last_heartbeat < clock_timestamp() - make_interval(secs => :silent))
FOR UPDATE OF job SKIP LOCKED
"""
_OLD = """
DELETE FROM procrastinate_jobs job
WHERE job.status IN ('failed', 'cancelled', 'aborted', 'succeeded') AND NOT EXISTS (
    SELECT 1 FROM procrastinate_events event
    WHERE event.job_id = job.id AND event.at > clock_timestamp() - make_interval(days => :days))
"""


def _job(row: Mapping[Any, Any]) -> Job:
    status = STATUS.get(row["status"], "cancelled")
    return Job(
        row["id"], row["task_name"], row["args"], status, row["attempts"], row["given_at"], row["scheduled_at"]
    )


def _conflict(job: Job) -> Problem:
    possible = {"failed": ["retry"], "waiting": ["cancel"], "running": ["cancel"]}.get(job.status, [])
    return Problem("STATE_CONFLICT", extra={"status": job.status, "possible": possible})
