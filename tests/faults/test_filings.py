"""F12, F26, F27: filings over departments that drop answers and show late, while clerks and workers die and sleep at
every named point. Judged from receipts and the departments' own records alone."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from hub.database import Database
from hub.demo.embedded import embedded_redis, postgres
from hub.demo.supervisor import Supervisor
from hub.migrations.upgrade import upgrade
from tests.conftest import Twins
from tests.county import county_home
from tests.faults.doom import POINTS
from tests.faults.filing_drill import Drill, Report
from tests.filings import stand

Run = Callable[..., Report]


@pytest.fixture
def drill(tmp_path: Path, hub_home: Path, fresh_database: str, redis: str, twins: Twins) -> Run:
    def run(**figures: int) -> Report:
        stand.write(tmp_path, twins[stand.TWIN]["address"])
        environ = stand.environ(tmp_path, hub_home, fresh_database, redis)
        twin = twins[stand.TWIN]["url"]
        requests.post(f"{twin}/twin/reset", timeout=30)
        seed = int(os.environ.get("DRILL_SEED", "20261126"))
        try:
            return Drill(tmp_path, environ, twin, seed, **figures).run()
        finally:
            requests.post(f"{twin}/twin/reset", timeout=30)

    return run


@pytest.fixture
def county_servers() -> Iterator[tuple[Supervisor, str, str]]:
    """PostgreSQL that keeps what it accepted through a kill, and Redis, both started again when they die."""
    with county_home() as home:
        supervisor = Supervisor(home, print)
        database, cache = postgres(home, print), embedded_redis(home)
        for server in (database, cache):
            supervisor.start(server.program)
        supervisor.wait_ready(60, "postgres", "redis")
        upgrading = Database(database.url, pool_size=2)
        upgrade(upgrading)
        upgrading.close()
        watching = threading.Thread(target=supervisor.watch, daemon=True)
        watching.start()
        yield supervisor, database.url, cache.url
        supervisor.stop_requested.set()
        watching.join(60)
        supervisor.stop(10)


def prove(report: Report) -> None:
    print(report)
    assert report.verdict.good, f"{report} {report.verdict}"
    assert {line.split()[1] for line in report.befell} == set(POINTS), report


@pytest.mark.timeout(900)
def test_fault_F12_F26_F27_a_thousand_filings_none_lost_none_doubled(drill: Run) -> None:
    prove(drill(submissions=1040, kills=18, pauses=4))


@pytest.mark.timeout(900)
def test_fault_F19_F26_servers_clerks_and_workers_killed_in_turn_and_no_receipt_is_missing(
    tmp_path: Path, hub_home: Path, county_servers: tuple[Supervisor, str, str], twins: Twins
) -> None:
    supervisor, database, cache = county_servers
    stand.write(tmp_path, twins[stand.TWIN]["address"])
    environ = stand.environ(tmp_path, hub_home, database, cache)
    twin = twins[stand.TWIN]["url"]
    requests.post(f"{twin}/twin/reset", timeout=30)
    blows = [partial(_kill, supervisor, name) for name in ("postgres", "redis", "postgres", "redis")]
    seed = int(os.environ.get("DRILL_SEED", "7"))
    try:
        report = Drill(tmp_path, environ, twin, seed, submissions=300, kills=9, pauses=0, blows=blows).run()
    finally:
        requests.post(f"{twin}/twin/reset", timeout=30)
    prove(report)


def _kill(supervisor: Supervisor, name: str) -> None:
    os.kill(supervisor.pid(name), signal.SIGKILL)


@pytest.mark.drill
@pytest.mark.timeout(3600)
def test_fault_F12_F26_F27_filings_through_two_hundred_kills_and_fifty_pauses(drill: Run) -> None:
    prove(drill(submissions=int(os.environ.get("DRILL_SUBMISSIONS", "3000")), kills=200, pauses=50))
