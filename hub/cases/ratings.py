"""好差评: five levels, once per case. A bad one is verified, fixed within 15 working days, and called back about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import rules
from hub.cases.desk import Officer
from hub.cases.file import Files
from hub.cases.models import CaseRow, RatingRow
from hub.cases.news import news
from hub.errors import Problem

BAD, FIX_DAYS = 2, 15
STEPS = ("open", "verified", "fixed", "called_back")


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating as the desk sees it. `state`: how far a bad one has come; `due_at` by when it is to be fixed."""

    receipt_no: str
    service: str
    score: int
    tags: Sequence[str]
    text: str
    rated_at: datetime
    state: str
    due_at: datetime | None
    late: bool


class Ratings:
    """Takes a session and never commits."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def rate(self, session: Session, row: CaseRow, score: int, tags: Sequence[str], text: str) -> None:
        """Raises STATE_CONFLICT before the end, and for a second one."""
        workflow = self._files.workflow(row)
        rules.allowed(workflow, row.status, "rating", ("applicant",))
        if session.get(RatingRow, row.id) is not None:
            raise Problem("STATE_CONFLICT", extra={"case_status": row.status, "possible": []})
        now, bad = self._files.moment(), score <= BAD
        session.add(
            RatingRow(
                case_id=row.id, score=score, said_sealed=self._files.seal(row, {"tags": list(tags), "text": text}),
                rated_at=now, state=STEPS[0] if bad else "good",
                due_at=self._files.workdays.after(now, FIX_DAYS) if bad else None,
            )
        )  # fmt: skip
        self._files.note(session, row, "rated", "applicant", detail={"score": score})

    def follow_up(self, session: Session, officer: Officer, row: CaseRow, step: str, note: str) -> Rated:
        """The next step for a bad one: verified, fixed, called_back. Raises NOT_FOUND, STATE_CONFLICT."""
        rating = session.get(RatingRow, row.id, with_for_update=True)
        if rating is None:
            raise Problem("NOT_FOUND")
        place = STEPS.index(rating.state) if rating.state in STEPS else len(STEPS)
        following = STEPS[place + 1 : place + 2]
        if step not in following:
            raise Problem("STATE_CONFLICT", extra={"case_status": rating.state, "possible": list(following)})
        rating.state = step
        self._files.note(session, row, f"rating_{step}", "officer", officer.id, {"text": note})
        if step == "fixed":
            self._files.tell(session, row, "case-progress", status=news("fixed"))
        session.flush()
        return self._rated(row, rating)

    def open(self, session: Session, officer: Officer, limit: int) -> Sequence[Rated]:
        """Bad ones that are not settled, the most urgent first."""
        query = (
            select(CaseRow, RatingRow)
            .join(RatingRow, RatingRow.case_id == CaseRow.id)
            .where(RatingRow.state.in_(STEPS[:-1]))
        )
        if officer.office:
            query = query.where(CaseRow.department == officer.office)
        return [self._rated(*found) for found in session.execute(query.order_by(RatingRow.due_at).limit(limit))]

    def _rated(self, row: CaseRow, rating: RatingRow) -> Rated:
        said = self._files.open(row, rating.said_sealed)
        late = bool(rating.due_at and rating.state in STEPS[:2] and rating.due_at < self._files.moment())
        return Rated(
            row.receipt_no, row.service, rating.score, said["tags"], said["text"], rating.rated_at, rating.state,
            rating.due_at, late,
        )  # fmt: skip
