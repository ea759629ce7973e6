"""The line to Redis: short time limit, no retry, and its own guard, so that a dead or hung Redis costs nearly nothing.

Whatever Redis holds may be lost: everyone who asks has something to do when `Away` is raised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

T = TypeVar("T")

_TIME_LIMIT_S = 0.2
# When Redis hangs, at most four requests of a worker wait out the time limit; the rest wait 20 ms (F17).
_AT_ONCE = 4
_WAIT_S = 0.02
_LOOK_AGAIN_S = 0.5


class Away(Exception):
    """Redis did not answer, or is known not to."""


def connect(url: str) -> Redis:
    """A client tuned for a store that may vanish. The client's own defaults (5 s and a retry) cost 3.9 s per call."""
    pool = ConnectionPool.from_url(
        url,
        max_connections=16,
        socket_timeout=_TIME_LIMIT_S,
        socket_connect_timeout=_TIME_LIMIT_S,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        health_check_interval=0,
    )
    return Redis(connection_pool=pool)


class RedisLine:
    """Asks Redis while it answers. After one failure nobody asks until a background PING gets through."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._state = threading.Lock()
        self._away = False
        self._closed = threading.Event()
        self._log = structlog.get_logger()

    @property
    def away(self) -> bool:
        return self._away

    def ask(self, question: Callable[[Redis], T]) -> T:
        if self._away or not self._slots.acquire(timeout=_WAIT_S):
            raise Away
        try:
            return question(self.client)
        except (RedisError, OSError) as error:
            self._lost(error)
            raise Away from error
        finally:
            self._slots.release()

    def close(self) -> None:
        self._closed.set()
        self.client.close()

    def _lost(self, error: Exception) -> None:
        with self._state:
            if self._away or self._closed.is_set():
                return
            self._away = True
        # A read-only ex-master answers well on its old connections: drop them (F18).
        self.client.connection_pool.disconnect(inuse_connections=False)
        self._log.warning("redis_away", error=type(error).__name__)
        threading.Thread(target=self._watch, name="redis-watch", daemon=True).start()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK_AGAIN_S):
            try:
                # A write, because a read-only replica answers PING.
                self.client.set("hub:line", b"1", ex=60)
            except (RedisError, OSError):
                self.client.connection_pool.disconnect(inuse_connections=False)
                continue
            self._log.info("redis_back")
            self._away = False
            return
