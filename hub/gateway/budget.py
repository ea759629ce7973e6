"""How often one person may call one service in a minute, or everybody one system. It never counts rows in PostgreSQL.

All workers count together in Redis. The first quarter of a budget costs no trip: a worker gives it out by itself and
tells Redis behind the citizen's back, many in one trip. Beyond it every call is counted at once, so that four workers
never give out more than the budget. While Redis is away the quarter is all there is. No library is used: those found
count each call in a trip of its own, which cost more than all the other guards together.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from redis import Redis

from hub.clock import Clock
from hub.gateway.redis_line import Away, RedisLine
from hub.gateway.window import Window

_SHARE_ALONE = 4
_MINUTE_S = 60.0
_TELL_S = 0.1
_KNOWN = 20_000
_KEEP_S = 130  # a minute and the one before it
# The minute before counts by how much of it still lies within the last sixty seconds.
_SPEND = """
local now = redis.call('incrby', KEYS[1], ARGV[3])
redis.call('expire', KEYS[1], ARGV[4])
local before = tonumber(redis.call('get', KEYS[2]) or '0')
if math.ceil(before * tonumber(ARGV[2])) + now + 1 <= tonumber(ARGV[1]) then
  redis.call('incr', KEYS[1])
  return {1, before, now}
end
return {0, before, now}
"""


class Budget:
    """One for the process. `start` lets it tell Redis what it gave out by itself."""

    def __init__(self, line: RedisLine, clock: Clock) -> None:
        self._line = line
        self._clock = clock
        self._spend = line.client.register_script(_SPEND)
        self._alone: OrderedDict[str, Window] = OrderedDict()
        self._owed: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="budgets", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread.ident:
            self._thread.join(2)

    def wait_s(self, per_minute: int, purpose: str, whose: str) -> int:
        """Spends one call. 0 when it was free; else the seconds until the next one is. A limit of 0 is none."""
        if per_minute <= 0:
            return 0
        name = f"hub:budget:{purpose}:{whose}"
        if self._give_alone(name, max(1, per_minute // _SHARE_ALONE)):
            return 0
        return self._ask(name, per_minute)

    def left(self, per_minute: int, purpose: str, whose: str) -> int | None:
        """How many are left of the last sixty seconds, to see. None where there is no limit, or Redis does not say."""
        if per_minute <= 0:
            return None
        name = f"hub:budget:{purpose}:{whose}"
        minute, into = divmod(self._clock.now().timestamp(), _MINUTE_S)
        keys = [f"{name}:{int(minute)}", f"{name}:{int(minute) - 1}"]
        try:
            told: Any = self._line.ask(lambda redis: redis.mget(keys))
        except Away:
            return None
        now, before = (int(each or 0) for each in told)
        return max(0, per_minute - now - math.ceil(before * (1 - into / _MINUTE_S)))

    def tell(self) -> None:
        """Tell Redis what was given out alone. What it does not hear is lost: the budget is then a little larger."""
        with self._lock:
            owed, self._owed = self._owed, Counter()
        if owed:
            minute = int(self._clock.now().timestamp() // _MINUTE_S)
            with suppress(Away):
                self._line.ask(partial(_told, owed, minute))

    def _run(self) -> None:
        while not self._closed.wait(_TELL_S):
            self.tell()

    def _give_alone(self, name: str, quarter: int) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            window = self._alone.get(name)
            if window is None:
                window = self._alone[name] = Window(_MINUTE_S)
                if len(self._alone) > _KNOWN:
                    self._alone.popitem(last=False)
            if window.count(now)[0] >= quarter:
                return False
            window.add(now, marked=False)
            self._owed[name] += 1
            return True

    def _ask(self, name: str, per_minute: int) -> int:
        with self._lock:
            owed = self._owed.pop(name, 0)
        minute, into = divmod(self._clock.now().timestamp(), _MINUTE_S)
        keys = [f"{name}:{int(minute)}", f"{name}:{int(minute) - 1}"]
        arguments: list[str | int] = [per_minute, f"{1 - into / _MINUTE_S:.6f}", owed, _KEEP_S]
        try:
            free, before, now = self._line.ask(lambda _: self._spend(keys, arguments))
        except Away:
            return self._until_alone(name)
        return 0 if free else _wait_s(per_minute, before, now, into)

    def _until_alone(self, name: str) -> int:
        with self._lock:
            window = self._alone.get(name)
            oldest = window.oldest() if window else None
        left = _MINUTE_S if oldest is None else oldest + 1 + _MINUTE_S - self._clock.monotonic()
        return min(60, max(1, math.ceil(left)))


def _told(owed: Mapping[str, int], minute: int, redis: Redis) -> None:
    with redis.pipeline(transaction=False) as line:
        for name, count in owed.items():
            line.incrby(f"{name}:{minute}", count)
            line.expire(f"{name}:{minute}", _KEEP_S)
        line.execute()


def _wait_s(per_minute: int, before: int, now: int, into: float) -> int:
    """Seconds until one more is free, when nobody spends any meanwhile."""
    room = per_minute - 1 - now
    if room >= 0 and before:
        free_at = _MINUTE_S * (1 - room / before)
    else:  # only when this minute is the one before will it count for less
        free_at = _MINUTE_S * (2 - (per_minute - 1) / now) if now else _MINUTE_S
    return min(60, max(1, math.ceil(free_at - into)))
