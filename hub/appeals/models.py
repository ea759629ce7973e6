"""Tables of the room: appeals and clues, what was done with each, and which clues may be the same."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class AppealRow(Base):
    """One appeal or clue. `body_sealed` holds text, address, coordinates and photos; `next_at` is when silence has its
    next consequence."""

    __tablename__ = "appeals_appeal"

    number: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    citizen_id: Mapped[str] = mapped_column(index=True)
    region: Mapped[str]
    office: Mapped[str] = mapped_column(index=True)
    raised_to: Mapped[str] = mapped_column(default="", index=True)
    rule: Mapped[str]
    body_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(default="open")
    card: Mapped[str] = mapped_column(default="none")
    merged_into: Mapped[str] = mapped_column(default="", index=True)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    score: Mapped[int | None]


class AppealActRow(Base):
    """One thing that was done with it. Rows are only ever added."""

    __tablename__ = "appeals_act"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(index=True)
    act: Mapped[str]
    office: Mapped[str]
    actor: Mapped[str]
    note_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class AlikeRow(Base):
    """Two clues that may be the same, until a person says whether they are."""

    __tablename__ = "appeals_alike"

    number: Mapped[str] = mapped_column(primary_key=True)
    earlier: Mapped[str] = mapped_column(primary_key=True)
    percent: Mapped[int]
    decided: Mapped[str] = mapped_column(default="")
    decided_by: Mapped[str] = mapped_column(default="")
