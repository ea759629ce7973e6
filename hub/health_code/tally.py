"""How often a verifier did something in a day or a minute, counted over all workers. No trip to Redis for each: a
worker counts at once and tells Redis some times a second what it counted; the answer is what all did."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

from redis import Redis

from hub.clock import Clock
from hub.gateway.redis_line import Away, RedisLine

_TELL_S = 0.2
_KEEP_S = 2 * 86_400
_KNOWN = 20_000


class Tally:
    """One for the process. Redis away: each worker counts for itself."""

    def __init__(self, line: RedisLine, clock: Clock) -> None:
        self._line, self._clock = line, clock
        self._seen: dict[str, int] = {}
        self._owed: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gate-tally", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.ident:
            self._thread.join(2)
        self.tell()

    def day(self, whose: str, what: str, most: int) -> int:
        """Counts one. 0 while it is within the most of a day; else the seconds to the end of the day."""
        now = self._clock.now()
        if self._count(f"hub:gate:{what}:{whose}:{now.date()}") <= most:
            return 0
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return max(1, int((midnight - now).total_seconds()))

    def minute(self, whose: str, what: str, most: int) -> int:
        """The same for this minute."""
        now = self._clock.now()
        count = self._count(f"hub:gate:{what}:{whose}:{now.isoformat(timespec='minutes')}")
        return 60 - now.second if count > most else 0

    def tell(self) -> None:
        """What was counted goes to Redis, and what all counted comes back."""
        with self._lock:
            owed, self._owed = self._owed, Counter()
        if not owed:
            return
        try:
            totals = self._line.ask(lambda redis: _added(redis, owed))
        except Away:
            with self._lock:
                self._owed.update(owed)
            return
        with self._lock:
            for name, total in totals.items():
                self._seen[name] = max(self._seen.get(name, 0), total + self._owed[name])

    def _count(self, name: str) -> int:
        if name not in self._seen:
            self._first(name)
        with self._lock:
            self._seen[name] = count = self._seen.get(name, 0) + 1
            self._owed[name] += 1
        return count

    def _first(self, name: str) -> None:
        """A worker that has just begun must not begin at nothing."""
        try:
            known = int(self._line.ask(lambda redis: redis.get(name)) or 0)
        except Away:
            known = 0
        with self._lock:
            if len(self._seen) > _KNOWN:
                self._seen.clear()
            self._seen.setdefault(name, known)

    def _run(self) -> None:
        while not self._stopped.wait(_TELL_S):
            self.tell()


def _added(redis: Redis, owed: Counter[str]) -> dict[str, int]:
    with redis.pipeline(transaction=False) as pipeline:
        for name, count in owed.items():
            pipeline.incrby(name, count)
            pipeline.expire(name, _KEEP_S)
        told = pipeline.execute()
    return {name: int(total) for name, total in zip(owed, told[::2], strict=True)}
