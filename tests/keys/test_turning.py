"""The sealing key turns while everybody works, the old one is taken out of the ring, and every room reads on."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import Column, LargeBinary, func, inspect, select, text

import blueprints.me
from blueprints.frame import build
from hub.__main__ import main
from hub.commands.keys import SEALED, reseal_all, standing
from hub.credentials.desk import Application
from hub.crypto import Crypto
from hub.errors import Problem
from hub.gateway.orders import Caller
from hub.health_code.archive import Archive
from hub.health_code.service import Holder
from hub.identity.models import Person
from hub.identity.sealing import Sealing
from hub.keys.resealing import Sealed
from hub.legs.service import Entry
from hub.login.models import Binding
from hub.main import Hub
from hub.trace import new as trace
from tests.conftest import Twins
from tests.county import ROOT
from tests.health_code.conftest import HEALTHY
from tests.keys.rooms import WRITES, Read, number, person
from tests.login.room import everything
from tests.materials.papers import photo

CARD = "senior-citizen-card"
OLD, NEW = "s1: file/secrets/seal_key", "s2: file/secrets/seal_key_2"
Open = Callable[..., Hub]
ENVIRON: dict[Hub, dict[str, str]] = {}  # what a command is told, to be on the same stores


@pytest.fixture(scope="module")
def with_ring(
    hub_home: Path, make_database: Callable[[], str], redis: str, twins: Twins, tmp_path_factory: Any
) -> Iterator[Open]:
    """The worker of the county that has this ring."""
    (hub_home / "secrets" / "seal_key_2").write_text(secrets.token_urlsafe(32), encoding="ascii")
    url, made = make_database(), dict[tuple[str, ...], Hub]()

    def open_(*keys: str) -> Hub:
        if keys in made:
            return made[keys]
        config = tmp_path_factory.mktemp("ring") / "config"
        shutil.copytree(ROOT / "config", config)
        file = config / "hub.yaml"
        shipped = file.read_text(encoding="utf-8")
        assert f"seal_keys: {{{OLD}}}" in shipped
        file.write_text(shipped.replace(f"{{{OLD}}}", f"{{{', '.join(keys)}}}"), encoding="utf-8")
        told = {"HUB_DATABASE_URL": url, "HUB_REDIS_URL": redis, "HUB_CONFIG": str(config), **twins.environ}
        hub = made[keys] = Hub.open(hub_home, {**os.environ, **told})
        ENVIRON[hub] = {"HUB_HOME": str(hub_home), **told}
        return hub

    yield open_
    for hub in made.values():
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
        assert reseal_all(turned) > len(known)
    known += [each for worker in workers for each in worker.result()]
    person(late, next(numbers))
    assert standing(turned)["may_go"] == [] and standing(turned)["other_keys"]["s1"]["identity_person.key_sealed"] >= 1
    reseal_all(turned)
    told = standing(turned)
    assert (told["other_keys"], told["under_other_keys"], told["may_go"]) == ({"s1": {}}, 0, ["s1"])
    assert everything(turned.database.url).find(f"{told['sealing'][0]}.s1.".encode()) < 0, "in no table whatever"
    after = with_ring(NEW)
    for read, value in known:
        assert read(after) == value


def test_threat_T27_what_no_key_opens_holds_nobody_up_and_is_never_said_to_be_gone(with_ring: Open) -> None:
    turned, late = with_ring(NEW, OLD), with_ring(OLD, NEW)
    read = WRITES["person"](late, 9001)
    WRITES["person"](late, 9002)
    with turned.database.session() as session:
        spoilt = turned.identity.citizen_of(session, number(9002))
        cut = text("UPDATE identity_person SET key_sealed = substring(key_sealed, 1, 20) WHERE citizen_id = :id")
        session.execute(cut, {"id": spoilt})
    reseal_all(turned)
    told = CliRunner().invoke(main, ["keys", "status"], env=ENVIRON[turned], catch_exceptions=False).output
    assert "s1: must be in the ring, 1 are under it: identity_person.key_sealed 1." in told
    with turned.database.session() as session:
        session.execute(text("DELETE FROM identity_person WHERE citizen_id = :id"), {"id": spoilt})
    told = CliRunner().invoke(main, ["keys", "status"], env=ENVIRON[turned], catch_exceptions=False).output
    assert "s1: nothing is under it any more; it may be taken out of the ring." in told
    assert read(with_ring(NEW))


def test_threat_T27_an_archive_on_disk_is_resealed_and_stays_what_the_report_says(tmp_path: Path) -> None:
    old, new = b"o" * 32, b"n" * 32
    told = Archive(tmp_path, Crypto({"s1": old})).put("2026-11-25", b"[]")
    path = tmp_path / "archive" / told["file"]
    both, alone = (Archive(tmp_path, Crypto(ring)) for ring in ({"s2": new, "s1": old}, {"s2": new}))
    assert both.under() == {"s1": Counter([f"archive/{path.name}"])}
    assert (both.reseal(), both.reseal(), both.under()) == (1, 0, {})
    assert hashlib.sha256(alone.open(path)).hexdigest() == told["sha256"]


def settled(hub: Hub, n: int) -> str:
    """Somebody of whom every room that is told to forget has something."""
    person(hub, n)
    with hub.database.session() as session:
        me = hub.identity.citizen_of(session, number(n)) or ""
        hub.login.bind(session, f"openid-{n}", me)
        hub.messages.tell(session, me, "case-received", {"service": number(n), "receipt_no": "1", "promised_on": "x"})
        hub.health_code.codes.declare(session, Holder(me, f"王{n}", number(n)), me, "health", HEALTHY, None)
        service = hub.settings.now.services["assistance-application"]
        hub.cases.submit(session, Caller(me, 2), service, {"reason": number(n)}, [], [], draft=True)
        settings, until = hub.recognition.standing.now().settings, hub.clock.now() + timedelta(days=1)
        brought: Any = {"issuer": "x", "verdict": "accepted", "rule_version": "1"}
        facts: Any = [{"kind": "test", "of": number(n)}]
        hub.recognition.carrying._keep(session, settings, "in", me, facts, until, **brought)
        held = hub.credentials.desk.issue(session, Application(CARD, number(n), f"王{n}", {"level": "甲"}, "x"), "o")
    hub.materials.upload(me, photo(64, 64), f"{number(n)}.jpg")
    hub.credentials.copy(Caller(me, 2), held.id, None, number(n), 30, trace())
    hub.submissions.once(me, "POST /x", "key", b"", lambda _: number(n).encode())
    said: Any = dict.fromkeys(("trace_id", "service", "system", "operation", "outcome"), "x")
    said |= {"at": hub.clock.now(), "kind": "read", "data_class": 3, "state": "failed", "keep_days": 3}
    hub.legs.begin(Entry(id=uuid4(), question={"id_number": number(n)}, subject=me, **said))
    return me


def holding(hub: Hub, n: int) -> set[str]:
    """Where the number of this person still comes out, by the keys this worker has."""
    wanted, found = number(n).encode(), set()
    for each in SEALED:
        with hub.database.session() as session, suppress(Problem):
            for row in session.scalars(select(each.row).where(getattr(each.row, each.column) != b"")):
                with suppress(Problem):
                    if wanted in hub.crypto.open(getattr(row, each.column), each.purpose(row)):
                        found.add(each.name)
    with hub.database.session() as session:
        people = map(Sealing(hub.crypto).opened, session.scalars(select(Person)))
        return found | {"identity_person" for each in people if each.get("id_number") == number(n)}


def test_threat_T27_who_leaves_while_the_key_turns_is_gone_under_either_key(with_ring: Open) -> None:
    before, turned = with_ring(OLD), with_ring(NEW, OLD)
    between, afterwards = 8101, 8102
    ids = {n: settled(before, n) for n in (between, afterwards)}
    there = holding(turned, between)
    assert there >= {"identity_person", "gateway_submission.answer_sealed", "legs_leg.question_sealed"}
    assert there >= {"recognition_carried.facts_sealed", "messages_message.body_sealed"}
    assert there >= {"cases_case.body_sealed", "credentials_copy.purpose_sealed", "health_code_code.holder_sealed"}

    def leave(hub: Hub, n: int) -> None:
        with hub.database.session() as session:
            token = hub.login.begin(session, ids[n]).access_token
        client = build(hub, [blueprints.me.make]).test_client()
        told = client.delete("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert told.status_code == 200, told.text

    leave(turned, between)
    reseal_all(turned)
    assert standing(turned)["may_go"] == ["s1"]
    after = with_ring(NEW)
    leave(after, afterwards)
    rows = everything(after.database.url)
    for n in ids:
        assert holding(after, n) == {"credentials_licence.body_sealed"}, "the desk's register stays, and nothing else"
        tags = [tag for hub in (before, after) for tag in hub.crypto.tags(number(n), "identity.id_number")]
        assert not [tag for tag in tags if tag in rows]
        person(after, n)
        with after.database.session() as session:
            assert after.identity.citizen_of(session, number(n)) not in (None, ids[n]), "and may come back as a new one"
            gone = session.scalar(select(func.count()).select_from(Binding).where(Binding.citizen_id == ids[n]))
            assert gone == 0
