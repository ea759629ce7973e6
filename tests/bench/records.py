"""P10: what a record costs, next to the call it belongs to. `python -m tests.bench.records URL NUMBER` is the probe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

from hub.database import Database
from hub.ledger.exchange import Exchange
from hub.ledger.writer import Exchanges
from tests.bench import answers
from tests.bench.calls import Bench
from tests.bench.processes import ROOT, SERVER_CPU
from tests.bench.rounds import Timing, compared
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_NUMBER = 20_000  # as many as the writer takes in at once


def records(stand: Stand, timing: Timing) -> Iterator[Row]:
    with ExitStack() as stack:
        bench = Bench(stack, stand)
        plan = Plan({"housing_fund": bench.upstream(answers.rest())})
        best, others = compared({"hub": bench.hub(plan, "housing-fund-records")}, timing)
    probes = [_probe(stand.database_url) for _ in range(timing.rounds)]
    cpu_us, rate = min(each["cpu_us"] for each in probes), max(each["rate"] for each in probes)
    call_us = best["hub"].cpu_us
    yield Row(
        "P10", "CPU of one record, next to its call", f"{cpu_us:.0f} µs", f"{call_us:.0f} µs a call", cpu_us / call_us,
        "≤ 0.1 ×", cpu_us <= 0.1 * call_us, cpu_us, call_us, others,
    )  # fmt: skip
    yield Row(
        "P10", "records written, one worker", f"{rate:,.0f}/s", target="≥ 5,000/s", met=rate >= 5000, others=others
    )


def _probe(url: str) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.records", url, str(_NUMBER)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, [SERVER_CPU]),
    )  # fmt: skip
    found: dict[str, float] = json.loads(run.stdout)
    return found


def _measured(url: str, number: int) -> dict[str, float]:
    """All given at once and written to the end; the making of the records themselves counts too."""
    database = Database(url, pool_size=2)
    writer = Exchanges(database)
    writer.start()
    _write(writer, 100)
    began, cpu = time.perf_counter(), time.process_time()
    _write(writer, number)
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    writer.close()
    database.close()
    assert not writer.lost
    return {"cpu_us": spent / number * 1e6, "rate": number / took}


def _write(writer: Exchanges, number: int) -> None:
    for _ in range(number):
        writer.record(_exchange())
    while writer.depth:
        time.sleep(0.002)


def _exchange() -> Exchange:
    now = datetime.now(UTC)
    return Exchange(
        now, now, now, now, os.urandom(16).hex(), "housing-fund-records", "housing_fund", "query_records",
        os.urandom(32), "citizen", "本人查询", 3, "OK", "department:housing_fund", 400, 1900,
    )  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], int(sys.argv[2]))))
