"""S1: the health code valid all over the city, from declaring to the appeal. S9: volunteers at gates, with a phone, a
weak net, for half an hour without any."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from hub.clock import CHINA
from hub.health_code.offline import decide
from tests.phone import Phone, eventually
from tests.town import Town

WELL = {"temperature": 36.6, "symptoms": "none", "contact": False, "risk_area": False}
GATES = ("county-hospital", "yuning-market", "bus-station")


def declare(phone: Phone, **more: Any) -> dict[str, Any]:
    body = {"kind": "health", "fields": {**WELL, **more}}
    answer = phone.post("/health-code/declarations", body, Idempotency_Key=secrets.token_hex(16))
    assert answer.status_code == 201, answer.text
    declared: dict[str, Any] = answer.json()
    return declared


def shown(phone: Phone) -> dict[str, Any]:
    answer = phone.get("/health-code")
    assert answer.status_code == 200, answer.text
    code: dict[str, Any] = answer.json()
    return code


def scan(volunteer: Phone, code: str, gate: str, direction: str = "in") -> Any:
    at = datetime.now(UTC).isoformat()
    body = {"code": code, "gate_id": gate, "direction": direction, "scanned_at": at}
    return volunteer.post("/gate/scans", body)


def shift(town: Town, gate: str) -> Phone:
    made = town.staff("community_clerk").post("/gate/shifts", {"gate_id": gate, "minutes": 60})
    assert made.status_code == 201, made.text
    return Phone(town.base_url, made.json()["access_token"])


def test_feat_S1_the_health_code_all_over_the_city(town: Town) -> None:
    wang, li = town.phone(), town.phone(town.demo["personas"][1]["openid"])
    given = declare(wang)
    assert (given["grade"], given["outcome"]) == ("00", "00")
    verifiers = {gate: shift(town, gate) for gate in GATES}
    code = shown(wang)["code"]
    for gate, volunteer in verifiers.items():  # three districts, one declaration
        assert scan(volunteer, code, gate).json()["result"] == "pass"

    waits = declare(li, symptoms="fever")
    assert waits["grade"] is None and waits["review_by"]
    officer = town.staff("officer")
    listed = officer.get("/desk/health-code/reviews?page_size=100").json()["items"]
    (review,) = (each for each in listed if each["answers"].get("health", {}).get("symptoms") == "fever")
    decided = {"reviews": [review["id"]], "grade": "01", "reason_code": "symptoms", "rule": "symptoms"}
    assert officer.post("/desk/health-code/reviews", decided).status_code == 200
    told = next(each for each in li.get("/me/messages").json()["items"] if each["kind"] == "health-code-given")
    assert "黄码" in told["text"] and "居家" in told["text"], "the reason and what to do, not a bare colour"

    body = {"text": "我没有发热，有医院证明", "files": []}
    appeal = li.post("/health-code/appeals", body, Idempotency_Key=secrets.token_hex(16))
    assert appeal.status_code == 201, appeal.text
    assert eventually(lambda: shown(li)["grade"] == "01", 5), "on every worker, within five seconds"
    better = {"reviews": [appeal.json()["appeal_id"]], "grade": "00", "reason_code": "proof_accepted",
              "case_id": "2026-17", "note": "证明有效"}  # fmt: skip
    assert officer.post("/desk/health-code/reviews", better).status_code == 200

    def agree() -> bool:
        answers = [scan(each, shown(li)["code"], gate) for gate, each in verifiers.items()]
        return [each.json().get("result") for each in answers] == ["pass"] * 3

    assert eventually(agree, 5), "on every worker, within five seconds"
    listed = town.staff("auditor").get(f"/desk/health-code/outside-rules?day={datetime.now(CHINA):%Y-%m-%d}")
    assert "2026-17" in {each["case_id"] for each in listed.json()["items"]}


def test_feat_S9_volunteers_at_the_gate(town: Town) -> None:
    phone, gate = town.phone(), GATES[1]
    declare(phone)
    volunteer = shift(town, gate)
    for _ in range(30):  # a minute's work
        seen = scan(volunteer, shown(phone)["code"], gate)
        assert seen.status_code == 200 and set(seen.json()) == {
            "result", "grade", "advice", "name_masked", "id_masked"
        }  # fmt: skip
    elder = town.persona()
    found = volunteer.post("/gate/lookups", {"name": elder["name"], "id_tail": elder["id_number"][-6:]})
    assert (found.status_code, found.json()["result"]) == (200, "pass"), found.text

    packed = volunteer.get("/gate/offline-pack").json()
    trusted = packed["keys"]
    form = phone.get("/health-code/signed-form").json()["code"]
    now = datetime.now().astimezone()
    alone = decide(form, packed, trusted, now)  # the net is gone: nothing is asked
    assert alone.result in ("pass", "cannot_decide") and alone.as_of == datetime.fromisoformat(packed["issued_at"])
    later = {"code": form, "gate_id": gate, "direction": "in", "scanned_at": now.isoformat()}
    first, again = (volunteer.post("/gate/scans/batch", {"scans": [later]}).json() for _ in range(2))
    assert (first["items"][0]["state"], again["items"][0]["state"]) == ("recorded", "known")

    for path in ("/gate/scans", "/gate/scans?direction=in", "/desk/health-code/alerts", "/desk/health-code/reviews"):
        assert volunteer.get(path).status_code in (403, 404, 405), "past visitors are listed to no volunteer"
    elsewhere = scan(volunteer, shown(phone)["code"], GATES[0])
    assert elsewhere.json()["code"] == "ROLE_REQUIRED"
