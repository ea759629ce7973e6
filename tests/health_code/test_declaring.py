"""Declare, be checked, have a code: by published rules, by a person where none decides, for oneself or another."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import requests

from hub.health_code import rules
from hub.health_code.rules import Decision
from hub.mandates.service import Subject
from hub.settings.health_code_shapes import Condition, PublishedRule, Questions
from tests.health_code.conftest import HAN, HEALTHY, LIN, WANG, Clinic


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_feat_F1_feat_F2_who_is_well_has_a_code_at_once(clinic: Clinic) -> None:
    answer = clinic.declare()
    assert (answer.status_code, answer.json["grade"], answer.json["outcome"]) == (201, "00", "00"), answer.text
    code = clinic.code()
    assert (code["grade"], code["grade_name"], len(code["code"])) == ("00", "绿码", 36)
    assert code["reason"] and code["advice"] and code["qr_svg"].startswith("<svg")
    valid = moment(code["report_valid_until"]) - moment(code["declared_at"])
    assert valid == timedelta(days=14)
    left = (moment(code["code_expires_at"]) - clinic.hub.clock.now()).total_seconds()
    assert 29 < left <= 60
    assert "绿" not in code["qr_svg"] and "green" not in code["qr_svg"].lower()


def test_feat_F1_fever_is_for_a_person_who_promised_when(clinic: Clinic) -> None:
    answer = clinic.declare(symptoms="fever")
    assert (answer.json["outcome"], answer.json["grade"]) == ("review", None)
    promised = moment(answer.json["review_by"]) - moment(answer.json["declared_at"])
    assert promised == timedelta(minutes=60)
    assert clinic.code()["grade"] is None and clinic.code()["review_by"] == answer.json["review_by"]
    (waiting,) = clinic.waiting()
    assert waiting["answers"]["health"]["symptoms"] == "fever" and waiting["name_masked"] == "韩*福"
    told = clinic.citizen(HAN).get("/me/messages").json["items"][0]
    assert told["kind"] == "health-code-review" and told["about"] == waiting["id"]


def test_feat_F1_a_registered_contact_is_red_whatever_is_declared(clinic: Clinic) -> None:
    clinic.registered_as("1")
    answer = clinic.declare().json
    assert (answer["grade"], answer["reason"]) == ("10", "与确诊病例有密切接触")


def test_feat_X13_a_silent_source_is_no_green(clinic: Clinic) -> None:
    url = f"{clinic.twins['health_commission']['url']}/twin/toxics"
    requests.put(url, json={"down": True}, timeout=10)
    try:
        answer = clinic.declare()
    finally:
        requests.delete(url, timeout=10)
    assert (answer.status_code, answer.json["outcome"], answer.json["grade"]) == (201, "review", None), answer.text
    clinic.hub.gateway.release("health_commission")


def test_feat_F1_nobody_becomes_better_by_declaring(clinic: Clinic) -> None:
    clinic.declare(risk_area=True)
    assert clinic.code()["grade"] == "01"
    again = clinic.declare().json
    assert (again["outcome"], again["grade"]) == ("review", "01") and clinic.waiting()
    clinic.registered_as("3")
    assert clinic.declare().json["grade"] == "10", "but worse at once"


def test_feat_F1_a_trip_is_declared_apart_and_counts_when_the_code_is_made(clinic: Clinic) -> None:
    assert clinic.declare(kind="trip").json["outcome"] == "keep"
    assert clinic.citizen(HAN).get("/health-code").status_code == 404, "a trip alone makes no code"
    assert clinic.declare(kind="trip", through_risk_area=True).json["outcome"] == "keep"
    assert clinic.declare().json["grade"] == "01", "the trip before it is not forgotten"
    clinic.declare(LIN)
    assert clinic.declare(LIN, kind="trip", through_risk_area=True).json["grade"] == "01"


def test_feat_F3_report_that_ran_out_is_told_apart(clinic: Clinic) -> None:
    never = clinic.citizen(HAN).get("/health-code")
    assert (never.status_code, never.json["code"]) == (404, "NOT_FOUND")
    clinic.declare()
    clinic.later(days=15)
    over = clinic.citizen(HAN).get("/health-code")
    assert (over.status_code, over.json["code"]) == (410, "REPORT_EXPIRED")
    assert clinic.declare().status_code == 201 and clinic.code()["grade"] == "00"


def test_feat_F1_a_key_used_twice_declares_once_and_not_for_another(clinic: Clinic) -> None:
    phone, body = clinic.citizen(HAN), {"kind": "health", "fields": HEALTHY}
    one, two = (phone.post("/health-code/declarations", body, Idempotency_Key="declare-once-1") for _ in range(2))
    assert one.json == two.json
    other = phone.post("/health-code/declarations", body, Idempotency_Key="declare-once-1", X_Act_For="m" + "0" * 32)
    assert other.json["code"] == "IDEMPOTENCY_KEY_REUSED", "not the answer of before"


@pytest.mark.parametrize(
    ("told", "path", "code"),
    [({"temperature": 500}, "fields.temperature", "RANGE"), ({"symptoms": "tired"}, "fields.symptoms", "CHOICE"),
     ({"contact": "no"}, "fields.contact", "TYPE"), ({"colour": "green"}, "fields.colour", "UNKNOWN_FIELD")],
)  # fmt: skip
def test_feat_F1_bad_answers_are_named(clinic: Clinic, told: dict[str, object], path: str, code: str) -> None:
    answer = clinic.declare(**told)
    fault = answer.json["errors"][0]
    assert (answer.status_code, fault["path"], fault["code"]) == (422, path, code)
    assert clinic.declare(kind="work").status_code == 422


def mandate(clinic: Clinic, scope: str) -> str:
    """By which Han acts for Lin."""
    until = clinic.hub.clock.now() + timedelta(days=30)
    with clinic.hub.database.session() as session:
        subject = Subject(LIN.id_number, LIN.name)
        offered = clinic.hub.mandates.offer(session, clinic.citizen_id(HAN), "parent", subject, [scope], until)
        clinic.hub.mandates.accept(session, offered.mandate_id, clinic.citizen_id(LIN))
    clinic.hub.fresh.refresh()
    return offered.mandate_id


def test_feat_F7_a_family_member_declares_and_holds_the_code(clinic: Clinic) -> None:
    clinic.citizen(LIN)
    acting = mandate(clinic, "service:health-code")
    answer = clinic.declare(HAN, mandate=acting, risk_area=True)
    assert (answer.status_code, answer.json["grade"]) == (201, "01"), answer.text
    assert clinic.citizen(HAN).get("/health-code").status_code == 404, "not the own one"
    held = clinic.citizen(HAN).ask("GET", "/health-code", X_Act_For=acting)
    assert held.json["grade"] == "01" == clinic.code(LIN)["grade"]
    assert clinic.scan(held.json["code"]).json["name_masked"] == "林*梅"
    for person in (HAN, LIN):
        assert clinic.citizen(person).get("/me/messages").json["items"][0]["kind"] == "health-code-given"
    narrow = mandate(clinic, "service:pension-status")
    assert clinic.citizen(HAN).ask("GET", "/health-code", X_Act_For=narrow).json["code"] == "MANDATE_SCOPE"
    assert clinic.declare(HAN, mandate=narrow).json["code"] == "MANDATE_SCOPE"
    stranger = clinic.citizen(WANG).ask("GET", "/health-code", X_Act_For=acting)
    assert (stranger.status_code, stranger.json["code"]) == (404, "NOT_FOUND")


def test_questions_are_shown_with_their_rules(clinic: Clinic) -> None:
    told = clinic.anyone().get("/health-code/questions").json
    assert set(told["forms"]) == {"health", "trip"} and told["ends_on"] == "2027-12-31"
    assert told["forms"]["health"]["properties"]["symptoms"]["enum"][0] == "none"
    assert "nothing-found" in {rule["id"] for rule in told["rules"]} and set(told["grades"]) == {"00", "01", "10"}
    assert told["reasons"]["symptoms"] == "申报了发热等症状"


def test_nothing_of_a_declaration_is_readable_in_the_database(clinic: Clinic) -> None:
    clinic.declare(living_at="示范路99号", symptoms="fever")
    with clinic.hub.database.read() as connection:
        for table in ("declaration", "code", "review", "change"):
            for row in connection.exec_driver_sql(f"SELECT * FROM health_code_{table}"):  # noqa: S608
                said = str(row).encode() + b"".join(bytes(v) for v in row if isinstance(v, bytes | memoryview))
                assert not any(word.encode() in said for word in ("示范路", "韩山福", HAN.id_number, "fever"))


def test_feat_X13_what_nobody_can_say_stops_the_rules_below_it() -> None:
    """A rule that would give green must not be reached past one that might have given red."""
    red = PublishedRule("case", {}, (Condition("status", ("confirmed",)),), "10", "case")
    green = PublishedRule("well", {}, (), "00", "nothing_found")
    asked = Questions({}, (), (red, green), "keep")
    assert rules.decided(asked, {}, {"status": "none"}).then == "00"
    assert rules.decided(asked, {}, {"status": "confirmed"}).then == "10"
    assert rules.decided(asked, {}, None).then == "review"


def test_a_two_colour_region_has_no_yellow() -> None:
    assert rules.worse(Decision("00"), [Decision("10"), Decision("review")]).then == "10"
    assert rules.allowed(Decision("00"), "10", under_review=False).then == "review"
    assert rules.allowed(Decision("00"), None, under_review=False).then == "00"
