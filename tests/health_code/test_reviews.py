"""What a person decides: with a reason and a rule or case, of several with a second person; appeals within a day."""

from __future__ import annotations

import io
import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from hub.main import Hub
from tests.health_code.conftest import HAN, LIN, Clinic


def audit(clinic: Clinic, day: datetime | None = None) -> list[dict[str, Any]]:
    wanted = (day or clinic.hub.clock.now()).date()
    return list(clinic.of("auditor").get(f"/desk/health-code/outside-rules?day={wanted}&page_size=100").json["items"])


def appeal(clinic: Clinic, files: tuple[str, ...] = ()) -> Any:
    body = {"text": "我没有去过风险地区，有车票为证", "files": list(files)}
    return clinic.citizen(HAN).post("/health-code/appeals", body, Idempotency_Key=secrets.token_hex(16))


def picture(clinic: Clinic) -> str:
    out = io.BytesIO()
    Image.new("RGB", (90, 90), "white").save(out, "PNG")
    made = clinic.client.post(
        "/api/v1/files", data={"file": (io.BytesIO(out.getvalue()), "ticket.png", "image/png")},
        headers={"Authorization": f"Bearer {clinic.citizen(HAN).token}"},
    )  # fmt: skip
    assert made.status_code in (200, 201), made.text
    return str(made.json["file_id"])


def test_feat_F1_a_reviewer_decides_and_the_person_hears_why(clinic: Clinic) -> None:
    clinic.declare(symptoms="cough")
    (waiting,) = clinic.waiting()
    done = clinic.decide("01", reviews=[waiting["id"]], reason_code="symptoms", rule="symptoms", case_id="")
    assert (done.status_code, done.json["state"], done.json["people"]) == (200, "done", 1), done.text
    code = clinic.code()
    assert (code["grade"], code["reason"], code["review_by"]) == ("01", "申报了发热等症状", None)
    told = clinic.citizen(HAN).get("/me/messages").json["items"][0]
    assert told["kind"] == "health-code-given" and "黄码" in told["text"] and "居家" in told["text"]
    again = clinic.decide("00", reviews=[waiting["id"]])
    assert (again.status_code, again.json["code"]) == (409, "STATE_CONFLICT")


@pytest.mark.parametrize(
    ("more", "path", "code"),
    [
        ({"case_id": "", "rule": ""}, "case_id", "REASON_REQUIRED"),
        ({"rule": "because-i-say-so"}, "rule", "CHOICE"),
        ({"reason_code": "he_withdrew_money"}, "reason_code", "CHOICE"),
    ],
)
def test_feat_X11_a_change_needs_a_reason_and_a_rule_or_a_case(
    clinic: Clinic, more: dict[str, str], path: str, code: str
) -> None:
    clinic.declare()
    refused = clinic.decide("10", people=[{"name": HAN.name, "id_number": HAN.id_number}], **more)
    fault = refused.json["errors"][0]
    assert (refused.status_code, fault["path"], fault["code"]) == (422, path, code)
    assert clinic.code()["grade"] == "00"


def test_feat_X11_a_bulk_change_needs_a_second_person(clinic: Clinic) -> None:
    clinic.declare(), clinic.declare(LIN)
    people = [{"name": each.name, "id_number": each.id_number} for each in (HAN, LIN)]
    asked = clinic.decide("10", people=people)
    assert (asked.status_code, asked.json["state"], asked.json["people"]) == (200, "waiting", 2), asked.text
    assert clinic.code()["grade"] == clinic.code(LIN)["grade"] == "00", "nothing has happened yet"
    place = f"/desk/health-code/reviews/{asked.json['change_id']}/confirmation"
    assert clinic.officer().post(place).json["code"] == "SECOND_PERSON_REQUIRED"
    assert clinic.verifier().post(place).json["code"] == "ROLE_REQUIRED"
    assert clinic.officer("second").post(place).json["state"] == "done"
    assert clinic.code()["grade"] == clinic.code(LIN)["grade"] == "10"
    assert clinic.officer("second").post(place).json["code"] == "STATE_CONFLICT"


def test_feat_X11_a_bulk_change_stands_in_the_askers_name_and_roles(clinic: Clinic) -> None:
    clinic.declare(), clinic.declare(LIN)
    people = [{"name": each.name, "id_number": each.id_number} for each in (HAN, LIN)]
    asked = clinic.decide("10", people=people, case_id="2026-98").json["change_id"]
    assert clinic.of("operator").post(f"/desk/health-code/reviews/{asked}/confirmation").json["state"] == "done"
    told = [(each["actor"], each["roles"]) for each in audit(clinic) if each["case_id"] == "2026-98"]
    assert told == [(clinic.ids["first:"], ["officer"])] * 2, "and not with the roles of who confirmed it"


def test_feat_X11_what_no_rule_says_is_on_the_supervisors_list(clinic: Clinic) -> None:
    clinic.declare()
    before = len(audit(clinic))
    person = [{"name": HAN.name, "id_number": HAN.id_number}]
    assert clinic.decide("01", people=person, rule="risk-area", case_id="").status_code == 200
    assert len(audit(clinic)) == before, "a published rule"
    clinic.decide("10", people=person, case_id="2026-99")
    listed = audit(clinic)[-1]
    told = [listed[name] for name in ("case_id", "before", "grade", "roles")]
    assert told == ["2026-99", "01", "10", ["officer"]]
    assert listed["actor"] == clinic.ids["first:"]
    assert clinic.officer().get("/desk/health-code/outside-rules?day=2026-01-01").json["code"] == "ROLE_REQUIRED"
    assert not audit(clinic, clinic.hub.clock.now() - timedelta(days=40))


def test_feat_X11_the_history_only_grows(clinic: Clinic) -> None:
    clinic.declare(), clinic.decide("10", people=[{"name": HAN.name, "id_number": HAN.id_number}])
    shown = clinic.citizen(HAN).get("/health-code/history").json["items"]
    told = [(each["act"], each["before"], each["grade"]) for each in shown]
    assert told == [("review", "00", "10"), ("declared", "", "00")]
    assert "actor" not in shown[0], "who did it is the office's to know"


def test_feat_F6_an_appeal_with_evidence_is_answered_and_all_gates_agree(clinic: Clinic) -> None:
    clinic.declare(risk_area=True)
    file_id = picture(clinic)
    made = appeal(clinic, (file_id,))
    assert made.status_code == 201, made.text
    begun, due = (datetime.fromisoformat(made.json[name]) for name in ("opened_at", "answer_by"))
    assert due - begun == timedelta(hours=24)
    assert appeal(clinic).json["code"] == "STATE_CONFLICT", "one at a time"
    id = made.json["appeal_id"]
    (waiting,) = clinic.waiting("appeal")
    seen = clinic.officer().get(f"/desk/health-code/reviews/{id}/files/{file_id}")
    assert (waiting["id"], waiting["files"], seen.status_code) == (id, [file_id], 200)
    assert clinic.officer().get(f"/desk/health-code/reviews/{id}/files/f0").status_code == 404
    gates = [clinic.verifier(name) for name in ("a", "b", "c")]
    before = {clinic.scan(clinic.code()["code"], by=each).json["grade"] for each in gates}
    assert clinic.decide("00", reviews=[id], note="车票核实无误").status_code == 200
    after = {clinic.scan(clinic.code()["code"], by=each).json["result"] for each in gates}
    assert (before, after) == ({"01"}, {"pass"})
    answered = clinic.citizen(HAN).get(f"/health-code/appeals/{id}").json
    assert (answered["state"], answered["answer"]) == ("answered", "车票核实无误")
    assert clinic.citizen(LIN).get(f"/health-code/appeals/{id}").status_code == 404
    kinds = [each["kind"] for each in clinic.citizen(HAN).get("/me/messages").json["items"][:2]]
    assert set(kinds) == {"health-code-appeal", "health-code-given"}


def test_feat_F6_other_workers_agree_within_seconds(clinic: Clinic, hub_home: Any) -> None:
    """A second worker over the same stores, which knew the person as green."""
    clinic.declare()
    environ = {"HUB_DATABASE_URL": clinic.hub.database.url, **clinic.twins.environ}
    redis = clinic.hub.redis.connection_pool.connection_kwargs
    place = (redis.get("path") and f"unix://{redis['path']}") or f"redis://{redis['host']}:{redis['port']}/{redis['db']}"
    other = Hub.open(hub_home, {**environ, "HUB_REDIS_URL": place})
    try:
        citizen = clinic.citizen_id(HAN)
        other.health_code.states.refresh()
        assert other.health_code.states.of(citizen).grade == "00"  # type: ignore[union-attr]
        clinic.decide("10", people=[{"name": HAN.name, "id_number": HAN.id_number}])
        other.health_code.states.refresh()  # what its thread does each 0.4 s
        assert other.health_code.states.of(citizen).grade == "10"  # type: ignore[union-attr]
    finally:
        other.close()


def test_feat_F6_a_promise_that_is_not_kept_is_an_alarm(clinic: Clinic) -> None:
    clinic.declare(risk_area=True)
    id = appeal(clinic).json["appeal_id"]
    with clinic.hub.database.session() as session:
        clinic.hub.health_code.reviews.mark_late(session)
    late = [each["about"] for each in clinic.of("auditor").get("/desk/health-code/alerts").json["items"]]
    assert id not in late
    clinic.later(days=1.01)
    for _ in range(2):
        with clinic.hub.database.session() as session:
            clinic.hub.health_code.reviews.mark_late(session)
    late = [each["about"] for each in clinic.of("auditor").get("/desk/health-code/alerts").json["items"]]
    assert late.count(id) == 1


def test_the_desk_is_for_staff_who_may(clinic: Clinic) -> None:
    for path in ("/desk/health-code/reviews", "/desk/health-code/alerts", "/desk/health-code/ending"):
        assert clinic.citizen(HAN).get(path).json["code"] == "ROLE_REQUIRED"
        assert clinic.verifier().get(path).json["code"] == "ROLE_REQUIRED"
        assert clinic.anyone().get(path).json["code"] == "TOKEN_MISSING"
    assert clinic.officer().get("/desk/health-code/reviews?cursor=h0").json["code"] == "PAGE_INVALID"
