"""What the workers tell each other about a system, through Redis: it is well again. Advice only: each worker closes its
own breaker, by its own probes; with Redis gone nobody is told, and each finds out for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import uuid4

from hub.gateway.redis_line import Away, RedisLine

_KEPT_S = 600


class Advice:
    """Used by the watch alone, never while a caller waits. No clocks are compared: a word that was not there when we
    first asked is a new one."""

    def __init__(self, line: RedisLine) -> None:
        self._line = line
        self._seen: dict[str, bytes | None] = {}

    def tell(self, system: str) -> None:
        self._seen.pop(system, None)  # our own word is no news to us
        with suppress(Away):
            self._line.ask(lambda redis: redis.set(_name(system), uuid4().bytes, ex=_KEPT_S))

    def heard(self, systems: Sequence[str]) -> list[str]:
        """Which of these, all that are out here, another worker has found well since we first asked about them."""
        if not systems:
            self._seen = {}
            return []
        try:
            words = self._line.ask(lambda redis: redis.mget([_name(system) for system in systems]))
        except Away:
            return []
        before, self._seen = self._seen, dict(zip(systems, words, strict=True))  # type: ignore[arg-type]
        return [each for each, word in self._seen.items() if word and each in before and before[each] != word]


def _name(system: str) -> str:
    return f"hub:well:{system}"
