"""A re-run and the legs it asks again, each with its own true end."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class RerunRow(Base):
    """`state`: running, paused (by a person, or because the department is still away: `code`), stopped (switched off),
    cancelled, done."""

    __tablename__ = "reruns_rerun"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    begun_at: Mapped[datetime]
    actor: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str]
    code: Mapped[str] = mapped_column(default="")
    job_id: Mapped[int | None] = mapped_column(BigInteger)


class ItemRow(Base):
    """`state`: waiting, asking, answered, rejected, failed, unknown."""

    __tablename__ = "reruns_item"

    rerun_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reruns_rerun.id"), primary_key=True)
    leg_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    outcome: Mapped[str] = mapped_column(default="")
    trace_id: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime | None]
