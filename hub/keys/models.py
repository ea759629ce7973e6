"""Table of the room: the hub's look-up key, sealed like any other value."""

from __future__ import annotations

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class LookUpKeyRow(Base):
    """One row. Made of the oldest key of the ring when the hub first looked something up, and never changed since: what
    was tagged with it (entries of the ledger, printed codes, numbers that were told) cannot be tagged anew."""

    __tablename__ = "keys_look_up"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    key_sealed: Mapped[bytes]
