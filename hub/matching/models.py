"""Table of the room: rows of departments that may be about the person asked for, and what somebody decided of each.

No personal value stands readable here, and none at all once it is decided.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class MatchRow(Base):
    """`tag`: a keyed hash of the resource, of who was asked about and of what the row says of whose it is, so that the
    decision is found again. `values_sealed` holds the same for whoever decides, and is emptied then. `fits` is how
    number, name and birth date fit; `state` is open, same or other."""

    __tablename__ = "matching_match"

    id: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    resource: Mapped[str]
    system: Mapped[str]
    owner: Mapped[str] = mapped_column(index=True)
    consumer: Mapped[str] = mapped_column(index=True)
    officer: Mapped[str]
    fits: Mapped[list[str]]
    values_sealed: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(index=True)
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    reason_sealed: Mapped[bytes | None]
