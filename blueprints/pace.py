"""How many requests a worker takes on at once: fewer than configured while its processor cannot keep up.

Requests that wait for a department cost nothing and may be many; those that wait for the processor only make each
other slow, and the refusals too. A pulse measures how late a thread gets its turn and narrows the door by it. It beats
only under load.
"""

from __future__ import annotations

import threading
import time

_FLOOR = 32  # so many are always taken on
_CEILING = 1024.0
_BEAT_S = 0.01
_LATE_S = 0.003
_BUSY = 0.6  # of one processor; late without that is somebody else's work, and refusing would help nobody
_NARROWER, _WIDER = 0.95, 4.0
_WEIGHT = 0.2
_REST_S = 5.0


class Pace:
    """One for a worker."""

    def __init__(self) -> None:
        self._limit = _CEILING
        self._late = self._busy = 0.0
        self._busy_at = 0.0
        self._beating = False
        self._lock = threading.Lock()

    def admits(self, inside: int, most: int) -> bool:
        """Whether one more may come in where `inside` are at work and `most` are configured."""
        if inside < _FLOOR:
            return inside < most
        self._busy_at = time.monotonic()
        if not self._beating:
            self._begin()
        return inside < min(most, self._limit)

    def _begin(self) -> None:
        with self._lock:
            if not self._beating:
                self._beating = True
                threading.Thread(target=self._beat, name="pace", daemon=True).start()

    def _beat(self) -> None:
        while time.monotonic() - self._busy_at < _REST_S:
            before, spent = time.monotonic(), time.process_time()
            time.sleep(_BEAT_S)
            took = time.monotonic() - before
            self.learn(took - _BEAT_S, (time.process_time() - spent) / took)
        self._limit, self._late, self._busy, self._beating = _CEILING, 0.0, 0.0, False

    def learn(self, late: float, busy: float) -> None:
        """A thread got its turn so many seconds late, and meanwhile this process used such a share of a processor."""
        self._late += (late - self._late) * _WEIGHT
        self._busy += (busy - self._busy) * _WEIGHT
        if self._late > _LATE_S and self._busy > _BUSY:
            self._limit = max(_FLOOR, self._limit * _NARROWER)
        elif self._late < _LATE_S / 2:
            self._limit = min(_CEILING, self._limit + _WIDER)
