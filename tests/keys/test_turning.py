"""The sealing key turns while everybody works, the old one is taken out of the ring, and every room reads on."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, LargeBinary, func, inspect, select

from hub.commands.keys import SEALED, reseal_all, standing
from hub.keys.resealing import Sealed
from hub.main import Hub
from tests.conftest import Twins
from tests.county import ROOT
from tests.keys.rooms import WRITES, Read, person
from tests.login.room import everything

OLD, NEW = "s1: file/secrets/seal_key", "s2: file/secrets/seal_key_2"
Open = Callable[..., Hub]


@pytest.fixture(scope="module")
def with_ring(
    hub_home: Path, make_database: Callable[[], str], redis: str, twins: Twins, tmp_path_factory: Any
) -> Iterator[Open]:
    """Opens one more worker of the county, with this ring."""
    (hub_home / "secrets" / "seal_key_2").write_text(secrets.token_urlsafe(32), encoding="ascii")
    url, made = make_database(), list[Hub]()

    def open_(*keys: str) -> Hub:
        config = tmp_path_factory.mktemp("ring") / "config"
        shutil.copytree(ROOT / "config", config)
        file = config / "hub.yaml"
        text = file.read_text(encoding="utf-8")
        assert f"seal_keys: {{{OLD}}}" in text
        file.write_text(text.replace(f"{{{OLD}}}", f"{{{', '.join(keys)}}}"), encoding="utf-8")
        told = {"HUB_DATABASE_URL": url, "HUB_REDIS_URL": redis, "HUB_CONFIG": str(config), **twins.environ}
        made.append(Hub.open(hub_home, {**os.environ, **told}))
        return made[-1]

    yield open_
    for hub in made:
        hub.close()


def fill(hub: Hub, each: Sealed) -> None:
    """A row in a table where no room has written one: whatever its columns will take."""
    values = {column.key: 1 if column.key in ("case_id", "delivery_id") else some(hub, column)
              for column in inspect(each.row).columns if not column.nullable and not column.identity}  # fmt: skip
    with hub.database.session() as session:
        row = each.row(**{**values, each.column: b""})
        session.add(row)
        session.flush()
        setattr(row, each.column, hub.crypto.seal(b"said", each.purpose(row)))


def some(hub: Hub, column: Column[Any]) -> Any:
    if isinstance(column.type, LargeBinary):
        return b"" if f"{column.table.name}.{column.name}" in {each.name for each in SEALED} else uuid4().bytes * 2
    made = {UUID: uuid4, datetime: hub.clock.now, str: lambda: uuid4().hex, dict: list, object: list}
    kind = column.type.python_type
    return made.get(kind, kind)()


def kept(hub: Hub) -> dict[str, int]:
    """How many values each column has under the old key."""
    old = {each.name: func.substring(getattr(each.row, each.column), 2, 4) == b".s1." for each in SEALED}
    with hub.database.read() as connection:
        return {name: connection.scalar(select(func.count()).where(under)) or 0 for name, under in old.items()}


def written(hub: Hub, numbers: Iterator[int]) -> list[tuple[Read, Any]]:
    reads = [write(hub, next(numbers)) for write in WRITES.values()]
    return [(read, read(hub)) for read in reads]


NEVER_NOW = {f"identity_person.{name}_sealed" for name in ("name", "id_number", "phone", "address")}  # each has a key


def test_threat_T27_the_key_turns_beside_writers_and_every_room_reads_without_the_old_one(with_ring: Open) -> None:
    before, numbers = with_ring(OLD), count(1)
    WRITES["case"](before, next(numbers))  # what is only filled in belongs to this one
    known = written(before, numbers)
    there = kept(before)
    for each in SEALED:
        if not there[each.name] and each.name not in NEVER_NOW:
            fill(before, each)
    assert {name for name, values in kept(before).items() if not values} == NEVER_NOW
    turned, late = with_ring(NEW, OLD), with_ring(OLD, NEW)  # `late` knows both keys and seals with the old one still

    with ThreadPoolExecutor(2) as pool:
        workers = [pool.submit(written, hub, numbers) for hub in (turned, late)]
        while not all(worker.done() for worker in workers):
            reseal_all(turned)
    known += [each for worker in workers for each in worker.result()]
    person(late, next(numbers))
    assert standing(turned)["may_go"] == [] and standing(turned)["other_keys"]["s1"]["identity_person.key_sealed"] >= 1
    reseal_all(turned)
    told = standing(turned)
    assert (told["other_keys"], told["under_other_keys"], told["may_go"]) == ({"s1": {}}, 0, ["s1"])
    assert f"{told['sealing'][0]}.s1.".encode() not in everything(turned.database.url), "in no table whatever"
    after = with_ring(NEW)
    for read, value in known:
        assert read(after) == value
