"""Tables of the room: cases, what happened to them, pauses, what is to be corrected, and how they ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base

_OPEN = text("ended_at IS NULL AND submitted_at IS NOT NULL")
UNHEARD = text("ended_at IS NULL AND unheard_at IS NULL AND filing_state IN ('ready', 'inflight', 'unknown', 'manual')")
"""Its department had its time to acknowledge it, and has not."""
_FILED = text("department_receipt <> ''")


class CaseRow(Base):
    """One case, of `subject`, filed by `citizen_id`: the same, or who has a mandate. `body_sealed` holds fields, papers
    and promised papers; `once_tag` the keyed hash of what there may be one of, while it counts. `next_at` is when time
    alone will change something."""

    __tablename__ = "cases_case"
    __table_args__ = (
        Index("ix_cases_case_open", "promised_at", "id", postgresql_where=_OPEN),
        Index("ix_cases_case_department", "department", "promised_at", "id", postgresql_where=_OPEN),
        Index("ix_cases_case_handler", "handler", "promised_at", "id", postgresql_where=_OPEN),
        Index("ix_cases_case_service", "service", "promised_at", "id", postgresql_where=_OPEN),
        Index("ix_cases_case_department_status", "department", "status", "promised_at", "id"),
        Index("ix_cases_case_service_status", "service", "status", "promised_at", "id"),
        Index("ix_cases_case_status", "status", "promised_at", "id"),
        Index("ix_cases_case_mine", "subject", "id"),
        Index("ix_cases_case_next_at", "next_at"),
        Index("ix_cases_case_department_receipt", "department_receipt", postgresql_where=_FILED),
        Index("ix_cases_case_unheard", "id", postgresql_where=UNHEARD),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    receipt_no: Mapped[str] = mapped_column(unique=True)
    citizen_id: Mapped[str]
    subject: Mapped[str]
    service: Mapped[str]
    service_version: Mapped[str]
    workflow: Mapped[str]
    department: Mapped[str]
    status: Mapped[str]
    version: Mapped[int] = mapped_column(default=0)
    handler: Mapped[str] = mapped_column(default="")
    card: Mapped[str] = mapped_column(default="none")
    raised: Mapped[int] = mapped_column(default=0)
    once_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    body_sealed: Mapped[bytes]
    filing_state: Mapped[str] = mapped_column(default="")
    department_receipt: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    since: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    clock_from: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    legal_at: Mapped[datetime | None]
    silent_at: Mapped[datetime | None]
    unheard_at: Mapped[datetime | None]
    make_up_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BundleRow(Base):
    """Several cases that were handed in at once, under one receipt number."""

    __tablename__ = "cases_bundle"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    receipt_no: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    bundle: Mapped[str]
    submitted_at: Mapped[datetime]


class PartRow(Base):
    """One case of a bundle; the order of the rows is that of the parts."""

    __tablename__ = "cases_part"

    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bundle_id: Mapped[int] = mapped_column(BigInteger, index=True)


class EventRow(Base):
    """One line of the timeline. `by` is applicant, officer, department or hub; rows are only ever added."""

    __tablename__ = "cases_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, index=True)
    event: Mapped[str]
    status: Mapped[str]
    by: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
    promised_at: Mapped[datetime | None]
    detail_sealed: Mapped[bytes]


class DepartmentEventRow(Base):
    """One event of a department, once: what it said, sealed, and what became of it: applied, late, or a code."""

    __tablename__ = "cases_department_event"
    __table_args__ = (Index("ix_cases_department_event_receipt", "system", "receipt_tag"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    system: Mapped[str]
    key_tag: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    receipt_tag: Mapped[bytes] = mapped_column(LargeBinary(32))
    case_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    outcome: Mapped[str]
    at: Mapped[datetime]
    seen_at: Mapped[datetime]
    fields_sealed: Mapped[bytes]


class PauseRow(Base):
    """One special procedure that stopped the clock."""

    __tablename__ = "cases_pause"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, index=True)
    procedure: Mapped[str]
    reason_sealed: Mapped[bytes]
    started_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class CorrectionRow(Base):
    """One full list of what is missing or wrong; a second one has the reason why the first was not full."""

    __tablename__ = "cases_correction"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, index=True)
    number: Mapped[int]
    items_sealed: Mapped[bytes]
    again_because: Mapped[str]
    due_at: Mapped[datetime]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class ResultRow(Base):
    """How a case was decided: the document, or the reason, basis and appeal route. Undone ones stay."""

    __tablename__ = "cases_result"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, index=True)
    approved: Mapped[bool]
    document_sealed: Mapped[bytes]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class RatingRow(Base):
    """What the applicant said at the end, once. `state` of a bad one: open, verified, fixed, called_back; else good."""

    __tablename__ = "cases_rating"

    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    score: Mapped[int]
    said_sealed: Mapped[bytes]
    rated_at: Mapped[datetime]
    state: Mapped[str]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
