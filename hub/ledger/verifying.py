"""Looks whether the ledger is still what it was: each row against its fingerprint, and where that differs against its
leaf; each leaf against a copy outside the database, the tiles against each other, the last checkpoint against the
tiles. Each fault names its row or its place.

Copies of leaf hashes and of fingerprints are files in the home. Whoever rules the database does not thereby rule them,
and the witnesses besides.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.ledger import note as notes
from hub.ledger.checkpoints import Made, newest, tree_size
from hub.ledger.copies import Copy
from hub.ledger.fingerprints import NONE, fingerprints, may_differ
from hub.ledger.looking import Fault, hashes, look, table
from hub.ledger.note import Checkpoint, Key
from hub.ledger.slipped import Slipped
from hub.ledger.tiles import BYTES, WIDTH, Tiles, fold
from hub.ledger.tree import root
from hub.ledger.tripwire import moves

AT_ONCE = 100 * WIDTH
_ROUNDS = 3  # go through all leaves
_EVERY_S, _TRIPWIRE_S = 30.0, 5.0
LATE_S = 600.0  # a part that is not looked at for so long is told
_PATIENCE_S = 60.0
_SOUGHT, _TOLD = 20, 1000  # faults of one part; where a table was emptied each leaf would be one
KEPT = timedelta(days=3 * 365 + 1)  # after that a row may be gone; its leaf stays
_EVERYWHERE = 1 << 63  # what is about no part: told after them
# One moment for all that is asked of a part: else a row could be another when its fingerprint is taken.
_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_PATIENT = "SET LOCAL idle_in_transaction_session_timeout = '60s'"
Rest = Callable[[float], bool]


class Verifier:
    """One per home: the copies belong to it."""

    def __init__(self, database: Database, clock: Clock, home: Path, key: Key, at_once: int = AT_ONCE) -> None:
        """`at_once`: leaves of one part, some whole tiles."""
        self._database, self._clock, self._key, self._at_once = database, clock, key, at_once
        self._leaves, self._rows = Copy(home / "ledger" / "leaves"), Copy(home / "ledger" / "rows")
        self._next = self._thorough = 0
        self._found: dict[int, Sequence[Fault]] = {}
        self._looked: dict[int, float] = {}
        self._folds: dict[int, bytes] = {}
        self._slipped = Slipped()
        self._hurry, self._asked = 0, 0.0
        self._moves: list[Any] | None = None
        self._log = structlog.get_logger()

    @property
    def faults(self) -> list[Fault]:
        """What was found, until a later look finds it mended."""
        return list(dict.fromkeys(fault for _, found in sorted(self._found.items()) for fault in found))

    @property
    def unseen_s(self) -> float:
        """How long ago the part was looked at that was not looked at for longest."""
        return time.monotonic() - min(self._looked.values(), default=time.monotonic())

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. A third of all every half minute, and no more than four fifths of the time at work, on a busy
        machine two fifths; all without a pause where the tripwire moved."""
        while not stop.is_set():
            began = time.monotonic()
            try:
                self.round(rest=lambda took: stop.wait(0 if self._hurries() else _pause(took)))
            except Problem as problem:
                self._log.warning("verifier_waits", code=problem.code)
            except Exception as error:  # one bad round must not end the others
                self._log.error("verifier_failed", error=type(error).__name__)
            stop.wait(1.0 if self._hurry else max(1.0, began + _EVERY_S - time.monotonic()))

    def _hurries(self) -> bool:
        """Called once for each part: for one whole turn."""
        self._hurry = max(0, self._hurry - 1)
        if time.monotonic() > self._asked + _TRIPWIRE_S:
            with self._database.session() as session:
                found = moves(session)
            if self._moves not in (None, found):
                self._log.warning("ledger_moved")
                self._hurry = len(self._looked)
            self._moves, self._asked = found, time.monotonic()
        return self._hurry > 0

    def round(self, whole: bool = False, rest: Rest = lambda _: False) -> list[Fault]:
        """The newest leaves and a third of the others by their fingerprints, one part of them leaf by leaf; all of them
        so where `whole`. `rest` hears how long a part took, and says whether to end. Gives `faults`."""
        with self._database.session(patience=_PATIENCE_S) as session:
            last = newest(session)  # first: the tree goes on growing meanwhile
            size = tree_size(session)
            taken = session.scalar(text("SELECT taken FROM ledger_place WHERE id = 1")) or 0
            known, cut = self._copied(session)
            slipped = self._slipped.look(session, taken, self._clock.now())
            general = [*cut, *slipped, *self._signed(session, size, last)]
        starts = range(0, size, self._at_once)
        kept = {first: found for first, found in self._found.items() if first in starts}
        self._found = {**kept, _EVERYWHERE: general}
        self._looked = {first: self._looked.get(first, time.monotonic()) for first in starts}
        for first in self._due(starts, known, whole):
            began = time.monotonic()
            with self._database.session(patience=_PATIENCE_S) as session:
                session.execute(text(_ONE_MOMENT))
                session.execute(text(_PATIENT))
                thorough = whole or first == starts[self._thorough]
                found = list(self._part(session, first, min(first + self._at_once, size), thorough))
            self._found = {**self._found, first: found}
            self._looked[first] = time.monotonic()
            if rest(time.monotonic() - began):
                break
        return self.faults

    def _due(self, starts: range, known: int, whole: bool) -> Sequence[int]:
        """The beginnings of parts; those among them that are not yet copied wholly."""
        if whole or not starts:
            return starts
        share = -(-len(starts) // _ROUNDS)
        turn = {starts[(self._next + each) % len(starts)] for each in range(share)}
        self._next = (self._next + share) % len(starts)
        self._thorough = (self._thorough + 1) % len(starts)
        fresh = range(known // starts.step * starts.step, starts.stop, starts.step)
        return sorted({*turn, starts[self._thorough], starts[-1], *fresh})

    def _copied(self, session: Session) -> tuple[int, list[Fault]]:
        """How many leaves were seen before. A copy that begins anew lets the other begin anew."""
        with self._leaves.alone() as new:
            if new:
                self._rows.forget()
            known, there = self._leaves.size, tree_size(session)  # asked again: somebody may have gone further
        cut = Fault("cut_off", there, f"{known} leaves were seen, and there are {there}")
        return known, [cut] if known > there else []

    def _part(self, session: Session, first: int, end: int, thorough: bool) -> Iterator[Fault]:
        """What was seen before is compared, what is new is copied: whoever changes both rows and tree is seen here."""
        now, rows = hashes(session, first, end), fingerprints(session, first, end)
        with self._leaves.alone():
            before = self._leaves.read(first, end)
            yield from _different(before, now, first)
            if first <= self._leaves.size < end:
                self._leaves.write(first + len(before) // BYTES, now[len(before) :])
            kept = self._rows.read(first, end).ljust(len(rows), b"\0")
            doubtful = range(first, end) if thorough else _doubtful(kept, rows, first, end)
            if doubtful:
                yield from self._doubted(session, doubtful, kept, rows, first)
        yield from self._folded(session, before, now, first, end)

    def _doubted(
        self, session: Session, doubtful: range, kept: bytes, rows: bytes, first: int
    ) -> Iterator[Fault]:
        """Leaf by leaf. The fingerprint of a row that was never seen, and fits its leaf, is kept."""
        since = self._clock.now() - KEPT
        found = list(look(session, doubtful.start, doubtful.stop, since, self._elsewhere()))
        yield from islice(found, _TOLD)
        wrong, fresh = {fault.place for fault in found}, bytearray(kept)
        for number in doubtful:
            place = slice((number - first) * BYTES, (number - first + 1) * BYTES)
            if rows[place] in (kept[place], NONE) or number in wrong:
                continue
            if may_differ(kept[place], rows[place], since):
                fresh[place] = rows[place]
            else:
                yield _beside(session, number)
        if fresh != kept:
            self._rows.write(first, bytes(fresh))

    def _elsewhere(self) -> Callable[[bytes], int | None]:
        """For a few hashes; each is a look through all of the copy."""
        left = iter(range(_SOUGHT))
        return lambda made: self._leaves.find(made) if next(left, None) is not None else None

    def _folded(self, session: Session, before: bytes, now: bytes, first: int, end: int) -> Iterator[Fault]:
        """Each full tile's root stands in the tile above it. That of a tile that is as it was is remembered."""
        tiles = Tiles(session)
        for number in range(first // WIDTH, end // WIDTH):
            place = slice((number * WIDTH - first) * BYTES, ((number + 1) * WIDTH - first) * BYTES)
            known = self._folds.get(number) if before[place] == now[place] else fold(now[place])
            if known is None:
                known = self._folds[number] = fold(now[place])
            if known != tiles.tile(1, number // WIDTH)[number % WIDTH * BYTES :][:BYTES]:
                yield Fault("altered", number * WIDTH, f"tile {number} does not fit the tile above it")

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


def _doubtful(kept: bytes, rows: bytes, first: int, end: int) -> range | None:
    """From the first tile in which a row is not as it was, to the last."""
    width = WIDTH * BYTES
    slices = (slice(place, place + width) for place in range(0, len(rows), width))
    tiles = [each.start for each in slices if kept[each] != rows[each]]
    return range(first + tiles[0] // BYTES, min(first + tiles[-1] // BYTES + WIDTH, end)) if tiles else None


def _beside(session: Session, number: int) -> Fault:
    query = text("SELECT exchange_id, step FROM ledger_leaf WHERE number = :number")
    id, step = session.execute(query, {"number": number}).one()
    return Fault("altered", number, f"{table(step)} {id} ({step}) fits its leaf; its receipts or columns beside differ")


def _pause(took: float) -> float:
    """A busy machine is left to the citizens."""
    busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    return took * 1.5 if busy else took / 4
