"""How many threads one system may hold. Entering never waits: a full compartment refuses at once.

The bulkhead is the control that keeps a sick department from harming the others; time limit and breaker only help its
own callers (reliability.md 2-1).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from itertools import count

_SHARE_OF_ONE = 0.25
# Above this share of the worker's threads a system that keeps its callers waiting gets its narrow cap only: with half
# of the systems hanging at least half of the threads stay for the others (F2), and many busy ones that answer may
# fill the worker all the same.
_CROWDED = 0.4
_NARROW = 2
_SLOW_S = 0.5


class Bulkhead:
    """Counts the calls in flight of this worker by system. `threads` is how many requests the worker serves at once."""

    def __init__(self, threads: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = max(_NARROW, int(threads * _SHARE_OF_ONE))
        self._crowded = max(_NARROW, int(threads * _CROWDED))
        self._now = now
        self._lock = threading.Lock()
        self._inside: dict[str, dict[int, float]] = {}  # of each system its calls, the oldest first
        self._total = 0
        self._numbers = count(1)

    def enter(self, system: str, cap: int) -> int:
        """A ticket to leave with, 0 when the compartment is full."""
        with self._lock:
            calls = self._inside.setdefault(system, {})
            if len(calls) >= min(cap, self._allowed(calls)):
                return 0
            ticket = next(self._numbers)
            calls[ticket] = self._now()
            self._total += 1
            return ticket

    def leave(self, system: str, ticket: int) -> None:
        with self._lock:
            del self._inside[system][ticket]
            self._total -= 1

    @property
    def total(self) -> int:
        """How many calls of this worker are with a department: they hold a thread, and hardly the interpreter."""
        return self._total

    def in_flight(self) -> Mapping[str, int]:
        with self._lock:
            return {system: len(calls) for system, calls in self._inside.items()}

    def _allowed(self, calls: Mapping[int, float]) -> int:
        crowded = self._total >= self._crowded
        slow = crowded and calls and self._now() - next(iter(calls.values())) > _SLOW_S
        return _NARROW if slow else self._most
