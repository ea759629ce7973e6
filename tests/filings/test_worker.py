"""Workers as processes: rung by jobs, killed, paused; and the fence that keeps a late one from sending."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from hub.filings import claiming
from hub.filings.rules import State, Step, Times
from hub.filings.sender import Progress
from hub.port import Halted
from tests.county import ROOT
from tests.filings import stand
from tests.filings.conftest import Office
from tests.filings.stand import order
from tests.phone import eventually

_TRIES = "SELECT 1 FROM filings_attempt"
Work = Callable[[], AbstractContextManager[subprocess.Popen[bytes]]]


@pytest.fixture
def work(office: Office, tmp_path: Path, hub_home: Path, fresh_database: str, redis: str) -> Work:
    """A worker process of this office; ends with its block."""

    @contextmanager
    def working() -> Iterator[subprocess.Popen[bytes]]:
        told = stand.environ(tmp_path, hub_home, fresh_database, redis)
        with (tmp_path / f"worker-{time.monotonic_ns()}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.filings.stand"], cwd=ROOT, env=told, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait(60)

    return working


def test_the_doorbell_is_only_a_doorbell(office: Office, work: Work) -> None:
    """All jobs deleted, all jobs five times: nothing lost, nothing doubled."""
    names = [f"XT{number}" for number in range(20)]
    office.place(*(order(name) for name in names[:10]))
    office.run("DELETE FROM procrastinate_jobs")
    office.place(*(order(name) for name in names[10:]))
    copied = "INSERT INTO procrastinate_jobs (queue_name, task_name, args) SELECT queue_name, task_name, args"
    for _ in range(2):
        office.run(f"{copied} FROM procrastinate_jobs")
    with work():
        assert eventually(lambda: all(office.state(name) == "settled" for name in names), 60)
    assert [office.filed(name) for name in names] == [1] * 20


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "paused"])
def test_fault_F26_F27_a_worker_that_dies_or_sleeps_in_the_call_costs_doubt_and_no_double(
    office: Office, work: Work, number: int
) -> None:
    with office.sick(latency_ms=800), work() as process:
        office.place(order("XT1"))
        assert eventually(lambda: bool(office.run(f"{_TRIES} WHERE first_byte_out_at IS NOT NULL")), 30)
        os.kill(process.pid, number)
        time.sleep(stand.TIMES.lease_s + 0.5)
        office.turn()
        assert office.state("XT1") == "unknown"
        if number == signal.SIGSTOP:
            os.kill(process.pid, signal.SIGCONT)
    office.until("XT1", "settled")
    assert office.filed("XT1") == 1


def test_one_sender_for_each_account(office: Office, make_office: Callable[..., Office]) -> None:
    """Two workers, twelve threads each, one account: the department never sees two calls at once."""
    other = make_office()
    office.place(*(order(f"XT{number}") for number in range(12)))
    with office.sick(latency_ms=100):
        threads = [threading.Thread(target=each.turn) for each in (office, other) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    for _ in range(20):  # what a loaded machine left for another round
        if sum(office.filed(f"XT{number}") for number in range(12)) == 12:
            break
        office.turn()
    assert sum(office.filed(f"XT{number}") for number in range(12)) == 12
    overlapping = office.run(
        "SELECT count(*) FROM filings_attempt one JOIN filings_attempt two ON one.id < two.id"
        " WHERE one.started_at < two.ended_at AND two.started_at < one.ended_at"
    )
    assert overlapping[0][0] == 0


def _claimed(office: Office, times: Times = stand.TIMES) -> claiming.Claim:
    way = office.hub.outbox.way("register")
    with office.hub.database.session() as session:
        claim = claiming.claim(session, office.hub.filings.moving, "register", 0, "w", way, times, "t")
    assert claim is not None
    return claim


def test_fault_F27_who_was_declared_dead_sends_nothing_and_changes_nothing(office: Office) -> None:
    office.place(order("XT1"))
    claim = _claimed(office)
    office.run("UPDATE filings_attempt SET lease_until = clock_timestamp() - interval '1 second'")
    with office.hub.database.session() as session:
        assert not claiming.still_mine(session, claim.attempt_id, 0.0)
    office.hub.outbox.runner._sweep()
    assert office.state("XT1") == "ready", "it never passed the fence: nothing can have left"
    end = claiming.End("OK", "done", b"", Step(State.CONFIRMED, "ACCEPTED"), sent=True)
    with office.hub.database.session() as session:
        way = office.hub.outbox.way("register")
        assert not claiming.finish(session, office.hub.filings.moving, claim, way, end)
    assert office.state("XT1") == "ready"
    assert office.run("SELECT outcome FROM filings_attempt")[0][0] == "late: OK"


def test_fault_F27_a_sender_whose_time_is_over_is_stopped_before_its_first_byte(
    make_office: Callable[..., Office],
) -> None:
    """It slept between the connection and the first byte, until after its lease."""

    class Sleepy(stand.QuickHub):
        @staticmethod
        def filing_watch(point: str) -> None:
            if point == "connected":
                time.sleep(stand.TIMES.lease_s)

    office = make_office(Sleepy)
    office.place(order("XT1"))
    office.turn()
    assert office.state("XT1") == "ready"
    assert office.filed("XT1") == 0
    assert office.run("SELECT first_byte_out_at FROM filings_attempt")[0][0] is None


def test_fault_F27_the_second_half_does_not_leave_when_the_lease_is_over(make_office: Callable[..., Office]) -> None:
    class Sleepy(stand.QuickHub):
        filing_times = Times(lease_s=1.5, call_s=5.0, margin_s=0.5)

        @staticmethod
        def filing_watch(point: str) -> None:
            if point == "body_half":
                time.sleep(1.2)

    office = make_office(Sleepy)
    office.place(order("XT1"))
    office.turn()
    assert (office.state("XT1"), office.filed("XT1")) == ("unknown", 0)


def test_who_cannot_ask_the_database_sends_nothing() -> None:
    progress = Progress(lambda: False, lambda _: None, claiming.boot_s() + 60)
    progress("connected")
    with pytest.raises(Halted):
        progress("body_started")
    assert not progress.sent


def test_fault_F27_who_wakes_after_the_lease_sends_no_further_piece() -> None:
    progress = Progress(lambda: True, lambda _: None, claiming.boot_s() - 1)
    with pytest.raises(Halted):
        progress("body_half")
