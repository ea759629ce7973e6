"""One person's or company's record put together over several departments: each asked by its own right, with evidence of
its own, all at once within one deadline. Which part failed, and why, is said; nothing is kept.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.exchange.joining import Joined, Said, Told, joined
from hub.exchange.service import Asked, Exchange, Given
from hub.gateway.service import READ_S
from hub.settings.sharing_shapes import Sharing as Configured
from hub.sharing.resources import Resource
from hub.sharing.service import Sharing
from hub.trace import Trace

_THREADS = 32
_EVIDENCE_S = 2.0  # after the departments' deadline: an answer that is there is not given up for its record


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose record, out of which resources. `subject` has id_number or credit_code, and the name that some need."""

    resources: tuple[str, ...]
    consumer: str
    officer: str
    purpose: str
    subject: Mapping[str, str] = field(repr=False)
    case_no: str = ""
    order_no: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What one resource gave, or the problem it met."""

    resource: str
    outcome: Given | Problem


@dataclass(frozen=True, slots=True)
class Record:
    fields: Sequence[Joined] = field(repr=False)
    parts: Sequence[Part]


class Records:
    """One per process; `close` ends its threads."""

    def __init__(
        self,
        exchange: Exchange,
        sharing: Sharing,
        database: Database,
        clock: Clock,
        configured: Callable[[], Configured],
    ) -> None:
        self._exchange, self._sharing, self._database = exchange, sharing, database
        self._clock, self._configured = clock, configured
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="record")

    def put_together(self, wanted: Wanted, trace: Trace) -> Record:
        """Every part has an outcome of its own: one that is refused or fails takes nothing from the others. What is
        told as too late may have been given all the same: evidence says so."""
        until = time.monotonic() + READ_S
        asked = [self._asked(wanted, resource) for resource in wanted.resources]
        futures = [self._pool.submit(contextvars.copy_context().run, self._one, each, trace, until) for each in asked]
        wait(futures, timeout=max(0.0, until + _EVIDENCE_S - time.monotonic()))
        parts = [Part(each.resource, _settled(future)) for each, future in zip(asked, futures, strict=True)]
        given = [(part.resource, part.outcome) for part in parts if isinstance(part.outcome, Given)]
        told = [_told(self._resource(id), each) for id, each in given]
        return Record(joined(told, self._configured().said_of_all, self._clock.now().date()), parts)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _asked(self, wanted: Wanted, resource: str) -> Asked:
        """Each source is told what it is asked with and no more."""
        source = self._configured().sources.get(resource)
        subject = {name: value for name, value in wanted.subject.items() if source is None or name in source.by}
        called = wanted.subject.get("name") or wanted.subject.get("org_name") or ""
        return Asked(
            resource, wanted.consumer, wanted.officer, wanted.purpose, subject, (), wanted.case_no, wanted.order_no,
            called,
        )  # fmt: skip

    def _one(self, asked: Asked, trace: Trace, until: float) -> Given | Problem:
        try:
            return self._exchange.query(asked, trace, until)
        except Problem as problem:
            return problem

    def _resource(self, id: str) -> Resource:
        with self._database.session() as session:
            return self._sharing.resources.get(session, id)


def _told(resource: Resource, given: Given) -> Told:
    by, id = given.statement.system, given.statement.exchange_id
    said = Said(resource.id, resource.department, by, given.at, id, resource.update_cycle)
    return Told(said, {each.name: each.label for each in resource.columns}, given.rows)


def _settled(future: Future[Given | Problem]) -> Given | Problem:
    if future.cancel():
        return Problem("OVERLOADED", origin="hub", retry_after=2)
    if not future.done():
        return Problem("DEPARTMENT_TIMEOUT", origin="hub", retry_after=10)
    error = future.exception()
    return Problem("INTERNAL", origin="hub", note=type(error).__name__) if error else future.result()
