"""A crowd at a door: gates that scan at a steady rate, while many phones ask as fast as they are answered.

A phone that is told when to come back comes back then (`polite`), as the citizen's pages do, or asks again at once.
"""

from __future__ import annotations

import heapq
import re
import selectors
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.load import Question, Result, _at, _Connection

_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.I)


@dataclass
class Seen:
    """Milliseconds of scans by status, answers to phones by status, refusals that told no time."""

    seconds: float
    took: dict[int, list[float]] = field(default_factory=dict)
    phones: Counter[int] = field(default_factory=Counter)
    untold: int = 0

    @property
    def scans(self) -> Result:
        good = sorted(self.took.get(200, ()))
        counts = {status: len(times) for status, times in self.took.items()}
        return Result(len(good) / self.seconds, _at(good, 0.5), _at(good, 0.99), len(good), counts)


class _Phone(_Connection):
    """Keeps the head of its last answer, for the seconds in it."""

    head = b""

    def take(self) -> int:
        before = self.buffer
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError
        self.buffer = before + piece
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return 0
        length = re.search(rb"\r\ncontent-length: *(\d+)", self.buffer[: end + 2], re.I)
        if len(self.buffer) < end + 4 + (int(length[1]) if length else 0):
            return 0
        self.head, self.buffer = self.buffer[: end + 2], b""
        return int(self.head[9:12])


class Crowd:
    """One run. Scans are due at fixed times, and their time counts from there."""

    def __init__(self, scans: Sequence[Question], rate: float, asked: Sequence[Question], phones: int, polite: bool):
        self._scans, self._rate, self._polite = scans, rate, polite
        self._selector = selectors.DefaultSelector()
        self._free: list[deque[_Connection]] = [deque() for _ in scans]
        self._later: list[tuple[float, int, _Phone]] = []
        self._phones = [_Phone(asked[number % len(asked)]) for number in range(phones)]

    def run(self, seconds: float) -> Seen:
        seen, start, sent = Seen(seconds), time.perf_counter(), 0
        for number, phone in enumerate(self._phones):  # they come within the first half second
            heapq.heappush(self._later, (start + number / len(self._phones) / 2, number, phone))
        while (now := time.perf_counter()) < start + seconds:
            while sent < (now - start) * self._rate:
                self._scan(sent, start + sent / self._rate)
                sent += 1
            while self._later and self._later[0][0] <= now:
                self._ask(heapq.heappop(self._later)[2])
            for key, _ in self._selector.select(0.002):
                self._hear(key, seen)
        self._wait_for_scans(seen, start + seconds + 8)
        return seen

    def _scan(self, number: int, due: float) -> None:
        at = number % len(self._scans)
        connection = self._free[at].popleft() if self._free[at] else _Connection(self._scans[at])
        connection.ask()
        connection.sent_at = due
        self._selector.register(connection.socket, selectors.EVENT_READ, (at, connection))

    def _ask(self, phone: _Phone) -> None:
        phone.ask()
        self._selector.register(phone.socket, selectors.EVENT_READ, (-1, phone))

    def _hear(self, key: selectors.SelectorKey, seen: Seen) -> None:
        at, connection = key.data
        try:
            status = connection.take()
        except OSError:
            status = 599
        if not status:
            return
        self._selector.unregister(connection.socket)
        if at >= 0:
            seen.took.setdefault(status, []).append((time.perf_counter() - connection.sent_at) * 1e3)
            if status != 599:
                self._free[at].append(connection)
            return
        seen.phones[status] += 1
        if status != 599:
            heapq.heappush(self._later, (self._again(connection, status, seen), id(connection), connection))

    def _again(self, phone: _Phone, status: int, seen: Seen) -> float:
        told = _AFTER.search(phone.head) if status in (429, 503) else None
        seen.untold += status in (429, 503) and told is None
        return time.perf_counter() + (int(told[1]) if told and self._polite else 0)

    def _wait_for_scans(self, seen: Seen, until: float) -> None:
        """What was due is answered, or counts as lost."""
        while time.perf_counter() < until:
            waiting = [key for key in self._selector.get_map().values() if key.data[0] >= 0]
            if not waiting:
                break
            for key, _ in self._selector.select(0.05):
                self._hear(key, seen)
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            if key.data[0] >= 0:
                seen.took.setdefault(599, []).append(8000.0)
        for phone in self._phones:
            phone.socket.close()
        for connections in self._free:
            for connection in connections:
                connection.socket.close()
