"""Tables of the room: data resources, what is asked of them, the rights that came of it, and corrections.

No personal value stands readable here: whose record a correction is about, and what should stand there, is sealed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class ResourceRow(Base):
    """One data resource of the catalogue. `fields` is a list of {name, label, type, size, class, required}.
    `shared_type` is what its owner says; "not shared" counts until `argued_until`."""

    __tablename__ = "sharing_resource"

    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    title: Mapped[str]
    initials: Mapped[str]
    department: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    update_cycle: Mapped[str]
    shared_type: Mapped[str]
    condition: Mapped[str]
    basis: Mapped[str]
    argued_at: Mapped[datetime]
    argued_until: Mapped[datetime | None]
    classification: Mapped[int] = mapped_column(SmallInteger)
    open: Mapped[bool]
    item_codes: Mapped[list[str]]
    kept_in: Mapped[str]
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class RequestRow(Base):
    """One department's request for another's data. `next_at` is when silence is counted (again); `silent` how often it
    was; `refused_by` is the office, or "rule" where the resource is not shared."""

    __tablename__ = "sharing_request"

    id: Mapped[str] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(index=True)
    owner: Mapped[str] = mapped_column(index=True)
    applicant: Mapped[str] = mapped_column(index=True)
    officer: Mapped[str]
    officers: Mapped[list[str]]
    fields: Mapped[list[str]]
    purpose: Mapped[str]
    scene: Mapped[str]
    basis: Mapped[str]
    days: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    raised_to: Mapped[str] = mapped_column(default="")
    silent: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime]
    review_due: Mapped[datetime]
    owner_due: Mapped[datetime | None]
    dispute_due: Mapped[datetime | None]
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    refused_by: Mapped[str] = mapped_column(default="")
    refusal_basis: Mapped[str] = mapped_column(default="")
    refusal_reason: Mapped[str] = mapped_column(default="")


class RequestActRow(Base):
    """One thing that was done with a request, or not done in time. Rows are only ever added."""

    __tablename__ = "sharing_act"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    request_id: Mapped[str] = mapped_column(index=True)
    act: Mapped[str]
    office: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str]
    at: Mapped[datetime]


class GrantRow(Base):
    """A right: these officers of one department may read these fields of one resource for one purpose, until a day."""

    __tablename__ = "sharing_grant"

    id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(index=True)
    resource: Mapped[str] = mapped_column(index=True)
    owner: Mapped[str] = mapped_column(index=True)
    consumer: Mapped[str] = mapped_column(index=True)
    officers: Mapped[list[str]]
    purpose: Mapped[str]
    scene: Mapped[str]
    basis: Mapped[str]
    fields: Mapped[list[str]]
    granted_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(default="")


class CorrectionRow(Base):
    """Something wrong in a department's data, told to its source. `body_sealed`: whose record, what stands there, what
    should. `subject_tag` finds who read that record."""

    __tablename__ = "sharing_correction"

    id: Mapped[str] = mapped_column(primary_key=True)
    resource: Mapped[str]
    owner: Mapped[str] = mapped_column(index=True)
    reporter: Mapped[str] = mapped_column(index=True)
    officer: Mapped[str]
    field: Mapped[str]
    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32))
    body_sealed: Mapped[bytes]
    state: Mapped[str]
    raised_to: Mapped[str] = mapped_column(default="")
    silent: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime]
    due_at: Mapped[datetime]
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None]


class NoticeRow(Base):
    """An event for one department: a field it took was reported wrong, or the source answered."""

    __tablename__ = "sharing_notice"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    office: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    correction: Mapped[str]
    resource: Mapped[str]
    field: Mapped[str]
    at: Mapped[datetime]
