"""The hashes of the tree in PostgreSQL, in tiles of 256 (C2SP tlog-tiles), each level 8 levels of the tree above the
one below. Takes a session and never commits."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.ledger.models import TileRow
from hub.ledger.tree import node

WIDTH, HEIGHT, BYTES = 256, 8, 32


class Tiles:
    """What one session reads is read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read: dict[tuple[int, int], bytes] = {}

    def tile(self, level: int, number: int) -> bytes:
        """Up to 256 hashes; empty where there is none."""
        place = level, number
        if place not in self._read:
            query = select(TileRow.hashes).where(TileRow.level == level, TileRow.number == number)
            self._read[place] = self._session.scalar(query) or b""
        return self._read[place]

    def at(self, level: int, number: int) -> bytes:
        """As hub.ledger.tree asks for it. Raises LookupError where that subtree is not complete."""
        rank, above = divmod(level, HEIGHT)
        first = number << above
        tile, begin = self.tile(rank, first // WIDTH), first % WIDTH * BYTES
        found = tile[begin : begin + (BYTES << above)]
        if len(found) < BYTES << above:
            raise LookupError(f"the tree has no subtree {number} of level {level}")
        return fold(found)

    def append(self, size: int, hashes: Iterable[bytes]) -> None:
        """After the first `size` leaves."""
        changed: dict[tuple[int, int], bytearray] = {}
        self._grow(0, size, hashes, changed)
        if changed:
            rows = [
                {"level": level, "number": number, "hashes": bytes(tile)} for (level, number), tile in changed.items()
            ]
            adding = insert(TileRow)
            same = [TileRow.level, TileRow.number]
            change = adding.on_conflict_do_update(index_elements=same, set_={"hashes": adding.excluded.hashes})
            self._session.execute(change, rows)
            self._read.update({place: bytes(tile) for place, tile in changed.items()})

    def _grow(self, level: int, size: int, hashes: Iterable[bytes], changed: dict[tuple[int, int], bytearray]) -> None:
        full = []
        for place, each in enumerate(hashes, size):
            number, offset = divmod(place, WIDTH)
            tile = changed.get((level, number))
            if tile is None:
                tile = changed[level, number] = bytearray(self.tile(level, number)[: offset * BYTES])
            tile += each
            if offset == WIDTH - 1:
                full.append(fold(bytes(tile)))
        if full:
            self._grow(level + 1, size // WIDTH, full, changed)


def fold(hashes: bytes) -> bytes:
    """The root over a power of two of hashes."""
    row = [hashes[place : place + BYTES] for place in range(0, len(hashes), BYTES)]
    while len(row) > 1:
        row = [node(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]
