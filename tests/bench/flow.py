"""How many crossings of gates become counts in a second, beside a bare COPY of the same rows, while the process that
carries them is killed on the way. `python -m tests.bench.flow carry` is that process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from hub.clock import CHINA
from hub.flow.events import Crossing
from hub.flow.stream import STREAM
from hub.main import Hub
from tests.bench.processes import ROOT
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row

_EVENTS, _ENTRY, _LEAST = 60_000, 100, 5_000.0
_PLACES = tuple(f"360423009{number:03}" for number in range(100, 120))


def flow(stand: Stand, timing: Timing) -> Iterator[Row]:
    environ = {**os.environ, **stand.environ, "HUB_HOME": str(stand.home), "HUB_DATABASE_URL": stand.database_url}
    hub = Hub.open(stand.home, environ)
    try:
        hub.redis.delete(STREAM)
        started = int(time.time())
        began = hub.clock.now().astimezone(CHINA) - timedelta(hours=2)
        made = [
            Crossing(f"b{started}-{n}", _PLACES[n % 20], "g", "in" if n % 3 else "out",
                     began + timedelta(milliseconds=n * 50),
                     n.to_bytes(32, "big"))
            for n in range(_EVENTS)
        ]  # fmt: skip
        bare = _copy(stand, made)
        took, killed = _carried(hub, environ, made)
        with hub.database.session() as session:
            found = hub.flow.community(session, _PLACES[0][:9], "", began - timedelta(1), began + timedelta(1), 86_400)
        counted = sum((each.ins or 0) + (each.outs or 0) for each in found.counts)
    finally:
        hub.close()
    rate = _EVENTS / took
    yield Row(
        "flow", "crossings counted, sustained", f"{rate:,.0f}/s", f"{_EVENTS / bare:,.0f}/s bare COPY", bare / took,
        f"≥ {_LEAST:,.0f}/s", rate >= _LEAST, note=f"carrier killed {killed} times",
    )  # fmt: skip
    yield Row(
        "flow", "counts right to the last event after kill -9", f"{counted:,}", f"{_EVENTS:,} handed in",
        counted / _EVENTS, "= 1", counted == _EVENTS,
    )  # fmt: skip


def _copy(stand: Stand, made: list[Crossing]) -> float:
    plain = make_url(stand.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS bench_crossing "
            "(at timestamptz, id text, place text, gate text, direction text, person bytea, PRIMARY KEY (at, id))"
        )
        began = time.perf_counter()
        for start in range(0, len(made), 20_000):
            with connection.cursor() as cursor, cursor.copy("COPY bench_crossing FROM STDIN") as copy:
                for each in made[start : start + 20_000]:
                    copy.write_row((each.at, each.id, each.place, each.gate, each.direction, each.person))
        return time.perf_counter() - began


def _carried(hub: Hub, environ: dict[str, str], made: list[Crossing]) -> tuple[float, int]:
    """Handed in while they are carried; the carrier is killed twice on the way."""
    carrier, killed = _carrier(environ), 0
    began = time.perf_counter()
    try:
        for start in range(0, len(made), _ENTRY):
            hub.flow.crossed(made[start : start + _ENTRY])
            if start in (_EVENTS // 3, 2 * _EVENTS // 3):
                carrier.kill()
                carrier.wait()
                carrier, killed = _carrier(environ), killed + 1
        while hub.flow.stream.waiting():
            time.sleep(0.02)
        return time.perf_counter() - began, killed
    finally:
        carrier.kill()
        carrier.wait()


def _carrier(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.bench.flow", "carry"], cwd=ROOT, env=environ)


if __name__ == "__main__":
    mine = Hub.open(Path(os.environ["HUB_HOME"]), os.environ)
    mine.flow.run(threading.Event())
