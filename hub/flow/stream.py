"""The stream in Redis between the gates and the tables: many small hand-ins become few large writes.

An entry leaves the stream only when PostgreSQL has it. Where Redis does not answer, the caller writes itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from hub.flow.events import Crossing, pack, unpack
from hub.gateway.redis_line import RedisLine

STREAM, _GROUP = "hub:flow:crossings", "flow"
_DEAD_MS = 30_000
_IN_ONE = 200


@dataclass(frozen=True, slots=True)
class Batch:
    entries: tuple[bytes, ...]
    crossings: tuple[Crossing, ...]


class Stream:
    """Raises Away when Redis does not answer."""

    def __init__(self, line: RedisLine) -> None:
        self._line = line
        self._me = secrets.token_hex(8)

    def add(self, crossings: Sequence[Crossing]) -> None:
        """All or none of them, in one trip; few enough in an entry that a full hand of entries is one write."""

        def put(redis: Redis) -> None:
            with redis.pipeline(transaction=True) as pipe:
                for first in range(0, len(crossings), _IN_ONE):
                    pipe.xadd(STREAM, {"e": pack(crossings[first : first + _IN_ONE])})
                pipe.execute()

        self._line.ask(put)

    def left_behind(self, at_once: bool = False) -> Batch:
        """What another took and never finished, because it was killed; at a start without waiting for its time."""
        idle = 0 if at_once else _DEAD_MS
        claimed = self._line.ask(
            lambda redis: self._grouped(redis).xautoclaim(STREAM, _GROUP, self._me, idle, count=200)
        )
        return _batch(claimed[1])

    def take(self, entries: int = 200) -> Batch:
        """What nobody has yet; empty when there is nothing."""
        found = self._line.ask(
            lambda redis: self._grouped(redis).xreadgroup(_GROUP, self._me, {STREAM: ">"}, count=entries)
        )
        return _batch(next(iter(_streams(found)), []))

    def done(self, batch: Batch) -> None:
        """PostgreSQL has them."""

        def forget(redis: Redis) -> None:
            with redis.pipeline(transaction=True) as pipe:
                pipe.xack(STREAM, _GROUP, *batch.entries)
                pipe.xdel(STREAM, *batch.entries)
                pipe.execute()

        if batch.entries:
            self._line.ask(forget)

    def waiting(self) -> int:
        """How many entries are not in the tables yet."""
        return int(self._line.ask(lambda redis: redis.xlen(STREAM)))

    def _grouped(self, redis: Redis) -> Redis:
        """Made each time: a Redis that came back empty has no group either."""
        try:
            redis.xgroup_create(STREAM, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        return redis


def _streams(found: Any) -> list[Any]:
    """The two shapes of the client's answer, by protocol version, as lists of entries."""
    if isinstance(found, dict):
        return [entries[0] if entries else [] for entries in found.values()]
    return [entries for _, entries in found or ()]


def _batch(entries: Any) -> Batch:
    kept = [(id, told) for id, told in entries if told]
    crossings = [crossing for _, told in kept for crossing in unpack(told[b"e"])]
    return Batch(tuple(id for id, _ in entries), tuple(crossings))
