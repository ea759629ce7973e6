"""What was found last, one row for each thing that is looked at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class FindingRow(Base):
    """`kind`: contract (target: a system), people (a service), expiry (`system/what`), delivery (`system/why/what`:
    what a system should have brought), rows (a system: what it brought and was refused). `changed_at` is when the state
    became what it is."""

    __tablename__ = "inspection_finding"

    kind: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    code: Mapped[str]
    note: Mapped[str]
    trace_id: Mapped[str]
    until: Mapped[datetime | None]
    checked_at: Mapped[datetime]
    changed_at: Mapped[datetime]
