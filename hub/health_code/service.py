"""Declare, be checked, have a code. What a person looks at is in reviews.py, gates in gate.py, the end in ending.py.

Answers are sealed. Whoever declares hears in the same transaction what came of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.health_code import rules
from hub.health_code.models import AlertRow, ChangeRow, CodeRow, DeclarationRow, ReviewRow, ScanRow
from hub.health_code.states import HOLDER
from hub.settings.health_code_shapes import KEEP, REVIEW, HealthCode
from hub.settings.shapes import Text

Tell = Callable[[Session, str, str, Mapping[str, str | Text], str], object]
ID_TAG, TAIL_TAG = "health_code.id", "health_code.tail"
TAIL = 6
"""So many of the last characters of an ID number find its holder, together with the name."""
DECLARED = "health_code.declared"
_ERASED = "erased"
_LOCK = 360423026  # one change at a time, so that their numbers are committed in order and no worker overlooks one


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose code it is."""

    citizen_id: str
    name: str
    id_number: str


@dataclass(frozen=True, slots=True)
class Declared:
    """What came of a declaration. `grade` is empty where there is none yet; `review_by` is the promise."""

    id: str
    kind: str
    at: datetime
    outcome: str
    grade: str
    reason: str
    review_by: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Why:
    """By which published rule, or for which case, and by whom; `rule` and `case_id` are not both empty."""

    act: str
    reason: str
    rule: str = ""
    case_id: str = ""
    actor: str = ""
    roles: tuple[str, ...] = ()
    bulk_id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One change, as it stands in the history."""

    id: int
    citizen_id: str
    act: str
    before: str
    grade: str
    reason: str
    rule: str
    case_id: str
    actor: str
    roles: tuple[str, ...]
    at: datetime


class HealthCodes:
    """Takes a session and never commits."""

    def __init__(
        self, crypto: Crypto, clock: Clock, configured: Callable[[], HealthCode | None], tell: Tell
    ) -> None:
        self._crypto, self._clock, self._configured, self._tell = crypto, clock, configured, tell

    def configured(self) -> HealthCode:
        """Raises NOT_FOUND where there is no health code."""
        configured = self._configured()
        if configured is None:
            raise Problem("NOT_FOUND")
        return configured

    def open(self) -> HealthCode:
        """The same while it is open. Raises SERVICE_ENDED after its last day."""
        configured = self.configured()
        if self.is_over():
            raise Problem("SERVICE_ENDED")
        return configured

    def is_over(self) -> bool:
        """Whether its last day has passed."""
        configured = self._configured()
        return configured is not None and self._clock.now().date() > configured.ending.on

    def declare(
        self, session: Session, holder: Holder, by: str, kind: str, told: Mapping[str, Any],
        shared: Mapping[str, Any] | None,
    ) -> Declared:  # fmt: skip
        """`told` has passed the form of this kind. `shared` is what the system behind it said, None where it said
        nothing. Raises NOT_FOUND for a kind that is not asked."""
        configured, now = self.open(), self._clock.now()
        questions = configured.questions.get(kind)
        if questions is None:
            raise Problem("NOT_FOUND")
        row = self.row(session, holder.citizen_id)
        made = rules.decided(questions, told, shared)
        if row is None and kind == "health":
            made = rules.worse(made, self._of_trips(session, holder.citizen_id, configured.valid_days))
        decision = rules.allowed(made, row.grade if row else None, bool(row and row.review_by))
        id = "d" + secrets.token_hex(16)
        session.add(
            DeclarationRow(
                id=id, citizen_id=holder.citizen_id, declared_by=by, kind=kind, rule=decision.rule,
                outcome=decision.then, at=now, body_sealed=self._seal(id, orjson.dumps(dict(told))),
            )
        )  # fmt: skip
        if decision.then == KEEP or (row is None and kind != "health"):
            return self._declared(id, kind, now, KEEP, row)
        row = row or self._first(session, holder, configured)
        if kind == "health":
            row.declared_at, row.valid_until = now, now + timedelta(days=configured.valid_days)
        if decision.then == REVIEW:
            self._to_review(session, row, by, decision, now)
        else:
            why = Why("declared", decision.reason, decision.rule)
            self.change(session, row, decision.then, why, by)
        return self._declared(id, kind, now, decision.then, row)

    def change(self, session: Session, row: CodeRow, grade: str, why: Why, by: str = "", quietly: bool = False) -> None:
        """Somebody has this grade from now on; both the person and whoever declared for them hear of it."""
        self.note(session, row, grade, why)
        row.grade, row.reason = grade, why.reason
        if quietly:
            return
        configured = self.open()
        meant = configured.grades[grade]
        values: dict[str, str | Text] = {
            "grade": meant.name, "advice": meant.advice, "reason": configured.reasons.get(why.reason, {}),
            "valid_until": _day(row.valid_until),
        }  # fmt: skip
        self.tell(session, {row.citizen_id, by or row.citizen_id}, "health-code-given", values)

    def note(self, session: Session, row: CodeRow, grade: str, why: Why) -> None:
        """The history's line; by its number every worker learns of the change."""
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        now = self._clock.now()
        change = ChangeRow(
            citizen_id=row.citizen_id, act=why.act, before=row.grade, grade=grade, reason=why.reason, rule=why.rule,
            case_id=why.case_id, actor=why.actor, roles=list(why.roles), bulk_id=why.bulk_id, at=now,
        )  # fmt: skip
        session.add(change)
        session.flush()
        row.version, row.changed_at = change.id, now

    def tell(
        self, session: Session, whom: set[str], kind: str, values: Mapping[str, str | Text], about: str = ""
    ) -> None:
        for citizen_id in sorted(whom):
            self._tell(session, citizen_id, kind, values, about)

    def row(self, session: Session, citizen_id: str) -> CodeRow | None:
        """Locked: two changes of one person come one after the other."""
        return session.get(CodeRow, citizen_id, with_for_update=True)

    def facts(self, session: Session, citizen_id: str, region: str) -> Sequence[Mapping[str, str]]:
        """What the region can state to others of somebody whose code is good; nothing of anybody else."""
        code = session.get(CodeRow, citizen_id)
        if code is None or not code.grade or code.valid_until < self._clock.now():
            return ()
        day = f"{code.declared_at:%Y-%m-%d}"
        return ({"kind": "health_code", "region": region, "grade": code.grade, "report_date": day},)

    def by_number(self, session: Session, name: str, id_number: str) -> CodeRow | None:
        """Whoever has this name and whole number, or its last six characters; None when there is no such person, or
        more than one."""
        tags, column = self._crypto.tags(id_number, ID_TAG), CodeRow.id_tag
        if len(id_number) == TAIL:
            tags, column = self._crypto.tags(f"{name}\0{id_number}", TAIL_TAG), CodeRow.tail_tag
        found = session.scalars(select(CodeRow).where(column.in_(tags)).limit(2)).all()
        return found[0] if len(found) == 1 and self.holder(found[0]).name == name else None

    def holder(self, row: CodeRow) -> Holder:
        name, number = orjson.loads(self._crypto.open(row.holder_sealed, f"{HOLDER}:{row.citizen_id}"))
        return Holder(row.citizen_id, name, number)

    def holders(self, session: Session, citizens: set[str]) -> Mapping[str, Holder]:
        """Of whom among these there is a code."""
        rows = session.scalars(select(CodeRow).where(CodeRow.citizen_id.in_(citizens)))
        return {row.citizen_id: self.holder(row) for row in rows}

    def answers(self, session: Session, citizen_id: str) -> Mapping[str, Mapping[str, Any]]:
        """The latest declaration of each kind."""
        latest = select(DeclarationRow).where(DeclarationRow.citizen_id == citizen_id).order_by(DeclarationRow.at)
        return {
            row.kind: orjson.loads(self._crypto.open(row.body_sealed, f"{DECLARED}:{row.id}"))
            for row in session.scalars(latest)
        }

    def print_anew(self, session: Session, citizen_id: str) -> tuple[int, datetime]:
        """The serial of the next printed code, and its last day; the one printed before ends. Raises NOT_FOUND."""
        configured, row = self.open(), self.row(session, citizen_id)
        if row is None:
            raise Problem("NOT_FOUND")
        row.paper_serial = (row.paper_serial + 1) % 64 or 1
        self.note(session, row, row.grade, Why("printed", row.reason, case_id="paper"))
        return row.paper_serial, self._clock.now() + timedelta(days=configured.paper_days)

    def history(self, session: Session, citizen_id: str, before: int | None, limit: int) -> Sequence[Change]:
        """The newest first."""
        wanted = select(ChangeRow).where(ChangeRow.citizen_id == citizen_id, ChangeRow.act != _ERASED)
        if before is not None:
            wanted = wanted.where(ChangeRow.id < before)
        return [_shown(row) for row in session.scalars(wanted.order_by(ChangeRow.id.desc()).limit(limit))]

    def outside_rules(self, session: Session, begins: datetime, after: int, limit: int) -> Sequence[Change]:
        """What staff changed in these 24 hours that no published rule says."""
        wanted = select(ChangeRow).where(
            ChangeRow.at >= begins, ChangeRow.at < begins + timedelta(days=1), ChangeRow.rule == "",
            ChangeRow.actor != "", ChangeRow.id > after,
        )  # fmt: skip
        return [_shown(row) for row in session.scalars(wanted.order_by(ChangeRow.id).limit(limit))]

    def erase(self, session: Session, citizen_id: str) -> None:
        """Everything of somebody who has gone; that there was something stays, by opaque id, for the other workers."""
        row = self.row(session, citizen_id)
        for table in (DeclarationRow, ReviewRow, ScanRow, ChangeRow, CodeRow):
            session.execute(delete(table).where(table.citizen_id == citizen_id))
        session.execute(delete(AlertRow).where(AlertRow.about == citizen_id))
        if row is not None:
            session.expunge(row)
            row.grade = ""
            self.note(session, row, "", Why(_ERASED, ""))

    def _to_review(
        self, session: Session, row: CodeRow, by: str, decision: rules.Decision, now: datetime
    ) -> None:
        configured = self.open()
        waiting = session.scalars(
            select(ReviewRow).where(
                ReviewRow.citizen_id == row.citizen_id, ReviewRow.decided_at.is_(None), ReviewRow.kind == "declaration"
            )
        ).first()
        if waiting is None:
            due = now + timedelta(minutes=configured.review_minutes)
            id = "h" + secrets.token_hex(16)
            session.add(
                ReviewRow(
                    id=id, kind="declaration", citizen_id=row.citizen_id, asked_by=by, reason=decision.reason,
                    body_sealed=b"", opened_at=now, due_at=due,
                )
            )  # fmt: skip
            row.review_by = due
            why = configured.reasons[decision.reason]
            values: dict[str, str | Text] = {"reason": why, "review_by": f"{due:%m-%d %H:%M}"}
            self.tell(session, {row.citizen_id, by}, "health-code-review", values, id)
        kept = row.grade if row.grade not in ("", "00") else ""  # who was green is nothing until a person has looked
        self.note(session, row, kept, Why("review", decision.reason, decision.rule, row.citizen_id))
        row.grade, row.reason = kept, decision.reason

    def _of_trips(self, session: Session, citizen_id: str, days: int) -> list[rules.Decision]:
        """What trips that were declared before there was a code come to."""
        since = self._clock.now() - timedelta(days=days)
        trips = select(DeclarationRow).where(DeclarationRow.citizen_id == citizen_id, DeclarationRow.at > since)
        configured = self.open()
        known = configured.rules()
        return [
            rules.Decision(known[row.rule].then, row.rule, known[row.rule].reason)
            for row in session.scalars(trips.where(DeclarationRow.kind == "trip"))
            if row.rule in known
        ]

    def _first(self, session: Session, holder: Holder, configured: HealthCode) -> CodeRow:
        """Two first declarations at once make one row."""
        now, number = self._clock.now(), holder.id_number
        values = {
            "citizen_id": holder.citizen_id, "grade": "", "reason": "", "declared_at": now, "changed_at": now,
            "valid_until": now + timedelta(days=configured.valid_days), "paper_serial": 0, "version": 0,
            "holder_sealed": self._crypto.seal(
                orjson.dumps([holder.name, number]), f"{HOLDER}:{holder.citizen_id}"
            ),
            "id_tag": self._crypto.tag(number, ID_TAG),
            "tail_tag": self._crypto.tag(f"{holder.name}\0{number[-TAIL:]}", TAIL_TAG),
        }  # fmt: skip
        session.execute(insert(CodeRow).values(values).on_conflict_do_nothing())
        row = self.row(session, holder.citizen_id)
        assert row is not None
        return row

    @staticmethod
    def _declared(id: str, kind: str, at: datetime, outcome: str, row: CodeRow | None) -> Declared:
        if row is None:
            return Declared(id, kind, at, outcome, "", "", None, None)
        return Declared(id, kind, at, outcome, row.grade, row.reason, row.review_by, row.valid_until)

    def _seal(self, id: str, value: bytes) -> bytes:
        return self._crypto.seal(value, f"{DECLARED}:{id}")


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d}"


def _shown(row: ChangeRow) -> Change:
    return Change(
        row.id, row.citizen_id, row.act, row.before, row.grade, row.reason, row.rule, row.case_id, row.actor,
        tuple(row.roles), row.at,
    )  # fmt: skip
