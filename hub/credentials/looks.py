"""Checks that come at the same time share one statement and one commit: whoever comes first asks for all that wait."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Found = TypeVar("Found")

_GATHER_S = 0.004  # where several came at once just now, some more are coming: one statement costs the same for twenty


class _Place(Generic[Asked, Found]):
    """One caller who waits. Woken with `found`, with `failed`, or with neither: then it is the one who asks next."""

    __slots__ = ("asked", "failed", "following", "found", "gate")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.found: list[Found] = []
        self.failed: Exception | None = None
        self.following: _Place[Asked, Found] | None = None  # each wakes the next: all at once would fight for the GIL
        self.gate = threading.Lock()
        self.gate.acquire()


class Looks(Generic[Asked, Found]):
    """`ask` takes what several callers want and gives what each gets, in the same order; what it raises, all get."""

    def __init__(self, ask: Callable[[Sequence[Asked]], Sequence[Found]], most: int = 64) -> None:
        self._ask, self._most = ask, most
        self._lock = threading.Lock()
        self._waiting: list[_Place[Asked, Found]] = []
        self._busy = False
        self._together = False

    def one(self, asked: Asked) -> Found:
        place = _Place[Asked, Found](asked)
        with self._lock:
            self._waiting.append(place)
            waits, self._busy = self._busy, True
        if waits:
            place.gate.acquire()
        if not place.found and place.failed is None:
            self._lead()
        if place.following is not None:
            place.following.gate.release()
        if place.failed is not None:
            raise place.failed
        return place.found[0]

    def _lead(self) -> None:
        """Ask for all that wait, oneself among them; whoever came meanwhile and is first leads next."""
        if self._together:
            time.sleep(_GATHER_S)
        with self._lock:
            places, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            for place, found in zip(places, self._ask([each.asked for each in places]), strict=True):
                place.found = [found]
        except Exception as error:  # each caller has to hear of it
            for place in places:
                place.failed = error
        finally:
            with self._lock:
                self._together = len(places) > 1
                self._busy = bool(self._waiting)
                following = self._waiting[:1]
            for before, after in itertools.pairwise(places):
                before.following = after
            for place in (*places[:1], *following):
                place.gate.release()
