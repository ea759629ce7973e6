"""What comes at the same time shares one statement and one commit: whoever comes first asks for all that wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Found = TypeVar("Found")

_GATHER_S = 0.001  # where several came at once just now, some more are coming: one statement costs the same for twenty


class _Place(Generic[Asked, Found]):
    """One caller who waits. Woken with `found`, with `failed`, or with `lane`: then it is the one who asks next."""

    __slots__ = ("asked", "failed", "found", "gate", "lane")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.found: list[Found] = []
        self.failed: Exception | None = None
        self.lane: Callable[[Sequence[Asked]], Sequence[Found]] | None = None
        self.gate = threading.Lock()
        self.gate.acquire()


class Looks(Generic[Asked, Found]):
    """A lane takes what several callers want and gives what each gets, in the same order; what it raises, all get.
    While one lane asks, the next gathers; one gathers at a time: nobody else takes away what it gathers."""

    def __init__(self, lanes: Sequence[Callable[[Sequence[Asked]], Sequence[Found]]], most: int = 64) -> None:
        self._idle, self._most = list(lanes), most
        self._lock = threading.Lock()
        self._waiting: list[_Place[Asked, Found]] = []
        self._gathering = False
        self._together = False

    def one(self, asked: Asked) -> Found:
        place: _Place[Asked, Found] = _Place(asked)
        with self._lock:
            self._waiting.append(place)
            if self._idle and not self._gathering:
                self._gathering, place.lane = True, self._idle.pop()
        if place.lane is None:
            place.gate.acquire()
        if place.lane is not None:
            self._lead(place.lane)
        if place.failed is not None:
            raise place.failed
        return place.found[0]

    def _lead(self, lane: Callable[[Sequence[Asked]], Sequence[Found]]) -> None:
        """Ask for all that wait, oneself among them; whoever came meanwhile and is first leads next."""
        if self._together:
            time.sleep(_GATHER_S)
        with self._lock:
            places, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            self._together = len(places) > 1
            following = self._next()
        if following is not None:
            following.gate.release()
        try:
            for place, found in zip(places, lane([each.asked for each in places]), strict=True):
                place.found = [found]
        except Exception as error:  # each caller has to hear of it
            for place in places:
                place.failed = error
        finally:
            with self._lock:
                self._idle.append(lane)
                following = None if self._gathering else self._next()
            for place in places:  # not each by the one before: the server's sender would be woken for every answer
                place.gate.release()
            if following is not None:
                following.gate.release()

    def _next(self) -> _Place[Asked, Found] | None:
        """Who gathers now, with the lane to ask on; the lock is held."""
        self._gathering = bool(self._waiting and self._idle)
        if not self._gathering:
            return None
        self._waiting[0].lane = self._idle.pop()
        return self._waiting[0]
