"""Feature C3: the sync flag, the batch number and the operation code of exchange tables; a row is taken once."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from adapters.protocols.db_view import FACTS, Adapter
from hub.port import BadRow, Delivery, Denied, Garbled, Record
from tests.county import ROOT
from tests.db_view import mariadb as maria
from tests.db_view.cases import CASES, COLUMNS, INSERT, TABLE, exchange_facts, rows
from tests.db_view.mariadb import MariaDb
from tests.db_view.rooms import Room, opened
from tests.db_view.taker import INBOX, take


def put(room: Room, *given: tuple[Any, ...]) -> None:
    with room.twin.connect() as owner, owner.cursor() as cursor:
        cursor.executemany(INSERT, given)


def one(guid: str, number: str = "P1", batch: str = "B1", **changed: str) -> tuple[Any, ...]:
    told = dict(zip(COLUMNS, (guid, number, "事项", "韩山福", "2024-03-01 08:00:00", "I", "2024-03-01 08:00:01", batch),
                    strict=True))  # fmt: skip
    return tuple((told | changed).values())


def flags(room: Room) -> dict[str, str]:
    return {each["row_guid"]: each["is_sync"] for each in room.tell("/twin/records", "GET")["records"]}


def collected(adapter: Adapter) -> list[Delivery]:
    return list(adapter.collect(time.monotonic() + 10))


@pytest.fixture
def marking(room: Room) -> Adapter:
    return room.open(CASES, exchange_facts(), room.twin.marker, mark=True)


@pytest.fixture
def inbox(fresh_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(plain(fresh_database), autocommit=True) as connection:
        connection.execute(INBOX)
        yield connection


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def test_feat_C3_a_batch_is_delivered_whole_and_marked_when_it_is_settled(room: Room, marking: Adapter) -> None:
    put(room, one("r1"), one("r2", "P2"), one("r3", "P3", "B2"))
    first, second = collected(marking)
    assert (first.id, second.id) == ("accepted_cases/B1", "accepted_cases/B2")
    assert "韩山福" not in str(first.headers)
    assert set(flags(room).values()) == {"0"}
    marking.settle(first)
    assert flags(room) == {"r1": "1", "r2": "1", "r3": "0"}
    (again,) = collected(marking)
    assert (again.id, again.raw) == (second.id, second.raw)
    marking.settle(again)
    assert collected(marking) == []


def test_feat_C3_what_stands_in_it(room: Room, marking: Adapter) -> None:
    put(room, one("r1"), one("r2", "P2", cd_operation="U"), one("r3", "P3", cd_operation="D", cd_time="2024-03-02"))
    (delivery,) = collected(marking)
    first, second = "2024-03-01T08:00:01+08:00", "2024-03-02T00:00:00+08:00"
    fields = {
        "title": "事项", "applicant": "韩山福", "applied_at": "2024-03-01T08:00:00+08:00", "changed_at": first,
    }  # fmt: skip
    assert list(marking.read(delivery)) == [
        Record("accepted_cases", "P1", {"project_no": "P1", **fields}, first),
        Record("accepted_cases", "P2", {"project_no": "P2", **fields}, first),
        Record("accepted_cases", "P3", {}, second, deleted=True),
    ]


def test_feat_C3_a_bad_row_never_stops_the_good_ones(room: Room, marking: Adapter) -> None:
    put(room, one("r1"), one("r2", "P2", cd_operation="X"), one("r3", project_no=""), one("r4", project_name="锟斤拷"),
        one("r5", "P5"))  # fmt: skip
    (delivery,) = collected(marking)
    read = list(marking.read(delivery))
    assert [each.key for each in read if isinstance(each, Record)] == ["P1", "P5"]
    bad = [(each.place, each.code) for each in read if isinstance(each, BadRow)]
    assert bad == [
        (f"{TABLE} r2", "UPSTREAM_MALFORMED"), (f"{TABLE} r3", "UPSTREAM_MALFORMED"),
        (f"{TABLE} r4", "UPSTREAM_CHARSET"),
    ]  # fmt: skip
    marking.settle(delivery)
    assert set(flags(room).values()) == {"1"}


def test_feat_C3_a_batch_sent_again_changes_nothing(room: Room, marking: Adapter) -> None:
    put(room, one("r1"), one("r2", "P2"))
    (before,) = collected(marking)
    marking.settle(before)
    room.run("UPDATE up_pro_accept SET is_sync = '0'")
    (again,) = collected(marking)
    assert (again.id, again.raw) == (before.id, before.raw)
    marking.settle(again)
    room.run("UPDATE up_pro_accept SET is_sync = '0', project_name = '另一事项' WHERE row_guid = 'r2'")
    (changed,) = collected(marking)
    assert changed.id == before.id and changed.raw != before.raw


def test_feat_C3_a_row_that_came_while_we_read_still_waits(room: Room, marking: Adapter) -> None:
    put(room, one("r1"))
    (delivery,) = collected(marking)
    put(room, one("r2", "P2"))
    marking.settle(delivery)
    assert flags(room) == {"r1": "1", "r2": "0"}
    (late,) = collected(marking)
    assert [each.key for each in marking.read(late) if isinstance(each, Record)] == ["P2"]


def test_feat_C3_an_account_that_only_reads_is_not_asked_to_mark(room: Room) -> None:
    put(room, one("r1"))
    adapter = room.open(CASES, exchange_facts())
    (delivery,) = collected(adapter)
    adapter.settle(delivery)
    assert flags(room) == {"r1": "0"} and collected(adapter) == []
    (again,) = collected(room.open(CASES, exchange_facts()))  # after a restart it comes again, with the same bytes
    assert (again.id, again.raw) == (delivery.id, delivery.raw)


def test_feat_C3_quirk_Q36_the_marking_account_may_mark_and_nothing_more(room: Room, marking: Adapter) -> None:
    marking.probe(time.monotonic() + 5)
    with pytest.raises(Denied) as caught:  # the same account where nothing is to be marked
        room.open(CASES, exchange_facts(), room.twin.marker).probe(time.monotonic() + 5)
    assert f"UPDATE on public.{TABLE}" in caught.value.note
    room.run(f"GRANT DELETE ON {TABLE} TO {room.twin.marker}")
    try:
        with pytest.raises(Denied):
            marking.probe(time.monotonic() + 5)
    finally:
        room.run(f"REVOKE DELETE ON {TABLE} FROM {room.twin.marker}")


def test_feat_C3_quirk_Q40_the_table_lost_a_column(room: Room, marking: Adapter) -> None:
    room.run(f"ALTER TABLE {TABLE} RENAME cd_batch TO batch")
    try:
        with pytest.raises(Garbled) as caught:
            collected(marking)
        assert "no column cd_batch" in caught.value.note
    finally:
        room.run(f"ALTER TABLE {TABLE} RENAME batch TO cd_batch")


def test_feat_C3_a_stored_delivery_that_was_cut_is_not_read(marking: Adapter, room: Room) -> None:
    put(room, one("r1"), one("r2", "P2"))
    (delivery,) = collected(marking)
    for raw in (delivery.raw[: len(delivery.raw) // 2], delivery.raw.rpartition(b"\n")[0], b"", b"[]", b"{}"):
        with pytest.raises(Garbled):
            list(marking.read(Delivery(delivery.id, raw)))


def test_feat_C3_a_row_is_taken_once_also_after_kill_9(
    room: Room, inbox: psycopg.Connection[Any], fresh_database: str
) -> None:
    put(room, *rows(batches=12, each=20))
    command = [sys.executable, "-m", "tests.db_view.taker", room.gate.address, room.twin.marker, plain(fresh_database)]
    luck, killed = random.Random(3), 0
    while killed < 4:
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as taker:
            until, before = time.monotonic() + 30, stored(inbox)
            while stored(inbox) < before + 3 and taker.poll() is None and time.monotonic() < until:
                time.sleep(luck.uniform(0.001, 0.02))
            taker.send_signal(signal.SIGKILL)
            killed += taker.wait() == -signal.SIGKILL
    settled = sum(flag == "1" for flag in flags(room).values())
    assert 0 < settled < 240
    adapter = room.open(CASES, exchange_facts(rows=7), room.twin.marker, mark=True)
    while take(adapter, inbox):
        pass
    names = [
        json.loads(line)["row_guid"]
        for (raw,) in inbox.execute("SELECT raw FROM inbox").fetchall()
        for line in bytes(raw).decode().splitlines()[1:]
    ]
    assert len(names) == len(set(names)) == 240  # nothing lost, nothing doubled
    assert set(flags(room).values()) == {"1"}


def stored(inbox: psycopg.Connection[Any]) -> int:
    found = inbox.execute("SELECT count(*) FROM inbox").fetchone()
    return int(found[0]) if found else 0


def test_feat_C3_on_mariadb_too(mariadb: MariaDb) -> None:
    mariadb.run("USE county", *[(INSERT, row) for row in rows(2, 3)])
    adapter = opened(mariadb.address, exchange_facts(rows=2), maria.MARKER, maria.PASSWORD, mark=True)
    try:
        deliveries = collected(adapter)
        assert [each.id for each in deliveries] == ["accepted_cases/B0000"] * 2 + ["accepted_cases/B0001"] * 2
        for each in deliveries:
            adapter.settle(each)
        keys = [read.key for each in deliveries for read in adapter.read(each) if isinstance(read, Record)]
        assert len(keys) == len(set(keys)) == 6
        assert mariadb.run("SELECT DISTINCT is_sync FROM county.up_pro_accept") == [("1",)]
        assert collected(adapter) == []
    finally:
        adapter.close()
        mariadb.run(f"TRUNCATE county.{TABLE}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda each, _: each["db_view"]["exchange"]["accepted_cases"]["columns"].pop("cd_batch"), "no such column"),
        (
            lambda each, _: each["db_view"]["exchange"]["accepted_cases"]["columns"].update(is_sync={"type": "date"}),
            "a flag is text or integer",
        ),
        (lambda each, _: each.pop("datasets"), "a dataset of its name"),
        (lambda each, _: each.pop("poll"), "they, are polled"),
        (lambda _, rows: rows.update(key=["nothing"]), "no field of it: nothing"),
        (lambda _, rows: rows.pop("version"), "have fields, a key and a version"),
        (lambda _, rows: rows["fields"].update(x={"from": "x", "class": 2}), "no such column: x"),
    ],
)
def test_feat_C3_a_wrong_section_is_refused_when_it_is_read(change: Callable[[Any, Any], Any], told: str) -> None:
    facts = exchange_facts()
    change(facts, facts["datasets"]["accepted_cases"])
    assert told in str(FACTS().validate(facts))
