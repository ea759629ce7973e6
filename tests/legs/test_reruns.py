"""C6, C7 and C8: many at once, paused, resumed, cancelled; no switch replays the past; every leg has a true end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.errors import Problem
from tests.county import ROOT
from tests.gateway.office import good
from tests.jobs.test_jobs import until
from tests.legs.conftest import Room


def broken(room: Room, count: int) -> None:
    """So many balances that were not answered, and a department that is well again (and slow enough to be stopped).

    The breaker would spare the department after a few; each failure comes to a rested one.
    """
    office = room.world.offices["alpha"]
    office.says(error="unavailable")
    while len(room.legs()) < count:
        room.world.gateway.release("alpha")
        room.fails("balance")
    room.world.gateway.release("alpha")
    office.heal()
    office.seen.clear()


def test_feat_C6_many_are_asked_again_with_pause_and_cancel(room: Room) -> None:
    broken(room, 12)
    office = room.world.offices["alpha"]
    office.delay_s = 0.1
    rerun = room.begin()
    assert (rerun.state, rerun.counts) == ("running", {"waiting": 12})
    with room.working():
        until(lambda: len(office.seen) >= 2)
        assert room.move(rerun.id, "pause").state == "paused"
        until(lambda: "asking" not in room.now(rerun.id).counts)
        asked = len(office.seen)
        time.sleep(1.0)
        assert len(office.seen) == asked < 12
        with pytest.raises(Problem) as twice:
            room.move(rerun.id, "pause")
        assert twice.value.extra["possible"] == ["resume", "cancel"]
        room.move(rerun.id, "resume")
        until(lambda: len(office.seen) > asked)
        room.move(rerun.id, "cancel")
        until(lambda: "asking" not in room.now(rerun.id).counts)
        asked = len(office.seen)
        time.sleep(1.0)
        left = room.now(rerun.id)
        assert (len(office.seen), left.state) == (asked, "cancelled")
        second = room.begin()
        assert second.counts["waiting"] == 12 - left.counts["answered"], "what was answered is not asked again"
        until(lambda: room.now(second.id).state == "done")
    assert len(office.seen) == 12
    assert not room.legs()


def test_feat_C7_switching_off_stops_before_the_next_call_and_on_replays_nothing(room: Room) -> None:
    broken(room, 8)
    office = room.world.offices["alpha"]
    calls = 0

    def answer(question: dict[str, object]) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 3:  # while the department answers the third, it is switched off
            room.world.switch("system", "alpha", enabled=False)
        return good(question)

    office.answer = answer
    rerun = room.begin()
    with room.working():
        until(lambda: room.now(rerun.id).state == "stopped")
        stopped = room.now(rerun.id)
        assert (stopped.code, stopped.counts) == ("SERVICE_DISABLED", {"answered": 3, "waiting": 5})
        room.world.switch("system", "alpha", enabled=True)
        time.sleep(2.0)
        assert calls == 3 and room.now(rerun.id).state == "stopped", "only a person goes on"
        room.move(rerun.id, "resume")
        until(lambda: room.now(rerun.id).state == "done")
    assert calls == 8


def test_feat_C7_a_department_that_is_still_away_is_not_hammered(room: Room) -> None:
    broken(room, 9)
    room.world.offices["alpha"].says(error="unavailable")
    rerun = room.begin()
    with room.working():
        until(lambda: room.now(rerun.id).state == "paused")
    paused = room.now(rerun.id)
    assert (paused.code, paused.counts) == ("DEPARTMENT_UNAVAILABLE", {"failed": 5, "waiting": 4})


def test_feat_C7_a_second_ring_of_the_bell_asks_nothing_twice(room: Room) -> None:
    broken(room, 6)
    rerun = room.begin()
    with room.world.database.session() as session:
        for _ in range(5):
            room.jobs.enqueue(session, "reruns.run", rerun=rerun.id)
    with room.working():
        until(lambda: room.now(rerun.id).state == "done" and not waiting(room))
    assert len(room.world.offices["alpha"].seen) == 6
    assert room.now(rerun.id).counts == {"answered": 6}


def waiting(room: Room) -> bool:
    with room.world.database.session() as session:
        return bool(room.jobs.page(session))


def test_feat_C8_a_leg_whose_worker_died_while_asking_is_unknown(room: Room) -> None:
    broken(room, 2)
    rerun = room.begin()
    with room.world.database.session() as session:
        session.execute(text("UPDATE reruns_item SET state = 'asking', asked_at = clock_timestamp() WHERE leg_id = "
                             "(SELECT leg_id FROM reruns_item LIMIT 1)"))  # fmt: skip
    with room.world.database.session() as session:
        room.reruns.sweep(session)
    assert room.now(rerun.id).counts == {"asking": 1, "waiting": 1}, "it may still be alive"
    with room.world.database.session() as session:
        session.execute(text("UPDATE reruns_item SET asked_at = asked_at - interval '1 min' WHERE state = 'asking'"))
    with room.world.database.session() as session:
        room.reruns.sweep(session)
    with room.working():
        until(lambda: room.now(rerun.id).state == "done")
    assert room.now(rerun.id).counts == {"unknown": 1, "answered": 1}
    assert len(room.world.offices["alpha"].seen) == 1, "never sent again blindly"


_WRITER = """
import sys
from pathlib import Path
from tests.gateway.world import build
world = build(Path(sys.argv[1]), sys.argv[2], sys.argv[3], {})
world.call("filing", key="k-1")
"""


def test_feat_C8_a_write_in_flight_at_kill_9_is_unknown_and_not_sent_again(
    room: Room, tmp_path: Path, fresh_database: str, redis: str
) -> None:
    office = room.world.offices["alpha"]
    office.hang()
    command = [sys.executable, "-c", _WRITER, str(tmp_path), fresh_database, redis]
    writer = subprocess.Popen(command, cwd=ROOT)
    until(lambda: office.seen)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait(60)
    assert [state for state, _ in writes(room)] == ["inflight"], "on record before its first byte left"
    sweep(room)
    assert [state for state, _ in writes(room)] == ["inflight"], "its lease is not over"
    with room.world.database.session() as session:
        session.execute(text("UPDATE legs_leg SET lease_until = clock_timestamp() - interval '1 s'"))
    sweep(room)
    ((state, id),) = writes(room)
    assert state == "unknown"
    with pytest.raises(Problem) as refused:
        room.asking.ask(id)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.extra["possible"]) == ("STATE_CONFLICT", ["ask_department"])
    assert len(office.seen) == 1


def test_feat_C8_every_other_end_of_a_write_is_true(room: Room) -> None:
    office = room.world.offices["alpha"]
    ends = []
    for word in ("unavailable", "unknown", "rejected", "denied"):
        office.says(error=word)
        room.world.gateway.release("alpha")
        with pytest.raises(Problem):
            room.world.call("filing")
        ends.append(writes(room)[-1][0])
    office.says(status="open")
    room.world.gateway.release("alpha")
    room.world.call("filing")
    assert [*ends, writes(room)[-1][0]] == ["failed", "unknown", "rejected", "unknown", "answered"]


def test_feat_C8_no_record_no_write(room: Room) -> None:
    """When it cannot be put on record that something is sent, nothing is sent."""
    with room.world.database.session() as session:
        session.execute(text("ALTER TABLE legs_leg RENAME TO legs_away"))
    with pytest.raises(Exception, match="legs_leg"):
        room.world.call("filing")
    assert not room.world.offices["alpha"].seen


def writes(room: Room) -> list[tuple[str, object]]:
    with room.world.database.read() as connection:
        found = connection.execute(text("SELECT state, id FROM legs_leg WHERE kind = 'write' ORDER BY at"))
        return [(state, id) for state, id in found]


def sweep(room: Room) -> None:
    with room.world.database.session() as session:
        room.world.gateway.legs.sweep(session)
