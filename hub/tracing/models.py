"""Tables of the room: who was where by the channels' rows, traces, and the contacts that each found."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class SightingRow(Base):
    """One row of a channel. `person` is a keyed tag of whom it was joined to, `who_sealed` document, name and phone."""

    __tablename__ = "tracing_sighting"

    channel: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    at: Mapped[datetime]
    until: Mapped[datetime]
    person: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    confidence: Mapped[int] = mapped_column(SmallInteger)
    rule: Mapped[str]
    place: Mapped[str]
    car: Mapped[str]
    row: Mapped[int | None] = mapped_column("seat_row", SmallInteger)
    who_sealed: Mapped[bytes]


class TraceRow(Base):
    """One trace by order. `subject_sealed` is whom it is about."""

    __tablename__ = "tracing_trace"

    id: Mapped[str] = mapped_column(primary_key=True)
    order_no: Mapped[str]
    officer: Mapped[str]
    office: Mapped[str]
    subject_sealed: Mapped[bytes]
    since: Mapped[datetime]
    until: Mapped[datetime]
    regions: Mapped[str]
    seen: Mapped[int]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)


class ContactRow(Base):
    """One person who was near. `task_id` is the task of the office that is to reach them."""

    __tablename__ = "tracing_contact"

    trace_id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    channel: Mapped[str]
    how: Mapped[str]
    apart: Mapped[int]
    times: Mapped[int]
    confidence: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime]
    office: Mapped[str]
    task_id: Mapped[str]
