"""Jobs on a real PostgreSQL with real workers: in the caller's transaction, at least once, poison put aside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.database import Database
from hub.errors import Problem
from hub.jobs.service import ATTEMPTS, Jobs
from hub.jobs.worker import Worker
from tests.county import ROOT


@pytest.fixture
def room(fresh_database: str) -> Iterator[tuple[Database, Jobs]]:
    database = Database(fresh_database)
    yield database, Jobs(database, wait_s=0)
    database.close()


@contextmanager
def working(jobs: Jobs) -> Iterator[None]:
    worker = Worker(jobs, heartbeat_s=0.5)
    worker.start()
    try:
        yield
    finally:
        worker.stop()


def until(seen: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "did not come"
        time.sleep(0.05)


def test_fault_F43_the_schema_is_the_librarys() -> None:
    """A release of the library that changes its tables needs a migration of ours."""
    theirs = (resources.files("procrastinate") / "sql/schema.sql").read_text(encoding="utf-8")
    assert theirs == (ROOT / "hub/migrations/versions/0009_procrastinate.sql").read_text(encoding="utf-8")


def test_a_job_lives_and_dies_with_the_callers_transaction(room: tuple[Database, Jobs]) -> None:
    database, jobs = room
    done: list[int] = []
    jobs.register("count", lambda _, number: done.append(number))
    with pytest.raises(RuntimeError), database.session() as session:
        jobs.enqueue(session, "count", number=1)
        raise RuntimeError("the caller changed its mind")
    with working(jobs):
        with database.session() as session:
            jobs.enqueue(session, "count", number=2)
        until(lambda: done)
    assert done == [2]


@pytest.mark.parametrize("value", ["36262319000101000X", 362623190001010001, 13800000000, "张三", "a b", "x" * 80])
def test_a_job_carries_ids_only(room: tuple[Database, Jobs], value: Any) -> None:
    database, jobs = room
    jobs.register("count", lambda _, number: None)
    with pytest.raises(ValueError, match="no id"), database.session() as session:
        jobs.enqueue(session, "count", number=value)


def test_fault_F43_poison_is_put_aside_and_the_rest_flows(room: tuple[Database, Jobs]) -> None:
    database, jobs = room
    tried: list[int] = []

    def work(_: Any, number: int) -> None:
        tried.append(number)
        if number == 13:
            raise RuntimeError("poison")

    jobs.register("count", work)
    with database.session() as session:
        for number in range(100):
            jobs.enqueue(session, "count", number=number)
    with working(jobs):
        until(lambda: len(tried) == 99 + ATTEMPTS)
        until(lambda: status(database, jobs) == ["failed"])
    with database.session() as session:
        (left,) = jobs.page(session)
        assert (left.status, left.ids, left.attempts) == ("failed", {"number": 13}, ATTEMPTS)
        assert jobs.counts(session)["failed"] == 1
    assert sorted(set(tried)) == list(range(100)) and tried.count(13) == ATTEMPTS


def status(database: Database, jobs: Jobs) -> list[str]:
    with database.session() as session:
        return [job.status for job in jobs.page(session)]


def test_feat_C6_a_failed_job_is_tried_again_or_not_any_more(room: tuple[Database, Jobs]) -> None:
    database, jobs = room
    broken = [True]

    def work(_: Any, number: int) -> None:
        if broken[0]:
            raise RuntimeError("not yet")

    jobs.register("count", work)
    with database.session() as session:
        id = jobs.enqueue(session, "count", number=1)
        with pytest.raises(Problem) as early:
            jobs.retry(session, id)
        assert (early.value.code, early.value.extra["possible"]) == ("STATE_CONFLICT", ["cancel"])
    with working(jobs):
        until(lambda: status(database, jobs) == ["failed"])
        broken[0] = False
        with database.session() as session:
            jobs.retry(session, id)
        until(lambda: status(database, jobs) == [])
    with database.session() as session:
        id = jobs.enqueue(session, "count", number=2)
        assert jobs.cancel(session, id).status == "cancelled"
        with pytest.raises(Problem, match="STATE_CONFLICT"):
            jobs.cancel(session, id)
        with pytest.raises(Problem, match="NOT_FOUND"):
            jobs.cancel(session, 10**9)


def test_a_running_job_is_told_that_it_is_cancelled(room: tuple[Database, Jobs]) -> None:
    database, jobs = room
    begun: list[int] = []

    def work(cancelled: Callable[[], bool], number: int) -> None:
        begun.append(number)
        until(cancelled)

    jobs.register("long", work)
    with working(jobs):
        with database.session() as session:
            id = jobs.enqueue(session, "long", number=1)
        until(lambda: begun)
        with database.session() as session:
            jobs.cancel(session, id)
        until(lambda: status(database, jobs) == ["cancelled"])
    assert begun == [1]


_VICTIM = """
import os, sys, time
from hub.database import Database
from hub.jobs.service import Jobs
from hub.jobs.worker import Worker
jobs = Jobs(Database(sys.argv[1]))
def work(_, number):
    open(sys.argv[2], "w").close()
    time.sleep(600)
jobs.register("long", work)
Worker(jobs, heartbeat_s=0.5).start()
time.sleep(600)
"""


def test_feat_C8_the_job_of_a_killed_worker_is_done_by_another(room: tuple[Database, Jobs], tmp_path: Path) -> None:
    database, jobs = room
    done: list[int] = []
    jobs.register("long", lambda _, number: done.append(number))
    with database.session() as session:
        jobs.enqueue(session, "long", number=1)
    url = database.engine.url.render_as_string(hide_password=False)
    mark = tmp_path / "begun"
    victim = subprocess.Popen([sys.executable, "-c", _VICTIM, url, str(mark)], cwd=ROOT)
    until(mark.exists)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait(60)
    assert status(database, jobs) == ["running"], "nothing resends it by itself"
    with working(jobs):
        until(lambda: sweep(database, jobs, 2.0))
        until(lambda: done == [1])


def test_fault_F43_poison_that_kills_its_worker_is_put_aside_too(room: tuple[Database, Jobs]) -> None:
    database, jobs = room
    jobs.register("deadly", lambda _, number: None)
    with database.session() as session:
        jobs.enqueue(session, "deadly", number=1)
    for _ in range(ATTEMPTS):
        with database.session() as session:  # as if a worker had taken it and died
            session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        assert sweep(database, jobs, 30.0) == 1
    assert status(database, jobs) == ["failed"]


def sweep(database: Database, jobs: Jobs, silent_s: float) -> int:
    with database.session() as session:
        return jobs.sweep(session, silent_s)
