"""Shared data given: the right first, then evidence of the decision, then the department's answer, cut to the right.

Nothing is kept of an answer. Of data classes 3 and 4: no leaf, no data. Refused uses are recorded too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.exchange import rules
from hub.exchange.corrections import Corrections
from hub.exchange.feed import Described, Feed
from hub.exchange.marks import Marks
from hub.exchange.matches import Matches
from hub.exchange.models import ChangeRow, UseRow
from hub.exchange.retention import sweep
from hub.exchange.statistics import Statistics, statistics
from hub.exchange.subscriptions import Change, Subscriptions
from hub.exchange.telling import Telling
from hub.gateway.orders import Caller
from hub.gateway.service import READ_S, Gateway
from hub.identity.service import Identity
from hub.ledger.evidence import Receipts
from hub.ledger.orders import Tell
from hub.ledger.room import Ledger
from hub.ledger.statement import Op, Statement
from hub.matching.queue import Context
from hub.matching.rules import Sought, Verdict
from hub.matching.service import Matching, Sifted
from hub.settings.shapes import Snapshot
from hub.settings.sharing_shapes import Source
from hub.sharing.grants import Grant
from hub.sharing.resources import Resource
from hub.sharing.service import Sharing
from hub.trace import Trace
from hub.workdays import Workdays

T = TypeVar("T")
_VERSION = "1"  # of what a resource answers; it has had no other shape yet


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of an officer. `subject` holds what the source is asked with; no `fields`: all of the right.
    `called`: the subject's name, to tell rows apart where the source is not asked with it."""

    resource: str
    consumer: str
    officer: str
    purpose: str
    subject: Mapping[str, Any] = field(repr=False)
    fields: tuple[str, ...] = ()
    case_no: str = ""
    order_no: str = ""
    called: str = field(default="", repr=False)
    op: Op = "READ"


@dataclass(frozen=True, slots=True)
class Given:
    """What was given: rows of the granted fields, how each was found to be the subject's, and who signed that they
    were. Rows in doubt are not given: `doubtful` are their ids in the manual queue. `left_out` counts others'."""

    statement: Statement
    at: datetime
    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    receipts: Receipts
    verdicts: Sequence[Verdict] = ()
    doubtful: Sequence[str] = ()
    left_out: int = 0


Keep = Callable[[Session, UUID, Sequence[Mapping[str, str]]], None]


@dataclass(frozen=True, slots=True)
class _Allowed:
    """A question that may be asked."""

    statement: Statement
    source: Source
    context: Context
    sought: Sought | None
    sent: Mapping[str, str] = field(repr=False)
    whose: str = field(repr=False)
    citizen: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is left of an answer."""

    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    sifted: Sifted


class Exchange:
    """One per process. It has transactions of its own: none is open while a department speaks."""

    def __init__(
        self,
        *,
        database: Database,
        gateway: Gateway,
        sharing: Sharing,
        ledger: Ledger,
        identity: Identity,
        now: Callable[[], Snapshot],
        crypto: Crypto,
        clock: Clock,
        workdays: Workdays,
        described: Described,
        matching: Matching,
        tell: Tell,
    ) -> None:
        self._database, self._gateway, self._sharing, self._evidence = database, gateway, sharing, ledger.evidence
        self._orders, self._telling = ledger.orders, Telling(tell, sharing, now)
        self._identity, self._now, self._clock = identity, now, clock
        self._matching, self._log = matching, structlog.get_logger()
        self.matches = Matches(database, matching.queue, ledger.evidence, clock, now)
        configured = lambda: now().sharing  # noqa: E731
        self.subscriptions = Subscriptions(clock, sharing.grants)
        self.feed = Feed(self.subscriptions, ledger.evidence, configured, described)
        self.corrections = Corrections(
            clock, workdays, configured, crypto, sharing, ledger.evidence, takers, self.subscriptions.tell
        )
        self.marks = Marks(database, ledger.canaries, ledger.evidence, clock, lambda: now().hub.hotline)

    def query(self, asked: Asked, trace: Trace, until: float | None = None) -> Given:
        """Raises NOT_FOUND, GRANT_MISSING, GRANT_PURPOSE, GRANT_OFFICER, GRANT_EXPIRED, GRANT_FIELD,
        RESOURCE_WITHOUT_SOURCE, CASE_NO_REQUIRED, ORDER_NOT_CONFIRMED, EVIDENCE_UNAVAILABLE, faults of the subject,
        and whatever the department's answer comes to. `until`: the time.monotonic() second by which it has answered."""
        allowed = self._recorded(asked, lambda session, resource, use: self._weighed(session, resource, asked, use))
        id = allowed.statement.exchange_id
        try:
            self._evidence.decide(allowed.statement)
            found = self._fetched(allowed, trace, until)
            receipts = self._evidence.deliver(id, rules.texts(found.rows))
        except Problem as problem:
            self.end(id, problem.code)
            raise
        self.end(id, "OK", len(found.rows), allowed)
        verdicts = [verdict for _, verdict in found.sifted.kept]
        return Given(
            allowed.statement, self._clock.now(), found.rows, receipts, verdicts, found.sifted.doubtful,
            found.sifted.left_out,
        )  # fmt: skip

    def begin(self, asked: Asked, subjects: Mapping[str, Any], keep: Keep) -> None:
        """The same right for a list of `subjects` (columns), which `keep` puts down in the same transaction. Raises as
        `query` does."""

        def weigh(session: Session, resource: Resource, use: UseRow) -> None:
            _, source = self._right(session, resource, asked, use)
            keep(session, use.exchange_id, rules.subjects(source, subjects))

        self._recorded(asked, weigh)

    def may_still(self, session: Session, asked: Asked) -> None:
        """Raises what `query` would for want of a right."""
        now = self._clock.now()
        self._sharing.grants.permit(
            session, asked.consumer, asked.resource, asked.purpose, asked.fields, asked.officer, now
        )

    def changes(self, office: str, officer: str, after: int, limit: int) -> Sequence[Change]:
        """What is to be told to this officer, the oldest first, with evidence that it was. Told again it needs no more.
        Raises EVIDENCE_UNAVAILABLE."""
        with self._database.session() as session:
            found = self.subscriptions.page(session, office, officer, after, limit)
            fresh = [(each, self._told(session, each, officer)) for each in found if not each.told]
        for change, statement in fresh:
            self._evidence.decide(statement)
            self._evidence.deliver(statement.exchange_id, [])
            with self._database.session() as session:
                told = update(ChangeRow).where(ChangeRow.id == change.id, ChangeRow.told_in.is_(None))
                session.execute(told.values(told_in=statement.exchange_id))
        return found

    def _told(self, session: Session, change: Change, officer: str) -> Statement:
        grant, snapshot = change.grant, self._now()
        resource = self._sharing.resources.get(session, grant.resource)
        return Statement(
            exchange_id=uuid4(), at=self._clock.now(), supplier=resource.department, user=grant.consumer,
            system=resource.system, officer_ref=f"{grant.consumer}/{officer}", service=resource.id,
            service_version=_VERSION, op="PUSH", subject_tag=change.subject_tag, basis=grant.basis,
            purpose=grant.purpose, fields=change.fields, data_class=resource.classes(change.fields),
            req_digest=self._evidence.digest([resource.id, change.id, change.kind, list(change.fields)]),
            policy_version=grant.id, config_version=snapshot.version,
        )  # fmt: skip

    def sweep(self, session: Session) -> int:
        """What is over goes."""
        return sweep(session, self._clock.now(), self._now().sharing.kept_days)

    def statistics(self, session: Session) -> Statistics:
        """Who shares, refuses, is late; which systems nobody asks."""
        return statistics(session, self._sharing, self._clock)

    def count_silence(self, session: Session) -> int:
        """What nobody answered in time goes upward; rows in doubt that nobody decided are forgotten."""
        self._matching.queue.forget(session)
        return self._sharing.count_silence(session) + self.corrections.count_silence(session)

    def _recorded(self, asked: Asked, weigh: Callable[[Session, Resource, UseRow], T]) -> T:
        """The use is on record when this returns, and a refused one when it raises."""
        use: UseRow | None = None
        try:
            with self._database.session() as session:
                resource = self._sharing.resources.get(session, asked.resource)
                use = UseRow(
                    exchange_id=uuid4(), at=self._clock.now(), resource=resource.id, system=resource.system,
                    supplier=resource.department, consumer=asked.consumer, officer=asked.officer, grant_id="",
                    fields=[], data_class=0, outcome="", rows=0,
                )  # fmt: skip
                weighed = weigh(session, resource, use)
                session.add(use)
        except Problem as problem:
            if use is not None:
                self._refused(use, problem.code)
            raise
        return weighed

    def _right(self, session: Session, resource: Resource, asked: Asked, use: UseRow) -> tuple[Grant, Source]:
        """The right that covers this use, and what answers it."""
        grant = self._sharing.grants.permit(
            session, asked.consumer, asked.resource, asked.purpose, asked.fields, asked.officer, use.at
        )
        source = self._now().sharing.sources.get(asked.resource)
        if source is None:
            raise Problem("RESOURCE_WITHOUT_SOURCE", origin="hub")
        fields = asked.fields or grant.fields
        use.data_class, use.grant_id, use.fields = resource.classes(fields), grant.id, list(fields)
        if use.data_class >= rules.SENSITIVE and not (asked.case_no or asked.order_no):
            raise Problem("CASE_NO_REQUIRED")
        if use.data_class >= rules.SENSITIVE and not asked.case_no:
            self._orders.use(session, asked.order_no, asked.consumer)
        return grant, source

    def _weighed(self, session: Session, resource: Resource, asked: Asked, use: UseRow) -> _Allowed:
        grant, source = self._right(session, resource, asked, use)
        subject, fields = rules.subject(source, asked.subject), use.fields
        case_no = asked.case_no or (f"order:{asked.order_no}" if asked.order_no else "")
        kind, number = rules.whose(source, subject)
        use.subject_tag = tag = self._evidence.subject_tag(kind, number)
        statement = Statement(
            exchange_id=use.exchange_id, at=use.at, supplier=resource.department, user=asked.consumer,
            system=source.system, officer_ref=f"{asked.consumer}/{asked.officer}", service=resource.id,
            service_version=_VERSION, op=asked.op, subject_tag=tag, basis=grant.basis, purpose=grant.purpose,
            fields=tuple(fields), data_class=use.data_class, policy_version=grant.id,
            req_digest=self._evidence.digest([resource.id, dict(subject), list(fields), grant.purpose]),
            config_version=self._now().version, case_no=case_no,
        )  # fmt: skip
        citizen = self._identity.citizen_of(session, number) if kind == "resident_id" else None
        context = Context(resource.id, source.system, resource.department, asked.consumer, asked.officer, kind)
        sent, sought = rules.asked_with(source, subject), rules.sought(source, subject, asked.called)
        return _Allowed(statement, source, context, sought, sent, citizen or f"{kind}:{tag.hex()}", citizen)

    def _fetched(self, allowed: _Allowed, trace: Trace, until: float | None) -> _Rows:
        """From the department, through the one way out; that it failed is evidence too."""
        source, caller = allowed.source, Caller(allowed.whose, 3, "staff")
        left = READ_S if until is None else until - time.monotonic()
        try:
            if left <= 0:
                raise Problem("DEPARTMENT_TIMEOUT", origin="hub", retry_after=10)
            reply = self._gateway.ask(source.system, source.operation, allowed.sent, caller, trace, left)
            return self._sifted(allowed, reply.fields)
        except BaseException as error:
            code = error.code if isinstance(error, Problem) else "INTERNAL"
            self._evidence.fail(allowed.statement.exchange_id, code)
            raise

    def _sifted(self, allowed: _Allowed, answer: Mapping[str, Any]) -> _Rows:
        """The rows about whom was asked for, cut to the right; of a thing all, and a list of people marked for who
        takes it."""
        source, fields, rows = allowed.source, allowed.statement.fields, rules.rows(answer, allowed.source)
        if allowed.sought is None:
            given = [rules.cut(row, source, fields) for row in rows]
            listed = rules.names_people(answer, source)
            return _Rows(self.marks.among(allowed.statement.user, given) if listed else given, Sifted(()))
        told = [rules.told(row, source) for row in rows]
        sifted = self._matching.sift(allowed.context, allowed.sought, told)
        return _Rows([rules.cut(rows[place], source, fields) for place, _ in sifted.kept], sifted)

    def end(self, id: UUID, outcome: str, rows: int = 0, given: _Allowed | None = None) -> None:
        """That it ended, and how; whom it was about is told. Evidence has it already: an answer is not held back for
        this."""
        try:
            with self._database.session() as session:
                session.execute(update(UseRow).where(UseRow.exchange_id == id).values(outcome=outcome, rows=rows))
                if given and given.citizen:
                    self._telling.read(session, given.citizen, given.statement)
        except Problem as problem:
            self._log.warning("use_not_closed", code=problem.code)

    def _refused(self, use: UseRow, code: str) -> None:
        use.outcome = code
        try:
            with self._database.session() as session:
                session.add(use)
        except Problem as problem:
            self._log.warning("use_not_recorded", code=problem.code)


def takers(session: Session, resource: str, name: str, tags: Sequence[bytes]) -> list[str]:
    """The departments that were, or may have been, given this field of this subject."""
    taken = select(UseRow.consumer).where(
        UseRow.resource == resource, UseRow.subject_tag.in_(tags), UseRow.outcome.in_(("OK", "")),
        UseRow.fields.contains([name]),
    )  # fmt: skip
    return sorted(session.scalars(taken.distinct()))
