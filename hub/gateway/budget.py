"""How often one person may call one service in a minute. Counted in Redis by all workers together, in one trip; while
Redis is away each worker counts a quarter by itself. It never counts rows in PostgreSQL (F41).
"""

from __future__ import annotations

import math

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from hub.clock import Clock
from hub.gateway.redis_line import Away, RedisLine

_SHARE_WHEN_ALONE = 4


class Budget:
    def __init__(self, line: RedisLine, clock: Clock) -> None:
        # The address is not used: the storage speaks over the line's own connections.
        shared = RedisStorage("redis://", connection_pool=line.client.connection_pool, key_prefix="hub:budget")
        self._shared = MovingWindowRateLimiter(shared)
        self._alone = MovingWindowRateLimiter(MemoryStorage())
        self._line = line
        self._clock = clock
        self._items: dict[int, RateLimitItemPerMinute] = {}

    def wait_s(self, per_minute: int, purpose: str, whose: str) -> int:
        """Spends one call. 0 when it was free; else the seconds until the next one is. A limit of 0 is none."""
        if per_minute <= 0:
            return 0
        item = self._item(per_minute)
        try:
            if self._line.ask(lambda _: self._shared.hit(item, purpose, whose)):
                return 0
            free_at = self._line.ask(lambda _: self._shared.get_window_stats(item, purpose, whose).reset_time)
        except Away:
            # Busy for a moment is not away: then this worker alone holds the person to the whole budget.
            item = self._item(max(1, per_minute // _SHARE_WHEN_ALONE) if self._line.away else per_minute)
            if self._alone.hit(item, purpose, whose):
                return 0
            free_at = self._alone.get_window_stats(item, purpose, whose).reset_time
        return min(60, max(1, math.ceil(free_at - self._clock.now().timestamp())))

    def _item(self, per_minute: int) -> RateLimitItemPerMinute:
        return self._items.setdefault(per_minute, RateLimitItemPerMinute(per_minute))
