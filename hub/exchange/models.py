"""Tables of the room: each use of shared data, files of many, and what was wrong in it.

No personal value stands readable here: whose record it is, is a keyed hash; what a correction says is sealed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class UseRow(Base):
    """One question of one department for another's data. `outcome`: OK, the code it was refused or failed with, or
    empty while it is under way (a hub that died then: it may have been given). Refused ones hold no purpose and no
    subject: whatever was typed is not known to be in order."""

    __tablename__ = "exchange_use"

    exchange_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    resource: Mapped[str] = mapped_column(index=True)
    system: Mapped[str]
    supplier: Mapped[str]
    consumer: Mapped[str]
    officer: Mapped[str]
    grant_id: Mapped[str]
    fields: Mapped[list[str]]
    data_class: Mapped[int] = mapped_column(SmallInteger)
    subject_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    outcome: Mapped[str]
    rows: Mapped[int] = mapped_column(default=0)


class BatchRow(Base):
    """One file of many records. `id` is that of its row among the uses. `state`: waiting, done, failed (`code`).
    `asked_sealed` (whom it is about) goes when it is done, `file_sealed` at `expires_at`; `failed` names places in the
    list of whom nothing was given."""

    __tablename__ = "exchange_batch"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resource: Mapped[str]
    consumer: Mapped[str]
    officer: Mapped[str]
    at: Mapped[datetime]
    state: Mapped[str]
    code: Mapped[str] = mapped_column(default="")
    asked: Mapped[int]
    given: Mapped[int] = mapped_column(default=0)
    failed: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    asked_sealed: Mapped[bytes | None]
    file_sealed: Mapped[bytes | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)


class CorrectionRow(Base):
    """Something wrong in a department's data, told to its source. `body_sealed`: whose record, what stands there, what
    should. `subject_tag` finds who read that record."""

    __tablename__ = "exchange_correction"

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

    __tablename__ = "exchange_notice"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    office: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    correction: Mapped[str]
    resource: Mapped[str]
    field: Mapped[str]
    at: Mapped[datetime]


class SubscriptionRow(Base):
    """A department wants to hear of changes in what it was given under one right. It goes when it is cancelled."""

    __tablename__ = "exchange_subscription"

    id: Mapped[str] = mapped_column(primary_key=True)
    grant_id: Mapped[str] = mapped_column(unique=True)
    resource: Mapped[str] = mapped_column(index=True)
    consumer: Mapped[str] = mapped_column(index=True)
    officer: Mapped[str]
    made_at: Mapped[datetime]


class ChangeRow(Base):
    """Something that was given is not so any more: `exchange_id` is by what it was given last, `fields` are those of
    it that changed. No value. `told_in` is the exchange by which it was told, None while it was not."""

    __tablename__ = "exchange_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    subscription: Mapped[str]
    kind: Mapped[str]
    exchange_id: Mapped[UUID]
    fields: Mapped[list[str]]
    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime] = mapped_column(index=True)
    told_in: Mapped[UUID | None]
