"""Published catalogues as they come: taken whole, twice is once, wrong rows named, versions never two on one day."""

from __future__ import annotations

import json
import socket
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.catalogue.importing import Broken
from hub.catalogue.rules import Query
from hub.errors import Problem
from tests.catalogue.conftest import Room
from tests.county import ROOT

DATA = Path(__file__).parent / "data"
LINK = "https://zwfw.example/x?areaCode=360423000000&itemCode={}&taskType=20&deptCode=11360423DEM0000650"


def published(*subs: dict[str, Any], main: str = "未分类") -> list[dict[str, Any]]:
    return [{"department": "县公安局", "items": [{"main_item": main, "sub_items": list(subs)}]}]


def sub(name: Any = "甲", code: str = "A1", link: str | None = None) -> dict[str, Any]:
    return {"name": name, "link": LINK.format(code) if link is None else link, "qrcode": ""}


def national(**more: Any) -> dict[str, Any]:
    return {
        "task_name": "采砂许可",
        "task_code": "T1",
        "area_code": "360423",
        "dept_code": "11360423DEM0001619",
        **more,
    }


@pytest.mark.parametrize(
    ("path", "scheme", "rows"),
    [
        (DATA / "sample_5_departments.json", "sichuan", 124),
        (DATA / "service_items_published.json", "county", 300),
        (ROOT / "hub/demo/county/service_items.json", "county", 300),
    ],
    ids=["district", "county", "register"],
)
def test_a_published_file_without_hand_editing(room: Room, path: Path, scheme: str, rows: int) -> None:
    report = room.take(path, scheme)
    assert (report.rows, report.new, report.refused) == (rows, rows, 0)
    again = room.take(path, scheme)
    assert (again.new, again.changed, again.unchanged) == (0, 0, rows)


def test_the_shape_is_read_as_it_is(room: Room) -> None:
    room.take(published(sub("分户登记 "), sub("限制类医疗技术备案(县级）", "B2"), main="户口登记"))
    room.take(published(sub("乙", "C3")))
    shown = {item["title"]: item for item in room.catalogue.search(Query(region="360423", kind="link"), "zh").items}
    assert set(shown) == {"分户登记", "限制类医疗技术备案（县级）", "乙"}
    item = shown["分户登记"]
    assert item["department"] == "police"  # ours, by the credit code in the link
    assert item["codes"] == {"catalog_code": None, "task_code": "A1"}
    detail = room.catalogue.detail(item["id"], "zh").answer
    assert detail["guide"] == {"main_item": "户口登记", "task_type": "公共服务"}
    assert detail["link"] == LINK.format("A1")
    assert (detail["form"], detail["kind"]) == (None, "link")
    assert "main_item" not in room.catalogue.detail(shown["乙"]["id"], "zh").answer["guide"]


def test_feat_B5_materials_and_fees_are_shown(room: Room) -> None:
    room.take(ROOT / "hub/demo/county/service_items.json")
    (item,) = room.catalogue.search(Query(q="居民身份证补领"), "zh").items
    guide = room.catalogue.detail(item["id"], "zh").answer["guide"]
    assert guide["fees"] == [{"name": "收费", "amount_fen": 4000}]
    assert {"name", "required", "form", "copies", "source"} <= set(guide["materials"][0])
    assert guide["place"] == "县公安局"
    (closed,) = room.catalogue.search(Query(q="取水许可延续"), "zh").items
    assert (closed["status"], closed["notice"]) == ("closed", "该事项暂停办理，请咨询部门。")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (sub(""), "has no name"),
        (sub(None), "has no name"),
        (sub("丙\u202e"), "has a name with an invisible character"),
        (sub("名" * 301), "has a name of more than 300 characters"),
        (sub(link=""), "has no link to a page"),
        (sub(link="javascript:alert(1)//?itemCode=1&areaCode=360423000000"), "has no link to a page"),
        (sub(link="https://zwfw.example/?areaCode=360423000000"), "has no code"),
        (sub(link="https://zwfw.example/?itemCode=A1&areaCode=zz"), "has no region"),
        (sub(code="A" * 65), "has a code that is no code"),
        ("text", "is of no known shape"),
        (sub("甲", "OK"), "stands in the file twice"),
    ],
)
def test_wrong_rows_are_named_and_the_rest_is_taken(room: Room, wrong: Any, why: str) -> None:
    report = room.take(published(sub("好", "OK"), wrong, sub("也好", "OK2")))
    assert (report.new, report.refused) == (2, 1)
    (remark,) = report.refusals
    assert (remark.row, remark.text) == (2, why)


@pytest.mark.parametrize(
    "raw",
    [b"{", b"[{}", b"[1 2", b"nonsense", b"[]x", '["甲"]'.encode("gbk"), b"[" * 100_000, b""],
    ids=["open", "cut", "no-comma", "words", "after", "gbk", "deep", "empty"],
)
def test_a_broken_file_takes_nothing(room: Room, raw: bytes) -> None:
    good = json.dumps(published(sub())).encode()[:-1]
    if raw == b"":
        assert room.take(b"").rows == 0
        return
    with pytest.raises(Broken):
        room.take(good + b"," + raw)
    with room.database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM catalogue_item WHERE source = 'county'")) == 0


def test_lines_of_json_are_read_too(room: Room) -> None:
    report = room.take(
        "\n".join(json.dumps(national(task_code=f"N{n}"), ensure_ascii=False) for n in range(50)).encode()
    )
    assert report.new == 50


def test_a_change_is_a_change(room: Room) -> None:
    room.take(published(sub("甲", "A1X9Z"), sub("乙", "B1")))
    report = room.take(published(sub("甲甲", "A1X9Z"), sub("乙", "B1")))
    assert (report.new, report.changed, report.unchanged) == (0, 1, 1)
    (item,) = room.catalogue.search(Query(q="A1X9Z"), "zh").items
    assert item["title"] == "甲甲"


def test_feat_B2_the_same_code_of_another_scheme_is_another_item(room: Room) -> None:
    room.take(published(sub("甲", "A1X9Z")), "county")
    room.take(published(sub("乙", "A1X9Z")), "hubei")
    assert {item["title"] for item in room.catalogue.search(Query(q="A1X9Z"), "zh").items} == {"甲", "乙"}


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ({"anticipate_day": 20, "promise_day": 20}, 0),
        ({"anticipate_day": 20, "promise_day": 21}, 1),
        ({"anticipate_day": "20", "promise_day": "28", "promise_type": "2"}, 0),  # 28 days are 20 working days
        ({"anticipate_day": 20, "promise_day": 29, "promise_type": 2}, 1),
        ({"anticipate_day": 7, "anticipate_type": "2", "promise_day": 5}, 0),
        ({"anticipate_day": 6, "anticipate_type": "2", "promise_day": 5}, 1),
        ({"promise_day": 5}, 0),
    ],
)
def test_feat_B4_a_promise_longer_than_the_law(room: Room, limits: dict[str, Any], refused: int) -> None:
    report = room.take([national(**limits)])
    assert report.refused == refused
    if refused:
        assert report.refusals[0].text == "promises longer than the law allows"


def test_feat_B4_in_a_countys_own_register(room: Room) -> None:
    item = {"item_code": "A1-360423000000", "area_code": "360423", "name": "甲", "statutory_days": 5}
    assert room.take([{**item, "promised_days": 6}]).refused == 1
    assert room.take([{**item, "promised_days": 5}]).new == 1


def test_feat_B3_versions_switch_at_midnight(room: Room) -> None:
    room.take(
        [
            national(task_version="1"),
            national(task_version="2", task_name="河道采砂许可", plan_effective_date="20260116"),
        ]
    )
    room.clock.at = room.clock.at.replace(hour=23, minute=59, second=59)
    (item,) = room.catalogue.search(Query(q="采砂"), "zh").items
    assert item["title"] == "采砂许可"
    assert room.catalogue.detail(item["id"], "zh").answer["effective_until"] == "2026-01-15"
    room.clock.pass_by(seconds=1)
    (item,) = room.catalogue.search(Query(q="采砂"), "zh").items
    assert item["title"] == "河道采砂许可"
    assert room.catalogue.detail(item["id"], "zh").answer["effective_from"] == "2026-01-16"


def test_feat_B3_an_item_that_ended_is_gone(room: Room) -> None:
    room.take([national(plan_cancel_date="2026-01-15")])
    (item,) = room.catalogue.search(Query(q="采砂"), "zh").items
    room.clock.pass_by(days=1)
    assert not room.catalogue.search(Query(q="采砂"), "zh").items
    with pytest.raises(Problem, match="NOT_FOUND"):
        room.catalogue.detail(item["id"], "zh")


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (("2026-01-01", None), ("2026-02-01", None), False),  # the first one ends the day before
        (("2026-02-01", None), ("2026-01-01", None), False),  # handed in in the other order
        (("2026-01-01", None), ("2026-01-01", None), True),
        (("2026-01-01", "2026-03-31"), ("2026-02-01", None), True),
        (("2026-01-01", "2026-01-31"), ("2026-02-01", None), False),
        (("2026-02-01", "2026-02-28"), ("2026-01-01", "2026-02-01"), True),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_feat_B3_never_two_versions_on_one_day(
    room: Room, first: Any, second: Any, refused: bool, together: bool
) -> None:
    one = national(task_version="1", plan_effective_date=first[0], plan_cancel_date=first[1])
    two = national(task_version="2", plan_effective_date=second[0], plan_cancel_date=second[1])
    reports = [room.take([one, two])] if together else [room.take([one]), room.take([two])]
    assert sum(report.refused for report in reports) == refused
    with room.database.read() as connection:
        periods = connection.execute(
            text("SELECT effective_from, effective_until FROM catalogue_item WHERE source = 'county' ORDER BY 1")
        ).all()
    assert len(periods) == 2 - refused
    for (_, until), (start, _) in pairwise(periods):
        assert until is not None
        assert until < start
    again = [room.take([one, two])] if together else [room.take([one]), room.take([two])]
    assert [report.changed + report.new for report in again] == [0] * len(again)


def test_an_abolished_region_is_called_by_its_successor(room: Room) -> None:
    report = room.take([national(area_code="362623")])
    assert [remark.text for remark in report.warnings if "region" in remark.text] == [
        "its region 362623 has become 360423"
    ]
    assert room.catalogue.search(Query(q="采砂"), "zh").items[0]["region"] == "360423"


def test_codes_that_fail_their_validator_are_taken_with_a_warning(room: Room) -> None:
    regions = room.config / "regions.yaml"
    regions.write_text(regions.read_text(encoding="utf-8").replace("{national:", "{county:"), encoding="utf-8")
    room.settings.reload()
    report = room.take([national(), national(task_code="360Z0250030003-360423000000-000-11360423DEM00025XL-1-00")])
    assert (report.new, [(remark.row, remark.text) for remark in report.warnings]) == (
        2,
        [(1, "its task_code is not of the form base-area-000-organisation-0-00")],
    )


@pytest.mark.parametrize("scheme", ["config", "", "Ü", "a b", "x" * 40])
def test_a_scheme_is_a_plain_word(room: Room, scheme: str) -> None:
    with pytest.raises(ValueError, match="code scheme"):
        room.take(published(sub()), scheme)


def test_no_link_is_ever_opened(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address is connected to; the database has its connection already."""
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: connected.append(address))
    room.take(DATA / "sample_5_departments.json", "sichuan")
    assert connected == []


def test_days_are_days(room: Room) -> None:
    assert room.take([national(plan_effective_date="20260230")]).refusals[0].text == "has a day that does not exist"
    assert room.take([national(plan_effective_date="2026-02-02", plan_cancel_date="2026-02-01")]).refused == 1
