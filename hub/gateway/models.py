"""Which submissions have been taken, so that the same key is never run twice; samples of answers not understood."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base

_ABOUT_ANOTHER = text("mandate_tag IS NOT NULL")


class Submission(Base):
    """Subject and key are keyed hashes. `answer_sealed` is empty while it runs; `owner` is the attempt that runs it;
    `mandate_tag` stands where it is an answer about somebody else, and goes with either of the two."""

    __tablename__ = "gateway_submission"
    __table_args__ = (Index("ix_gateway_submission_mandate", "mandate_tag", postgresql_where=_ABOUT_ANOTHER),)

    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    owner: Mapped[UUID]
    running_until: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    mandate_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class SampleRow(Base):
    """At most 4 KiB of an answer, sealed."""

    __tablename__ = "gateway_sample"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kept_at: Mapped[datetime] = mapped_column(index=True)
    trace_id: Mapped[str] = mapped_column(index=True)
    system: Mapped[str]
    operation: Mapped[str]
    code: Mapped[str]
    sample_sealed: Mapped[bytes]
