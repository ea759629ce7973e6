"""The loop of `hub work`: on schedule, one worker at a time, switched like any system, and killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.clock import CHINA
from hub.inbox import turns
from hub.inbox.rules import Schedule, in_order
from tests.configuration import written
from tests.inbox.world import ENVIRON, PACKAGE, World, build, eventually, put, row, shelf, worker

ROOT = Path(__file__).parents[2]
DEPARTMENTS = Path(__file__).with_name("departments")
HAN = "362623190205121932"


def known(world: World) -> list[str]:
    return sorted(each["no"] for each in world.find("press", "tests", "id_number", HAN))


@pytest.mark.parametrize("where", ["settle", "settled", "read", "after_read", "report"])
def test_fault_F26_killed_between_store_settle_and_process(world: World, tmp_path: Path, where: str) -> None:
    """Stored and not settled; settled and not processed; in the middle of processing: nothing lost, nothing twice."""
    shelf = tmp_path / "press"
    put(shelf, "m1", row("1"), row("2"), {"no": "3"})
    (shelf / f"halt.{where}").touch()
    with worker(tmp_path, world.url) as process:
        eventually(lambda: (shelf / f"halted.{where}").exists(), 60)
        process.send_signal(signal.SIGKILL)
    (shelf / f"halt.{where}").unlink()
    assert world.arrived()[0].result == "waiting"
    world.execute("UPDATE inbox_turn SET held_until = now(), due_at = now()")  # as if its minute were over
    world.hurry()
    world.work()
    eventually(lambda: known(world) == ["1", "2"])
    eventually(lambda: (shelf / "taken" / "m1.json").exists())
    assert len(world.arrived()) == 1
    eventually(lambda: (shelf / "report.m1").exists())


def test_a_message_that_kills_its_worker_is_set_aside_too(world: World, tmp_path: Path) -> None:
    put(tmp_path / "press", "m1", raw=b"die")
    for _ in range(5):
        with worker(tmp_path, world.url) as process:
            process.wait(60)
        world.execute("UPDATE inbox_turn SET held_until = now(), due_at = now()")
        world.hurry()
    put(tmp_path / "press", "m2", row("1"))
    world.work()
    eventually(lambda: [each.message_id for each in world.arrived(result="quarantined")] == ["m1"])
    eventually(lambda: known(world) == ["1"])


def test_one_collector_at_a_time_across_workers(world: World, tmp_path: Path) -> None:
    other = build(tmp_path, world.url)
    schedule, now = Schedule(every_s=60), datetime.now(CHINA)
    took: list[object] = []

    def try_it(each: World) -> None:
        with each.database.session() as session:
            took.append(turns.take(session, "press", schedule, now, 30))

    threads = [threading.Thread(target=try_it, args=(each,)) for each in (world, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert len([each for each in took if each]) == 1


def test_who_lost_his_turn_stores_nothing_more(world: World) -> None:
    schedule, now = Schedule(every_s=1), datetime.now(CHINA)
    with world.database.session() as session:
        first = turns.take(session, "press", schedule, now, 0)
    with world.database.session() as session:
        second = turns.take(session, "press", schedule, now, 30)
    assert first and second
    with world.database.session() as session:
        assert not turns.keep(session, "press", first, 30)
        turns.leave(session, "press", first, now, "OK")  # too late: it is not his to give back
        assert turns.keep(session, "press", second, 30)


def test_feat_C2_a_system_that_is_off_is_not_collected_and_the_turn_is_on_record(world: World, tmp_path: Path) -> None:
    world.switch("press", enabled=False)
    put(tmp_path / "press", "m1", row("1"))
    put(tmp_path / "other", "m1", row("1"))
    world.work()
    eventually(lambda: world.arrived("other", "done"))
    time.sleep(1.5)
    assert world.arrived("press") == []
    assert world.execute("SELECT 1 FROM inbox_turn WHERE source = 'press'") == []  # it was not even asked
    world.switch("press", enabled=True)
    eventually(lambda: known(world) == ["1"])
    recorded = "SELECT system, outcome, data_class FROM ledger_exchange WHERE operation = 'collect' ORDER BY system"
    eventually(lambda: world.execute(recorded) == [("other", "OK", 3), ("press", "OK", 3)])


def test_a_system_that_hangs_keeps_nobody_else_waiting(world: World, tmp_path: Path) -> None:
    (tmp_path / "press" / "halt.collect").touch()
    world.work()
    eventually(lambda: (tmp_path / "press" / "halted.collect").exists())
    for number in range(3):
        put(tmp_path / "other", f"m{number}", row(str(number)))
        eventually(lambda number=number: len(world.arrived("other", "done")) == number + 1)


def test_feat_S7_a_county_that_brings_all_at_once_is_not_begun_at_once(tmp_path: Path, empty_database: str) -> None:
    """Forty systems and ten connections: a few begin at each tick, and none has to wait for the end of another."""
    names = [f"press_{number}" for number in range(40)]
    package = tmp_path / "many_departments"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "protocols").symlink_to(DEPARTMENTS / "protocols")
    for name in names:
        (package / name).symlink_to(DEPARTMENTS / "press")
    written(tmp_path / "config", {name: shelf(tmp_path, name) for name in names})
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        world = build(tmp_path, empty_database, package=package.name)
        begun = []
        for _ in range(len(names)):
            world.inbox.collecting.tick()
            begun.append(len(world.inbox.collecting._threads))
        eventually(lambda: len(world.execute("SELECT 1 FROM inbox_turn WHERE outcome = 'OK'")) == len(names))
        world.close()
    assert begun[0] < 10 and begun == sorted(begun) and begun[-1] == len(names)


def test_a_department_that_fails_is_asked_less_often(world: World, tmp_path: Path) -> None:
    (tmp_path / "press" / "down").touch()
    world.work()
    turn = "SELECT outcome, due_at - ended_at > interval '9 s' FROM inbox_turn WHERE outcome LIKE 'D%'"
    (waits,) = eventually(lambda: world.execute(turn))
    assert waits == ("DEPARTMENT_UNAVAILABLE", True)
    eventually(lambda: world.execute("SELECT 1 FROM ledger_exchange WHERE outcome = 'DEPARTMENT_UNAVAILABLE'"))


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        ({"every_s": 30}, "10:00:00", "10:00:30"),
        ({"daily": ["03:30"]}, "02:00:00", "03:30:00"),
        ({"daily": ["03:30"]}, "03:30:00", "+1 03:30:00"),
        ({"daily": ["23:00", "03:30"]}, "12:00:00", "23:00:00"),
    ],
)
def test_when_a_system_is_due(schedule: dict[str, object], now: str, due: str) -> None:
    at = datetime.fromisoformat(f"2026-01-05T{now}+08:00")
    wanted = datetime.fromisoformat(f"2026-01-05T{due[-8:]}+08:00")
    assert Schedule.declared(schedule).after(at) == wanted + timedelta(days=due.startswith("+1"))


def test_quirk_Q52_the_order_of_versions() -> None:
    given = ["", "9", "10", "010", "2026-01-05T09:00:00", "2026-01-05T10:00:00", "20260106", "v1.9", "v1.10"]
    assert sorted(given, key=in_order) == given


def test_feat_C2_hub_work_collects_and_ends_when_told(tmp_path: Path, empty_database: str, redis: str) -> None:
    written(tmp_path / "config", {"press": shelf(tmp_path, "press")})
    put(tmp_path / "press", "m1", row("1"))
    environ = {**os.environ, **ENVIRON, "HUB_HOME": str(tmp_path), "HUB_CONFIG": str(tmp_path / "config"),
               "HUB_ADAPTERS": PACKAGE, "HUB_DATABASE_URL": empty_database, "HUB_REDIS_URL": redis}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "hub", "work"], cwd=ROOT, env=environ)
    world = build(tmp_path, empty_database)
    try:
        eventually(lambda: world.arrived("press", "done"), 60)
        process.terminate()
        assert process.wait(40) == 0
    finally:
        process.kill()
        world.close()
