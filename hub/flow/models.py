"""Tables of the room: every crossing by day, counts of five minutes, and who is inside by tag."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class CrossingRow(Base):
    """Cut into days (Asia/Shanghai); a day that is over is dropped whole. The time is in the key because a table cut
    by time wants it; a gate that hands a crossing in again tells the same time."""

    __tablename__ = "flow_crossing"

    at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]
    gate: Mapped[str]
    direction: Mapped[str]
    person: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)


class CountRow(Base):
    __tablename__ = "flow_count"

    place: Mapped[str] = mapped_column(primary_key=True)
    bucket_at: Mapped[datetime] = mapped_column(primary_key=True)
    ins: Mapped[int]
    outs: Mapped[int]


class PresenceRow(Base):
    """The last known crossing of a person at a place: a late one never overrides a later one."""

    __tablename__ = "flow_presence"

    place: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    inside: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime]
