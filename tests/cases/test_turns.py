"""feat_E8 (一件事), in order: a part waits for those before it, begins by itself, is not asked what they brought."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hub.cases.desk import Officer
from hub.demo.personas import Persona
from hub.gateway.orders import Caller
from hub.settings.bundle_shapes import Bundle, BundlePart
from tests.cases.conftest import HAN, LIN, Hall
from tests.cases.test_bundles import nobody_has_one
from tests.cases.test_cases import DOCUMENT, WHY, messages
from tests.cases.test_department import DOCUMENT as CERTIFICATE
from tests.cases.test_department import event, told
from tests.phone import eventually

BUNDLE, FIRST, NEXT = "one-after-the-other", "household-application", "assistance-application"
MOVES = BundlePart(FIRST, fixed={"kind": "address_change"}, names={"reason": "moves_because"})
_DAYS = count(1)
STUCK = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
SOON_S = 30
FIELDS, PHONE = {"moves_because": "随子女居住"}, "13800000000"

__all__ = ["nobody_has_one"]


@pytest.fixture(autouse=True)
def another_day(hall: Hall) -> Iterator[None]:
    """What went to a department today goes there once."""
    hall.later(days=next(_DAYS))
    yield
    hall.later(until=datetime.now(UTC))


@pytest.fixture
def in_order(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(hall, monkeypatch, takes={"reason": (FIRST, "number")}, papers={"address-proof": FIRST})


def offer(hall: Hall, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    after = BundlePart(NEXT, fixed={"kind": "subsistence"}, after=(FIRST,), **more)
    bundle = Bundle(BUNDLE, {"zh": "一", "en": "One"}, {"zh": "一", "en": "One"}, (MOVES, after))
    monkeypatch.setitem(hall.hub.settings.now.bundles, BUNDLE, bundle)  # type: ignore[arg-type]


def apply(hall: Hall, persona: Persona = HAN, **fields: Any) -> TestResponse:
    body, key = {"fields": {**FIELDS, **fields}}, secrets.token_hex(16)
    return hall.citizen(persona).post(f"/bundles/{BUNDLE}/cases", body, Idempotency_Key=key)


def applied(hall: Hall, **fields: Any) -> tuple[str, str, str]:
    """The numbers of the whole and of its two parts."""
    answer = apply(hall, **fields)
    assert answer.status_code == 202, answer.text
    one, two = answer.json["parts"]
    return answer.json["receipt_no"], one["receipt_no"], two["receipt_no"]


def status(hall: Hall, whole: str) -> str:
    return str(hall.citizen(HAN).get(f"/bundles/{BUNDLE}/cases/{whole}").json["status"])


def patiently(hall: Hall, act: Callable[[Session], object], failed: list[Exception]) -> None:
    """In a transaction of its own, which waits for its locks."""
    try:
        with hall.hub.database.session(patience=SOON_S) as session:
            session.execute(text(f"SET LOCAL lock_timeout = '{SOON_S}s'"))
            act(session)
    except Exception as error:
        failed.append(error)


def stuck(hall: Hall) -> int:
    """How many transactions wait for a lock."""
    with hall.hub.database.read() as connection:
        return int(connection.scalar(STUCK) or 0)


def decide(hall: Hall, number: str, name: str, body: Any) -> None:
    for act in ("pick-up", "accept"):
        assert hall.act(number, act).status_code == 200
    assert hall.act(number, name, body).status_code == 200


@pytest.mark.usefixtures("in_order")
def test_feat_E8_what_another_part_brings_is_not_asked_and_the_time_is_that_of_both(hall: Hall) -> None:
    shown = hall.client.get(f"/api/v1/bundles/{BUNDLE}").json
    assert set(shown["form"]["properties"]) == {"moves_because", "phone", "certificate_no", "id_number", "name"}
    assert shown["guide"]["promised_days"] == 3 + 20
    assert [paper["type"] for paper in shown["guide"]["materials"]] == ["address-proof", "income-proof"]
    asked = apply(hall, reason="家中有人住院")
    assert [each["path"] for each in asked.json["errors"]] == ["fields.reason"]


@pytest.mark.usefixtures("in_order")
def test_feat_E8_a_part_waits_its_turn_and_begins_with_what_the_one_before_it_brought(hall: Hall) -> None:
    whole, first, after = applied(hall, phone=PHONE)
    waiting = hall.case(after)
    assert (waiting["status"], waiting["filing"]["state"], waiting["possible"]) == ("waiting", "none", ["withdrawal"])
    assert waiting["clock"]["promised_at"] is None and status(hall, whole) == "in_progress"
    assert hall.act(after, "pick-up").status_code == 404, "no officer has it yet"
    assert hall.mine(after, "messages", {"text": "?"}).json["code"] == "STATE_CONFLICT"
    both = hall.citizen(HAN).get(f"/bundles/{BUNDLE}/cases/{whole}").json["promised_at"]
    assert both > hall.case(first)["clock"]["promised_at"], "the whole is promised when the last can be"
    licence = hall.issue()["id"]
    decide(hall, first, "approve", {"document": {**DOCUMENT["document"], "credential_id": licence}})
    begun = hall.case(after)
    assert (begun["status"], begun["filing"]["state"]) == ("received", "ready")
    assert begun["fields"]["reason"] == DOCUMENT["document"]["number"] and begun["fields"]["phone"] == PHONE
    assert [(each["type"], each["credential_id"]) for each in begun["materials"]] == [("address-proof", licence)]
    assert begun["clock"]["promised_at"] and messages(hall, after) == ["case-received"]


@pytest.mark.usefixtures("in_order")
def test_feat_E8_after_a_refusal_the_next_part_stands_still_until_it_is_undone(hall: Hall) -> None:
    whole, first, after = applied(hall)
    decide(hall, first, "refuse", WHY)
    assert hall.case(after)["status"] == "waiting" and status(hall, whole) == "refused"
    assert messages(hall, after) == ["case-progress"], "the applicant hears that it goes no further"
    second = hall.officer("second")
    assert hall.act(first, "undo", {"reason": "重新审查"}, second).status_code == 200
    assert status(hall, whole) == "in_progress"
    assert hall.act(first, "approve", DOCUMENT).status_code == 200
    assert hall.case(after)["status"] == "received"


@pytest.mark.usefixtures("in_order")
def test_feat_E8_withdrawing_the_first_is_told_and_leaves_the_next_to_be_withdrawn(hall: Hall) -> None:
    whole, first, after = applied(hall)
    again = apply(hall)
    assert (again.json["code"], again.json["receipt_no"]) == ("ALREADY_SUBMITTED", first)
    assert hall.mine(first, "withdrawal", {}).status_code == 200
    assert hall.case(after)["timeline"][-1]["event"] == "message" and status(hall, whole) == "withdrawn"
    alone = {"fields": {"kind": "subsistence", "reason": "家中有人住院"}}
    there = hall.citizen(HAN).post(f"/services/{NEXT}/cases", alone, Idempotency_Key=secrets.token_hex(16))
    assert (there.json["code"], there.json["receipt_no"]) == ("ALREADY_SUBMITTED", after)
    assert hall.mine(after, "withdrawal", {}).json["status"] == "withdrawn"
    there = hall.citizen(HAN).post(f"/services/{NEXT}/cases", alone, Idempotency_Key=secrets.token_hex(16))
    assert there.status_code == 202


@pytest.mark.usefixtures("in_order")
def test_feat_E8_a_part_whose_order_configuration_has_lost_waits_for_nothing(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first, after = applied(hall)
    monkeypatch.delitem(hall.hub.settings.now.bundles, BUNDLE)  # type: ignore[attr-defined]
    assert hall.mine(first, "withdrawal", {}).status_code == 200
    assert hall.case(after)["status"] == "draft", "what was to be taken on is for the applicant to say"


def test_feat_E8_what_does_not_fit_makes_a_draft_for_the_applicant_and_not_a_failure_at_the_desk(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(hall, monkeypatch, takes={"phone": (FIRST, "number")})
    whole, first, after = applied(hall, reason="家中有人住院")
    decide(hall, first, "approve", DOCUMENT)
    draft = hall.case(after)
    assert (draft["status"], draft["possible"]) == ("draft", ["edit", "submit", "withdrawal"])
    assert status(hall, whole) == "waits_for_you" and messages(hall, after) == ["case-progress"]
    fields = {**draft["fields"], "phone": "13900000000"}
    assert hall.citizen(HAN).ask("PATCH", f"/cases/{after}", {"fields": fields}).status_code == 200
    assert hall.mine(after, "submit", None).status_code == 202
    assert hall.case(after)["status"] == "received"


def test_feat_E8_a_part_after_two_begins_with_the_second_of_them(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    both = BundlePart(NEXT, fixed={"kind": "subsistence"}, after=(FIRST, "work-resumption"),
                      names={"reason": "why", "phone": "own_phone"})  # fmt: skip
    parts = (MOVES, BundlePart("work-resumption"), both)
    bundle = Bundle(BUNDLE, {"zh": "一", "en": "One"}, {"zh": "一", "en": "One"}, parts)
    monkeypatch.setitem(hall.hub.settings.now.bundles, BUNDLE, bundle)  # type: ignore[arg-type]
    answer = apply(hall, why="家中有人住院", **hall.resumption())
    assert answer.status_code == 202, answer.text
    first, second, after = (part["receipt_no"] for part in answer.json["parts"])
    decide(hall, second, "approve", DOCUMENT)
    assert hall.case(after)["status"] == "waiting" and messages(hall, after) == []
    decide(hall, first, "approve", DOCUMENT)
    assert hall.case(after)["status"] == "received"


@pytest.mark.usefixtures("in_order")
def test_feat_E8_a_decision_and_the_withdrawal_of_what_waits_for_it_do_not_wait_for_each_other(hall: Hall) -> None:
    whole, first, after = applied(hall)
    hall.done(first, "pick-up", "accept")
    officer = Officer(hall.id_of("first"), "", frozenset({"case.read", "case.write"}))
    acts: list[Callable[[Session], object]] = [
        lambda session: hall.hub.cases.desk.approve(session, officer, first, DOCUMENT["document"]),
        lambda session: hall.hub.cases.withdraw(session, caller, after, ""),
    ]
    running, failed = list[threading.Thread](), list[Exception]()
    with hall.hub.database.session(patience=SOON_S) as outside:
        held = text("SELECT subject FROM cases_bundle WHERE receipt_no = :whole FOR UPDATE")
        caller = Caller(str(outside.scalar(held, {"whole": whole})), 3)
        for act in acts:  # both come as far as the bundle, the decision first
            running.append(threading.Thread(target=patiently, args=(hall, act, failed)))
            running[-1].start()
            assert eventually(lambda: stuck(hall) == len(running), SOON_S)
    for each in running:
        each.join(SOON_S)
    assert failed == []
    assert (hall.case(first)["status"], hall.case(after)["status"]) == ("approved", "withdrawn")


def test_feat_E8_the_certificate_of_the_police_goes_on_to_civil_affairs_by_itself(hall: Hall) -> None:
    """As shipped: what civil affairs would ask for is what the police have just granted."""
    shown = hall.client.get("/api/v1/bundles/help-where-you-live").json["form"]
    assert set(shown["properties"]) == {"reason", "phone", "id_number", "name"} and shown["required"] == ["reason"]
    body = {"fields": {"reason": "家中有人住院", "phone": PHONE}}
    answer = hall.citizen(LIN).post("/bundles/help-where-you-live/cases", body, Idempotency_Key=secrets.token_hex(16))
    assert answer.status_code == 202, answer.text
    police, assistance = (part["receipt_no"] for part in answer.json["parts"])
    assert hall.case(assistance, LIN)["status"] == "waiting"
    assert eventually(lambda: with_department(hall, police), SOON_S)
    theirs = hall.case(police, LIN)["filing"]["department_receipt"]
    assert told(hall, event(theirs, 1, "40", **CERTIFICATE)) == []
    begun = hall.case(assistance, LIN)
    assert (begun["status"], begun["fields"]["certificate_no"]) == ("received", CERTIFICATE["WSBH"])
    assert eventually(lambda: with_department(hall, assistance), SOON_S)


def with_department(hall: Hall, number: str) -> bool:
    hall.hub.outbox.runner.tick()
    return bool(hall.case(number, LIN)["filing"]["department_receipt"])
