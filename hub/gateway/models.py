"""Which submissions have been taken, so that the same key is never run twice; samples of answers not understood."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class Submission(Base):
    """Subject and key are keyed hashes. `answer_sealed` is empty while it runs; `owner` is the attempt that runs it."""

    __tablename__ = "gateway_submission"

    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    owner: Mapped[UUID]
    running_until: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)


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
