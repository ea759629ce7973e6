"""feat_E4 to E6, E11, X1: what time alone does to a case; the clock is moved, nobody sleeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.clock import CHINA
from hub.demo.personas import Persona
from hub.filings.orders import Moved
from hub.gateway.orders import Caller
from tests.cases.conftest import HAN, LIN, Hall
from tests.cases.test_cases import DOCUMENT, messages

PLAN = ["protection-plan"]


def at(year: int, month: int, day: int, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=CHINA)


@pytest.fixture(autouse=True)
def today_again(hall: Hall) -> Any:
    yield
    hall.clock.ahead = 0.0
    hall.tokens.clear()


def figure(hall: Hall, name: str) -> float:
    lines = hall.client.get("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def events(hall: Hall, number: str, persona: Persona = HAN) -> list[str]:
    return [each["event"] for each in hall.case(number, persona)["timeline"]]


def test_feat_E4_three_working_days_across_a_make_up_day(hall: Hall) -> None:
    """Before the spring festival of 2026 the Saturday (14 February) is a working day; the 15th to 23rd are holidays."""
    hall.later(until=at(2026, 2, 12))
    promised = hall.apply().json["promised_at"]
    assert datetime.fromisoformat(promised).date().isoformat() == "2026-02-24"


def test_feat_E6_warning_yellow_red_and_up_the_chain_and_the_citizen_sees_each(hall: Hall) -> None:
    hall.later(until=at(2026, 3, 2))
    number = hall.applied()
    hall.done(number, "pick-up", "accept")
    seen = []
    for day in (4, 5, 6, 9, 10, 11, 12):
        hall.later(until=at(2026, 3, day))
        hall.rounds()
        clock = hall.case(number)["clock"]
        seen.append((day, clock["card"], clock["raised_to"]))
    first, second, third = "科室负责人", "分管局长", "县政务服务管理办公室"
    silent = [(4, "none", None), (5, "none", None)]
    late = [(6, "yellow", None), (9, "red", first), (10, "red", second), (11, "red", third), (12, "red", third)]
    assert seen == silent + late
    by_time = [each["event"] for each in hall.case(number)["timeline"] if each["by"] == "hub"]
    assert by_time == ["warning", "yellow_card", "red_card", "escalated", "escalated"]
    assert messages(hall, number).count("case-overdue") == 3
    hall.rounds()
    hall.later(days=30)
    hall.rounds()
    assert events(hall, number)[-1] == "escalated", "above the last of the chain there is nobody"


def test_feat_E5_no_notice_of_gaps_in_five_working_days_is_acceptance(hall: Hall) -> None:
    hall.later(until=at(2026, 3, 2))
    number = hall.applied()
    hall.later(until=at(2026, 3, 9, 23))
    hall.rounds()
    assert hall.case(number)["status"] == "received"
    hall.later(until=at(2026, 3, 10, 1))
    hall.rounds()
    assert hall.case(number)["status"] == "accepted" and "accepted_by_silence" in events(hall, number)
    assert hall.act(number, "approve", DOCUMENT).status_code == 200, "who comes first handles it"


def test_feat_E5_in_a_special_procedure_and_at_the_citizens_no_card_is_shown(hall: Hall) -> None:
    hall.later(until=at(2026, 3, 2))
    paused, corrected = hall.applied(), hall.applied()
    hall.done(paused, "pick-up", "accept")
    hall.act(paused, "pause", {"procedure": "hearing", "days": 20, "reason": "听证"})
    hall.done(corrected, "pick-up")
    hall.act(corrected, "request-correction", {"items": [{"path": "fields.place", "message": "请补充"}]})
    hall.later(until=at(2026, 3, 25))
    hall.rounds()
    assert {hall.case(number)["clock"]["card"] for number in (paused, corrected)} == {"none"}
    hall.act(paused, "resume", {"outcome": "已听证"})
    assert hall.case(paused)["clock"]["promised_at"].startswith("2026-03-30")


def test_feat_E7_a_promised_paper_that_is_late_is_told_and_no_other_promise_is_taken_for_a_year(hall: Hall) -> None:
    hall.later(until=at(2026, 3, 2))
    number, other = (hall.applied(promised=PLAN, persona=LIN) for _ in range(2))
    for each in (number, other):
        assert hall.act(each, "pick-up").status_code == 200
    assert hall.act(number, "accept-on-promise", {"missing": PLAN, "days": 2}).status_code == 200
    hall.later(until=at(2026, 3, 5))
    hall.rounds()
    hall.rounds()
    assert events(hall, number, LIN).count("make_up_overdue") == 1
    again = hall.apply(promised=PLAN, persona=LIN)
    assert again.status_code == 422
    (fault,) = again.json["errors"]
    assert (fault["path"], fault["code"]) == ("materials.protection-plan", "PROMISE_REFUSED")
    at_the_desk = hall.act(other, "accept-on-promise", {"missing": PLAN, "days": 1})
    assert (at_the_desk.status_code, at_the_desk.json["errors"][0]["code"]) == (422, "PROMISE_REFUSED")
    hall.applied(persona=LIN)  # what needs no promise is welcome
    hall.later(until=at(2027, 3, 8))
    hall.applied(promised=PLAN, persona=LIN)


def test_feat_E11_rated_once_and_a_bad_one_is_verified_fixed_and_called_back_about(hall: Hall) -> None:
    number = hall.applied()
    early = hall.mine(number, "rating", {"score": 1})
    assert early.json["code"] == "STATE_CONFLICT"
    hall.done(number, "pick-up", "accept")
    hall.act(number, "approve", DOCUMENT)
    for score in (0, 6, 2.5, "5"):
        assert hall.mine(number, "rating", {"score": score}).status_code == 422
    assert hall.mine(number, "rating", {"score": 1, "tags": ["等待太久"], "text": "太慢"}).status_code == 200
    assert hall.mine(number, "rating", {"score": 5}).json["code"] == "STATE_CONFLICT"
    (rated,) = [each for each in hall.officer().get("/desk/ratings").json["items"] if each["receipt_no"] == number]
    due = hall.hub.workdays.after(hall.hub.clock.now(), 15)
    assert datetime.fromisoformat(rated["due_at"]) == due and not rated["late"]
    wrong = hall.act(number, "rating-steps", {"step": "called_back", "note": "已回访"})
    assert (wrong.json["code"], wrong.json["possible"]) == ("STATE_CONFLICT", ["verified"])
    hall.later(until=due.astimezone(UTC) + timedelta(hours=1))
    (rated,) = [each for each in hall.officer().get("/desk/ratings").json["items"] if each["receipt_no"] == number]
    assert rated["late"]
    for step in ("verified", "fixed", "called_back"):
        assert hall.act(number, "rating-steps", {"step": step, "note": "核实"}).json["state"] == step
    listed = hall.officer().get("/desk/ratings").json["items"]
    assert number not in {each["receipt_no"] for each in listed}


def test_feat_X1_four_steps_of_delivery_and_no_acknowledgement_is_an_alarm(hall: Hall, capsys: Any) -> None:
    hall.later(until=at(2026, 3, 2))
    before = figure(hall, "hub_cases_unheard")
    number = hall.applied(service="household-application", fields={"kind": "address_change", "reason": "搬家"})
    assert hall.case(number)["filing"]["state"] == "ready" and figure(hall, "hub_cases_unheard") == before
    hall.later(until=at(2026, 3, 4))
    hall.rounds()
    assert "not_acknowledged" in events(hall, number) and "case-progress" in messages(hall, number)
    assert figure(hall, "hub_cases_unheard") == before + 1, "operations see it"
    hall.rounds()
    assert events(hall, number).count("not_acknowledged") == 1
    with hall.hub.database.session() as session:
        order = hall.hub.cases.files.find(session, number)
        moved = [("inflight", ""), ("confirmed", "HJ-1"), ("confirmed", "HJ-1")]
        for state, receipt in moved:
            told = Moved(number, order.version, state, receipt, "", hall.hub.clock.now())
            hall.hub.cases.filing_moved(session, told)
        hall.hub.cases.filing_moved(session, Moved(number, 0, "rejected", "", "X", hall.hub.clock.now()))
    assert figure(hall, "hub_cases_unheard") == before
    hall.act(number, "pick-up")
    story = [each for each in events(hall, number) if each not in ("not_acknowledged", "warning")]
    assert story == ["received", "handed_to_department", "delivered_to_department", "picked_up"]
    assert hall.case(number)["filing"] == {"state": "confirmed", "department_receipt": "HJ-1"}


def test_row_B73_a_filing_under_way_is_not_withdrawn(hall: Hall) -> None:
    fields = {"kind": "residence_certificate", "reason": "入学"}
    number = hall.applied(service="household-application", fields=fields)
    early = hall.mine(number, "corrections", {"fields": {"reason": "x"}})
    assert (early.status_code, early.json["code"]) == (409, "STATE_CONFLICT")
    assert hall.mine(number, "withdrawal", {}).json["status"] == "withdrawn"
    assert hall.citizen(HAN).get(f"/cases/{number}").json["possible"] == []


def test_feat_X1_how_long_a_department_may_be_silent_is_the_services_own(hall: Hall) -> None:
    hall.later(until=at(2026, 3, 2))
    patient = replace(hall.hub.settings.now.services["assistance-application"], heard_days=3)
    other = hall.applied()
    with hall.hub.database.session() as session:
        caller = Caller(hall.hub.cases.files.find(session, other).citizen_id, 2)
        number = hall.hub.cases.submit(session, caller, patient, {"kind": "medical"}, [], [], draft=False).receipt_no
    for day, heard in ((4, False), (6, True)):
        hall.later(until=at(2026, 3, day))
        hall.rounds()
        assert ("not_acknowledged" in events(hall, number)) is heard
    assert hall.mine(number, "withdrawal", {}).status_code == 200
