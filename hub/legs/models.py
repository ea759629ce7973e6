"""The kept legs of calls. That a call happened stands in the ledger; here is what may be asked or shown again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base

_ABOUT_ANOTHER = text("mandate_tag IS NOT NULL")


class LegRow(Base):
    """`question_sealed` is who asked and what, `answer_sealed` the answer in hub fields. `answered_by` is the trace of
    a re-run that succeeded. Whose it is say keyed hashes: `subject_tag` who asked, `mandate_tag` under which mandate
    where it is about somebody else."""

    __tablename__ = "legs_leg"
    __table_args__ = (Index("ix_legs_leg_mandate", "mandate_tag", postgresql_where=_ABOUT_ANOTHER),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    trace_id: Mapped[str] = mapped_column(index=True)
    service: Mapped[str]
    system: Mapped[str]
    operation: Mapped[str]
    kind: Mapped[str]  # read | write
    data_class: Mapped[int]
    state: Mapped[str]
    outcome: Mapped[str]
    lease_until: Mapped[datetime | None]
    question_sealed: Mapped[bytes | None]
    answer_sealed: Mapped[bytes | None]
    keep_until: Mapped[datetime] = mapped_column(index=True)
    answered_by: Mapped[str] = mapped_column(default="")
    subject_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    mandate_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32))


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg as operations may see it, without what was said. `state`: inflight, answered, rejected (the department's
    own no), failed (certainly not done), unknown (nobody can say whether it was done)."""

    id: UUID
    at: datetime
    trace_id: str
    service: str
    system: str
    operation: str
    kind: str
    data_class: int
    state: str
    outcome: str
    keep_until: datetime
    answered_by: str = ""
    has_question: bool = False
    has_answer: bool = False
