"""Tables of the room: declarations, the code everybody has now, what was changed, reviews, gates' shifts and scans."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Identity, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class DeclarationRow(Base):
    """What somebody declared, or a family member for them. `body_sealed` holds the answers."""

    __tablename__ = "health_code_declaration"

    id: Mapped[str] = mapped_column(primary_key=True)
    citizen_id: Mapped[str] = mapped_column(index=True)
    declared_by: Mapped[str]
    kind: Mapped[str]
    body_sealed: Mapped[bytes]
    rule: Mapped[str]
    outcome: Mapped[str]
    at: Mapped[datetime]


class CodeRow(Base):
    """How somebody stands now; an empty grade is none yet. The tags find a person by number, or by name and the end of
    the number; `version` is the number of the last change."""

    __tablename__ = "health_code_code"

    citizen_id: Mapped[str] = mapped_column(primary_key=True)
    grade: Mapped[str]
    reason: Mapped[str]
    declared_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    review_by: Mapped[datetime | None]
    holder_sealed: Mapped[bytes]
    id_tag: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    tail_tag: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    paper_serial: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    changed_at: Mapped[datetime] = mapped_column(index=True)


class ChangeRow(Base):
    """One change of how somebody stands, by a published rule, or by staff for a case. Rows are only ever added. Every
    worker reads them to know what changed."""

    __tablename__ = "health_code_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    citizen_id: Mapped[str] = mapped_column(index=True)
    act: Mapped[str]
    before: Mapped[str]
    grade: Mapped[str]
    reason: Mapped[str]
    rule: Mapped[str]
    case_id: Mapped[str]
    actor: Mapped[str]
    roles: Mapped[list[str]]
    bulk_id: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


class ReviewRow(Base):
    """What a person has to look at: a `declaration`, or an `appeal`, whose text and evidence are sealed."""

    __tablename__ = "health_code_review"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    citizen_id: Mapped[str] = mapped_column(index=True)
    asked_by: Mapped[str]
    reason: Mapped[str]
    body_sealed: Mapped[bytes]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    late: Mapped[bool] = mapped_column(default=False)
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
    decided_by: Mapped[str] = mapped_column(default="")
    grade: Mapped[str] = mapped_column(default="")
    note_sealed: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class BulkRow(Base):
    """A change of several people at once: nothing happens before a second person confirms it."""

    __tablename__ = "health_code_bulk"

    id: Mapped[str] = mapped_column(primary_key=True)
    people: Mapped[list[str]]
    grade: Mapped[str]
    reason: Mapped[str]
    rule: Mapped[str]
    case_id: Mapped[str]
    note_sealed: Mapped[bytes]
    asked_by: Mapped[str]
    asked_roles: Mapped[list[str]]
    asked_at: Mapped[datetime]
    confirmed_by: Mapped[str] = mapped_column(default="")
    confirmed_at: Mapped[datetime | None]


class ShiftRow(Base):
    """Whose account is for one gate and some hours."""

    __tablename__ = "health_code_shift"

    staff_id: Mapped[str] = mapped_column(primary_key=True)
    gate_id: Mapped[str]
    opened_by: Mapped[str]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class ScanRow(Base):
    """Somebody was scanned, or looked up. The id is a digest of the scan itself, so that it counts once."""

    __tablename__ = "health_code_scan"

    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    gate_id: Mapped[str]
    direction: Mapped[str]
    scanned_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)
    citizen_id: Mapped[str] = mapped_column(index=True)
    verifier: Mapped[str]
    grade: Mapped[str]
    result: Mapped[str]
    offline: Mapped[bool]


class AlertRow(Base):
    """What somebody should look at: a code at two gates far apart (`relay`), a verifier's `cap`, a `late` review."""

    __tablename__ = "health_code_alert"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    about: Mapped[str] = mapped_column(index=True)
    gates: Mapped[list[str]]
    at: Mapped[datetime]


class EndingRow(Base):
    """The signed report of the end: what was there, and what became of it."""

    __tablename__ = "health_code_ending"

    on: Mapped[date] = mapped_column(primary_key=True)
    report: Mapped[str]
    at: Mapped[datetime]
