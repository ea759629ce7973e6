"""What crosses a gate: one person going in or out, without name or number. Formats only; the stream and the tables are
beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson

from hub.clock import CHINA

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """`id` is the gate's own, so that handing the same in twice counts once; `place` a community (9 or 12 digits);
    `person` a keyed tag (`Flow.tag`)."""

    id: str
    place: str
    gate: str
    direction: Direction
    at: datetime
    person: bytes


def pack(crossings: Iterable[Crossing]) -> bytes:
    """As one entry of the stream."""
    return orjson.dumps(
        [(each.id, each.place, each.gate, each.direction, each.at.timestamp(), each.person.hex()) for each in crossings]
    )


def unpack(packed: bytes) -> Iterator[Crossing]:
    for id, place, gate, direction, at, person in orjson.loads(packed):
        yield Crossing(id, place, gate, direction, datetime.fromtimestamp(at, CHINA), bytes.fromhex(person))


def believable(crossing: Crossing, now: datetime, keep_days: int) -> bool:
    """Not older than what is kept, and not of a time that is yet to come (a gate's clock may be a little ahead)."""
    return now - timedelta(days=keep_days) < crossing.at < now + timedelta(minutes=5)
