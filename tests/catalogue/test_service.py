"""The tables in step with config, forms, and what needs no database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import text

from hub.catalogue import forms
from hub.catalogue.rules import Query
from hub.catalogue.service import Catalogue
from hub.catalogue.writing import lock
from hub.errors import Problem
from hub.settings.shapes import FormField, Service
from tests.catalogue.conftest import CRYPTO, Room

LABEL = {"zh": "项目", "en": "Item"}


def rewrite(room: Room, id: str, *changes: tuple[str, str]) -> None:
    file = room.config / f"services/{id}.yaml"
    content = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in content
        content = content.replace(before, after)
    file.write_text(content, encoding="utf-8")
    room.settings.reload()
    assert room.settings.problem is None


def test_a_change_of_config_is_in_the_tables_at_once(room: Room) -> None:
    rewrite(room, "vehicle-list", ("我的车", "我的小汽车"))
    assert room.titles("我的小汽车") == ["本人名下机动车查询"]
    with room.database.read() as connection:
        orphans = (
            "SELECT count(*) FROM catalogue_name n WHERE NOT EXISTS (SELECT FROM catalogue_item WHERE name_id = n.id)"
        )
        assert connection.scalar(text(orphans)) == 0


def test_a_service_that_is_taken_away_is_gone(room: Room) -> None:
    (room.config / "services/vehicle-list.yaml").unlink()
    room.settings.reload()
    assert "vehicle-list" not in [item["id"] for item in room.catalogue.search(Query(page_size=100), "zh").items]
    for ask in (room.catalogue.service, lambda id: room.catalogue.detail(id, "zh")):
        with pytest.raises(Problem, match="NOT_FOUND"):
            ask("vehicle-list")


def test_an_item_is_shown_again_when_its_service_goes(room: Room) -> None:
    link = "https://zwfw.example/?areaCode=360423000000&itemCode={}&taskType=20&deptCode=x"
    code = "360Z0060200001-360423000000-000-11360423DEM0000650-1-00"
    subs = [{"name": "机动车违法查询", "link": link.format(code)}]
    assert room.take([{"department": "县公安局", "items": [{"main_item": "x", "sub_items": subs}]}]).new == 1
    assert room.titles("机动车违法查询") == []
    (room.config / "services/vehicle-list.yaml").unlink()
    room.settings.reload()
    assert room.titles("机动车违法查询") == ["机动车违法查询"]


def test_what_did_not_change_is_not_written_again(room: Room) -> None:
    def versions() -> list[str]:
        with room.database.read() as connection:
            return [xmin for (xmin,) in connection.execute(text("SELECT xmin::text FROM catalogue_item ORDER BY id"))]

    before = versions()
    again = Catalogue(room.settings, room.switches, room.database, room.clock, CRYPTO)
    assert again.synchronise()
    rewrite(room, "vehicle-list", ("per_minute: 30", "per_minute: 31"))
    assert versions() == before


def test_one_writer_at_a_time_and_the_others_try_again(room: Room) -> None:
    with room.database.session() as session:
        assert lock(session, 0)
        rewrite(room, "my-records", ("我的档案", "我的全部档案"))
        assert not room.catalogue.synchronise()
        assert "我的全部档案" not in room.titles("")
    room.clock.pass_by(seconds=2)
    assert "我的全部档案" in room.titles("")


def test_many_workers_at_once(room: Room) -> None:
    workers = [Catalogue(room.settings, room.switches, room.database, room.clock, CRYPTO) for _ in range(6)]
    rewrite(room, "my-records", ("我的档案", "我的全部档案"))
    threads = [threading.Thread(target=worker.synchronise) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with room.database.read() as connection:
        rows = connection.execute(
            text("SELECT id, count(*) FROM catalogue_item WHERE source = 'config' GROUP BY 1")
        ).all()
    assert len(rows) == len(room.settings.now.services)
    assert {count for _, count in rows} == {1}


def test_who_asks_first_waits_until_the_services_are_there(room: Room) -> None:
    """Two workers on an empty table, several citizens at once at each."""
    with room.database.session() as session:
        session.execute(text("TRUNCATE catalogue_item, catalogue_name"))
        session.execute(text("UPDATE catalogue_state SET config = ''"))
    workers = [Catalogue(room.settings, room.switches, room.database, room.clock, CRYPTO) for _ in range(2)]
    with ThreadPoolExecutor(6) as citizens:
        found = citizens.map(lambda each: workers[each % 2].search(Query(kind="application"), "zh").items, range(6))
    offered = sum(service.kind == "application" for service in room.settings.now.services.values())
    assert [len(each) for each in found] == [offered] * 6


def test_feat_B3_a_service_of_config_begins_and_ends_at_midnight(room: Room) -> None:
    rewrite(
        room,
        "my-records",
        ("themes: [records]", "themes: [records]\neffective_from: 2026-01-16\neffective_until: 2026-01-16"),
    )
    seen = []
    for _ in range(3):
        listed = "my-records" in [item["id"] for item in room.catalogue.search(Query(), "zh").items]
        try:
            shown = room.catalogue.detail("my-records", "zh").answer["effective_from"] == "2026-01-16"
            room.catalogue.service("my-records")
        except Problem as problem:
            assert problem.code == "NOT_FOUND"
            shown = False
        seen.append((room.clock.now().date(), listed, shown))
        room.clock.pass_by(hours=24)
    assert seen == [
        (date(2026, 1, 15), False, False),
        (date(2026, 1, 16), True, True),
        (date(2026, 1, 17), False, False),
    ]


def test_feat_M1_an_announced_window_shows_before_and_during_it(room: Room) -> None:
    rewrite(
        room,
        "vehicle-list",
        (
            'switch: {enabled: true, notice: {zh: "", en: ""}}',
            "switch:\n  maintenance:\n    from: 2026-01-15T10:00:00+08:00\n    until: 2026-01-15T11:00:00+08:00\n"
            "    notice: {zh: 检修}",
        ),
    )
    seen = []
    for _ in range(3):
        item = room.catalogue.detail("vehicle-list", "zh").answer
        seen.append((item["status"], item["notice"]))
        room.clock.pass_by(hours=1)
    assert seen == [("open", "检修"), ("maintenance", "检修"), ("open", None)]


def test_an_answer_holds_no_longer_than_what_it_was_made_of(room: Room) -> None:
    page, again = (room.catalogue.search(Query(), "zh") for _ in range(2))
    assert room.catalogue.holds(page.stamp)
    room.clock.ahead += 1
    assert not room.catalogue.holds(page.stamp)
    room.clock.ahead -= 1
    assert room.catalogue.holds(again.stamp)
    with room.database.session() as session:
        room.switches.change(session, "system", "housing_fund", {"enabled": False}, "test", "tester")
    room.switches.refresh()
    assert not room.catalogue.holds(again.stamp)
    once_more = room.catalogue.search(Query(), "zh")
    rewrite(room, "vehicle-list", ("level: 2", "level: 1"))
    assert not room.catalogue.holds(once_more.stamp)


def a_service(*form: FormField, subject: tuple[str, ...] = ()) -> Service:
    return Service("s", {"zh": "甲"}, "d", "query", (), "person", "360423", 2, 3, form=form, subject=subject)


FORM = (
    FormField("year", "year", LABEL, 2, min=2010),
    FormField("reason", "text", LABEL, 2, required=True, max=5),
    FormField("kind", "choice", LABEL, 2, choices=("a", "b")),
)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ({"reason": "好"}, None),
        ({"reason": "好", "year": 2020, "kind": "a", "id_number": "11010519491231002x"}, None),
        ({}, ("reason", "REQUIRED")),
        ({"reason": "好", "year": "2020"}, ("year", "TYPE")),
        ({"reason": "好", "year": 2009}, ("year", "DATE_RANGE")),
        ({"reason": "好多好多好"}, None),
        ({"reason": "好多好多好多"}, ("reason", "TOO_LONG")),
        ({"reason": "好", "kind": "c"}, ("kind", "CHOICE")),
        ({"reason": "好", "other": 1}, ("other", "UNKNOWN_FIELD")),
        ({"reason": "好", "name": "张三"}, ("name", "UNKNOWN_FIELD")),
        ({"reason": "好", "id_number": "110105194912310021"}, ("id_number", "ID_CHECKSUM")),
    ],
)
def test_a_form_is_checked(raw: dict[str, object], fault: tuple[str, str] | None) -> None:
    service = a_service(*FORM, subject=("id_number",))
    if fault is None:
        assert forms.load(service, raw).keys() == raw.keys()
        return
    with pytest.raises(Problem) as refused:
        forms.load(service, raw)
    assert refused.value.status == 422
    assert [(each.path, each.code) for each in refused.value.faults] == [fault]


def test_a_form_is_made_once() -> None:
    assert forms.schema(a_service(*FORM)) is forms.schema(a_service(*FORM))
    assert forms.schema(a_service(*FORM)) is not forms.schema(a_service(*FORM[:2]))
