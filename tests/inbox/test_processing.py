"""Stored first, then processed: twice, late, out of order, poisoned; what is kept of it and for how long."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hub.errors import Problem
from hub.inbox.keeping import Differs
from hub.inbox.rules import datasets, named, plain
from hub.port import Call, Delivery, Record
from tests.canary import Canary, tables
from tests.inbox.world import World, eventually, put, row

HAN, LIN = "362623190205121932", "362623190008226786"


def bring(world: World, id: str, raw: bytes, source: str = "press") -> bool:
    with world.database.session() as session:
        return world.inbox._deliveries.store(session, source, Delivery(id, raw), verified=True)


def rows(*given: dict[str, Any]) -> bytes:
    return json.dumps({"rows": given}, ensure_ascii=False).encode()


def process(world: World, source: str = "press") -> int:
    count = 0
    while world.inbox.processing.one(source):
        count += 1
    return count


def results(world: World, id: str = HAN) -> list[tuple[str, str]]:
    return sorted((each["no"], each["result"]) for each in world.find("press", "tests", "id_number", id))


def test_quirk_Q52_twice_is_once(world: World) -> None:
    assert bring(world, "m1", rows(row("1")))
    assert not bring(world, "m1", rows(row("1")))
    assert process(world) == 1
    assert not bring(world, "m1", rows(row("1")))  # after 23 hours
    assert process(world) == 0
    assert [(each.times, each.result, each.records) for each in world.arrived()] == [(3, "done", 1)]
    assert bring(world, "m1", rows(row("1", result="1", seq=2)))  # the same name with other bytes is another one
    process(world)
    assert results(world) == [("1", "positive")]


def test_quirk_Q52_any_order_comes_to_the_same(world: World) -> None:
    """9 before 10, a deletion in between, and one that comes back after it: all 24 orders, each with its own key."""
    orders = list(itertools.permutations(range(4)))
    for number, order in enumerate(orders):
        no = f"{number:02d}"
        brought = [rows(row(no, seq=9)), rows(row(no, seq=10, result="1")), rows(row(no, seq=11, op="D")),
                   rows(row(no, seq=100, result="1"), row(f"{no}b", seq=3))]  # fmt: skip
        for position in order:
            bring(world, f"m{number}-{position}", brought[position])
            process(world)
    wanted = [pair for number in range(24) for pair in ((f"{number:02d}", "positive"), (f"{number:02d}b", "negative"))]
    assert results(world) == wanted


def test_a_deleted_row_is_gone_and_an_older_version_does_not_bring_it_back(world: World) -> None:
    bring(world, "m1", rows(row("1", seq=5)))
    bring(world, "m2", rows({"no": "1", "op": "D", "seq": 6}))
    bring(world, "m3", rows(row("1", seq=4)))
    process(world)
    assert results(world) == []


def test_fault_F43_quirk_Q53_one_poison_among_a_thousand(world: World) -> None:
    world.hasten()
    with world.database.session() as session:
        for number in range(1000):
            delivery = Delivery(f"m{number}", b"bug" if number == 500 else rows(row(str(number))))
            world.inbox._deliveries.store(session, "press", delivery, verified=True)
    for _ in range(5):
        process(world)
        world.hurry()
    process(world)
    done = world.execute("SELECT result, count(*), max(attempts) FROM inbox_delivery GROUP BY result ORDER BY result")
    assert done == [("done", 999, 1), ("quarantined", 1, 5)]
    (bad,) = world.arrived(result="quarantined")
    assert (bad.message_id, bad.code) == ("m500", "INTERNAL")
    assert len(results(world)) == 999


def test_quirk_Q53_out_of_quarantine_again(world: World) -> None:
    bring(world, "m1", b"bug")
    for _ in range(5):
        process(world)
        world.hurry()
    (bad,) = world.arrived()
    with world.database.session() as session:
        world.inbox.release(session, bad.id)
    assert world.arrived()[0].result == "waiting"
    with world.database.session() as session, pytest.raises(Problem, match="STATE_CONFLICT"):
        world.inbox.release(session, bad.id)


def test_a_garbled_delivery_waits_before_it_is_tried_again(world: World) -> None:
    bring(world, "m1", b'{"rows": [')
    assert process(world) == 1
    (arrived,) = world.arrived()
    assert (arrived.attempts, arrived.result, arrived.code) == (1, "waiting", "UPSTREAM_TRUNCATED")


def test_feat_C9_an_unmapped_code_is_listed_and_costs_only_its_row(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(world, "m1", rows(row("1"), row("2", result="7"), row("3", new_element="x"), {"no": "4"}))
    process(world)
    assert results(world) == [("1", "negative"), ("3", "negative")]
    (arrived,) = world.arrived()
    assert (arrived.result, arrived.records, arrived.bad_rows) == ("done", 2, 2)
    with world.database.session() as session:
        bad = world.inbox.bad_rows(session, arrived.id)
    assert [(each.place, each.code) for each in bad] == [
        ("tests, row 2", "UPSTREAM_MALFORMED"), ("tests, row 4", "UPSTREAM_MALFORMED"),
    ]  # fmt: skip
    assert "results" in bad[0].note and "7" not in bad[0].note
    out = "".join(capsys.readouterr())
    assert "code table results" in out and "new_element" in out  # the report of what is not mapped


def test_a_large_delivery_is_sealed_in_pieces(world: World) -> None:
    many = [row(str(number), id=f"3626231902{number:08d}", name="韩山福" * 20) for number in range(20_000)]
    assert len(rows(*many)) > 3 * 1024 * 1024
    bring(world, "big", rows(*many))
    assert world.execute("SELECT count(*) > 3 FROM inbox_piece") == [(True,)]
    process(world)
    assert world.arrived()[0].records == 20_000
    assert results(world, "362623190200019999") == [("19999", "negative")]


def test_only_declared_fields_are_kept_and_found_by_declared_ones_only(world: World) -> None:
    bring(world, "m1", rows(row("1", name="韩山福", secret="s")))
    process(world)
    assert world.find("press", "tests", "name", "韩山福") == [
        {"no": "1", "id_number": HAN, "name": "韩山福", "result": "negative", "seq": 1}
    ]
    with pytest.raises(ValueError):
        world.find("press", "tests", "no", "1")
    assert world.find("other", "tests", "name", "韩山福") == []  # nobody finds another system's


def test_what_has_expired_is_neither_found_nor_kept(world: World) -> None:
    bring(world, "m1", rows(row("1")))
    process(world)
    world.execute("UPDATE inbox_record SET expires_at = now() - interval '1 second'")
    assert results(world) == []
    with world.database.session() as session:
        world.inbox.sweep(session)
    left = world.execute("SELECT count(*) FROM inbox_record UNION ALL SELECT count(*) FROM inbox_look_up")
    assert left == [(0,), (0,)]


def test_the_bytes_are_forgotten_after_a_week_and_the_name_is_not(world: World) -> None:
    bring(world, "m1", rows(row("1")))
    process(world)
    world.execute("UPDATE inbox_delivery SET processed_at = now() - interval '8 days'")
    with world.database.session() as session:
        world.inbox.sweep(session)
    assert world.execute("SELECT count(*) FROM inbox_piece") == [(0,)]
    assert not bring(world, "m1", rows(row("1")))


def test_an_adapter_looks_its_records_up(world: World) -> None:
    adapter = world.systems.get("press").adapter
    with pytest.raises(Problem, match="DEPARTMENT_UNAVAILABLE"):
        adapter.call(Call("query", {"id_number": HAN}, 0))
    bring(world, "m1", rows())  # even an empty one says something
    process(world)
    assert adapter.call(Call("query", {"id_number": HAN}, 0)).fields["results"] == []
    bring(world, "m2", rows(row("1")))
    process(world)
    assert adapter.call(Call("query", {"id_number": HAN.lower()}, 0)).fields["results"] == ["negative"]


def test_row_privacy_no_readable_value_is_in_the_database(world: World, tmp_path: Path) -> None:
    canary = Canary({"id_number": HAN, "name": "韩山福啊", "no": "NO-2026-000777", "code": "CODE-4711"})
    bad = row("2", id="", result=canary.values["code"], name=canary.values["name"])
    put(tmp_path / "press", "m1", row(canary.values["no"], name=canary.values["name"]), bad)
    world.work()
    eventually(lambda: world.arrived(result="done"))
    assert world.arrived()[0].bad_rows == 1
    assert len(results(world)) == 1
    leaks = [leak for name, data in tables(world.url) for leak in canary.found(name, data)]
    assert not leaks


class Listener:
    """A room that wants to hear of one dataset."""

    def __init__(self, *names: str) -> None:
        self.names, self.heard = names, list[Differs]()

    def datasets(self, session: Session, system: str) -> Collection[str]:
        return self.names

    def differ(self, session: Session, system: str, records: Sequence[Differs]) -> None:
        self.heard += records


def test_whoever_listens_hears_what_became_different_and_how_it_was(world: World) -> None:
    listener = Listener("tests")
    world.inbox.processing._watching = lambda: listener
    for id, brought in enumerate((row("1"), row("1"), row("1", seq=3, result="1"), row("1", seq=2))):
        bring(world, f"m{id}", rows(brought))
    bring(world, "m9", rows(row("1", seq=4, op="D")))
    process(world)
    heard = [(each.before.get("result"), each.after.get("result")) for each in listener.heard]
    assert heard == [(None, "negative"), ("negative", "positive"), ("positive", None)]
    deaf = Listener("others")
    world.inbox.processing._watching = lambda: deaf
    bring(world, "m10", rows(row("2")))
    process(world)
    assert not deaf.heard


def test_what_an_adapter_brings_beyond_its_facts_is_not_kept(world: World) -> None:
    """Another adapter's mapping may be laxer than ours."""
    declared = datasets(world.systems.described("press"))
    fields = {"no": "1", "id_number": HAN, "undeclared": "x"}
    with world.database.session() as session:
        world.inbox._keeping.put(session, "press", 1, declared, [Record("tests", "1", fields)])
    assert world.find("press", "tests", "id_number", HAN) == [{"no": "1", "id_number": HAN}]


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("row 50000, column zt", "row 50000, column zt"), (f"{HAN}.json", "#.json"), ("13912345678 \0\n", "# "),
        ("x" * 999, "x" * 200),
    ],
)  # fmt: skip
def test_a_note_holds_nobodys_number(note: str, kept: str) -> None:
    assert plain(note) == kept


@pytest.mark.parametrize("id", ["", "a" * 201, "a\0b", f"{HAN}.xlsx"])
def test_a_name_that_cannot_be_kept(id: str) -> None:
    assert named(id, b"digest").startswith("sha256:")
    assert named("社保_20260105_01.txt", b"digest") == "社保_20260105_01.txt"
