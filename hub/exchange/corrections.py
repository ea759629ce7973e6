"""Wrong data goes back to its source: reported, answered by a date, and every department that took it is told (K8)."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import orjson
from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Fault, Problem, invalid
from hub.exchange import rules
from hub.exchange.models import CorrectionRow, NoticeRow
from hub.ledger.evidence import Evidence
from hub.settings.sharing_shapes import Sharing as Configured
from hub.sharing.service import Sharing
from hub.workdays import Workdays

Outcome = Literal["corrected", "upheld"]
State = Literal["reported", "corrected", "upheld"]
Takers = Callable[[Session, str, str, Sequence[bytes]], Sequence[str]]
Tell = Callable[[Session, str, Sequence[bytes], Sequence[str], Literal["corrected"]], int]
_MOST = 500


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong: a field of one record, what it should be, and how one knows."""

    resource: str
    field: str
    subject: Mapping[str, Any] = dataclasses.field(repr=False)
    should_be: str = dataclasses.field(repr=False)
    reason: str = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class Correction:
    """One report as it stands. `wrong` and `answer` are there for one alone, not in a list."""

    id: str
    resource: str
    field: str
    owner: str
    reporter: str
    state: State
    raised_to: str
    silent: int
    told_at: datetime
    due_at: datetime
    answered_at: datetime | None
    wrong: Wrong | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What one department is told: `kind` is reported, corrected or upheld."""

    id: int
    kind: str
    correction: str
    resource: str
    field: str
    at: datetime


class Corrections:
    """Takes a session and never commits."""

    def __init__(
        self,
        clock: Clock,
        workdays: Workdays,
        configured: Callable[[], Configured],
        crypto: Crypto,
        sharing: Sharing,
        evidence: Evidence,
        takers: Takers,
        tell: Tell,
    ) -> None:
        self._clock, self._workdays, self._configured, self._crypto = clock, workdays, configured, crypto
        self._sharing, self._evidence, self._takers, self._changed = sharing, evidence, takers, tell

    def report(self, session: Session, office: str, officer: str, wrong: Wrong) -> Correction:
        """To the source; whoever took that field of that record is told at once. Raises NOT_FOUND,
        RESOURCE_WITHOUT_SOURCE and faults."""
        resource = self._sharing.resources.get(session, wrong.resource)
        source = self._configured().sources.get(wrong.resource)
        if not office:
            raise Problem("ROLE_REQUIRED")
        if source is None:
            raise Problem("RESOURCE_WITHOUT_SOURCE", origin="hub")
        if wrong.field not in [each.name for each in resource.columns]:
            raise invalid([Fault("field", "CHOICE")])
        kind, number = rules.whose(source, rules.subject(source, wrong.subject))
        now, id = self._clock.now(), "k" + secrets.token_hex(16)
        due = self._workdays.after(now, self._configured().correction)
        row = CorrectionRow(
            id=id, resource=resource.id, owner=resource.department, reporter=office, officer=officer,
            field=wrong.field, subject_tag=self._evidence.subject_tag(kind, number), state="reported", raised_to="",
            silent=0, told_at=now, due_at=due, next_at=due,
            body_sealed=self._seal(id, {"subject": dict(wrong.subject), "should_be": wrong.should_be,
                                        "reason": wrong.reason, "whose": [kind, number]}),
        )  # fmt: skip
        session.add(row)
        session.flush()
        self._tell(session, row, "reported", self._evidence.subject_tags(kind, number))
        return self._whole(row)

    def answer(self, session: Session, id: str, office: str, outcome: Outcome, text: str) -> Correction:
        """By the source, or by whom its silence was told to. Raises NOT_FOUND, STATE_CONFLICT."""
        row = session.get(CorrectionRow, id, with_for_update=True)
        if row is None or office not in (row.owner, row.raised_to or row.owner):
            raise Problem("NOT_FOUND")
        if row.state != "reported":
            raise Problem("STATE_CONFLICT")
        row.state, row.answered_at, row.next_at = outcome, self._clock.now(), None
        row.answer_sealed = self._seal(id, text)
        tags = self._tags(row)
        self._tell(session, row, outcome, tags)
        if outcome == "corrected":
            self._changed(session, row.resource, tags, [row.field], "corrected")
        return self._whole(row)

    def page(
        self, session: Session, office: str, state: str = "", before: str = "", limit: int = 20
    ) -> Sequence[Correction]:
        """What an office reported or has to answer, the newest first."""
        if not office:
            return []  # and what nobody raised was raised to nobody
        mine = [CorrectionRow.owner == office, CorrectionRow.reporter == office, CorrectionRow.raised_to == office]
        query = select(CorrectionRow).where(or_(*mine))
        if state:
            query = query.where(CorrectionRow.state == state)
        if before:
            last = session.get(CorrectionRow, before)
            if last is None:
                raise Problem("NOT_FOUND")
            query = query.where(tuple_(CorrectionRow.told_at, CorrectionRow.id) < (last.told_at, last.id))
        found = session.scalars(query.order_by(CorrectionRow.told_at.desc(), CorrectionRow.id.desc()).limit(limit))
        return [_correction(row) for row in found]

    def get(self, session: Session, id: str, office: str) -> Correction:
        """Whole, for those it concerns: the source, who reported it, and who was told. Raises NOT_FOUND."""
        row = session.get(CorrectionRow, id)
        if row is None or not office:
            raise Problem("NOT_FOUND")
        told = select(NoticeRow.id).where(NoticeRow.correction == id, NoticeRow.office == office).limit(1)
        if office not in (row.owner, row.reporter, row.raised_to) and session.scalar(told) is None:
            raise Problem("NOT_FOUND")
        return self._whole(row)

    def notices(self, session: Session, office: str, before: int = 0, limit: int = 20) -> Sequence[Notice]:
        """What an office is told, the newest first; `before` is the id of the last that was seen."""
        query = select(NoticeRow).where(NoticeRow.office == office)
        query = query.where(NoticeRow.id < before) if before else query
        rows = session.scalars(query.order_by(NoticeRow.id.desc()).limit(limit))
        return [Notice(row.id, row.kind, row.correction, row.resource, row.field, row.at) for row in rows]

    def count_silence(self, session: Session) -> int:
        """What no source answered by its date goes upward, and again after each further time."""
        now, sharing = self._clock.now(), self._configured()
        late = select(CorrectionRow).where(CorrectionRow.next_at <= now).order_by(CorrectionRow.next_at).limit(_MOST)
        rows = session.scalars(late.with_for_update(skip_locked=True)).all()
        for row in rows:
            row.silent += 1
            row.raised_to = sharing.supervisor
            row.next_at = self._workdays.after(now, sharing.silent)
        return len(rows)

    def _tell(self, session: Session, row: CorrectionRow, kind: str, tags: Sequence[bytes]) -> None:
        """The takers, the source of a report, and who reported of an answer."""
        offices = {*self._takers(session, row.resource, row.field, tags), row.owner, row.reporter}
        offices.discard(row.reporter if kind == "reported" else row.owner)
        for office in sorted(offices):
            session.add(
                NoticeRow(office=office, kind=kind, correction=row.id, resource=row.resource, field=row.field,
                          at=self._clock.now())
            )  # fmt: skip

    def _tags(self, row: CorrectionRow) -> list[bytes]:
        """Of the subject under every key there was: uses since the report may be under a newer one, those before it
        under an older."""
        whose = self._opened(row.id, row.body_sealed).get("whose")
        return [*(self._evidence.subject_tags(*whose) if whose else ()), row.subject_tag]

    def _seal(self, id: str, value: Any) -> bytes:
        return self._crypto.seal(orjson.dumps(value), f"exchange.correction:{id}")

    def _opened(self, id: str, sealed: bytes) -> Any:
        return orjson.loads(self._crypto.open(sealed, f"exchange.correction:{id}"))

    def _whole(self, row: CorrectionRow) -> Correction:
        answer = self._opened(row.id, row.answer_sealed) if row.answer_sealed else ""
        told = {name: value for name, value in self._opened(row.id, row.body_sealed).items() if name != "whose"}
        return _correction(row, Wrong(row.resource, row.field, **told), answer)


def _correction(row: CorrectionRow, wrong: Wrong | None = None, answer: str = "") -> Correction:
    return Correction(
        row.id, row.resource, row.field, row.owner, row.reporter, cast(State, row.state), row.raised_to, row.silent,
        row.told_at, row.due_at, row.answered_at, wrong, answer,
    )  # fmt: skip
