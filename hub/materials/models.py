"""Tables of the room: each citizen's shelf and files, what was given to which office, and what was asked for anew."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class Shelf(Base):
    """One citizen's papers: their data key, and how much there is. The row is the lock of whoever adds to it."""

    __tablename__ = "materials_shelf"

    citizen_id: Mapped[str] = mapped_column(primary_key=True)
    key_sealed: Mapped[bytes]
    files: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)


class FileRow(Base):
    """One paper. The tags are keyed hashes of what came and of what is kept; `facts_sealed` holds name and digest.
    `made_from`: the paper this is another form of. `credential_id`: the licence this is a copy of."""

    __tablename__ = "materials_file"
    __table_args__ = (Index("ix_materials_file_citizen", "citizen_id", "uploaded_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    citizen_id: Mapped[str]
    type: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    pages: Mapped[int]
    sent_tag: Mapped[bytes] = mapped_column(LargeBinary(32))
    kept_tag: Mapped[bytes] = mapped_column(LargeBinary(32))
    facts_sealed: Mapped[bytes]
    scan: Mapped[str] = mapped_column(index=True)
    scan_tried_at: Mapped[datetime | None]
    made_from: Mapped[str | None]
    credential_id: Mapped[str | None]
    uploaded_at: Mapped[datetime]


class Body(Base):
    """The bytes of a paper, sealed; apart, so that lists do not touch them."""

    __tablename__ = "materials_body"

    file_id: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class Given(Base):
    """An office received a paper for a case. `ended_at`: when the case was over."""

    __tablename__ = "materials_given"
    __table_args__ = (UniqueConstraint("file_id", "receipt_no", "office"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    file_id: Mapped[str]
    citizen_id: Mapped[str] = mapped_column(index=True)
    type: Mapped[str]
    receipt_no: Mapped[str] = mapped_column(index=True)
    office: Mapped[str]
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Asked(Base):
    """An officer asked for a paper that an office already had, and why. Rows are only ever added."""

    __tablename__ = "materials_asked"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    receipt_no: Mapped[str] = mapped_column(index=True)
    type: Mapped[str]
    officer: Mapped[str]
    reason_sealed: Mapped[bytes]
    at: Mapped[datetime]
