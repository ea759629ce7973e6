"""What departments brought by themselves, the rows of it that were refused, and the records that were read from it.

Readable are names, times and counts; what was delivered is sealed, and what is looked up by is a keyed hash.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class DeliveryRow(Base):
    """`times`: how often it came. `due_at`: when it may be tried (again); a claim puts it off, which is its lease.
    `result`: waiting | done | quarantined; `code` is what the last attempt met."""

    __tablename__ = "inbox_delivery"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source: Mapped[str]
    message_id: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    received_at: Mapped[datetime]
    headers: Mapped[dict[str, Any]]
    bytes: Mapped[int] = mapped_column(BigInteger)
    verified: Mapped[bool]
    times: Mapped[int]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    result: Mapped[str]
    code: Mapped[str]
    records: Mapped[int]
    bad_rows: Mapped[int]


class PieceRow(Base):
    __tablename__ = "inbox_piece"

    delivery_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    raw_sealed: Mapped[bytes]


class BadRowRow(Base):
    """Where a refused row stands and why; nothing of what it held."""

    __tablename__ = "inbox_bad_row"

    delivery_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[str]
    code: Mapped[str]
    note: Mapped[str]


class RecordRow(Base):
    """The newest version of one key. A deleted one stays, empty, so that an older version that comes late is known to
    be older. `version` is written so that its order is that of its bytes. The tag is of source, dataset and key."""

    __tablename__ = "inbox_record"

    key_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    source: Mapped[str]
    dataset: Mapped[str]
    version: Mapped[str]
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[bool]
    fields_sealed: Mapped[bytes]
    expires_at: Mapped[datetime]


class LookUpRow(Base):
    """The tag is of source, dataset, field and value."""

    __tablename__ = "inbox_look_up"

    key_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    value_tag: Mapped[bytes] = mapped_column(LargeBinary(32))


class DatasetRow(Base):
    """When the youngest delivery of a dataset came."""

    __tablename__ = "inbox_dataset"

    source: Mapped[str] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(primary_key=True)
    last_at: Mapped[datetime]


class TurnRow(Base):
    """Who collects from a system just now, until when at most, and when it is due again: the same for all workers."""

    __tablename__ = "inbox_turn"

    source: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    held_until: Mapped[datetime]
    owner: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str]
