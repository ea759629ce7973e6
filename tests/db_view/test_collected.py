"""Feature C3 through the inbox: an exchange table is collected because system.yaml says so, each row once."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.configuration import written
from tests.db_view import mariadb as maria
from tests.db_view.cases import CASES, INSERT, TABLE, rows
from tests.db_view.mariadb import MariaDb
from tests.db_view.rooms import Room
from tests.inbox.world import World, build, eventually, worker

PACKAGE = "tests.db_view.departments"
HAN, MOMENT = "韩山福", "2024-03-01 08:00:00"


@dataclass(frozen=True)
class FrontEnd:
    """A front-end database with the exchange table. `run` is its owner's."""

    address: str
    reader: str
    marker: str
    run: Callable[..., Any]

    def fill(self, batches: int, each: int) -> None:
        for row in rows(batches, each):
            self.run(INSERT, *row)

    def flags(self) -> set[str]:
        return {flag for (flag,) in self.run("SELECT DISTINCT is_sync FROM up_pro_accept")}


@pytest.fixture(params=["postgresql", "mariadb"])
def front_end(request: pytest.FixtureRequest) -> Iterator[FrontEnd]:
    if request.param == "postgresql":
        room: Room = request.getfixturevalue("room")
        yield FrontEnd(room.gate.address, room.twin.reader, room.twin.marker, room.run)
        return
    database: MariaDb = request.getfixturevalue("mariadb")

    def run(statement: str, *values: Any) -> Any:
        return database.run("USE county", (statement, values))

    yield FrontEnd(database.address, maria.READER, maria.MARKER, run)
    database.run(f"TRUNCATE county.{TABLE}")


def attach(folder: Path, address: str, account: str, **options: Any) -> None:
    secrets = {"username": f"file/{folder}/account", "password": "env/PASSWORD"}
    (folder / "account").write_text(account)
    (folder / "account").chmod(0o600)
    entry = {"address": address, "allow_private": True, "secrets": secrets, "options": options}
    written(folder / "config", {CASES: entry})


@pytest.fixture
def world(tmp_path: Path, front_end: FrontEnd, fresh_database: str) -> Iterator[World]:
    attach(tmp_path, front_end.address, front_end.marker, mark=True)
    built = build(tmp_path, fresh_database, package=PACKAGE)
    yield built
    built.close()


def titles(world: World) -> dict[str, str]:
    return {each["project_no"]: each["title"] for each in world.find(CASES, "accepted_cases", "applicant", HAN)}


def test_feat_C3_an_exchange_table_is_collected_by_configuration(world: World, front_end: FrontEnd) -> None:
    front_end.fill(2, 3)
    world.work()
    eventually(lambda: len(titles(world)) == 6 and front_end.flags() == {"1"})
    assert {(each.message_id, each.result) for each in world.arrived()} == {
        ("accepted_cases/B0000", "done"), ("accepted_cases/B0001", "done"),
    }  # fmt: skip
    taken_back = "UPDATE up_pro_accept SET is_sync = '0', cd_operation = 'D', cd_time = '2024-03-05 08:00:00'"
    changed = "UPDATE up_pro_accept SET is_sync = '0', project_name = '改', cd_time = '2024-03-02 08:00:00'"
    front_end.run(taken_back + " WHERE row_guid = '0000-0000'")
    front_end.run(changed + " WHERE row_guid = '0000-0001'")
    eventually(lambda: "P0000-0000" not in titles(world) and titles(world)["P0000-0001"] == "改")
    front_end.run("UPDATE up_pro_accept SET is_sync = '0', cd_operation = 'X' WHERE row_guid = '0001-0000'")
    (arrived,) = eventually(lambda: [each for each in world.arrived(result="done") if each.bad_rows])
    with world.database.session() as session:
        (bad,) = world.inbox.bad_rows(session, arrived.id)
    assert (bad.place, bad.code) == (f"{TABLE} 0001-0000", "UPSTREAM_MALFORMED")


def test_feat_C3_a_row_is_taken_once_also_when_hub_work_is_killed(
    world: World, front_end: FrontEnd, tmp_path: Path
) -> None:
    """kill -9 at any moment; between two kills other rows come into the batches that were cut off."""
    front_end.fill(12, 10)
    luck, killed = random.Random(3), 0
    while killed < 4:
        before = len(world.arrived())
        with worker(tmp_path, world.url, 1.0, PACKAGE) as process:
            eventually(lambda before=before: len(world.arrived()) > before or front_end.flags() == {"1"}, 60)
            time.sleep(luck.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            process.wait(60)
        killed += 1
        later = [f"9{killed}", f"P9{killed}", "后来", HAN, MOMENT, "I", MOMENT, f"B{killed:04d}"]
        front_end.run(INSERT, *later)
        world.execute("UPDATE inbox_turn SET held_until = now(), due_at = now()")  # as if its minute were over
        world.hurry()
    world.work()
    eventually(lambda: len(titles(world)) == 124 and front_end.flags() == {"1"}, 60)
    eventually(lambda: all(each.result == "done" for each in world.arrived()), 60)
    assert world.execute("SELECT count(*) FROM inbox_record") == [(124,)]
    assert not [each for each in world.arrived() if each.bad_rows]


def test_feat_C3_an_account_that_only_reads_brings_them_once_too(
    front_end: FrontEnd, tmp_path: Path, fresh_database: str
) -> None:
    """Nothing can be marked: what a worker that is new sees again, the inbox knows."""
    front_end.fill(1, 5)
    attach(tmp_path, front_end.address, front_end.reader)
    for _ in range(2):
        world = build(tmp_path, fresh_database, package=PACKAGE)
        world.work()
        try:
            eventually(lambda world=world: len(titles(world)) == 5)
            eventually(lambda world=world: [each.result for each in world.arrived()] == ["done"])
        finally:
            world.close()
    assert front_end.flags() == {"0"}
