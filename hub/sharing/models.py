"""Tables of the room: data resources, what is asked of them, and the rights that came of it. No person is in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, SmallInteger
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
