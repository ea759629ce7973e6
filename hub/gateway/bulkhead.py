"""How many threads one system may hold. Entering never waits: a full compartment refuses at once.

The bulkhead is the control that keeps a sick department from harming the others; time limit and breaker only help its
own callers (reliability.md 2-1).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

_SHARE_OF_ONE = 0.25
# Above this share of the worker's threads each system gets its narrow cap only, so that with half of the systems
# hanging at least half of the threads stay for the others (F2).
_CROWDED = 0.4
_NARROW = 2


class Bulkhead:
    """Counts the calls in flight of this worker by system. `threads` is how many requests the worker serves at once."""

    def __init__(self, threads: int) -> None:
        self._most = max(_NARROW, int(threads * _SHARE_OF_ONE))
        self._crowded = max(_NARROW, int(threads * _CROWDED))
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()
        self._total = 0

    def enter(self, system: str, cap: int) -> bool:
        with self._lock:
            allowed = min(cap, self._most if self._total < self._crowded else _NARROW)
            if self._inside[system] >= allowed:
                return False
            self._inside[system] += 1
            self._total += 1
            return True

    def leave(self, system: str) -> None:
        with self._lock:
            self._inside[system] -= 1
            self._total -= 1

    def in_flight(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._inside)
