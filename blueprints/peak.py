"""Peak mode: which requests a late worker refuses first, and when they are to come again. The door asks here.

History, pictures and statistics go first, then whatever can wait; codes, gates and operators only when nothing is left.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.settings.shapes import Hub

ESSENTIAL, ORDINARY, FIRST = range(3)
CROWD = 8
"""With fewer inside nobody is refused, however late it is: then the machine is slow, not the worker full."""
_TICK_S, _LOOKS, _QUIET_S = 0.02, 3, 5.0
_LEAST = 12
_WAIT_S = (1, 2, 30)  # at least, by class; each is told up to so much more, or all would come back at once
_MORE_S = (1, 6, 30)

# By path, because the door stands before the routes. Pages are what a code is shown on, /ops/v1 is who can help.
_CAN_WAIT = ("/api/", "/docs", "/openapi.json")
_ESSENTIAL = frozenset({
    "/api/v1/health-code", "/api/v1/health-code/signed-form", "/api/v1/sessions", "/api/v1/sessions/refresh",
    "/api/v1/recognitions", "/api/v1/verifications",
})  # fmt: skip
_GATES = "/api/v1/gate/"
_FIRST = frozenset({
    "/openapi.json", "/api/v1/cases", "/api/v1/health-code/history", "/api/v1/data/statistics", "/api/v1/me/data",
    "/api/v1/me/materials", "/api/v1/desk/load", "/api/v1/desk/ratings",
})  # fmt: skip
_FIRST_UNDER = ("/api/v1/me/access-log", "/api/v1/flow/", "/api/v1/ledger/", "/docs")
_FIRST_END = ("/file", "/log", "/checks")


def order(path: str) -> int:
    """The class of a path; what of the API is named nowhere is ordinary."""
    if path in _ESSENTIAL or path.startswith(_GATES) or not path.startswith(_CAN_WAIT):
        return ESSENTIAL
    return FIRST if path in _FIRST or path.startswith(_FIRST_UNDER) or path.endswith(_FIRST_END) else ORDINARY


class Peak:
    """How many requests at once this worker has room for: fewer while it is late, more again while it is not.

    It is late when a thread that only sleeps is woken late: then all others wait for the interpreter as long. Requests
    that wait for a department, or for the rest of their body, make nobody late and take no room: `waiting` counts them.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self.room = float("inf")
        self._inside = 0
        self._lock = threading.Lock()
        self._late: deque[float] = deque(maxlen=_LOOKS)
        self._pulse: threading.Thread | None = None

    def enter(self, path: str, settings: Hub, trace_id: str) -> int:
        """0: come in, and `leave` afterwards. Else after how many seconds this request is to come again."""
        with self._lock:
            if self._inside < CROWD and self._inside < settings.max_in_flight and settings.peak.mode != "always":
                self._inside += 1
                return 0
            which = order(path)
            if self._inside < self._room_for(which, settings):
                self._inside += 1
                return 0
        return _WAIT_S[which] + int(trace_id[-2:], 16) % (_MORE_S[which] + 1)

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1

    def _room_for(self, which: int, settings: Hub) -> float:
        most, mode = settings.max_in_flight, settings.peak.mode
        if mode == "never":
            return most
        if self._inside >= CROWD:
            self._watch(settings)
        if which == ESSENTIAL:
            return most + most // 8
        room = min(most, self.room + self._waiting())
        return room if which == ORDINARY else 0 if mode == "always" else room // 2

    def felt(self, late: float, bearable: float, most: int) -> None:
        """One look at how late (seconds) the worker is. Two of three decide: one pause of the machine is no peak."""
        self._late.append(late)
        usual = median(self._late) if len(self._late) == _LOOKS else 0.0
        if usual > bearable:
            room = min(self.room, self._inside - self._waiting())
            self.room = max(_LEAST, room * (0.5 if usual > 4 * bearable else 0.8))
        elif self.room < most:
            self.room = self.room * 1.02 + 0.2
        else:
            self.room = float("inf")

    def _watch(self, settings: Hub) -> None:
        if self._pulse is None or not self._pulse.is_alive():
            self._pulse = threading.Thread(target=self._run, args=(settings,), name="pulse", daemon=True)
            self._pulse.start()

    def _run(self, settings: Hub) -> None:
        """While there is a crowd, and until the room is whole again."""
        bearable, most, crowded = settings.peak.late_ms / 1000, settings.max_in_flight, time.monotonic()
        while True:
            slept = time.monotonic()
            time.sleep(_TICK_S)
            now = time.monotonic()
            self.felt(now - slept - _TICK_S, bearable, most)
            if self._inside >= CROWD:
                crowded = now
            elif now - crowded > _QUIET_S and self.room == float("inf"):
                return
