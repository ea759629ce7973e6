"""What a person looks at: declarations no rule settled, appeals; changes by staff, of several only by two of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto, mask_id, mask_name
from hub.errors import Fault, Problem, invalid
from hub.health_code.models import AlertRow, BulkRow, CodeRow, ReviewRow
from hub.health_code.service import HealthCodes, Why

BODY, NOTE = "health_code.appeal", "health_code.note"
_MOST_LATE = 200


@dataclass(frozen=True, slots=True)
class Review:
    """One thing to look at. `answers` are the latest declarations by kind; `text` and `files` an appeal's."""

    id: str
    kind: str
    name_masked: str
    id_masked: str
    grade: str
    reason: str
    answers: Mapping[str, Mapping[str, Any]]
    text: str
    files: tuple[str, ...]
    opened_at: datetime
    due_at: datetime
    late: bool
    decided_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What staff want to change: reviews by id, people by name and number."""

    reviews: tuple[str, ...]
    people: tuple[tuple[str, str], ...]
    grade: str
    reason: str
    rule: str
    case_id: str
    note: str


@dataclass(frozen=True, slots=True)
class Changed:
    """`waiting` for a second person, or `done`; how many people it is about."""

    id: str
    state: str
    people: int


class Reviews:
    """Takes a session and never commits."""

    def __init__(self, codes: HealthCodes, crypto: Crypto, clock: Clock) -> None:
        self._codes, self._crypto, self._clock = codes, crypto, clock
        self._log = structlog.get_logger()

    def appeal(self, session: Session, citizen_id: str, by: str, text: str, files: Sequence[str]) -> Review:
        """One at a time. Raises NOT_FOUND for who has no code, STATE_CONFLICT while one is open."""
        configured, now = self._codes.open(), self._clock.now()
        row = self._codes.row(session, citizen_id)
        if row is None:
            raise Problem("NOT_FOUND")
        if any(each.kind == "appeal" for each in self._waiting(session, citizen_id)):
            raise Problem("STATE_CONFLICT", extra={"possible": []})
        id = "a" + secrets.token_hex(16)
        review = ReviewRow(
            id=id, kind="appeal", citizen_id=citizen_id, asked_by=by, reason=row.reason, opened_at=now,
            due_at=now + timedelta(hours=configured.appeal_hours),
            body_sealed=self._crypto.seal(orjson.dumps({"text": text, "files": list(files)}), f"{BODY}:{id}"),
        )  # fmt: skip
        session.add(review)
        session.flush()
        return self._review(session, review)

    def own(self, session: Session, id: str, citizen_id: str) -> Review:
        """An appeal, for whoever it is about. Raises NOT_FOUND."""
        row = session.get(ReviewRow, id)
        if row is None or row.citizen_id != citizen_id or row.kind != "appeal":
            raise Problem("NOT_FOUND")
        return self._review(session, row)

    def open(self, session: Session, after: str, limit: int) -> Sequence[Review]:
        """What waits, the most urgent first; `after` is the id to go on from."""
        wanted = select(ReviewRow).where(ReviewRow.decided_at.is_(None))
        if after:
            last = session.get(ReviewRow, after)
            if last is None:
                raise Problem("PAGE_INVALID")
            wanted = wanted.where(tuple_(ReviewRow.due_at, ReviewRow.id) > (last.due_at, last.id))
        rows = session.scalars(wanted.order_by(ReviewRow.due_at, ReviewRow.id).limit(limit))
        return [self._review(session, row) for row in rows]

    def evidence(self, session: Session, id: str, file_id: str) -> str:
        """The file, if it belongs to this appeal. Raises NOT_FOUND."""
        row = session.get(ReviewRow, id)
        if row is None or file_id not in self._body(row)["files"]:
            raise Problem("NOT_FOUND")
        return file_id

    def change(self, session: Session, wanted: Wanted, actor: str, roles: tuple[str, ...]) -> Changed:
        """At once where it is one person; else it waits for a second one. Raises CHOICE, REASON_REQUIRED, NOT_FOUND,
        STATE_CONFLICT for a review that is over."""
        self._check(wanted)
        people = self._people(session, wanted)
        id = "b" + secrets.token_hex(16)
        if len(people) == 1:
            why = Why("review", wanted.reason, wanted.rule, wanted.case_id, actor, roles)
            self._apply(session, people[0], wanted.grade, why, wanted.note)
            return Changed(id, "done", 1)
        session.add(
            BulkRow(
                id=id, people=people, grade=wanted.grade, reason=wanted.reason, rule=wanted.rule,
                case_id=wanted.case_id, asked_by=actor, asked_roles=list(roles), asked_at=self._clock.now(),
                note_sealed=self._crypto.seal(wanted.note.encode(), f"{NOTE}:{id}"),
            )
        )  # fmt: skip
        return Changed(id, "waiting", len(people))

    def confirm(self, session: Session, id: str, actor: str) -> Changed:
        """By somebody else than who asked, in whose name and roles it stands in the history. Raises NOT_FOUND,
        SECOND_PERSON_REQUIRED, STATE_CONFLICT."""
        bulk = session.get(BulkRow, id, with_for_update=True)
        if bulk is None:
            raise Problem("NOT_FOUND")
        if bulk.confirmed_by:
            raise Problem("STATE_CONFLICT", extra={"possible": []})
        if bulk.asked_by == actor:
            raise Problem("SECOND_PERSON_REQUIRED")
        bulk.confirmed_by, bulk.confirmed_at = actor, self._clock.now()
        note = self._crypto.open(bulk.note_sealed, f"{NOTE}:{id}").decode()
        why = Why("bulk", bulk.reason, bulk.rule, bulk.case_id, bulk.asked_by, tuple(bulk.asked_roles), id)
        for citizen_id in sorted(bulk.people):
            self._apply(session, citizen_id, bulk.grade, why, note)
        return Changed(id, "done", len(bulk.people))

    def mark_late(self, session: Session) -> int:
        """What was promised by now and is not done is an alarm, once."""
        now = self._clock.now()
        late = select(ReviewRow).where(ReviewRow.decided_at.is_(None), ReviewRow.due_at < now, ~ReviewRow.late)
        rows = session.scalars(late.limit(_MOST_LATE).with_for_update(skip_locked=True)).all()
        for row in rows:
            row.late = True
            session.add(AlertRow(kind="late", about=row.id, gates=[], at=now))
            self._log.error("health_code_late", kind=row.kind, note=row.id)
        return len(rows)

    def _check(self, wanted: Wanted) -> None:
        configured, faults = self._codes.open(), []
        if wanted.grade not in configured.grades:
            faults.append(Fault("grade", "CHOICE"))
        if wanted.reason not in configured.reasons:
            faults.append(Fault("reason_code", "CHOICE"))
        if wanted.rule and wanted.rule not in configured.rules():
            faults.append(Fault("rule", "CHOICE"))
        if not wanted.rule and not wanted.case_id:
            faults.append(Fault("case_id", "REASON_REQUIRED"))
        if not wanted.reviews and not wanted.people:
            faults.append(Fault("reviews", "REQUIRED"))
        if faults:
            raise invalid(faults)

    def _people(self, session: Session, wanted: Wanted) -> list[str]:
        found: dict[str, None] = {}
        for id in wanted.reviews:
            review = session.get(ReviewRow, id)
            if review is None:
                raise Problem("NOT_FOUND")
            if review.decided_at is not None:
                raise Problem("STATE_CONFLICT", extra={"possible": []})
            found[review.citizen_id] = None
        for place, (name, id_number) in enumerate(wanted.people):
            row = self._codes.by_number(session, name, id_number)
            if row is None:
                raise Problem("NOT_FOUND", faults=[Fault(f"people.{place}", "NOT_FOUND")])
            found[row.citizen_id] = None
        return list(found)

    def _apply(self, session: Session, citizen_id: str, grade: str, why: Why, note: str) -> None:
        row = self._codes.row(session, citizen_id)
        if row is None:  # has gone meanwhile
            return
        now = self._clock.now()
        for review in self._waiting(session, citizen_id):
            review.decided_at, review.decided_by, review.grade = now, why.actor, grade
            review.note_sealed = self._crypto.seal(note.encode(), f"{NOTE}:{review.id}")
            if review.kind == "appeal":
                values = {"answer": note or "—"}
                self._codes.tell(session, {citizen_id, review.asked_by}, "health-code-appeal", values, review.id)
        row.review_by = None
        self._codes.change(session, row, grade, why)

    @staticmethod
    def _waiting(session: Session, citizen_id: str) -> Sequence[ReviewRow]:
        wanted = select(ReviewRow).where(ReviewRow.citizen_id == citizen_id, ReviewRow.decided_at.is_(None))
        return session.scalars(wanted.with_for_update()).all()

    def _review(self, session: Session, row: ReviewRow) -> Review:
        code = session.get(CodeRow, row.citizen_id)
        assert code is not None
        holder, body = self._codes.holder(code), self._body(row)
        note = self._crypto.open(row.note_sealed, f"{NOTE}:{row.id}").decode() if row.note_sealed else ""
        return Review(
            row.id, row.kind, mask_name(holder.name), mask_id(holder.id_number), code.grade, row.reason,
            self._codes.answers(session, row.citizen_id), body["text"], tuple(body["files"]), row.opened_at,
            row.due_at, row.late, row.decided_at, note,
        )  # fmt: skip

    def _body(self, row: ReviewRow) -> dict[str, Any]:
        empty = {"text": "", "files": []}
        return orjson.loads(self._crypto.open(row.body_sealed, f"{BODY}:{row.id}")) if row.body_sealed else empty
