"""Looks whether the ledger is still what it was: each row against its leaf, each leaf against a copy outside the
database, the tiles against each other, the last checkpoint against the tiles. Each fault names its row or its place.

The copy is a file of leaf hashes in the home, 32 bytes each; only ever added to. Whoever rules the database does not
thereby rule the file, and the witnesses besides.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.ledger import note as notes
from hub.ledger.checkpoints import Made, newest, tree_size
from hub.ledger.note import Checkpoint, Key
from hub.ledger.sequencer import CLOCK, COLUMNS, EXCHANGE, exchange_leaf
from hub.ledger.statement import leaf_of
from hub.ledger.tiles import BYTES, WIDTH, Tiles, fold
from hub.ledger.tree import leaf_hash, root

_AT_ONCE = 100 * WIDTH
_PATIENCE_S = 60.0
KEPT = timedelta(days=3 * 365 + 1)  # after that a row may be gone; its leaf stays
_LEAVES = text("SELECT number, exchange_id, step, at FROM ledger_leaf WHERE number >= :first AND number < :end")
_EXCHANGES = text(
    f"SELECT {COLUMNS} FROM ledger_leaf l JOIN ledger_exchange e ON e.request_in_at = l.at AND e.id = l.exchange_id"  # noqa: S608
    " WHERE l.number >= :first AND l.number < :end AND l.step = 'EXCHANGE'"
)
_ENTRIES = text(
    "SELECT e.exchange_id, e.step, e.leaf FROM ledger_leaf l"
    " JOIN ledger_entry e ON e.exchange_id = l.exchange_id AND e.step = l.step"
    " WHERE l.number >= :first AND l.number < :end"
)
_TILES = text("SELECT number, hashes FROM ledger_tile WHERE level = 0 AND number >= :first AND number < :end")
_MISSED = text(
    "SELECT e.exchange_id FROM ledger_entry e WHERE e.at > :since AND e.written_in < CAST(CAST(:taken AS text) AS xid8)"
    " AND NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.exchange_id = e.exchange_id AND l.step = e.step)"
    " UNION ALL SELECT e.id FROM ledger_exchange e WHERE e.request_in_at > :since"
    " AND e.written_in < CAST(CAST(:taken AS text) AS xid8)"
    " AND NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.exchange_id = e.id AND l.step = 'EXCHANGE') LIMIT 20"
)
_LATELY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind`: deleted, altered, moved, inserted, cut_off, forked, unsigned. `place` is the number of a leaf, or of
    leaves a checkpoint speaks of."""

    kind: str
    place: int
    about: str


class Verifier:
    """One per home: the copy belongs to it."""

    def __init__(self, database: Database, clock: Clock, home: Path, key: Key) -> None:
        self._database, self._clock, self._key = database, clock, key
        self._copy = home / "ledger" / "leaves"
        self._next = 0

    def round(self, whole: bool = False) -> list[Fault]:
        """The newest leaves, and of the others the next hundred thousand or so; all of them where `whole`."""
        with self._database.session(patience=_PATIENCE_S) as session:
            last = newest(session)  # first: the tree goes on growing meanwhile
            size = tree_size(session)
            taken = session.scalar(text("SELECT taken FROM ledger_place WHERE id = 1")) or 0
            due = self._due(size, whole)
            faults = list(self._against_copy(session, size, due))
            for first in due:
                faults += self._rows(session, first, min(first + _AT_ONCE, size))
            faults += self._missed(session, taken)
            faults += self._signed(session, size, last)
        return list(dict.fromkeys(faults))

    def _due(self, size: int, whole: bool) -> Sequence[int]:
        starts = range(0, size, _AT_ONCE)
        if whole or len(starts) <= 2:
            return starts
        turn = self._next = (self._next + 1) % (len(starts) - 1)
        return [starts[turn], starts[-1]]

    def _against_copy(self, session: Session, size: int, due: Sequence[int]) -> Iterator[Fault]:
        """What was seen before is compared, what is new is copied: whoever changes both rows and tree is seen here."""
        self._copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._copy.touch(0o600)
        with self._copy.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # others of this home may look too
            known = file.seek(0, os.SEEK_END) // BYTES
            if known > (there := tree_size(session)):  # asked again: somebody else may have gone further
                yield Fault("cut_off", there, f"{known} leaves were seen, and there are {there}")
            for first in sorted({*due, *range(known // _AT_ONCE * _AT_ONCE, size, _AT_ONCE)}):
                end = min(first + _AT_ONCE, size)
                now = self._hashes(session, first, end)
                file.seek(first * BYTES)
                before = file.read(len(now))
                yield from _different(before, now, first)
                if len(now) > len(before):
                    file.seek(first * BYTES + len(before))
                    file.write(now[len(before) :])

    def _hashes(self, session: Session, first: int, end: int) -> bytes:
        tiles = {
            number: bytes(hashes)
            for number, hashes in session.execute(_TILES, {"first": first // WIDTH, "end": -(-end // WIDTH)})
        }
        whole = b"".join(
            tiles.get(number, b"").ljust(WIDTH * BYTES, b"\0") for number in range(first // WIDTH, -(-end // WIDTH))
        )
        return whole[: (end - first) * BYTES]

    def _rows(self, session: Session, first: int, end: int) -> Iterator[Fault]:
        among = {"first": first, "end": end}
        hashes, found = self._hashes(session, first, end), self._recomputed(session, among)
        places = {number: (id, step, at) for number, id, step, at in session.execute(_LEAVES, among)}
        expected = [hashes[place : place + BYTES] for place in range(0, len(hashes), BYTES)]
        where = {each: number for number, each in enumerate(expected, first)}
        for number, wanted in enumerate(expected, first):
            if number not in places:
                yield Fault("deleted", number, "ledger_leaf has no row of this number")
                continue
            id, step, at = places[number]
            made = leaf_hash(leaf_of(CLOCK, id, at)) if step == CLOCK else found.get((id, step))
            if made is None and at > self._clock.now() - KEPT:
                yield Fault("deleted", number, f"{_table(step)} has no row {id} ({step})")
            elif made is not None and made != wanted:
                moved = where.get(made)
                told = f"{_table(step)} {id} ({step})"
                yield (
                    Fault("moved", number, f"{told} belongs to {moved}")
                    if moved is not None
                    else Fault("altered", number, told)
                )
        yield from self._folded(session, hashes, first, end)

    @staticmethod
    def _recomputed(session: Session, among: dict[str, int]) -> dict[tuple[UUID, str], bytes]:
        found: dict[tuple[UUID, str], bytes] = {}
        for row in session.execute(_EXCHANGES, among):
            values: Sequence[Any] = row
            found[values[-1], EXCHANGE] = leaf_hash(exchange_leaf(values))
        for id, step, leaf in session.execute(_ENTRIES, among):
            found[id, step] = leaf_hash(leaf)
        return found

    @staticmethod
    def _folded(session: Session, hashes: bytes, first: int, end: int) -> Iterator[Fault]:
        """Each full tile's root stands in the tile above it; `hashes` are those from `first` on."""
        tiles = Tiles(session)
        for number in range(first // WIDTH, end // WIDTH):
            tile = hashes[(number * WIDTH - first) * BYTES :][: WIDTH * BYTES]
            above = tiles.tile(1, number // WIDTH)[number % WIDTH * BYTES :][:BYTES]
            if fold(tile) != above:
                yield Fault("altered", number * WIDTH, f"tile {number} does not fit the tile above it")

    def _missed(self, session: Session, taken: int) -> Iterator[Fault]:
        """A row that came in behind the sequencer's back."""
        since = self._clock.now() - _LATELY
        for id in session.scalars(_MISSED, {"since": since, "taken": str(taken)}):
            yield Fault("inserted", -1, f"row {id} was never given a place")

    def _signed(self, session: Session, size: int, last: Made | None) -> Iterator[Fault]:
        if last is None:
            return
        try:
            told = Checkpoint.read(last.note)
            by = notes.signers(last.note, [self._key])
        except ValueError:
            yield Fault("unsigned", last.size, "the checkpoint cannot be read")
            return
        if not by or told.size != last.size or told.origin != self._key.name:
            yield Fault("unsigned", last.size, "the checkpoint is not signed by the hub")
        if told.size > size:
            yield Fault("cut_off", size, f"a checkpoint speaks of {told.size} leaves")
        elif _root(session, told.size) != told.root:
            yield Fault("forked", told.size, "the checkpoint has another root than the tree")


def _root(session: Session, size: int) -> bytes:
    try:
        return root(Tiles(session).at, size)
    except LookupError:
        return b""


def _different(before: bytes, now: bytes, first: int) -> Iterator[Fault]:
    if now.startswith(before):
        return
    for place in range(0, len(before), BYTES):
        if before[place : place + BYTES] != now[place : place + BYTES]:
            yield Fault("forked", first + place // BYTES, "the tree has another leaf here than was seen before")


def _table(step: str) -> str:
    return "ledger_exchange" if step == EXCHANGE else "ledger_entry"
