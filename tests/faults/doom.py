"""What befalls the processes of a filing drill: each is told at which point it will die or sleep, by a seeded plan.

`python -m tests.faults.doom` is a nursery: it has everything loaded, reads one line of JSON for each process it shall
fork, and writes its pid. A `clerk` places filings and writes the history; a `worker` is `hub work`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from hub.commands.processes import work_until
from hub.errors import Problem
from hub.filings.rules import Times
from tests.filings import stand

POINTS = ("accepted", "claimed", "connecting", "connected", "body_half", "body_done", "head_read", "parsed",
          "outcome_committed")  # fmt: skip
_STAGES = {"before_connect": "connecting", "head": "head_read"}
TIMES = Times(lease_s=2.0, call_s=1.0, margin_s=0.4)
KILL, PAUSE = signal.SIGKILL, signal.SIGSTOP


@dataclass(frozen=True)
class Doom:
    """At the `passing`th time at `point`, `signal`."""

    point: str
    passing: int
    signal: int


def plan(seed: int, kills: int, pauses: int) -> list[list[Doom]]:
    """One list for each process: it sleeps where it says, and dies at the last. Every point has its turn."""
    luck = Random(f"{seed}/plan")
    points = [*POINTS * (kills // len(POINTS)), *luck.sample(POINTS, kills % len(POINTS))]
    luck.shuffle(points)
    lives = [[Doom(point, luck.randint(2, 12), KILL)] for point in points]
    for number in range(pauses):
        life = lives[number % len(lives)]
        where = [point for point in POINTS if (point == "accepted") == (life[-1].point == "accepted")]
        life.insert(0, Doom(luck.choice(where), luck.randint(1, 6), PAUSE))
    return lives


class Fate:
    """Called with every point; writes down what it does before it does it."""

    def __init__(self, dooms: Sequence[Doom], log: Path) -> None:
        self._dooms, self._log, self._passed = list(dooms), log, 0
        self._lock = threading.Lock()

    def __call__(self, stage: str) -> None:
        point = _STAGES.get(stage, stage)
        with self._lock:
            if not self._dooms or self._dooms[0].point != point:
                return
            self._passed += 1
            if self._passed < self._dooms[0].passing:
                return
            doom = self._dooms.pop(0)
            self._passed = 0
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"{signal.Signals(doom.signal).name} {point}\n")
            os.kill(os.getpid(), doom.signal)


class DoomedHub(stand.Hub):
    """As the hub, with short leases."""

    filing_times = TIMES


def _hub(fate: Callable[[str], None]) -> stand.Hub:
    kind = type("Doomed", (DoomedHub,), {"filing_watch": staticmethod(fate)})
    hub: stand.Hub = kind.open(Path(os.environ["HUB_HOME"]), os.environ)
    return hub


def worker(_: Mapping[str, Any], fate: Fate) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    hub = _hub(fate)
    try:
        work_until(stop, hub)
    finally:
        hub.close()


def clerk(told: Mapping[str, Any], fate: Fate) -> None:
    """Places filings from `first` on, `per_second`, until it is told to end or there are `until`."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    hub = _hub(fate)
    systems, pause = told["systems"], 1 / told["per_second"]
    with Path(told["history"]).open("a", encoding="utf-8") as history:
        for number in range(told["first"], told["until"]):
            if stop.is_set():
                break
            receipt, system = f"XT{number:08d}", systems[number % len(systems)]
            line = {"receipt": receipt, "key": receipt, "system": system}
            history.write(json.dumps({"op": "invoke", **line}) + "\n")
            history.flush()
            try:
                with hub.database.session(5) as session:
                    hub.filings.place(session, stand.order(receipt, system, subject_tag=f"tag-{number}"))
            except Problem:  # PostgreSQL is away: whoever came was told so, and has no receipt
                time.sleep(0.5)
                continue
            fate("accepted")
            history.write(json.dumps({"op": "ok", **line}) + "\n")
            history.flush()
            time.sleep(pause)
    hub.close()


def nursery() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        told = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        os.setsid()
        os.dup2(2, 1)  # what it says is no answer of the nursery's
        fate = Fate([Doom(*each) for each in told["dooms"]], Path(told["log"]))
        code = 1
        try:
            {"worker": worker, "clerk": clerk}[told["as"]](told, fate)
            code = 0
        finally:
            os._exit(code)


if __name__ == "__main__":
    nursery()
