"""A filing drill: clerks place, workers file, both die and sleep by plan, departments drop answers and show late."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil
import requests
from sqlalchemy import create_engine, text

from tests.county import ROOT
from tests.faults import doom, history
from tests.faults.doom import Doom
from tests.faults.history import Verdict

SYSTEMS = ("wide", "wide", "wide", "register", "silent")
TOXICS: Mapping[str, Any] = {"accept_then_drop": 0.05, "late_visible_ms": 900}
_WORKERS, _LEFT_S = 2, 240


@dataclass
class _Process:
    pid: int
    kind: str
    stopped_at: float | None = None
    wakes_after: float = 0.0

    @property
    def status(self) -> str:
        try:
            return str(psutil.Process(self.pid).status())
        except psutil.NoSuchProcess:
            return psutil.STATUS_DEAD


@dataclass
class Report:
    verdict: Verdict
    befell: Counter[str]
    states: Counter[str]
    seconds: float
    seed: int

    def __str__(self) -> str:
        counted = asdict(self.verdict)
        found = {name: value if isinstance(value, int) else len(value) for name, value in counted.items()}
        return f"seed {self.seed}: {found}, {dict(self.states)}, {self.seconds:.0f} s, {dict(self.befell)}"


@dataclass
class Drill:
    """`folder` holds the hub's configuration (tests/filings/stand.py) and takes the logs; `environ` is a hub's."""

    folder: Path
    environ: Mapping[str, str]
    twin: str
    seed: int
    submissions: int
    kills: int
    pauses: int
    per_second: float = 60.0
    toxics: Mapping[str, Any] = field(default_factory=lambda: TOXICS)
    blows: Sequence[Callable[[], None]] = ()  # one after the other, evenly over the time of placing

    def run(self) -> Report:
        """Until every process has met its end, everything is placed, and nothing waits any more."""
        began = time.monotonic()
        lives = doom.plan(self.seed, self.kills, self.pauses)
        self._clerks = [life for life in lives if life[-1].point == "accepted"]
        self._workers = [life for life in lives if life[-1].point != "accepted"]
        self._struck = self._read_to = self._invoked = 0
        self._luck, self._alive = Random(f"{self.seed}/wake"), []
        self._end_s = began + 6 * self.submissions / self.per_second + 15 * (self.kills + self.pauses) + 60
        requests.put(f"{self.twin}/twin/toxics", json=dict(self.toxics), timeout=30).raise_for_status()
        with self._nursery() as self._nurse:
            try:
                while self._going():
                    time.sleep(0.1)
                requests.delete(f"{self.twin}/twin/toxics", timeout=30)
                self._wait_for_rest()
            finally:
                self._end()
        return self._report(time.monotonic() - began)

    @contextlib.contextmanager
    def _nursery(self) -> Any:
        with (self.folder / "drill.log").open("ab") as log:
            nurse = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.doom"], cwd=ROOT, env=dict(self.environ),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        try:
            yield nurse
        finally:
            nurse.kill()
            nurse.wait(60)

    def _bear(self, kind: str, life: list[Doom], **more: Any) -> None:
        told = {"as": kind, "dooms": [[each.point, each.passing, each.signal] for each in life],
                "log": str(self.folder / "befell"), **more}  # fmt: skip
        self._nurse.stdin.write(json.dumps(told) + "\n")
        self._nurse.stdin.flush()
        self._alive.append(_Process(int(self._nurse.stdout.readline()), kind))

    def _going(self) -> bool:
        """One look at all: who is dead is followed by the next, who sleeps is woken after up to three leases."""
        assert time.monotonic() < self._end_s, f"the drill does not end: {self._told()}"
        for process in list(self._alive):
            self._look_at(process)
        workers = [each for each in self._alive if each.kind == "worker"]
        clerks = [each for each in self._alive if each.kind == "clerk"]
        placed = self._placed()
        if self._struck < len(self.blows) and placed > self.submissions * (self._struck + 1) / (len(self.blows) + 1):
            self._struck += 1
            self.blows[self._struck - 1]()
        done = placed >= self.submissions and not self._workers and not self._clerks
        if len(workers) < _WORKERS:
            self._bear("worker", self._workers.pop(0) if self._workers else [])
        if not clerks and not done:
            self._bear("clerk", self._clerks.pop(0) if self._clerks else [], first=placed, until=10**7,
                       systems=SYSTEMS, per_second=self.per_second, history=str(self._history))  # fmt: skip
        return not done or any(each.stopped_at for each in self._alive) or self._doomed()

    def _doomed(self) -> bool:
        """Whether anybody alive has still to meet what was planned."""
        return self._befell().total() < self.kills + self.pauses

    def _look_at(self, process: _Process) -> None:
        status = process.status
        if status in (psutil.STATUS_DEAD, psutil.STATUS_ZOMBIE):
            self._alive.remove(process)
        elif status == psutil.STATUS_STOPPED and process.stopped_at is None:
            process.stopped_at = time.monotonic()
            process.wakes_after = self._luck.uniform(0.5, 3.0) * doom.TIMES.lease_s
        elif process.stopped_at is not None and time.monotonic() - process.stopped_at > process.wakes_after:
            process.stopped_at = None
            _signal(process.pid, signal.SIGCONT)

    def _wait_for_rest(self) -> None:
        for process in [each for each in self._alive if each.kind == "clerk"]:
            _signal(process.pid, signal.SIGTERM)
        until = time.monotonic() + _LEFT_S + self.submissions / 10
        while self._open():
            assert time.monotonic() < until, f"it does not come to rest: {self._told()}"
            time.sleep(0.5)

    def _end(self) -> None:
        for process in self._alive:
            _signal(process.pid, signal.SIGKILL)

    @property
    def _history(self) -> Path:
        return self.folder / "history"

    def _placed(self) -> int:
        """Counted on from where the last look ended."""
        if self._history.exists():
            with self._history.open("rb") as file:
                file.seek(self._read_to)
                new = file.read()
            self._read_to += len(new)
            self._invoked += new.count(b'"op": "invoke"')
        return self._invoked

    def _befell(self) -> Counter[str]:
        path = self.folder / "befell"
        return Counter(path.read_text(encoding="utf-8").splitlines() if path.exists() else [])

    def _states(self) -> dict[str, str]:
        """What each citizen reads. By SQL, as a hub of its own would cost more than the drill: the words are the
        outbox's own in small letters, DUPLICATE and LOST_BY_DEPARTMENT stay what they are and are judged as open."""
        engine = create_engine(self.environ["HUB_DATABASE_URL"])
        with engine.connect() as connection:
            found = connection.execute(text("SELECT receipt_no, lower(state) FROM filings_filing")).all()
        engine.dispose()
        return {receipt: state for receipt, state in found}

    def _open(self) -> bool:
        return any(state in ("ready", "inflight", "unknown") for state in self._states().values())

    def _told(self) -> str:
        return (
            f"seed {self.seed}, {Counter(self._states().values())}, {dict(self._befell())}, log {self.folder}/drill.log"
        )

    def _report(self, seconds: float) -> Report:
        records = requests.get(f"{self.twin}/twin/records", timeout=60).json()["records"]
        states = self._states()
        verdict = history.judge(
            history.read(self._history), states, [record["WBBH"] for record in records], may_be_by_hand={"silent"}
        )
        return Report(verdict, self._befell(), Counter(states.values()), seconds, self.seed)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
