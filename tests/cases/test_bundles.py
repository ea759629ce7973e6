"""feat_E8 (一件事): one form over several applications, one set of papers, all or none, one receipt, one story."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from hub.cases import merging
from hub.clock import CHINA
from hub.demo.personas import Persona
from hub.fields import TYPES
from hub.settings.bundle_checks import bundles_fit
from hub.settings.folder import load
from tests.cases.conftest import HAN, LIN, Hall
from tests.cases.test_cases import DOCUMENT, WHY, messages
from tests.cases.test_resumption import uploaded
from tests.phone import eventually
from tests.settings.test_shipped import CONFIG, Anything

BUNDLE = "household-moves-on-assistance"
SOON_S = 60
FIELDS = {"moves_because": "随子女居住", "reason": "家中有人住院", "phone": "13800000000"}


@pytest.fixture(autouse=True)
def nobody_has_one(hall: Hall) -> Any:
    """What there may be one of is over before the next test."""
    yield
    for persona in (HAN, LIN):
        for each in hall.citizen(persona).get("/cases?page_size=100").json["items"]:
            if each["service"] != "work-resumption" and each["status"] not in ("approved", "refused"):
                hall.mine(each["receipt_no"], "withdrawal", {}, persona)


def apply(hall: Hall, persona: Persona = HAN, fields: Any = FIELDS, **more: Any) -> TestResponse:
    body, key = {"fields": fields, **more}, secrets.token_hex(16)
    return hall.citizen(persona).post(f"/bundles/{BUNDLE}/cases", body, Idempotency_Key=key)


def whole(hall: Hall, number: str, persona: Persona = HAN) -> dict[str, Any]:
    answer = hall.citizen(persona).get(f"/bundles/{BUNDLE}/cases/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def with_departments(hall: Hall, *numbers: str) -> bool:
    hall.hub.outbox.runner.tick()
    states = [hall.case(number, LIN)["filing"]["state"] for number in numbers]
    return all(state in ("confirmed", "settled") for state in states)


def stored(hall: Hall) -> tuple[int, ...]:
    tables = ("cases_bundle", "cases_part", "cases_case", "filings_filing", "cases_event", "messages_message")
    with hall.hub.database.session() as session:
        return tuple(session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables)  # noqa: S608


def test_feat_E8_the_catalogue_shows_one_form_one_guide_and_how_it_stands(hall: Hall) -> None:
    (entry,) = [each for each in hall.client.get("/api/v1/bundles").json["items"] if each["id"] == BUNDLE]
    assert entry["services"] == ["household-application", "assistance-application"] and entry["status"] == "open"
    shown = hall.client.get(f"/api/v1/bundles/{BUNDLE}", headers={"Accept-Language": "en"}).json
    assert shown["title"] == "A household on assistance moves" and len(shown["departments"]) == 2
    form = shown["form"]
    assert {"moves_because", "reason", "phone"} <= set(form["properties"]) and "kind" not in form["properties"]
    assert set(form["required"]) == {"moves_because", "reason"}
    types = [paper["type"] for paper in shown["guide"]["materials"]]
    assert sorted(types) == ["address-proof", "income-proof"], "a paper that both ask for is one paper"
    assert shown["guide"]["fees_total_fen"] == 0 and len(shown["guide"]["fees"]) == 2
    assert shown["guide"]["promised_days"] == 20, "as long as the slowest"
    assert hall.client.get("/api/v1/bundles/none").json["code"] == "NOT_FOUND"


def test_feat_E8_one_form_is_several_cases_with_one_receipt_and_one_paper_serves_all(hall: Hall) -> None:
    paper = {"type": "address-proof", "file_id": uploaded(hall, "address-proof")}
    answer = apply(hall, materials=[paper])
    assert answer.status_code == 202, answer.text
    receipt = answer.json
    household, assistance = receipt["parts"]
    assert (household["service"], assistance["service"]) == ("household-application", "assistance-application")
    assert household["copy"]["fields"]["kind"] == "address_change"
    assert household["copy"]["fields"]["reason"] == FIELDS["moves_because"]
    assert assistance["copy"]["fields"]["reason"] == FIELDS["reason"] and "phone" not in household["copy"]["fields"]
    assert receipt["promised_at"] == max(household["promised_at"], assistance["promised_at"])
    for part in (household, assistance):
        case = hall.case(part["receipt_no"])
        assert [each["file_id"] for each in case["materials"]] == [paper["file_id"]]
        assert case["filing"]["state"] == "ready" and case["clock"]["promised_at"]
        assert messages(hall, part["receipt_no"]) == [], "one receipt is one message"
    assert messages(hall, receipt["receipt_no"]) == ["case-received"]
    assert answer.headers["Location"].endswith(receipt["receipt_no"])
    assert {part["receipt_no"] for part in whole(hall, receipt["receipt_no"])["parts"]} == {
        household["receipt_no"], assistance["receipt_no"],
    }  # fmt: skip
    for path in (f"/bundles/{BUNDLE}/cases", "/bundles/cases"):
        stranger = hall.citizen(LIN).get(f"{path}/{receipt['receipt_no']}")
        assert (stranger.status_code, stranger.json["code"]) == (404, "NOT_FOUND")
    by_number = hall.citizen(HAN).get(f"/bundles/cases/{receipt['receipt_no']}").json
    assert by_number["bundle"] == BUNDLE and len(by_number["parts"]) == 2
    assert {hall.case(part["receipt_no"])["bundle_no"] for part in receipt["parts"]} == {receipt["receipt_no"]}
    assert hall.citizen(HAN).get(f"/bundles/none/cases/{receipt['receipt_no']}").status_code == 404


def test_feat_E8_what_is_wrong_is_named_as_the_one_form_names_it(hall: Hall) -> None:
    before = stored(hall)
    answer = apply(hall, fields={"reason": "x" * 100, "phone": "1", "kind": "temporary"})
    paths = {each["path"] for each in answer.json["errors"]}
    assert answer.status_code == 422
    assert paths == {"fields.moves_because", "fields.reason", "fields.phone", "fields.kind"}
    unasked = apply(hall, promised=["photo-of-cat"])
    assert [each["path"] for each in unasked.json["errors"]] == ["materials.photo-of-cat"]
    assert stored(hall) == before


def test_feat_E8_a_part_that_is_there_already_or_switched_off_refuses_all_of_it(hall: Hall) -> None:
    key = secrets.token_hex(16)
    alone = {"fields": {"kind": "subsistence", "reason": "家中有人住院"}}
    one = hall.citizen(HAN).post("/services/assistance-application/cases", alone, Idempotency_Key=key)
    assert one.status_code == 202
    before = stored(hall)
    answer = apply(hall)
    assert (answer.status_code, answer.json["code"]) == (409, "ALREADY_SUBMITTED")
    assert answer.json["receipt_no"] == one.json["receipt_no"]
    assert stored(hall) == before, "the part before it is not there either"
    hall.mine(one.json["receipt_no"], "withdrawal", {})
    before = stored(hall)
    with hall.switched_off("assistance-application"):
        off = apply(hall)
        shown = hall.client.get(f"/api/v1/bundles/{BUNDLE}").json
    assert (off.status_code, off.json["code"]) == (503, "SERVICE_DISABLED")
    assert shown["status"] == "closed" and stored(hall) == before


def test_feat_E8_a_repeated_key_is_one_bundle(hall: Hall) -> None:
    key = secrets.token_hex(16)
    first, again = (
        hall.citizen(HAN).post(f"/bundles/{BUNDLE}/cases", {"fields": FIELDS}, Idempotency_Key=key) for _ in range(2)
    )
    assert first.status_code == again.status_code == 202 and first.json == again.json
    assert hall.citizen(HAN).post(f"/bundles/{BUNDLE}/cases", {"fields": FIELDS}).status_code == 400


def test_how_the_whole_stands_follows_from_its_parts() -> None:
    runs, ended, yours = ("runs", False), ("ended", False), ("waits", True)
    assert merging.overall([runs, yours], [None, None]) == "waits_for_you"
    assert merging.overall([ended, runs], [True, None]) == "in_progress"
    assert merging.overall([ended, ended], [True, True]) == "approved"
    assert merging.overall([ended, ended], [False, False]) == "refused"
    assert merging.overall([ended, ended], [None, None]) == "withdrawn"
    assert merging.overall([ended, ended], [None, True]) == "partly_approved"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("service: household-application\n      fixed: {kind: flying}", "is no answer to this question"),
        ("service: household-application\n      fixed: {colour: red}", "has no field 'colour'"),
        ("service: household-application\n      names: {colour: red}", "has no field 'colour'"),
        ("service: no-such-thing", "no service 'no-such-thing'"),
        ("service: vehicle-list", "'vehicle-list' takes no applications"),
        ("service: assistance-application", "is a part already"),
        ("service: household-application\n      fixed: {kind: address_change}", "something else under 'reason'"),
        ("service: household-application\n      colour: red", "unknown key"),
        ("service: household-application\n      after: [work-resumption]", "no part 'work-resumption' stands above it"),
        ("service: household-application\n      takes: {colour: assistance-application.name}", "has no field 'colour'"),
        ("service: household-application\n      takes: {reason: assistance-application.number}", "is not in after"),
        ("service: household-application\n      takes: {reason: assistance-application.colour}", "a part and what of"),
        ("service: household-application\n      papers: {photo: assistance-application}", "asks for no paper 'photo'"),
    ],
)
def test_a_bundle_that_does_not_fit_its_services_is_told_with_its_line(
    tmp_path: Path, written: str, complaint: str
) -> None:
    head = "one:\n  title: {zh: 一, en: One}\n  summary: {zh: 一, en: One}\n  parts:\n"
    parts = f"    - service: assistance-application\n      fixed: {{kind: temporary}}\n    - {written}\n"
    instead = {"bundles.yaml": head + parts}
    loaded = load(CONFIG, Anything({}, tmp_path), datetime.now(CHINA), (bundles_fit(TYPES),), instead)
    (found,) = [str(each) for each in loaded.complaints if complaint in str(each)]
    assert found.startswith(("bundles.yaml:7", "bundles.yaml:8"))


def test_feat_E8_partial_failure_is_visible_and_recoverable_and_the_end_is_one_result(hall: Hall) -> None:
    number = apply(hall, LIN).json["receipt_no"]
    household, assistance = (part["receipt_no"] for part in whole(hall, number, LIN)["parts"])
    assert whole(hall, number, LIN)["status"] == "in_progress"
    assert eventually(lambda: with_departments(hall, household, assistance), SOON_S), "both are filed"
    assert hall.act(household, "pick-up").status_code == 200
    items = [{"path": "fields.reason", "message": "请写明新住址"}]
    assert hall.act(household, "request-correction", {"items": items}).status_code == 200
    assert whole(hall, number, LIN)["status"] == "waits_for_you"
    assert hall.mine(household, "corrections", {"fields": {"reason": "迁至示范路1号"}}, LIN).status_code == 200
    for part, name, body in ((household, "approve", DOCUMENT), (assistance, "refuse", WHY)):
        for act in ("pick-up", "accept"):
            assert hall.act(part, act).status_code == 200
        assert whole(hall, number, LIN)["result"] is None
        assert hall.act(part, name, body).status_code == 200
    ended = whole(hall, number, LIN)
    assert ended["status"] == "partly_approved"
    assert [(each["receipt_no"], each["document"]["approved"]) for each in ended["result"]] == [
        (household, True), (assistance, False),
    ]  # fmt: skip
    story = [(each["receipt_no"], each["event"]) for each in ended["timeline"]]
    assert story[-1] == (assistance, "decided") and (household, "corrected") in story
    assert [each["at"] for each in ended["timeline"]] == sorted(each["at"] for each in ended["timeline"])
