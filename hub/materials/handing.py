"""Paper once: which office received which paper, what is offered again, and who asked anew for what was there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Fault, Problem
from hub.materials import content
from hub.materials.models import Asked, FileRow, Given
from hub.materials.refusals import refused
from hub.materials.rules import Made, offered_since
from hub.materials.shelves import Draft, Kept, Shelves
from hub.paper import Paper
from hub.settings.shapes import Materials as Terms
from hub.settings.shapes import Uploads

REASON = "materials.reason"


@dataclass(frozen=True, slots=True)
class Handed:
    """An office has it, for this case."""

    file_id: str
    type: str
    office: str
    receipt_no: str
    at: datetime
    ended: bool


@dataclass(frozen=True, slots=True)
class AskedAnew:
    """Who asked for a paper that was there, and why."""

    type: str
    officer: str
    reason: str
    at: datetime


class Handing:
    """One for the process."""

    def __init__(self, shelves: Shelves, crypto: Crypto, terms: Callable[[], Terms], clock: Clock) -> None:
        self._shelves, self._crypto, self._terms, self._clock = shelves, crypto, terms, clock

    def check(
        self, session: Session, citizen_id: str, wanted: Sequence[tuple[str, str]], limits: Uploads
    ) -> tuple[Paper, ...]:
        """These (type, file_id) as the office gets them; a picture over its limits is converted, once. Raises the first
        of NOT_FOUND, FILE_INFECTED, FILE_UNSCANNED, FILE_KIND, FILE_TYPE, FILE_TOO_LARGE, with its place."""
        return tuple(
            self._paper(session, citizen_id, type, file_id, limits, f"materials.{place}")
            for place, (type, file_id) in enumerate(wanted)
        )

    def give(self, session: Session, citizen_id: str, file_id: str, receipt_no: str, office: str) -> None:
        """Record that an office receives it for this case. Once more is harmless. Raises NOT_FOUND."""
        row = self.own(session, citizen_id, file_id)
        values = {
            "file_id": row.made_from or row.id,
            "citizen_id": citizen_id,
            "type": row.type,
            "at": self._clock.now(),
        }
        session.execute(
            insert(Given).values(**values, receipt_no=receipt_no, office=office).on_conflict_do_nothing()
        )  # fmt: skip

    def ended(self, session: Session, receipt_no: str) -> None:
        """The case is over: its papers are kept for their term from now on."""
        ending = update(Given).where(Given.receipt_no == receipt_no, Given.ended_at.is_(None))
        session.execute(ending.values(ended_at=self._clock.now()))

    def handed(self, session: Session, citizen_id: str) -> list[Handed]:
        """To which offices the citizen's papers went, the newest first."""
        rows = session.scalars(select(Given).where(Given.citizen_id == citizen_id).order_by(Given.id.desc()))
        return [
            Handed(row.file_id, row.type, row.office, row.receipt_no, row.at, row.ended_at is not None) for row in rows
        ]

    def offers(self, session: Session, citizen_id: str, types: Sequence[str]) -> dict[str, Kept]:
        """For each of these types the newest paper that came or was given to an office within the term and is fit to be
        handed on. A copy of a licence is not offered again: it is made anew, from what its issuer has then."""
        since = offered_since(self._terms(), self._clock.now())
        recent = select(Given.file_id).where(Given.citizen_id == citizen_id, Given.at >= since)
        rows = session.scalars(
            select(FileRow)
            .where(FileRow.citizen_id == citizen_id, FileRow.type.in_([each for each in types if each]))
            .where(FileRow.made_from.is_(None), FileRow.credential_id.is_(None), FileRow.scan.in_(("clean", "none")))
            .where(FileRow.id.in_(recent) | (FileRow.uploaded_at >= since))
            .order_by(FileRow.uploaded_at)
        ).all()
        return {kept.type: kept for kept in self._shelves.seen(session, rows)}

    def ask_anew(
        self, session: Session, citizen_id: str, receipt_no: str, type: str, officer: str, reason: str
    ) -> bool:
        """An officer asks for a paper of this type. When some office had it within the term, the reason is recorded
        (true); without one REASON_REQUIRED tells which office has it since when."""
        since = offered_since(self._terms(), self._clock.now())
        held = session.scalar(
            select(Given)
            .where(Given.citizen_id == citizen_id, Given.type == type, Given.at >= since)
            .order_by(Given.id.desc())
            .limit(1)
        )
        if held is None:
            return False
        if not reason.strip():
            raise Problem("REASON_REQUIRED", extra={"held_by": held.office, "held_since": held.at.isoformat()})
        sealed = self._crypto.seal(reason.encode(), f"{REASON}:{receipt_no}")
        session.add(
            Asked(receipt_no=receipt_no, type=type, officer=officer, reason_sealed=sealed, at=self._clock.now())
        )
        return True

    def asked(self, session: Session, receipt_no: str) -> list[AskedAnew]:
        rows = session.scalars(select(Asked).where(Asked.receipt_no == receipt_no).order_by(Asked.id))
        opened = self._crypto.open
        return [
            AskedAnew(row.type, row.officer, opened(row.reason_sealed, f"{REASON}:{receipt_no}").decode(), row.at)
            for row in rows
        ]

    def asked_anew(self, session: Session) -> int:
        """How often an officer asked for a paper that some office had."""
        return session.scalar(select(func.count(Asked.id))) or 0

    def running(self, session: Session, file_id: str) -> list[str]:
        """The receipts of the cases that still need it."""
        needed = select(Given.receipt_no).where(Given.file_id == file_id, Given.ended_at.is_(None))
        return list(session.scalars(needed.order_by(Given.receipt_no)))

    def own(self, session: Session, citizen_id: str, file_id: str) -> FileRow:
        """Raises NOT_FOUND for what is not there, and for what is another citizen's."""
        row = session.get(FileRow, file_id)
        if row is None or row.citizen_id != citizen_id:
            raise Problem("NOT_FOUND")
        return row

    def _paper(self, session: Session, citizen_id: str, type: str, file_id: str, limits: Uploads, place: str) -> Paper:
        row = session.get(FileRow, file_id)
        if row is None or row.citizen_id != citizen_id:
            raise _at(place, "NOT_FOUND")
        if row.scan == "infected":
            raise refused("infected", f"{place}.file_id")
        if row.scan == "unscanned":
            raise _at(place, "FILE_UNSCANNED", retry_after=60)
        if row.type and row.type != type:
            raise _at(place, "FILE_KIND")
        row.type = type
        made = self._converted(session, row, limits)
        return Paper(type, made.id, self._shelves.seen(session, [made])[0].sha256, made.media_type, made.size)

    def to_be_made(self, session: Session, row: FileRow, limits: Uploads) -> Draft | None:
        """The paper whole, when this office takes it only in another form that nobody has made yet."""
        if _fits(row, limits) or self._made_before(session, row, limits) is not None:
            return None
        whole = Made(row.media_type, self._shelves.body(session, row), row.pages)
        return Draft(whole, self._shelves.seen(session, [row])[0].name, row.type, row.scan, "", row.id)

    def _converted(self, session: Session, row: FileRow, limits: Uploads) -> FileRow:
        draft = self.to_be_made(session, row, limits)
        if draft is None:
            return self._made_before(session, row, limits) or row
        draft = replace(draft, made=content.fitted(draft.made, limits))
        return self._shelves.put(session, row.citizen_id, draft, self._terms(), self._clock.now())[0]

    def _made_before(self, session: Session, row: FileRow, limits: Uploads) -> FileRow | None:
        """One that was made for an equally strict office serves again."""
        return session.scalar(
            select(FileRow)
            .where(FileRow.made_from == row.id)
            .where(FileRow.media_type.in_(limits.media_types), FileRow.size <= limits.max_bytes)
            .order_by(FileRow.size.desc())
            .limit(1)
        )


def _fits(row: FileRow, limits: Uploads) -> bool:
    return row.media_type in limits.media_types and row.size <= limits.max_bytes and row.pages <= limits.max_pages


def _at(place: str, code: str, retry_after: int | None = None) -> Problem:
    return Problem(code, faults=[Fault(f"{place}.file_id", code)], retry_after=retry_after)
