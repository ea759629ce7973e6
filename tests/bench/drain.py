"""L10, F39: a herd of filings drains at its department's limit while people go on asking, that department too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from hub.database import Database
from hub.demo.child import leash
from hub.main import Hub
from tests.bench.load import Arrivals, scheduled
from tests.bench.processes import OTHER_CPU, ROOT, wait_until
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Plan, Served, Stand
from tests.bench.table import Row
from tests.filings.stand import order

_QUEUED = int(os.environ.get("BENCH_QUEUED", "5000"))  # 50000 is the promise's own number: a few minutes more
_SYSTEM, _PER_MINUTE = "household_registration", 1200
_OTHERS, _SAME, _RATE = "housing-fund-account", "household-members", 60  # one in ten asks the department that drains
_MOST, _ANSWERED = 1.5, 0.9


@dataclass
class _Found:
    """Rounds with the worker asleep and at work, and how many filings a minute it got rid of."""

    calm: list[Mapping[str, Arrivals]]
    busy: list[Mapping[str, Arrivals]]
    per_minute: float = 0.0


def drain(stand: Stand, timing: Timing) -> Iterator[Row]:
    with stand.hub(Plan(per_minute={_SYSTEM: _PER_MINUTE})) as hub, Strangers() as strangers:
        asked = {"others": [hub.call(_OTHERS)] * 9, "same": [hub.call(_SAME)]}
        scheduled(asked, _RATE, timing.warm)
        _queue(hub)
        database = Database(hub.environ["HUB_DATABASE_URL"], pool_size=1)
        found = _Found([], [])
        with _worker(hub) as worker:
            wait_until(lambda: _filed(database) > 0)
            for _ in range(timing.rounds):
                os.kill(worker, signal.SIGSTOP)
                found.calm.append(scheduled(asked, _RATE, timing.seconds))
                os.kill(worker, signal.SIGCONT)
                before = _filed(database)
                found.busy.append(scheduled(asked, _RATE, timing.seconds))
                found.per_minute += (_filed(database) - before) * 60 / timing.seconds / timing.rounds
        database.close()
    yield from _rows(found, strangers.share)


def _rows(found: _Found, others: float) -> Iterator[Row]:
    calm, busy = (min(each["others"].of().p99 for each in rounds) for rounds in (found.calm, found.busy))
    yield Row(
        "drain", f"p99 of other departments' callers while {_QUEUED:,} filings drain", f"{busy:.1f} ms",
        f"{calm:.1f} ms with none", busy / calm, f"≤ {_MOST} ×", busy <= _MOST * calm, others=others,
        note=f"{found.per_minute:,.0f} filings a minute; the department bears {_PER_MINUTE:,} calls",
    )  # fmt: skip
    good = _answered([each["same"] for each in found.busy])
    well = _answered([each["same"] for each in found.calm])
    yield Row(
        "drain", "callers of the department that drains, answered", f"{good:.1%}", f"{well:.1%} with none",
        good / well, f"≥ {_ANSWERED} ×", good >= _ANSWERED * well, others=others,
    )  # fmt: skip


def _answered(rounds: Sequence[Arrivals]) -> float:
    return sum(each.of(200).count for each in rounds) / max(1, sum(each.of().count for each in rounds))


def _queue(served: Served) -> None:
    hub = Hub.open(Path(served.environ["HUB_HOME"]), {**os.environ, **served.environ})
    try:
        for first in range(0, _QUEUED, 500):
            with hub.database.session(60) as session:
                for number in range(first, min(first + 500, _QUEUED)):
                    hub.filings.place(session, order(f"H{number}", _SYSTEM, subject_tag=f"h{number}"))
    finally:
        hub.close()


@contextmanager
def _worker(served: Served) -> Iterator[int]:
    """`hub work`, on the other processor."""
    held = leash(signal.SIGTERM, os.getpid())
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "work"], cwd=ROOT, env={**os.environ, **served.environ},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: (os.sched_setaffinity(0, [OTHER_CPU]), held()),
    )  # fmt: skip
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait(30)


def _filed(database: Database) -> int:
    with database.session() as session:
        done = text("SELECT count(*) FROM filings_filing WHERE state IN ('CONFIRMED', 'SETTLED')")
        return int(session.execute(done).scalar_one())
