"""The departments that drop files, as their twins play them, attached as the hub attaches them."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.protocols.file_drop import Adapter
from adapters.protocols.file_drop_watch import CHINA
from adapters.twins.file_drop_county import OldAge, SoleTraders
from adapters.twins.file_drop_site import FileDropSite
from adapters.twins.wire import Server
from hub.port import BadRow, Call, Delivery, Denied, Garbled, Rejected, Setting, Unavailable
from tests.protocols.dropping.office import HERE, Change, Inbox, facts_of
from tests.protocols.recorded import lonely

DAY = date(2026, 11, 25)
KINDS: dict[str, tuple[type[Any], str, str]] = {
    "elderly": (OldAge, "ELDERLY_20261125.csv", "每日发放"),
    "invoice_file": (SoleTraders, "INVOICE_FILE_20261125.xls", ""),
}


class Department:
    """A twin on loopback, and one adapter on it."""

    def __init__(self, system: str, folder: Path, change: Change | None = None) -> None:
        for name in ("username", "password"):
            (folder / f"{system}_{name}").write_text(f"{system} {name}", encoding="utf-8")
        kind, self.name, _ = KINDS[system]
        self.twin: FileDropSite = kind(folder, 1)
        self.server = Server(self.twin).start()
        self.inbox = Inbox()

        def at_once(raw: dict[str, Any]) -> None:
            raw["file_drop"]["ready"] = {"stable_s": 0}
            if change:
                change(raw)

        names = ("username", "password", "host_keys")
        secrets = {name: (folder / f"{system}_{name}").read_text(encoding="utf-8") for name in names}
        self.adapter = Adapter(
            Setting(
                system, self.server.address, facts_of(system, at_once), HERE, lonely(system), secrets=secrets,
                records=self.inbox, allow_private=True,
            )
        )  # fmt: skip

    def tell(self, path: str, method: str = "PUT", **values: Any) -> Any:
        request = urllib.request.Request(f"{self.server.url}/twin/{path}", json.dumps(values).encode(), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def drop(self) -> Any:
        return self.tell("drops", "POST", day=DAY.isoformat())

    def records(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.server.url}/twin/records", timeout=30) as answer:
            return list(json.load(answer)["records"])

    def take(self) -> list[Delivery]:
        return self.inbox.take(self.adapter)

    def ask(self, operation: str, **fields: Any) -> Any:
        return self.adapter.call(Call(operation, fields, time.monotonic() + 3)).fields


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Department]]:
    started: list[Department] = []

    def one(system: str, change: Change | None = None) -> Department:
        started.append(Department(system, tmp_path, change))
        return started[-1]

    yield one
    for each in started:
        each.server.stop()
        each.twin.folder.cleanup()


@pytest.mark.parametrize("system", KINDS)
def test_feat_X8_a_file_is_dropped_taken_and_answered_from(start: Callable[..., Department], system: str) -> None:
    department = start(system)
    department.drop()
    (delivery,) = department.take()
    assert delivery.id == department.name
    assert len(department.inbox.rows) == department.records()[0]["rows"] > 30
    row = next(iter(department.inbox.rows.values())).fields
    if system == "elderly":
        answer = department.ask("query_payments", id_number=row["id_number"], name=row["name"])
        assert answer["payments"] == [{"month": "2026-11", "paid_fen": row["paid_fen"]}]
        with pytest.raises(Rejected):
            department.ask("query_payments", id_number=row["id_number"], name="某某")
    else:
        answer = department.ask("query_taxpayer", taxpayer_no=row["taxpayer_no"])
        assert (answer["org_name"], answer["credit_grade"]) == (row["org_name"], row["credit_grade"])


@pytest.mark.parametrize("system", KINDS)
def test_feat_X8_every_bad_habit_at_once(start: Callable[..., Department], system: str) -> None:
    """Q41, Q44, Q45 and Q48 in one file: one row is refused, told back, and the others are right."""
    department = start(system)
    department.drop()
    department.take()
    before = {key: row.fields for key, row in department.inbox.rows.items()}
    department.tell("quirks", Q41=True, Q45=True, Q48=True, Q42="serial" if system == "elderly" else "text")
    department.drop()
    department.take()
    assert [row.code for row in department.inbox.refused] == ["NUMBER_DESTROYED"]
    assert [row["report"] for row in department.records() if "report" in row] == [f"{department.name}.回执.csv"]
    differing = [key for key, row in department.inbox.rows.items() if row.fields != before[key]]
    assert len(differing) == 1  # the one whose name looks like a formula, as text
    changed = department.inbox.rows[differing[0]].fields
    assert "=1+1" in changed.values()


@pytest.mark.parametrize("form", ["text", "real", "serial"])
def test_quirk_Q42_three_ways_to_write_a_birthday(start: Callable[..., Department], form: str) -> None:
    department = start("elderly")
    department.tell("quirks", Q42=form)
    department.drop()
    department.take()
    expected = {person.id_number: person.birth_date for person in department.twin._people}  # type: ignore[attr-defined]
    told = {row.fields["id_number"]: row.fields["birth_date"] for row in department.inbox.rows.values()}
    assert told == expected and not department.inbox.refused


def test_quirk_Q44_a_name_outside_gbk(start: Callable[..., Department]) -> None:
    department = start("elderly")
    department.tell("quirks", Q44=True)
    department.drop()
    department.take()
    rows = list(department.inbox.rows.values())
    assert rows[1].fields["name"] == "𠮷" + department.twin._people[1].name  # type: ignore[attr-defined]


def test_quirk_Q47_half_then_whole(start: Callable[..., Department]) -> None:
    department = start("elderly")
    department.tell("quirks", Q47="half")
    department.drop()
    with pytest.raises(Garbled):  # it counts as whole here; then its trailer tells
        department.take()
    assert not department.inbox.rows
    department.drop()
    assert len(department.take()) == 1 and department.inbox.rows


@pytest.mark.parametrize("how", ["empty", "late"])
def test_quirk_Q47_nothing_in_it_or_nothing_at_all(start: Callable[..., Department], how: str) -> None:
    department = start("elderly")
    department.tell("quirks", Q47=how)
    department.tell("drops", "POST")
    assert not department.take()
    assert ("empty" if how == "empty" else "late") in department.inbox.alarms
    department.tell("quirks", Q47=False)
    department.tell("drops", "POST")
    (delivery,) = department.take()
    assert f"{datetime.now(CHINA):%Y%m%d}" in delivery.id


def test_quirk_Q47_same_name_other_amounts(start: Callable[..., Department]) -> None:
    department = start("elderly")
    department.drop()
    department.take()
    before = [row.fields["paid_fen"] for row in department.inbox.rows.values()]
    department.tell("quirks", Q47="again")
    department.drop()
    assert len(department.take()) == 1
    assert [row.fields["paid_fen"] - 100 for row in department.inbox.rows.values()] == before
    department.drop()
    assert not department.take()  # the same bytes once more


def test_quirk_Q49_a_folder_whose_names_are_utf8_is_not_guessed(start: Callable[..., Department]) -> None:
    department = start("invoice_file", lambda raw: raw["datasets"]["taxpayers"].update(files="定税_{any}.xls"))
    department.tell("quirks", Q49=False)
    department.twin._write("定税_1.xls", b"x")
    assert not department.take()
    assert "name" in department.inbox.alarms


def test_quirk_Q50_the_host_key_changes(start: Callable[..., Department]) -> None:
    department = start("elderly")
    department.drop()
    department.tell("quirks", Q50=True)
    with pytest.raises(Denied, match="another host key"):
        department.take()
    department.tell("quirks", Q50=False)
    assert department.take()


def test_quirk_Q51_renaming_is_not_allowed(start: Callable[..., Department]) -> None:
    department = start("elderly")
    department.tell("quirks", Q51="no_rename", Q41=True)
    department.drop()
    assert len(department.take()) == 1
    assert not department.take()  # it could not be moved, so it is remembered
    reports = Path(str(department.twin._path("每日发放", "回执")))
    assert sorted(department.twin.text(bytes(each.name, "utf-8", "surrogateescape")) for each in reports.iterdir()) == [
        f"{department.name}.回执.csv", f"{department.name}.回执.csv.done",
    ]  # fmt: skip


def test_quirk_Q51_the_line_is_cut_within_an_upload(start: Callable[..., Department]) -> None:
    department = start("elderly")
    department.tell("quirks", Q51="cut")
    refused = [BadRow(f"{department.name}//2/姓名", "REQUIRED")]
    with pytest.raises(Unavailable):
        department.adapter.report(Delivery(department.name, b""), refused)
    assert not department.records()
    assert not list(Path(str(department.twin._path("每日发放", "回执"))).glob("ELDERLY*"))  # nothing by its name
    department.tell("quirks", Q51=False)
    department.adapter.report(Delivery(department.name, b""), refused)
    assert len(department.records()) == 1


@pytest.mark.parametrize("garbage", ["bytes", "html", "json"])
@pytest.mark.parametrize("system", KINDS)
def test_fault_F5_garbage_in_a_file(start: Callable[..., Department], system: str, garbage: str) -> None:
    department = start(system)
    department.tell("toxics", garbage=garbage)
    department.drop()
    with pytest.raises(Garbled):
        department.take()
    assert not department.inbox.rows


def test_fault_F6_another_charset_than_agreed(start: Callable[..., Department]) -> None:
    department = start("elderly")
    department.tell("toxics", charset="utf-8")
    department.drop()
    with pytest.raises(Garbled) as caught:
        department.take()
    assert caught.value.code == "UPSTREAM_CHARSET" and not department.inbox.rows


@pytest.mark.parametrize("system", KINDS)
@pytest.mark.parametrize("at", [0.1, 0.5, 0.9, 0.999])
def test_fault_F7_a_file_cut_short(start: Callable[..., Department], system: str, at: float) -> None:
    department = start(system)
    whole = len(department.twin.file(DAY, False)[1])
    department.tell("toxics", truncate_at=int(whole * at) - 4)
    department.drop()
    with pytest.raises(Garbled):
        department.take()
    assert not department.inbox.rows


@pytest.mark.parametrize("toxic", [{"down": True}, {"hang": True}, {"latency_ms": 60_000}])
def test_fault_F1_F8_a_sick_server_is_unavailable(start: Callable[..., Department], toxic: dict[str, Any]) -> None:
    department = start("elderly")
    department.drop()
    department.tell("toxics", **toxic)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        department.adapter.probe(time.monotonic() + 1)
    assert time.monotonic() - began < 10
    department.tell("toxics", "DELETE")
    assert department.take()


def test_fault_F11_a_report_that_is_accepted_and_lost_or_whose_line_drops(start: Callable[..., Department]) -> None:
    department = start("elderly")
    department.tell("toxics", accept_then_drop=True)
    with pytest.raises(Unavailable):
        department.adapter.report(Delivery(department.name, b""), [BadRow("a/b/1/c", "DATE")])
    department.tell("toxics", accept_then_lose=True)
    department.adapter.report(Delivery(department.name, b""), [BadRow("a/b/1/c", "DATE")])
    assert not list(Path(str(department.twin._path("每日发放", "回执"))).glob("ELDERLY*"))


def test_the_wrong_password_is_denied(start: Callable[..., Department], tmp_path: Path) -> None:
    department = start("elderly")
    (tmp_path / "elderly_password").write_text("another", encoding="utf-8")
    with pytest.raises(Denied):
        department.adapter.probe(time.monotonic() + 5)


def test_a_reset_twin_is_empty(start: Callable[..., Department]) -> None:
    department = start("elderly")
    assert department.drop()["files"] == [department.name]
    department.tell("reset", "POST")
    assert department.tell("drops", "POST")["files"] and not department.records()[1:]
