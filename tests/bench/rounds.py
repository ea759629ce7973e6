"""Rounds: the sides of a comparison take turns, so that both see the same machine; the best round of each counts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from tests.bench.load import Result
from tests.bench.processes import cpu_seconds


@dataclass(frozen=True)
class Timing:
    """Seconds of one round, seconds of load before the first, and how many rounds."""

    seconds: float
    warm: float
    rounds: int


@dataclass(frozen=True)
class Side:
    """A server and what loads it for so many seconds."""

    process: psutil.Process
    load: Callable[[float], Result]


@dataclass(frozen=True)
class Best:
    """The best round of a side. `cpu_us` is its server's processor time for one request; `refused` the share of
    requests of all rounds that got no 200."""

    result: Result
    cpu_us: float
    refused: float


def compared(sides: Mapping[str, Side], timing: Timing) -> tuple[dict[str, Best], float]:
    """The best of each side, and the share of the machine that strangers used meanwhile."""
    for side in sides.values():
        side.load(timing.warm)
    found: dict[str, list[Best]] = {name: [] for name in sides}
    with Strangers() as strangers:
        for _ in range(timing.rounds):
            for name, side in sides.items():
                before = cpu_seconds(side.process)
                result = side.load(timing.seconds)
                spent = cpu_seconds(side.process) - before
                refused = 1 - result.statuses.get(200, 0) / max(1, result.count)
                found[name].append(Best(result, spent / max(1, result.count) * 1e6, refused))
    return {name: _best(rounds) for name, rounds in found.items()}, strangers.share


def _best(rounds: list[Best]) -> Best:
    best = max(rounds, key=lambda each: each.result.rate)
    return Best(best.result, best.cpu_us, max(each.refused for each in rounds))


class Strangers:
    """How much of the machine's processor time went to processes that are not ours."""

    share = float("nan")

    def __enter__(self) -> Strangers:
        self._since, self._all, self._ours = time.monotonic(), _busy(), _ours()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = (time.monotonic() - self._since) * (os.cpu_count() or 1)
        self.share = max(0.0, (_busy() - self._all) - (_ours() - self._ours)) / seconds


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0) - getattr(times, "guest", 0))


def _ours() -> float:
    here = psutil.Process()
    mine = here.cpu_times()
    ended = mine.children_user + mine.children_system
    return ended + cpu_seconds(here)
