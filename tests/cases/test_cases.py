"""feat_E1 to E12 on the citizen's side and the desk's: one case through its steps, over HTTP."""

from __future__ import annotations

import json
import re
import secrets
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from hub.settings.shapes import Materials as Terms
from tests.cases.conftest import HAN, LIN, RESUMPTION, Hall

DOCUMENT = {"document": {"name": "复工备案回执", "number": "GX2026-1", "text": "准予复工。"}}
WHY = {"reason": "场所不符合条件", "basis": "《传染病防治法》第四十二条", "appeal": "60日内可向县人民政府申请行政复议"}


HEARING = {"procedure": "hearing", "days": 5, "reason": "有利害关系人要求听证"}


def messages(hall: Hall, number: str) -> list[str]:
    """Wherever in the inbox they stand: the clock of others went further."""
    found, path, after = list[Any](), "/me/messages?page_size=100", ""
    while after is not None:
        page = hall.citizen(HAN).get(path + after).json
        found += page["items"]
        after = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return [each["kind"] for each in found if each["about"] == number]


def test_feat_E1_a_receipt_with_promise_desk_and_copy_is_in_the_inbox(hall: Hall) -> None:
    answer = hall.apply()
    assert answer.status_code == 202
    receipt = answer.json
    assert receipt["status"] == "received" and receipt["handled_by"]
    promised = datetime.fromisoformat(receipt["promised_at"])
    assert promised == hall.hub.workdays.after(hall.hub.clock.now(), 3)
    assert receipt["copy"]["fields"]["org_name"] == RESUMPTION["org_name"]
    assert messages(hall, receipt["receipt_no"]) == ["case-received"]


def test_feat_E2_the_timeline_tells_the_same_story_on_both_sides(hall: Hall) -> None:
    number = hall.applied()
    hall.done(number, "pick-up", "accept")
    hall.act(number, "approve", DOCUMENT)
    case = hall.case(number)
    story = [each["event"] for each in case["timeline"] if each["by"] != "community"]
    assert story == ["received", "picked_up", "accepted", "decided"]
    assert case["status"] == "approved" and case["result"]["number"] == "GX2026-1" and case["officer"]
    desk = hall.officer().get(f"/desk/cases/{number}").json
    assert desk["timeline"] == case["timeline"]
    assert messages(hall, number) == ["case-decided", "case-progress", "case-received"]


def test_row_level_isolation_another_citizens_receipt_is_not_there(hall: Hall) -> None:
    number = hall.applied()
    stranger = hall.citizen(LIN)
    answers = [stranger.get(f"/cases/{number}"), stranger.ask("PATCH", f"/cases/{number}", {})]
    answers += [
        hall.mine(number, name, body, LIN)
        for name, body in (("submit", None), ("corrections", {}), ("withdrawal", {}), ("messages", {"text": "?"}))
    ]
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(404, "NOT_FOUND")}
    assert number not in {each["receipt_no"] for each in stranger.get("/cases?page_size=100").json["items"]}
    assert hall.case(number)["status"] == "received"


def test_a_draft_is_changed_submitted_and_then_closed_to_changes(hall: Hall) -> None:
    answer = hall.apply(draft=True, fields={"org_name": "未完"})
    number, citizen = answer.json["receipt_no"], hall.citizen(HAN)
    assert answer.json["status"] == "draft" and answer.json["promised_at"] is None
    assert hall.act(number, "pick-up").status_code == 404, "nobody at the desk sees a draft"
    refused = hall.mine(number, "submit", None)
    assert refused.status_code == 422 and refused.json["errors"][0]["path"].startswith("fields.")
    fields = {**RESUMPTION, "headcount": 7, "reopens_on": "2026-10-09"}
    assert citizen.ask("PATCH", f"/cases/{number}", {"fields": fields}).status_code == 200
    assert hall.mine(number, "submit", None).status_code == 202
    late = citizen.ask("PATCH", f"/cases/{number}", {"fields": fields})
    assert (late.status_code, late.json["code"], late.json["possible"]) == (409, "STATE_CONFLICT", ["withdrawal"])


def test_row_B68_to_B71_the_key_of_a_submission(hall: Hall) -> None:
    citizen, body = hall.citizen(HAN), {"fields": {**RESUMPTION, "reopens_on": "2026-11-11"}}
    path = "/services/work-resumption/cases"
    assert citizen.post(path, body).json["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    assert citizen.post(path, body, Idempotency_Key="x" * 256).json["code"] == "IDEMPOTENCY_KEY_INVALID"
    key = secrets.token_hex(16)
    first, again = (citizen.post(path, body, Idempotency_Key=key) for _ in range(2))
    assert first.status_code == again.status_code == 202 and first.json == again.json
    other = {"fields": {**body["fields"], "headcount": 99}}
    assert citizen.post(path, other, Idempotency_Key=key).json["code"] == "IDEMPOTENCY_KEY_REUSED"


def test_row_B72_the_same_thing_twice_is_told_with_its_receipt(hall: Hall) -> None:
    fields = {**RESUMPTION, "reopens_on": "2026-12-12"}
    number = hall.applied(fields=fields)
    second = hall.apply(fields={**fields, "headcount": 44})
    assert (second.status_code, second.json["code"], second.json["receipt_no"]) == (409, "ALREADY_SUBMITTED", number)
    assert hall.mine(number, "withdrawal", {}).json["status"] == "withdrawn"
    assert hall.apply(fields=fields).status_code == 202, "what was withdrawn stands in nobody's way"


def test_row_B45_and_B63_what_the_form_refuses_names_its_field(hall: Hall) -> None:
    wrong = {**RESUMPTION, "credit_code": "91350100M000100Y44", "phone": "12345"}
    answer = hall.apply(fields=wrong)
    assert answer.status_code == 422
    assert {each["path"] for each in answer.json["errors"]} == {"fields.credit_code", "fields.phone"}


def test_feat_E3_only_what_is_listed_reopens_and_a_second_list_needs_a_reason(hall: Hall) -> None:
    number = hall.applied()
    hall.done(number, "pick-up")
    unknown = hall.act(number, "request-correction", {"items": [{"path": "fields.colour", "message": "?"}]})
    assert unknown.status_code == 422 and unknown.json["errors"][0]["path"] == "items.0.path"
    items = [{"path": "fields.place", "message": "请写明门牌号"}, {"path": "fields.phone", "message": "无法接通"}]
    assert hall.act(number, "request-correction", {"items": items}).json["status"] == "correction"
    assert hall.case(number)["correction"]["items"] == items and "case-correction" in messages(hall, number)
    more = {"place": "示范路2号", "phone": "13900000000", "headcount": 1}
    closed = hall.mine(number, "corrections", {"fields": more})
    assert [(each["path"], each["code"]) for each in closed.json["errors"]] == [("fields.headcount", "FIELD_CLOSED")]
    half = hall.mine(number, "corrections", {"fields": {"place": "示范路2号"}})
    assert [(each["path"], each["code"]) for each in half.json["errors"]] == [("fields.phone", "REQUIRED")]
    done = hall.mine(number, "corrections", {"fields": {"place": "示范路2号", "phone": "13900000000"}})
    assert done.json["status"] == "received" and done.json["fields"]["place"] == "示范路2号"
    hall.done(number, "pick-up")
    again = hall.act(number, "request-correction", {"items": items[:1]})
    assert again.status_code == 422 and again.json["code"] == "REASON_REQUIRED"
    told = hall.act(number, "request-correction", {"items": items[:1], "again_because": "地址仍不完整"})
    assert told.status_code == 200 and told.json["correction"]["number"] == 2


def test_feat_E5_the_clock_stops_only_in_a_named_procedure(hall: Hall) -> None:
    number = hall.applied()
    case = hall.done(number, "pick-up", "accept")
    before = datetime.fromisoformat(case["clock"]["promised_at"])
    body = {"procedure": "coffee", "days": 5, "reason": "等待"}
    assert hall.act(number, "pause", body).json["errors"][0]["path"] == "procedure"
    assert hall.act(number, "pause", {**body, "procedure": "hearing", "days": 21}).json["code"] == "RANGE"
    paused = hall.act(number, "pause", {**body, "procedure": "hearing"}).json
    assert (paused["status"], paused["clock"]["state"]) == ("paused", "waits")
    assert hall.act(number, "approve", DOCUMENT).json["code"] == "STATE_CONFLICT"
    started = hall.hub.clock.now()
    hall.later(days=14)
    other = hall.act(number, "resume", {"outcome": "听证结束"}, hall.officer("second"))
    assert other.json["code"] == "STATE_CONFLICT", "it is the handler's to do"
    resumed = hall.act(number, "resume", {"outcome": "听证结束"}).json
    took = hall.hub.workdays.between(started, hall.hub.clock.now())
    assert datetime.fromisoformat(resumed["clock"]["promised_at"]) == hall.hub.workdays.after(before, took)
    assert resumed["clock"]["paused"][0]["ended_at"] and resumed["clock"]["paused"][0]["reason"] == "等待"


def test_fault_F25_a_case_and_the_answer_its_key_gets_are_one_transaction(hall: Hall) -> None:
    """Else a worker killed between the two leaves a key that applies once more."""
    number = hall.applied()
    one = "SELECT xmin::text FROM cases_case WHERE receipt_no = :number"
    newest = "SELECT xmin::text FROM gateway_submission ORDER BY expires_at DESC LIMIT 1"
    with hall.hub.database.session() as session:
        case, answer = session.scalar(text(one), {"number": number}), session.scalar(text(newest))
    assert case == answer


def test_feat_E7_accepted_on_a_promise_with_a_day_and_no_decision_before(hall: Hall) -> None:
    number = hall.applied(promised=["protection-plan"])
    hall.done(number, "pick-up")
    body = {"missing": ["protection-plan"], "days": 2}
    assert hall.act(number, "accept-on-promise", {**body, "missing": ["photo"]}).json["errors"][0]["path"] == "missing"
    assert hall.act(number, "accept-on-promise", {**body, "days": 4}).json["errors"][0]["path"] == "days"
    accepted = hall.act(number, "accept-on-promise", body)
    assert accepted.json["status"] == "accepted" and accepted.json["clock"]["make_up_at"]
    early = hall.act(number, "approve", DOCUMENT)
    assert early.json["code"] == "STATE_CONFLICT" and "approve" not in early.json["possible"]


def test_feat_E9_feat_S8_no_decision_without_its_document(hall: Hall) -> None:
    number = hall.applied()
    hall.done(number, "pick-up", "accept")
    without = {"document": {"name": "复工备案回执", "number": "GX2026-2"}}
    assert hall.act(number, "approve", without).json["code"] == "REQUIRED"
    foreign = {"document": {**without["document"], "credential_id": "d" * 32}}
    assert hall.act(number, "approve", foreign).json["errors"][0]["path"] == "document.credential_id"
    assert hall.case(number)["status"] == "accepted"
    for name in WHY:
        partial = {each: told for each, told in WHY.items() if each != name}
        assert hall.act(number, "refuse", partial).json["code"] == "REQUIRED"
    blank = hall.act(number, "refuse", {**WHY, "appeal": "   "})
    assert blank.status_code == 422
    refused = hall.act(number, "refuse", WHY)
    assert refused.json["status"] == "refused" and hall.case(number)["result"]["appeal"] == WHY["appeal"]


def test_feat_X15_a_decision_is_undone_by_a_second_person_and_the_citizen_is_told(hall: Hall) -> None:
    number = hall.applied()
    hall.done(number, "pick-up", "accept")
    hall.act(number, "refuse", WHY)
    alone = hall.act(number, "undo", {"reason": "看错了"})
    assert (alone.status_code, alone.json["code"]) == (403, "SECOND_PERSON_REQUIRED")
    undone = hall.act(number, "undo", {"reason": "看错了"}, hall.officer("second"))
    assert undone.json["status"] == "accepted" and undone.json["result"] is None
    assert messages(hall, number)[0] == "case-progress"
    assert hall.case(number)["timeline"][-1]["event"] == "undone"


def test_feat_E12_least_fields_per_step_and_each_view_on_record(hall: Hall) -> None:
    number = hall.applied()
    seen = hall.officer().get(f"/desk/cases/{number}").json["fields"]
    assert "org_name" in seen and not {"phone", "place", "credit_code"} & set(seen)
    picked = hall.act(number, "pick-up").json["fields"]
    assert "phone" in picked
    listed = hall.officer().get("/desk/cases?page_size=100").json["items"]
    assert number in {each["receipt_no"] for each in listed} and not any("fields" in each for each in listed)
    with hall.hub.database.session() as session:
        acts = session.execute(
            text("SELECT count(*) FROM operations_act WHERE target = :target AND act = 'case.read'"),
            {"target": f"case:{number}"},
        ).scalar()
    assert acts == 1


def test_feat_U30_messages_and_the_timeline_are_in_the_readers_language(hall: Hall) -> None:
    number = hall.applied()
    for name, body in (("pick-up", None), ("accept", None), ("pause", HEARING), ("resume", {"outcome": "ok"})):
        assert hall.act(number, name, body).status_code == 200
    hall.act(number, "approve", DOCUMENT)
    for language, han in (("en", False), ("zh-CN", True)):
        told = hall.citizen(HAN).ask("GET", "/me/messages?page_size=100", Accept_Language=language).json["items"]
        about = [each for each in told if each["about"] == number]
        assert len(about) == 5
        assert all(bool(re.search("[\u4e00-\u9fff]", each["title"] + each["text"])) is han for each in about), about
    assert "accepted" in json.dumps(hall.citizen(HAN).ask("GET", "/me/messages", Accept_Language="en").json)


def test_another_departments_desk_does_not_see_it(hall: Hall) -> None:
    number = hall.applied()
    police, economy = hall.officer("police", "police"), hall.officer("economy", "economy")
    assert police.get(f"/desk/cases/{number}").status_code == 404
    assert number not in {each["receipt_no"] for each in police.get("/desk/cases?page_size=100").json["items"]}
    assert economy.get(f"/desk/cases/{number}").status_code == 200
    assert hall.of("verifier").get(f"/desk/cases/{number}").json["code"] == "ROLE_REQUIRED"
    assert hall.citizen(HAN).get(f"/desk/cases/{number}").json["code"] == "ROLE_REQUIRED"


def test_two_officers_pick_up_and_one_has_it(hall: Hall) -> None:
    number = hall.applied()
    assert hall.act(number, "pick-up").status_code == 200
    second = hall.act(number, "pick-up", officer=hall.officer("second"))
    assert (second.status_code, second.json["code"]) == (409, "STATE_CONFLICT")
    other = hall.act(number, "accept", officer=hall.officer("second"))
    assert other.json["possible"] == ["reassign"]
    nobody = hall.act(number, "reassign", {"to": "s" + "0" * 32, "reason": "休假"})
    assert nobody.json["errors"][0]["path"] == "to"
    stranger = hall.id_of("clerk", role="community_clerk")
    hall.officer("elsewhere", "police")
    offered = {each["staff_id"] for each in hall.officer().get(f"/desk/cases/{number}/colleagues").json["items"]}
    assert hall.id_of("second") in offered, "whoever handles this department's cases"
    assert not offered & {hall.id_of("first"), hall.id_of("elsewhere", "police"), stranger}, "and nobody else"
    assert hall.act(number, "reassign", {"to": stranger, "reason": "休假"}).json["errors"][0]["code"] == "CHOICE"
    assert hall.act(number, "reassign", {"to": hall.id_of("second"), "reason": "休假"}).status_code == 200
    assert hall.act(number, "accept", officer=hall.officer("second")).status_code == 200


def test_the_desks_list_goes_on_where_it_ended(hall: Hall) -> None:
    for _ in range(3):
        hall.applied()
    desk, seen, cursor = hall.officer(), list[str](), ""
    for _ in range(200):
        page = desk.get(f"/desk/cases?page_size=2&status=received{cursor}").json
        seen += [each["receipt_no"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) >= 3
    assert desk.get(f"/desk/cases?page_size=2&status=accepted{cursor}").json["code"] == "PAGE_INVALID"


@pytest.mark.parametrize("path", ["/services/vehicle-list/cases", "/services/nothing/cases"])
def test_what_takes_no_applications_is_not_there(hall: Hall, path: str) -> None:
    answer = hall.citizen(HAN).post(path, {"fields": {}}, Idempotency_Key=secrets.token_hex(16))
    assert (answer.status_code, answer.json["code"]) == (404, "NOT_FOUND")


def test_no_personal_value_stands_readable_in_the_tables(hall: Hall) -> None:
    marked: dict[str, Any] = {**RESUMPTION, "place": "独一无二的地址", "reopens_on": "2026-07-07"}
    number = hall.applied(fields=marked)
    hall.mine(number, "messages", {"text": "独一无二的地址在哪"})
    with hall.hub.database.session() as session:
        for table in ("case", "event", "pause", "correction", "result"):
            rows = session.execute(text(f"SELECT t::text FROM cases_{table} t")).scalars().all()  # noqa: S608
            assert not any("独一无二" in row or RESUMPTION["phone"] in row for row in rows)


def test_fault_F23_a_full_disk_takes_no_submission_and_reads_go_on(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    number = hall.applied()
    with monkeypatch.context() as full:
        full.setattr(hall.hub.materials.disk, "_terms", lambda: Terms(disk_submissions=0))
        refused = hall.apply()
        assert (refused.status_code, refused.json["code"]) == (503, "STORAGE_FULL")
        assert refused.headers["Retry-After"]
        assert hall.case(number)["receipt_no"] == number
        assert hall.apply(draft=True).status_code == 202, "a draft is no submission"
    assert hall.apply().status_code == 202
