"""feat_S4, X2, X3: filed once, the community is asked, papers that are there are not asked for again without a reason;
and feat_S8: decided with a licence that anyone can check. Through HTTP, with the clock moved."""

from __future__ import annotations

import io
import secrets
from dataclasses import replace
from typing import Any

import pytest

from hub.cases import rules
from hub.errors import Problem
from tests.cases.conftest import HAN, Hall
from tests.cases.test_cases import DOCUMENT, messages
from tests.cases.test_clock import at, events, figure
from tests.materials.papers import photo


@pytest.fixture(autouse=True)
def today_again(hall: Hall) -> Any:
    yield
    hall.clock.ahead = 0.0
    hall.tokens.clear()


def rounds(hall: Hall) -> None:
    hall.rounds()
    with hall.hub.database.session() as session:
        hall.hub.tasks.show_cards(session)


def uploaded(hall: Hall, type: str) -> str:
    data = {"file": (io.BytesIO(photo(64, 64, seed=secrets.randbelow(10**6))), "plan.jpg"), "type": type}
    person = hall.citizen(HAN)
    headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": secrets.token_hex(16)}
    answer = person.client.post("/api/v1/files", data=data, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json["file_id"])


def test_feat_S4_feat_X3_a_silent_community_gets_cards_and_the_owner_is_told_each_time(hall: Hall) -> None:
    hall.later(until=at(2026, 2, 12))
    number = hall.applied()
    assert events(hall, number) == ["received", *["task_assigned"] * 3]
    clerk = hall.officer("clerk", "360423001", "community_clerk")
    (task,) = [each for each in clerk.get("/desk/tasks?page_size=100").json["items"]
               if each["about"] == number and each["kind"] == "site-check"]  # fmt: skip
    assert task["told"]["org_name"] and "phone" not in task["told"], "what names the place, and no more"
    assert clerk.get(f"/desk/cases/{number}").json["code"] == "ROLE_REQUIRED"
    hall.done(number, "pick-up")
    for day, event in ((14, "task_yellow"), (24, "task_red")):
        hall.later(until=at(2026, 2, day))
        rounds(hall)
        if day == 14:
            hall.later(until=at(2026, 2, 15))
            rounds(hall)
        assert event in events(hall, number)
    assert messages(hall, number).count("case-progress") >= 2
    clerk = hall.officer("clerk", "360423001", "community_clerk")
    done = clerk.post(f"/desk/tasks/{task['id']}/confirm", {"answer": "in_order", "note": "已到现场"})
    assert done.status_code == 200, done.text
    hall.done(number, "accept")
    assert hall.act(number, "approve", DOCUMENT).status_code == 200
    story = events(hall, number)
    assert story.index("picked_up") < story.index("task_confirm") < story.index("decided")


def test_feat_X2_a_paper_some_office_has_is_asked_for_again_only_with_a_reason(hall: Hall) -> None:
    file_id = uploaded(hall, "protection-plan")
    number = hall.applied(materials=[{"type": "protection-plan", "file_id": file_id}])
    assert [each["file_id"] for each in hall.case(number)["materials"]]
    hall.done(number, "pick-up")
    before = figure(hall, "hub_papers_asked_anew")
    items = [{"path": "materials.protection-plan", "message": "请提交盖章页"}]
    refused = hall.act(number, "request-correction", {"items": items})
    assert (refused.status_code, refused.json["code"]) == (422, "REASON_REQUIRED")
    told = {"items": items, "again_because": "缺少盖章页"}
    assert hall.act(number, "request-correction", told).status_code == 200
    assert figure(hall, "hub_papers_asked_anew") == before + 1, "and it is counted"
    other = uploaded(hall, "protection-plan")
    handed = hall.mine(number, "corrections", {"materials": [{"type": "protection-plan", "file_id": other}]})
    assert handed.json["status"] == "received" and len(handed.json["materials"]) == 1


def test_row_B85_a_paper_that_is_not_mine_or_not_asked_for_is_refused(hall: Hall) -> None:
    strange = hall.apply(materials=[{"type": "protection-plan", "file_id": "f" + "0" * 32}])
    assert (strange.status_code, strange.json["code"]) == (404, "NOT_FOUND")
    unasked = hall.apply(materials=[{"type": "photo-of-cat", "file_id": uploaded(hall, "protection-plan")}])
    assert (unasked.status_code, unasked.json["errors"][0]["path"]) == (422, "materials.photo-of-cat")
    service = hall.hub.settings.now.services["assistance-application"]
    (material,) = [each for each in service.guide["materials"] if each["type"] == "income-proof"]
    strict = replace(service, guide={**service.guide, "materials": [{**material, "required": True}]})
    rules.check_papers(strict, [], ["income-proof"])
    with pytest.raises(Problem) as missing:
        rules.check_papers(strict, [], [])
    assert [(each.path, each.code) for each in missing.value.faults] == [("materials.income-proof", "REQUIRED")]


def test_feat_E7_the_promised_paper_comes_and_it_can_be_decided(hall: Hall) -> None:
    number = hall.applied(promised=["protection-plan"])
    hall.done(number, "pick-up")
    hall.act(number, "accept-on-promise", {"missing": ["protection-plan"], "days": 2})
    paper = {"type": "protection-plan", "file_id": uploaded(hall, "protection-plan")}
    assert hall.mine(number, "corrections", {"materials": [paper]}).json["clock"]["make_up_at"] is None
    assert hall.act(number, "approve", DOCUMENT).status_code == 200


def test_feat_S8_filed_decided_licence_issued_and_checked_without_a_visit(hall: Hall) -> None:
    number = hall.applied()
    hall.done(number, "pick-up", "accept")
    licence = hall.issue("food-business-licence")
    document = {"name": "食品经营许可证", "number": licence["licence_id"], "credential_id": licence["id"]}
    assert hall.act(number, "approve", {"document": document}).status_code == 200
    result = hall.case(number)["result"]
    assert result["credential_id"] == licence["id"] and result["approved"]
    shown = hall.show(HAN, result["credential_id"])
    assert hall.check(shown).json["valid"]
    assert hall.mine(number, "rating", {"score": 5}).status_code == 200
    assert hall.officer().get(f"/desk/cases/{number}").json["timeline"] == hall.case(number)["timeline"]
