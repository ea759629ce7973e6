"""The record of every exchange with a department: four times, sizes, outcome; no payload, no personal value."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class ExchangeRow(Base):
    """The key begins with the time and nothing refers to a row, so that the table can be cut into partitions."""

    __tablename__ = "ledger_exchange"

    request_in_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_out_at: Mapped[datetime | None]
    response_in_at: Mapped[datetime | None]
    response_out_at: Mapped[datetime]
    trace_id: Mapped[str] = mapped_column(index=True)
    service: Mapped[str]
    system: Mapped[str]
    operation: Mapped[str]
    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    caller_kind: Mapped[str]
    purpose: Mapped[str]
    data_class: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str]
    origin: Mapped[str]
    request_bytes: Mapped[int]
    response_bytes: Mapped[int]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    stale: Mapped[bool]
    cached: Mapped[bool]
    acting_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32))
