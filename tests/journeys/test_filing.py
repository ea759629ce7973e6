"""An application from the phone to the department's own file: filed, seen on both sides, sent back, decided, rated.

Also on a bad day: the department takes it and drops the answer. Counted from the department's own records.
"""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.phone import Phone, eventually
from tests.town import Town

FIELDS = {"kind": "residence_certificate", "reason": "子女入学"}
SOON_S = 60


def apply(phone: Phone, fields: dict[str, Any], service: str = "household-application") -> str:
    answer = phone.post(f"/services/{service}/cases", {"fields": fields}, Idempotency_Key=secrets.token_hex(16))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["receipt_no"])


def case(phone: Phone, number: str) -> dict[str, Any]:
    found: dict[str, Any] = phone.get(f"/cases/{number}").json()
    return found


def filed(phone: Phone, number: str) -> bool:
    return case(phone, number)["filing"]["state"] in ("confirmed", "settled")


def at_department(town: Town, number: str) -> int:
    records = town.twin("household_registration").records()
    return sum(number in str(record) for record in records)


def happened(phone: Phone, number: str) -> list[str]:
    return [each["event"] for each in case(phone, number)["timeline"]]


def test_feat_S8_feat_X1_an_application_reaches_the_department_and_comes_back_decided(town: Town) -> None:
    phone, officer = town.phone(), town.staff("officer")
    number = apply(phone, FIELDS)
    told = [each for each in phone.get("/me/messages").json()["items"] if each["about"] == number]
    assert [each["kind"] for each in told] == ["case-received"], "in the inbox before anything else"
    assert eventually(lambda: filed(phone, number), SOON_S), case(phone, number)
    assert at_department(town, number) == 1
    assert case(phone, number)["filing"]["department_receipt"]
    assert {"received", "delivered_to_department"} <= set(happened(phone, number))

    desk = f"/desk/cases/{number}"
    assert officer.post(f"{desk}/pick-up", {}).status_code == 200
    lacks = {"items": [{"path": "fields.reason", "message": "请写明学校名称"}]}
    asked = officer.post(f"{desk}/request-correction", lacks, Idempotency_Key=secrets.token_hex(16))
    assert asked.status_code == 200, asked.text
    better = {"fields": {"reason": "子女入读示范小学"}}
    corrected = phone.post(f"/cases/{number}/corrections", better, Idempotency_Key=secrets.token_hex(16))
    assert corrected.status_code == 200, corrected.text
    assert eventually(lambda: filed(phone, number), SOON_S), case(phone, number)
    for act in ("pick-up", "accept"):
        answer = officer.post(f"{desk}/{act}", {})
        assert answer.status_code in (200, 409), answer.text
    refused = officer.post(f"{desk}/approve", {}, Idempotency_Key=secrets.token_hex(16))
    assert refused.status_code == 422, "no decision without its document"
    document = {"document": {"name": "居住证明", "number": "HJ2026-1", "text": "兹证明居住属实。"}}
    done = officer.post(f"{desk}/approve", document, Idempotency_Key=secrets.token_hex(16))
    assert done.status_code == 200, done.text
    rated = phone.post(f"/cases/{number}/rating", {"score": 5}, Idempotency_Key=secrets.token_hex(16))
    assert rated.status_code in (200, 201), rated.text
    both = happened(phone, number), [each["event"] for each in officer.get(desk).json()["timeline"]]
    assert {"correction_requested", "corrected", "decided"} <= set(both[0]) and set(both[0]) <= set(both[1])


@pytest.mark.drill  # a minute of waiting; tests/faults has a thousand of them
def test_fault_F12_an_application_whose_answer_was_lost_is_there_once(town: Town) -> None:
    phone = town.phone(town.demo["personas"][1]["openid"])
    with town.twin("household_registration").sick(accept_then_drop=True):
        number = apply(phone, {**FIELDS, "kind": "address_change"})
        assert eventually(lambda: at_department(town, number) == 1, SOON_S)
        assert eventually(lambda: case(phone, number)["filing"]["state"] in ("unknown", "confirmed", "settled"), SOON_S)
    assert eventually(lambda: filed(phone, number), 3 * SOON_S), case(phone, number)
    assert at_department(town, number) == 1
