"""hub.port.Shared over Redis: what one system's adapter shares between workers (tokens, cookies), sealed.

Every value is also kept in this process, sealed, and used while Redis is away; each worker then logs in by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import uuid4

from redis import Redis

from hub.crypto import Crypto
from hub.errors import Problem
from hub.gateway.redis_line import Away, RedisLine
from hub.port import Unavailable

_POLL_S = 0.03
_KEPT_HERE = 1000
_PURPOSE = "gateway.shared"
# Deletes the lock only if it is still ours: it may have run out and belong to another worker by now.
_UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


@dataclass(slots=True)
class _Lock:
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class SharedStore:
    """One for the process. `for_system` gives each system its own drawer; it cannot see another's."""

    def __init__(self, line: RedisLine, crypto: Crypto) -> None:
        self.line = line
        self.crypto = crypto
        self.own: dict[str, tuple[float, bytes]] = {}
        self._locks: dict[str, _Lock] = {}
        self._guard = threading.Lock()

    def for_system(self, system: str) -> SystemStore:
        return SystemStore(self, system)

    def keep(self, name: str, expires_at: float, sealed: bytes) -> None:
        if len(self.own) >= _KEPT_HERE:
            now = time.monotonic()
            self.own = {key: value for key, value in self.own.items() if value[0] > now}
        self.own[name] = (expires_at, sealed)

    @contextmanager
    def lock_here(self, name: str, deadline: float) -> Iterator[None]:
        """Alone among the threads of this process."""
        with self._guard:
            entry = self._locks.setdefault(name, _Lock())
            entry.users += 1
        try:
            if not entry.lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise Unavailable("another thread held the lock until the deadline")
            try:
                yield
            finally:
                entry.lock.release()
        finally:
            with self._guard:
                entry.users -= 1
                if not entry.users:
                    del self._locks[name]


class SystemStore:
    """The drawer of one system: hub.port.Shared."""

    def __init__(self, store: SharedStore, system: str) -> None:
        self._store = store
        self._system = system

    def get(self, key: str) -> bytes | None:
        name = self._name(key)
        try:
            sealed = self._store.line.ask(lambda redis: redis.get(name))
        except Away:
            expires_at, kept = self._store.own.get(name, (0.0, b""))
            sealed = kept if expires_at > time.monotonic() else None
        return self._opened(sealed, name) if isinstance(sealed, bytes) else None

    def put(self, key: str, value: bytes, seconds: float) -> None:
        name = self._name(key)
        sealed = self._store.crypto.seal(value, f"{_PURPOSE}:{name}")
        self._store.keep(name, time.monotonic() + seconds, sealed)
        self._try(lambda redis: redis.set(name, sealed, px=max(1, int(seconds * 1000))))

    def delete(self, key: str) -> None:
        name = self._name(key)
        self._store.own.pop(name, None)
        self._try(lambda redis: redis.delete(name))

    @contextmanager
    def lock(self, key: str, deadline: float) -> Iterator[None]:
        """Threads of this worker queue here, so that only one of them asks Redis; without Redis that queue is all."""
        name = self._name(key) + ":lock"
        with self._store.lock_here(name, deadline):
            token = uuid4().bytes
            held = self._hold(name, token, deadline)
            try:
                yield
            finally:
                if held:
                    self._try(lambda redis: redis.eval(_UNLOCK, 1, name, token))

    def _hold(self, name: str, token: bytes, deadline: float) -> bool:
        while (left := deadline - time.monotonic()) > 0:
            try:
                if self._take(name, token, left):
                    return True
            except Away:
                if self._store.line.away:
                    return False  # no Redis: the queue of this process is all there is
                # only its slots were taken for a moment: without the lock another worker could be in too
            time.sleep(min(_POLL_S, left))
        raise Unavailable("another worker held the lock until the deadline")

    def _take(self, name: str, token: bytes, left: float) -> bool:
        # It outlives the deadline a little, and no more: its holder may have been killed.
        milliseconds = int(left * 1000) + 500
        return bool(self._store.line.ask(lambda redis: redis.set(name, token, nx=True, px=milliseconds)))

    def _name(self, key: str) -> str:
        # The key may hold an account's name: Redis sees a keyed hash of it.
        return f"hub:shared:{self._system}:{self._store.crypto.lookup(f'{self._system}:{key}', _PURPOSE).hex()[:32]}"

    def _opened(self, sealed: bytes, name: str) -> bytes | None:
        try:
            return self._store.crypto.open(sealed, f"{_PURPOSE}:{name}")
        except Problem:
            return None  # sealed under a key that is gone: as good as lost

    def _try(self, question: Callable[[Redis], object]) -> None:
        with suppress(Away):
            self._store.line.ask(question)
