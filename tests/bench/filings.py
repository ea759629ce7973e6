"""What a durable accept of a filing costs, next to a bare commit of two rows on the same server, and how a queue drains
at a department's limit. `python -m tests.bench.filings ACT ...` is the probe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url, text

from hub.main import Hub
from tests.bench.processes import OTHER_CPU, ROOT, SERVER_CPU
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.filings import stand as filing_stand

_THREADS, _LEAST, WARM_S = 8, 0.5, 0.5
_QUEUED = int(os.environ.get("BENCH_FILINGS", "1000"))  # 50,000 drain the same, and take hours at such limits
_PER_MINUTE = 600


def filings(stand: Stand, timing: Timing) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="xt-filings-", dir="/tmp") as made:
        folder = Path(made)
        address = stand.environ[f"{filing_stand.TWIN.upper()}_ADDRESS"]
        filing_stand.write(folder, address, per_minute=_PER_MINUTE)
        environ = filing_stand.environ(folder, stand.home, stand.database_url, stand.environ["HUB_REDIS_URL"])
        found = [
            {act: _probe(environ, act, str(timing.seconds / 2)) for act in ("bare", "place")}
            for _ in range(timing.rounds)
        ]
        bare, place = (max(each[act]["rate"] for each in found) for act in ("bare", "place"))
        yield Row(
            "filings", "filings accepted (durable)", f"{place:,.0f}/s", f"{bare:,.0f}/s two rows, one commit",
            place / bare, f"≥ {_LEAST} ×", place >= _LEAST * bare,
        )  # fmt: skip
        drained = _probe(environ, "drain", str(_QUEUED))["rate"] * 60
        yield Row(
            "filings", f"{_QUEUED:,} queued filings drain, calls with those that read them back", f"{drained:,.0f}/min",
            f"{_PER_MINUTE}/min is the limit", drained / _PER_MINUTE, "0.8 to 1 ×",
            0.8 <= drained / _PER_MINUTE <= 1.05,
        )  # fmt: skip


def _probe(environ: dict[str, str], *arguments: str) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.filings", *arguments], cwd=ROOT, env=environ, capture_output=True,
        text=True, timeout=3600, check=True, preexec_fn=lambda: os.sched_setaffinity(0, [SERVER_CPU, OTHER_CPU]),
    )  # fmt: skip
    found: dict[str, float] = json.loads(run.stdout.strip().splitlines()[-1])
    return found


def rate(seconds: float, one: Callable[[int], Callable[[], None]]) -> float:
    """What all threads together did in a second; each has a function of its own, and half a second to warm up."""
    counts, begun, ended = [0] * _THREADS, threading.Event(), threading.Event()

    def run(number: int) -> None:
        act = one(number)
        while not ended.is_set():
            act()
            counts[number] += begun.is_set()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    time.sleep(WARM_S)
    began = time.perf_counter()
    begun.set()
    time.sleep(seconds)
    took = time.perf_counter() - began
    ended.set()
    for thread in threads:
        thread.join()
    return sum(counts) / took


def bare(seconds: float) -> float:
    plain = make_url(os.environ["HUB_DATABASE_URL"]).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_two (id bigserial PRIMARY KEY, note text, body bytea)")

    def one(_: int) -> Callable[[], None]:
        connection = psycopg.connect(plain)

        def act() -> None:
            for _ in range(2):
                connection.execute("INSERT INTO bench_two (note, body) VALUES (%s, %s)", ("x" * 60, b"y" * 400))
            connection.commit()

        return act

    return rate(seconds, one)


def place(seconds: float) -> float:
    hub = _hub()

    def one(number: int) -> Callable[[], None]:
        def act() -> None:
            receipt = f"B{number}-{time.monotonic_ns()}"
            with hub.database.session() as session:
                hub.filings.place(session, filing_stand.order(receipt, "silent", subject_tag=receipt, natural_key="y"))

        return act

    try:
        return rate(seconds, one)
    finally:
        _clear(hub)
        hub.close()


def drain(queued: float) -> float:
    """By a worker's own runner, with the budget of the department: calls a second, to file and to read back."""
    hub = _hub()
    hub.start()
    with hub.database.session(60) as session:
        for number in range(int(queued)):
            hub.filings.place(session, filing_stand.order(f"D{number}", "wide", subject_tag=f"t{number}"))
    stop = threading.Event()
    worker = threading.Thread(target=hub.outbox.runner.run, args=(stop,))
    began = time.perf_counter()
    worker.start()
    try:
        while _count(hub, "READY", "INFLIGHT"):
            time.sleep(0.2)
        return (int(queued) + _count(hub, "SETTLED")) / (time.perf_counter() - began)
    finally:
        stop.set()
        worker.join()
        _clear(hub)
        hub.close()


def _count(hub: Hub, *states: str) -> int:
    wanted = text("SELECT count(*) FROM filings_filing WHERE state = ANY(:states)")
    with hub.database.session() as session:
        return int(session.execute(wanted, {"states": list(states)}).scalar_one())


def _clear(hub: Hub) -> None:
    with hub.database.session(60) as session:
        session.execute(text("TRUNCATE filings_move, filings_attempt, filings_filing"))
        session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'filings.ring'"))


def _hub() -> Hub:
    return filing_stand.QuickHub.open(Path(os.environ["HUB_HOME"]), os.environ)


if __name__ == "__main__":
    acts: dict[str, Any] = {"bare": bare, "place": place, "drain": drain}
    print(json.dumps({"rate": acts[sys.argv[1]](float(sys.argv[2]))}))
