"""Keeps the hub's look-up key, so that it outlives the sealing key that it was made of."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from hub.database import Database
from hub.keys.models import LookUpKeyRow

_ONLY = 1


class LookUpKey:
    """One for the process; asked once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def kept(self, fresh: bytes) -> bytes:
        """The sealed key that the hub has; `fresh` where it has none yet. Of two workers at once both get the same.
        Raises STORE_UNAVAILABLE."""
        with self._database.read() as connection:
            wanted = select(LookUpKeyRow.key_sealed)
            found = connection.scalar(wanted)
            if found is None:
                connection.execute(insert(LookUpKeyRow).values(id=_ONLY, key_sealed=fresh).on_conflict_do_nothing())
                found = connection.scalar(wanted)
            return bytes(found or fresh)
