"""Tables of the filing outbox: what is to be filed, every try, every change of state."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class FilingRow(Base):
    """One version of what goes to a department. `not_before` is by the database's clock, `since` and `due` by the
    hub's. `look` counts who took it to look for it; `absent` how many reads in a row have not found it; `sent` how many
    tries sent something, `faults` how many broke in our own hands."""

    __tablename__ = "filings_filing"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    receipt_no: Mapped[str]
    version: Mapped[int]
    subject_tag: Mapped[str]
    service: Mapped[str]
    system: Mapped[str]
    operation: Mapped[str]
    natural_key: Mapped[str]
    live: Mapped[bool]
    order_sealed: Mapped[bytes]
    content_digest: Mapped[bytes]
    state: Mapped[str]
    not_before: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    faults: Mapped[int] = mapped_column(default=0)
    absent: Mapped[int] = mapped_column(default=0)
    look: Mapped[int] = mapped_column(default=0)
    papers_done: Mapped[int] = mapped_column(default=0)
    register_no: Mapped[str] = mapped_column(default="")
    department_receipt: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    refused: Mapped[str] = mapped_column(default="")
    owner: Mapped[str] = mapped_column(default="")
    since: Mapped[datetime]
    due: Mapped[datetime | None]
    created_at: Mapped[datetime]


class AttemptRow(Base):
    """One try. Open while `ended_at` is NULL, and then it holds the department's account alone."""

    __tablename__ = "filings_attempt"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    filing_id: Mapped[int]
    n: Mapped[int]
    account: Mapped[str]
    worker: Mapped[str]
    lease_until: Mapped[datetime]
    started_at: Mapped[datetime]
    wire_started_at: Mapped[datetime | None]
    first_byte_out_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    stage: Mapped[str] = mapped_column(default="")
    outcome: Mapped[str] = mapped_column(default="")
    raw_digest: Mapped[bytes | None]
    trace_id: Mapped[str] = mapped_column(default="")


class MoveRow(Base):
    """One change of state, by whom (`hub` or a person) and why. Rows are only ever added."""

    __tablename__ = "filings_move"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    filing_id: Mapped[int]
    at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
