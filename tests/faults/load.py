"""A steady load on a county: every request is due at its own time, whoever may be slow; each answer is kept."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests

Ask = Callable[[requests.Session], requests.Response]


@dataclass(frozen=True)
class Heard:
    """One answer; `status` 0 is a connection that broke. `at` and `took` in seconds, `at` from the start."""

    kind: str
    at: float
    took: float
    status: int
    code: str


class Load:
    """`with Load(kinds, rate) as load:` asks the kinds in turn until the block ends; then `heard` is complete."""

    def __init__(self, kinds: dict[str, Ask], rate: float, threads: int = 12) -> None:
        self._kinds = list(kinds.items())
        self._pause = 1 / rate
        self._lock = threading.Lock()
        self._number = 0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        self.heard: list[Heard] = []

    def __enter__(self) -> Load:
        self._start = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(40)

    @property
    def now(self) -> float:
        return time.monotonic() - self._start

    def _run(self) -> None:
        with requests.Session() as session:
            while True:
                with self._lock:
                    number, self._number = self._number, self._number + 1
                if self._ended.wait(max(0.0, number * self._pause - self.now)):
                    return
                self._ask(session, *self._kinds[number % len(self._kinds)])

    def _ask(self, session: requests.Session, kind: str, ask: Ask) -> None:
        at = self.now
        status, code = 0, "no answer"
        try:
            answer = ask(session)
            status = answer.status_code
            code = answer.json().get("code", "") if status >= 400 else ""
        except (requests.RequestException, ValueError):
            pass
        self.heard.append(Heard(kind, at, self.now - at, status, code))


def wrong(heard: Sequence[Heard], *good: int) -> Counter[tuple[str, int, str]]:
    """What was answered otherwise."""
    return told([each for each in unhurried(heard, "STORE_UNAVAILABLE") if each.status not in good])


def unhurried(heard: Sequence[Heard], code: str) -> Sequence[Heard]:
    """Without what a machine busy with other things is told, in this word: STORE_UNAVAILABLE for a commit that takes a
    second, OVERLOADED by a worker that is woken late. That much of it, 2 %, is not counted."""
    busy = [each for each in heard if each.code == code]
    return heard if len(busy) > 0.02 * len(heard) else [each for each in heard if each not in busy]


def told(heard: Sequence[Heard]) -> Counter[tuple[str, int, str]]:
    """How often what was answered, for a failure's text."""
    return Counter((each.kind, each.status, each.code) for each in heard)
