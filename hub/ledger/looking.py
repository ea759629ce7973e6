"""Holds the rows of the ledger against their leaves, one by one, and names what does not fit. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.ledger.sequencer import CLOCK, COLUMNS, EXCHANGE, exchange_leaf
from hub.ledger.statement import leaf_of
from hub.ledger.tiles import BYTES, WIDTH
from hub.ledger.tree import leaf_hash

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


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind`: deleted, altered, moved, inserted, cut_off, forked, unsigned. `place` is the number of a leaf, or of
    leaves a checkpoint speaks of."""

    kind: str
    place: int
    about: str


def hashes(session: Session, first: int, end: int) -> bytes:
    """Of these leaves, as they stand in the tree; zeros where there is none. `first` is the first of a tile."""
    tiles = {
        number: bytes(found)
        for number, found in session.execute(_TILES, {"first": first // WIDTH, "end": -(-end // WIDTH)})
    }
    whole = b"".join(
        tiles.get(number, b"").ljust(WIDTH * BYTES, b"\0") for number in range(first // WIDTH, -(-end // WIDTH))
    )
    return whole[: (end - first) * BYTES]


def look(
    session: Session, first: int, end: int, since: datetime, elsewhere: Callable[[bytes], int | None]
) -> Iterator[Fault]:
    """Each of these leaves against its row; rows from before `since` may be gone. `elsewhere` finds the place of a hash
    that is none of theirs, or gives it up."""
    among = {"first": first, "end": end}
    there, found = hashes(session, first, end), _recomputed(session, among)
    places = {number: (id, step, at) for number, id, step, at in session.execute(_LEAVES, among)}
    expected = [there[place : place + BYTES] for place in range(0, len(there), BYTES)]
    where = {each: number for number, each in enumerate(expected, first)}
    for number, wanted in enumerate(expected, first):
        if number not in places:
            yield Fault("deleted", number, "ledger_leaf has no row of this number")
            continue
        id, step, at = places[number]
        made = leaf_hash(leaf_of(CLOCK, id, at)) if step == CLOCK else found.get((id, step))
        if made is None and at > since:
            yield Fault("deleted", number, f"{table(step)} has no row {id} ({step})")
        elif made is not None and made != wanted:
            moved = where[made] if made in where else elsewhere(made)
            told = f"{table(step)} {id} ({step})"
            yield (
                Fault("moved", number, f"{told} belongs to {moved}")
                if moved not in (None, number)
                else Fault("altered", number, told)
            )


def table(step: str) -> str:
    """Where the row of such a leaf stands."""
    return "ledger_exchange" if step == EXCHANGE else "ledger_entry"


def _recomputed(session: Session, among: dict[str, int]) -> dict[tuple[UUID, str], bytes]:
    found: dict[tuple[UUID, str], bytes] = {}
    for row in session.execute(_EXCHANGES, among):
        values: Sequence[Any] = row
        found[values[-1], EXCHANGE] = leaf_hash(exchange_leaf(values))
    for id, step, leaf in session.execute(_ENTRIES, among):
        found[id, step] = leaf_hash(leaf)
    return found
