"""F33 with real processes: `hub work` sends while a provider fails, while it is killed, while WeChat is away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import Twins
from tests.county import ROOT
from tests.credentials.conftest import Room
from tests.messages.world import SMS, VALUES, attempts, citizen_id, consent, eventually, sent, twin

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def worker(room: Room, hub_home: Path, fresh_database: str, redis: str, twins: Twins, config: Path) -> Iterator[Start]:
    """Starts one more `hub work`."""
    told = {"HUB_HOME": str(hub_home), "HUB_DATABASE_URL": fresh_database, "HUB_REDIS_URL": redis, **twins.environ,
            "HUB_CONFIG": str(config)}  # fmt: skip
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        argv = [sys.executable, "-m", "hub", "work"]
        running.append(subprocess.Popen(argv, cwd=ROOT, env={**os.environ, **told}, stdout=quiet, stderr=quiet))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(60)


@contextmanager
def told(room: Room, count: int, kind: str = "case-decided") -> Iterator[list[str]]:
    me = citizen_id(room)
    with room.hub.database.session() as session:
        yield [room.hub.messages.tell(session, me, kind, VALUES[kind]) for _ in range(count)]


def in_state(room: Room, *states: str) -> int:
    query = text("SELECT count(*) FROM messages_message WHERE state = ANY(:states)")
    with room.hub.database.session() as session:
        return int(session.scalar(query, {"states": list(states)}) or 0)


def test_fault_F33_a_provider_that_fails_always_costs_at_most_fifty(room: Room, worker: Start, calling: str) -> None:
    """And at least 95 % arrive within 5 minutes: their receipts come by the signed callback."""
    twin(room, "sms_mobile", "PUT", "toxics", status=500)
    with told(room, 400):
        pass
    worker()
    assert eventually(lambda: in_state(room, "delivered") >= 380, 300)
    failed = [outcome for system, outcome in attempts(room) if system == "sms_mobile"]
    assert len(failed) <= 50 and set(failed) <= {"failed", "unknown"}
    with room.hub.database.session() as session:
        rows = session.execute(text("SELECT system, points FROM messages_provider"))
        shares = {row.system: row.points for row in rows}
    assert shares["sms_mobile"] < 50 < shares["sms_telecom"], "shifted"


def test_fault_F33_a_worker_killed_while_it_sends_loses_nothing(room: Room, worker: Start) -> None:
    """What it had claimed is sent by another once the claim has run out; of those a few may come twice."""
    for system in SMS:
        twin(room, system, "PUT", "toxics", latency_ms=300)
    with told(room, 60) as ids:
        pass
    victim = worker()
    assert eventually(lambda: in_state(room, "sent") >= 6 and attempts_open(room))
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait(60)
    for system in SMS:
        twin(room, system, "DELETE", "toxics")
    assert in_state(room, "waiting") > 0
    with room.hub.database.session() as session:  # the lease passes
        session.execute(text("UPDATE messages_message SET held_until = now() WHERE held_until IS NOT NULL"))
    worker()
    assert eventually(lambda: in_state(room, "sent", "delivered") == len(ids), 120)
    records = [record["reference"] for system in SMS for record in sent(room, system)]
    with room.hub.database.session() as session:
        rows = session.execute(text("SELECT reference, message_id FROM messages_attempt"))
        known = {row.reference: row.message_id for row in rows}
    reached = [known[reference] for reference in records]
    assert set(reached) == set(ids), "none lost"
    assert len(reached) - len(set(reached)) <= 6, "doubled only what was on the wire"


def attempts_open(room: Room) -> bool:
    return any(outcome == "started" for _, outcome in attempts(room))


def test_fault_F33_wechat_away_holds_nothing_up(room: Room, worker: Start) -> None:
    consent(room, "urgent-notice", at_wechat=99)
    twin(room, "wechat", "PUT", "toxics", hang=True)
    with told(room, 40, "urgent-notice") as ids:
        pass
    worker()
    assert eventually(lambda: in_state(room, "sent", "delivered") == len(ids), 120)
    assert sum(len(sent(room, system)) for system in SMS) == len(ids)
