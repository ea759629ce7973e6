"""Tables of the room: tasks for grass-roots offices, and what was done with each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class TaskRow(Base):
    """One task. `about` names what it was assigned for (a receipt number); `next_at` is when silence has its next
    consequence, and empty once nobody is waited for."""

    __tablename__ = "tasks_task"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    office: Mapped[str] = mapped_column(index=True)
    raised_to: Mapped[str] = mapped_column(default="", index=True)
    about: Mapped[str] = mapped_column(index=True)
    told_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(default="open")
    card: Mapped[str] = mapped_column(default="none")
    assigned_at: Mapped[datetime]
    red_at: Mapped[datetime]
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    acknowledged_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


class TaskActRow(Base):
    """One thing that was done with a task. Rows are only ever added."""

    __tablename__ = "tasks_act"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    task_id: Mapped[str] = mapped_column(index=True)
    act: Mapped[str]
    office: Mapped[str]
    actor: Mapped[str] = mapped_column(index=True)
    answer: Mapped[str] = mapped_column(default="")
    note_sealed: Mapped[bytes]
    at: Mapped[datetime]
