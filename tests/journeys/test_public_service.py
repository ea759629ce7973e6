"""S4, S6 and S8 as people live them: a shop reopens, a clue and an appeal are answered, a licence comes by itself.

Over HTTP alone, with a clock that is moved; nobody sleeps. What a notice to ten thousand inboxes takes, and the outbox
under fire, is in tests/messages and tests/faults.
"""

from __future__ import annotations

import io
import secrets
from typing import Any

import pytest

from tests.cases.conftest import HAN, LIN, Hall, hall
from tests.cases.test_cases import DOCUMENT, messages
from tests.cases.test_clock import at, events
from tests.credentials.conftest import VISITOR, Person
from tests.materials.papers import photo

__all__ = ["hall"]
COMMUNITY, TOWN = "360423001001", "360423001"


@pytest.fixture(autouse=True)
def today_again(hall: Hall) -> Any:
    yield
    hall.clock.ahead = 0.0
    hall.tokens.clear()


def turn(hall: Hall) -> None:
    """What `hub work` does on its rounds."""
    hall.rounds()
    with hall.hub.database.session() as session:
        hall.hub.tasks.show_cards(session)
        hall.hub.appeals.show_cards(session)


def clerk(hall: Hall, office: str) -> Person:
    return hall.officer("clerk", office, "community_clerk")


def tasks(hall: Hall, office: str, number: str) -> list[dict[str, Any]]:
    found = clerk(hall, office).get("/desk/tasks?page_size=100").json["items"]
    return [each for each in found if each["about"] == number]


def done(hall: Hall, office: str, task: dict[str, Any], answer: str) -> None:
    path = f"/desk/tasks/{task['id']}/confirm"
    assert clerk(hall, office).post(path, {"answer": answer, "note": "已核"}).status_code == 200


def silences(hall: Hall, number: str) -> list[str]:
    """What the applicant was told of silence, the oldest first."""
    found = hall.citizen(HAN).get("/me/messages?page_size=100").json["items"]
    texts = [each["text"] for each in reversed(found) if each["about"] == number and each["kind"] == "case-progress"]
    return [text for text in texts if "牌" in text]


def uploaded(person: Person, **more: str) -> str:
    data = {"file": (io.BytesIO(photo(64, 64, seed=secrets.randbelow(10**6))), "photo.jpg"), **more}
    headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": secrets.token_hex(16)}
    answer = person.client.post("/api/v1/files", data=data, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json["file_id"])


def test_feat_S4_a_shop_reopens_although_a_community_is_silent(hall: Hall) -> None:
    """Filed on Friday, 18 September 2026; Sunday the 20th is made up for, so three working days end on Tuesday."""
    hall.later(until=at(2026, 9, 18))
    paper = {"type": "protection-plan", "file_id": uploaded(hall.citizen(HAN), type="protection-plan")}
    fields = {**hall.resumption(), "region": COMMUNITY}
    receipt = hall.apply(fields=fields, materials=[paper]).json
    number = receipt["receipt_no"]
    assert receipt["promised_at"].startswith("2026-09-22T23:59:59")
    assert events(hall, number).count("task_assigned") == 3
    committee, subdistrict, health = (tasks(hall, office, number) for office in (COMMUNITY, TOWN, "health"))
    assert [each["kind"] for each in committee] == ["site-check"]
    assert [each["kind"] for each in health] == ["health-check"]
    (own,) = [each for each in subdistrict if each["kind"] == "town-check"]
    done(hall, TOWN, own, "agreed")
    done(hall, "health", health[0], "in_order")
    hall.done(number, "pick-up")
    items = [{"path": "materials.protection-plan", "message": "请再交一份"}]
    asked = hall.act(number, "request-correction", {"items": items})
    assert (asked.status_code, asked.json["code"]) == (422, "REASON_REQUIRED"), "no paper is asked for that is there"

    hall.later(until=at(2026, 9, 20, 23))
    turn(hall)
    assert silences(hall, number) == [], "not before the working day is over"
    hall.later(until=at(2026, 9, 21, 0))
    turn(hall)
    assert len(silences(hall, number)) == 1 and "黄牌" in silences(hall, number)[0]
    hall.later(until=at(2026, 9, 22, 0))
    turn(hall)
    assert len(silences(hall, number)) == 2 and "红牌" in silences(hall, number)[1]
    (raised,) = [each for each in tasks(hall, TOWN, number) if each["kind"] == "site-check"]
    assert raised["raised_to"] == TOWN and raised["card"] == "red", "the next level has it"
    done(hall, TOWN, raised, "in_order")

    hall.later(until=at(2026, 9, 22, 15))
    hall.done(number, "accept")
    assert hall.act(number, "approve", DOCUMENT).status_code == 200
    case = hall.case(number)
    story = [each for each in events(hall, number) if not each.startswith("task_") and each != "warning"]
    assert story == ["received", "picked_up", "accepted", "decided"] and case["clock"]["card"] == "none"
    assert case["timeline"][-1]["at"] <= case["timeline"][-1]["promised_at"], "as promised"
    assert hall.officer().get(f"/desk/cases/{number}").json["timeline"] == case["timeline"]


def test_feat_S6_a_clue_is_merged_and_an_appeal_answered_in_time_and_rated(hall: Hall) -> None:
    hall.later(until=at(2026, 9, 21))
    place = {"latitude": 29.2601, "longitude": 115.1001, "region": TOWN}
    seen = uploaded(hall.citizen(LIN))
    first = reported(hall, "clues", VISITOR, {"text": "新华书店门口有人聚集打牌", **place})
    second = reported(hall, "clues", LIN, {"text": "书店门口聚集打牌，很多人", **place, "photos": [seen]})
    assert first["office"] == second["office"] == TOWN, "by area, without a name"
    desk = hall.officer("clues", TOWN, "community_clerk")
    assert first["number"] in {each["number"] for each in desk.get(f"/desk/appeals/{second['number']}").json["alike"]}
    merged = desk.post(f"/desk/appeals/{second['number']}/merge", {"into": first["number"], "same": "yes"})
    assert merged.json["state"] == "merged", "a rule found them, a person says so"
    assert desk.post(f"/desk/appeals/{first['number']}/answer", {"text": "已劝散。"}).status_code == 200
    assert hall.citizen(LIN).get(f"/appeals/{second['number']}").json["timeline"][-1]["note"] == "已劝散。"

    masks = reported(hall, "appeals", HAN, {"text": "员工没有口罩，无法复工", "region": TOWN})
    assert masks["office"] == "economy", "by rule"
    hall.later(days=0.5)
    turn(hall)
    bureau = hall.officer("bureau", "economy")
    assert bureau.get(f"/desk/appeals/{masks['number']}").json["card"] == "none"
    answered = bureau.post(f"/desk/appeals/{masks['number']}/answer", {"text": "口罩今天送到。"})
    assert answered.json["state"] == "answered"
    kinds = [each["kind"] for each in hall.citizen(HAN).get("/me/messages?page_size=100").json["items"]
             if each["about"] == masks["number"]]  # fmt: skip
    assert kinds == ["appeal-answered", "appeal-received"]
    rated = hall.citizen(HAN).post(f"/appeals/{masks['number']}/rating", {"score": 5})
    assert rated.status_code in (200, 201) and rated.json["score"] == 5


def reported(hall: Hall, kind: str, persona: Any, said: dict[str, Any]) -> dict[str, Any]:
    answer = hall.citizen(persona).post(f"/{kind}", said, Idempotency_Key=secrets.token_hex(16))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def test_feat_S8_approved_without_a_visit_and_verified_by_anyone(hall: Hall) -> None:
    wrong = hall.apply(fields={**hall.resumption(), "credit_code": "91350100M000100Y44"})
    assert wrong.status_code == 422 and wrong.json["errors"][0]["path"] == "fields.credit_code", "checked before"
    number = hall.applied()
    hall.done(number, "pick-up", "accept")
    empty: list[Any] = [{}, {"document": {}}, {"document": {"name": "证", "number": "1"}}]
    refused = [hall.act(number, "approve", body) for body in empty]
    assert {answer.status_code for answer in refused} == {422}, "nothing is closed without its result document"
    assert hall.case(number)["status"] == "accepted" and hall.case(number)["result"] is None
    licence = hall.issue("food-business-licence")
    document = {"name": "食品经营许可证", "number": licence["licence_id"], "credential_id": licence["id"]}
    assert hall.act(number, "approve", {"document": document}).status_code == 200
    result = hall.case(number)["result"]
    held = hall.citizen(HAN).get(f"/me/credentials/{result['credential_id']}").json
    assert held["licence_id"] == result["number"], "the national id with its check character, and all its fields"
    told = hall.check(hall.show(HAN, result["credential_id"])).json
    assert told["valid"] is True
    changed = hall.show(HAN, result["credential_id"])[:-3] + "AAA"
    assert hall.check(changed).json.get("valid") is not True, "a seal that was touched"
    assert "case-decided" in messages(hall, number)
