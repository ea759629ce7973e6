"""From a real RabbitMQ into the inbox: acknowledged after the commit, twice or in any order the same, poison aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.canary import Canary, tables
from tests.configuration import written
from tests.inbox import world as inbox
from tests.inbox.world import World, build, eventually
from tests.protocols.queue import Rabbit

QUEUE = "county.test_result"
HAN = "362623190205121932"


@pytest.fixture
def world(
    tmp_path: Path, fresh_database: str, rabbitmq: Rabbit, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with rabbitmq.channel() as channel:
        channel.queue_declare(QUEUE, durable=True)
        channel.queue_purge(QUEUE)
    monkeypatch.setattr(inbox, "ENVIRON", {**inbox.ENVIRON, "USERNAME": "hub", "PASSWORD": "secret"})
    secrets = {"username": "env/USERNAME", "password": "env/PASSWORD"}
    entry = {"address": rabbitmq.address, "allow_private": True, "secrets": secrets}
    written(tmp_path / "config", {"nucleic_acid": entry})
    built = build(tmp_path, fresh_database, package="adapters")
    yield built
    built.close()


def result(version: int, code: str = "0", day: int = 5, **more: Any) -> bytes:
    fields = {"sfzh": HAN, "xm": "韩山福", "jcxm": "01", "jcjg": code, "cysj": f"2026-01-{day:02d} 09:30:00", "cx": "0"}
    return json.dumps({**fields, "bbh": version, **more}, ensure_ascii=False).encode()


def told(world: World) -> list[str]:
    return [each["test_result"] for each in world.find("nucleic_acid", "results", "id_number", HAN)]


def test_quirk_Q52_acknowledged_only_when_it_is_committed(world: World, rabbitmq: Rabbit) -> None:
    rabbitmq.put(QUEUE, result(1), id="r1")
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE inbox_delivery IN ACCESS EXCLUSIVE MODE")
        world.inbox.collecting._collect("nucleic_acid")  # one turn, and it cannot be stored
    assert world.execute("SELECT outcome FROM inbox_turn") == [("STORE_UNAVAILABLE",)]
    eventually(lambda: rabbitmq.count(QUEUE) == 1)
    world.execute("UPDATE inbox_turn SET due_at = now()")
    world.work()
    eventually(lambda: told(world) == ["negative"])
    assert rabbitmq.count(QUEUE) == 0


def test_quirk_Q52_twice_out_of_order_and_late(world: World, rabbitmq: Rabbit) -> None:
    for number in (3, 1, 2, 3, 1):
        rabbitmq.put(QUEUE, result(number, str(number - 1)), id=f"r{number}")
    world.work()
    eventually(lambda: len(world.arrived(result="done")) == 3)
    assert told(world) == ["to_be_repeated"]
    assert sorted(each.times for each in world.arrived()) == [1, 2, 2]


def test_quirk_Q53_fault_F43_poison_and_a_row_that_is_not_understood(world: World, rabbitmq: Rabbit) -> None:
    rabbitmq.put(QUEUE, b"\xff\xfe no message at all")
    rabbitmq.put(QUEUE, result(1, "9"), result(1, day=6))
    world.work()
    eventually(lambda: told(world) == ["negative"])
    eventually(lambda: world.hurry() or world.arrived(result="quarantined"))  # each time it waits to be tried again
    done = world.arrived(result="done")
    assert sorted((each.records, each.bad_rows) for each in done) == [(0, 1), (1, 0)]
    assert rabbitmq.count(QUEUE) == 0


def test_row_privacy_neither_the_result_nor_the_number_can_be_read_in_the_database(
    world: World, rabbitmq: Rabbit
) -> None:
    canary = Canary({"id_number": HAN, "name": "韩山福啊", "result": "to_be_repeated", "sampled": "2026-01-05"})
    rabbitmq.put(QUEUE, result(1, "2", xm=canary.values["name"]), id="r1")
    world.work()
    eventually(lambda: told(world) == ["to_be_repeated"])
    leaks = [leak for name, data in tables(world.url) for leak in canary.found(name, data)]
    assert not leaks
