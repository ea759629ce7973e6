"""Clues and appeals over HTTP: routed by rule, merged by a person, late ones raised, answered and rated (S6)."""

from __future__ import annotations

import io
import secrets
from datetime import timedelta
from typing import Any

import pytest

from hub.appeals import rules
from hub.settings.shapes import Alike
from tests.credentials.conftest import HAN, LIN, VISITOR, Room, room
from tests.credentials.test_licences import Ahead
from tests.materials.papers import photo

__all__ = ["room"]
TOWN = "360423001"


def key() -> str:
    return secrets.token_hex(16)


def report(room: Room, text: str, person: Any = None, kind: str = "clues", **more: Any) -> dict[str, Any]:
    said = {"text": text, "region": TOWN, **more}
    answer = room.citizen(person or LIN).post(f"/{kind}", said, Idempotency_Key=key())
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def answer(room: Room, number: str, text: str = "已派人到场处理。") -> Any:
    return room.of("officer").post(f"/desk/appeals/{number}/answer", {"text": text})


def told(room: Room, person: Any, number: str) -> list[str]:
    items = room.citizen(person).get("/me/messages?page_size=100").json["items"]
    return [each["kind"] for each in reversed(items) if each["about"] == number]


@pytest.mark.parametrize(
    ("text", "office"),
    [
        ("员工没有口罩，无法复工", "economy"),
        ("企业招工困难", "hrss"),
        ("Our staff have no MASK at all", "economy"),
        ("别的事情想请政府帮忙", "gov_office"),
    ],
    ids=["masks", "labour", "english", "none"],
)
def test_feat_S6_an_appeal_goes_to_the_right_bureau_by_rule(room: Room, text: str, office: str) -> None:
    made = report(room, text, kind="appeals")
    assert (made["office"], made["state"], [act["act"] for act in made["timeline"]]) == (office, "open", ["received"])
    assert told(room, LIN, made["number"]) == ["appeal-received"]


def test_feat_S6_a_clue_needs_no_name_and_an_appeal_does(room: Room) -> None:
    clue = report(room, "棋牌室里很多人聚集打牌", VISITOR)
    assert clue["office"] == TOWN, "by area"
    said = {"text": "员工没有口罩", "region": TOWN}
    refused = room.citizen(VISITOR).post("/appeals", said, Idempotency_Key=key())
    assert (refused.status_code, refused.json["code"], refused.json["required_level"]) == (403, "LEVEL_REQUIRED", 2)


def test_feat_S6_clues_that_may_be_the_same_are_merged_by_a_person_and_answered_together(room: Room) -> None:
    place = {"latitude": 29.2601, "longitude": 115.1001}
    first = report(room, "解放路药店口罩涨价到二十元", HAN, **place)
    near = report(room, "药房高价卖口罩，太贵了", LIN, latitude=29.2605, longitude=115.1003)
    far = report(room, "药房高价卖口罩，太贵了", LIN, latitude=29.4, longitude=115.3)
    officer = room.of("officer")
    alike = {pair["number"] for pair in officer.get(f"/desk/appeals/{near['number']}").json["alike"]}
    assert first["number"] in alike and far["number"] not in alike
    apart = officer.post(f"/desk/appeals/{far['number']}/merge", {"into": first["number"], "same": "yes"})
    assert apart.json["code"] == "STATE_CONFLICT", "nobody found them alike"
    assert officer.get(f"/desk/appeals/{near['number']}").json["state"] == "open", "a rule alone merges nothing"
    merged = officer.post(f"/desk/appeals/{near['number']}/merge", {"into": first["number"], "same": "yes"})
    assert (merged.json["state"], merged.json["merged_into"]) == ("merged", first["number"])
    assert answer(room, first["number"]).status_code == 200
    seen = room.citizen(LIN).get(f"/appeals/{near['number']}").json
    assert seen["timeline"][-1]["note"] == "已派人到场处理。" and first["number"] not in str(seen)
    assert told(room, LIN, near["number"]) == ["appeal-received", "appeal-answered"]


def test_a_person_may_say_that_they_are_not_the_same(room: Room) -> None:
    first, second = report(room, "村口有人偷捕野生动物售卖"), report(room, "村口有人偷捕野生动物出售")
    officer = room.of("officer")
    path = f"/desk/appeals/{second['number']}/merge"
    assert officer.post(path, {"into": first["number"], "same": "no"}).json["state"] == "open"
    assert officer.post(path, {"into": first["number"], "same": "yes"}).json["code"] == "STATE_CONFLICT"


def test_feat_S6_silence_is_told_and_goes_to_the_supervisor(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    number = report(room, "企业贷款到期，难以还款", kind="appeals")["number"]
    cards = []
    for days in (1, 12, 20):
        monkeypatch.setattr(room.hub.appeals, "_clock", Ahead(timedelta(days=days)))
        with room.hub.database.session() as session:
            room.hub.appeals.show_cards(session)
        seen = room.of("officer").get(f"/desk/appeals/{number}").json
        cards.append((seen["card"], seen["raised_to"]))
    assert cards == [("none", ""), ("yellow", ""), ("red", "gov_office")]
    assert told(room, LIN, number) == ["appeal-received", "appeal-late", "appeal-late"]


def test_feat_S6_it_is_answered_once_rated_once_and_a_bad_rating_opens_it_again(room: Room) -> None:
    number = report(room, "物流车辆没有通行证", kind="appeals")["number"]
    citizen = room.citizen(LIN)
    assert citizen.post(f"/appeals/{number}/rating", {"score": 5}).json["code"] == "STATE_CONFLICT", "not answered yet"
    assert answer(room, number).json["state"] == "answered"
    again = answer(room, number)
    assert (again.status_code, again.json["code"], again.json["possible"]) == (409, "STATE_CONFLICT", [])
    reopened = citizen.post(f"/appeals/{number}/rating", {"score": 1}).json
    assert (reopened["state"], reopened["score"]) == ("open", 1)
    assert answer(room, number).json["state"] == "answered"
    assert citizen.post(f"/appeals/{number}/rating", {"score": 5}).json["code"] == "STATE_CONFLICT", "once"


def test_it_can_be_passed_on_to_an_office_that_exists(room: Room) -> None:
    number = report(room, "说不清归谁管的一件事")["number"]
    officer = room.of("officer")
    wrong = officer.post(f"/desk/appeals/{number}/forward", {"to": "nobody", "reason": "职责不符"})
    assert (wrong.status_code, wrong.json["errors"][0]["path"]) == (422, "to")
    moved = officer.post(f"/desk/appeals/{number}/forward", {"to": "health", "reason": "职责"})
    assert moved.json["office"] == "health"


def test_each_office_and_each_citizen_sees_its_own(room: Room) -> None:
    number = report(room, "员工没有口罩，急", HAN, kind="appeals")["number"]
    assert room.citizen(LIN).get(f"/appeals/{number}").status_code == 404
    assert room.citizen(LIN).post(f"/appeals/{number}/rating", {"score": 5}).status_code == 404
    clerk = room.of("community_clerk")
    assert clerk.get(f"/desk/appeals/{number}").status_code == 404, "it is with a bureau"
    clue = report(room, "棋牌室聚集，还没有散")["number"]
    assert clue in {each["number"] for each in clerk.get("/desk/appeals?page_size=100&state=open").json["items"]}
    assert room.citizen(HAN).get("/desk/appeals").json["code"] == "ROLE_REQUIRED"


@pytest.mark.parametrize(
    "wrong",
    [{"latitude": 91, "longitude": 1}, {"latitude": 1}, {"latitude": True, "longitude": 1},
     {"region": "990000"}, {"region": "110101001"},
     {"text": "短"}, {"text": "一" * 2001}, {"openid": "o"}],
)  # fmt: skip
def test_what_is_not_right_is_refused(room: Room, wrong: dict[str, Any]) -> None:
    said = {"text": "村口聚集很多人", "region": TOWN, **wrong}
    refused = room.citizen(LIN).post("/clues", said, Idempotency_Key=key())
    assert refused.status_code in (400, 422), refused.text


def test_the_same_submission_twice_is_one_clue(room: Room) -> None:
    same = key()
    said = {"text": "棋牌室里聚集打牌十几人", "region": TOWN}
    first, second = (room.citizen(LIN).post("/clues", said, Idempotency_Key=same) for _ in range(2))
    assert first.json["number"] == second.json["number"]


def test_likeness_is_of_what_was_said() -> None:
    assert rules.likeness("药店口罩涨价", "药店口罩涨价!") == 100
    assert rules.likeness("药店口罩涨价", "棋牌室聚集") == 0
    assert Alike().percent > rules.likeness("药店口罩涨价", "药店卖粮油")


def test_feat_S6_a_clue_brings_photos_that_only_its_office_sees(room: Room) -> None:
    visitor = room.citizen(VISITOR)
    sent = visitor.client.post(
        "/api/v1/files", data={"file": (io.BytesIO(photo(64, 64)), "a.jpg")}, content_type="multipart/form-data",
        headers={"Authorization": f"Bearer {visitor.token}"},
    )  # fmt: skip
    assert sent.status_code == 201, sent.text
    file_id = sent.json["file_id"]
    made = report(room, "棋牌室里很多人聚集，有照片", VISITOR, photos=[file_id])
    assert len(made["photos"]) == 1
    seen = room.of("community_clerk").get(f"/desk/appeals/{made['number']}/photos/{made['photos'][0]}")
    assert (seen.status_code, seen.mimetype, seen.data[:2]) == (200, "image/jpeg", b"\xff\xd8")
    other = report(room, "另一件事，没有照片")["number"]
    assert room.of("officer").get(f"/desk/appeals/{other}/photos/{file_id}").status_code == 404
    said = {"text": "用别人的照片来反映", "region": TOWN, "photos": [file_id]}
    assert room.citizen(LIN).post("/clues", said, Idempotency_Key=key()).status_code in (404, 422)
