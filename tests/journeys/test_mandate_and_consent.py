"""A neighbour without a phone, a neighbour who helps, and a text that has to be agreed to first. HTTP only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.county import County, county_of
from tests.phone import Phone, eventually
from tests.town import Town

READ, AGREED = "residence-certificate", "student-aid-proof"
UNTIL = (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="seconds")


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    with county_of(lambda _: {"per_minute": 100000, "stale_s": 0}) as county:
        yield county


@pytest.fixture
def people(town: Town) -> tuple[Phone, Phone, Phone, dict[str, Any]]:
    """Who helps, who is helped, a stranger, and what is known of who is helped."""
    helper, helped, stranger = town.demo["personas"][:3]
    return town.phone(helper["openid"]), town.phone(helped["openid"]), town.phone(stranger["openid"]), helped


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_feat_D3_one_person_acts_for_another_until_either_ends_it(people: tuple[Phone, Phone, Phone, Any]) -> None:
    helper, helped, stranger, known = people
    subject = {"kind": "parent", "id_number": known["id_number"], "name": known["name"]}
    sent = {"subject": subject, "scope": [f"service:{READ}"], "expires_at": UNTIL}
    offered = helper.post("/me/mandates", sent)
    assert offered.status_code == 201, offered.text
    id = offered.json()["id"]
    for_her = {"X_Act_For": id}
    assert code(helper.post(f"/services/{READ}/calls", {"fields": {}}, **for_her)) == (403, "MANDATE_NOT_IN_FORCE")

    assert [each["id"] for each in helped.get("/me").json()["mandates"]] == [id]
    assert helped.post(f"/me/mandates/{id}/acceptance", None).status_code == 200
    assert eventually(lambda: helper.post(f"/services/{READ}/calls", {"fields": {}}, **for_her).status_code == 200, 20)
    time.sleep(1)
    told = helper.post(f"/services/{READ}/calls", {"fields": {}}, **for_her)
    assert told.status_code == 200, told.text
    assert told.json()["fields"]["id_number"] == known["id_number"]
    assert helper.call(READ).json()["fields"]["id_number"] != known["id_number"]
    assert code(helper.post("/services/household-members/calls", {"fields": {}}, **for_her)) == (403, "MANDATE_SCOPE")
    assert code(stranger.post(f"/services/{READ}/calls", {"fields": {}}, **for_her)) == (404, "NOT_FOUND")

    for side in (helper, helped):
        log = side.get(f"/me/mandates/{id}/log").json()["items"]
        assert told.headers["X-Trace-Id"] in {each["trace_id"] for each in log}
    assert code(stranger.get(f"/me/mandates/{id}/log")) == (404, "NOT_FOUND")

    assert helped._ask("DELETE", f"/me/mandates/{id}", None, {}).status_code == 204
    assert eventually(
        lambda: code(helper.post(f"/services/{READ}/calls", {"fields": {}}, **for_her))
        == (403, "MANDATE_NOT_IN_FORCE"), 10,
    )  # fmt: skip


def test_threat_T33_the_household_register_proves_no_child_that_is_none(
    people: tuple[Phone, Phone, Phone, Any],
) -> None:
    helper, _, _, known = people  # a spouse is nobody's child
    subject = {"kind": "child", "id_number": known["id_number"], "name": known["name"]}
    told = helper.post("/me/mandates", {"subject": subject, "scope": ["theme:household"], "expires_at": UNTIL})
    assert code(told) == (403, "GUARDIANSHIP_UNPROVEN")


def test_feat_D4_threat_T32_nothing_is_read_before_and_after_consent(people: tuple[Phone, Phone, Phone, Any]) -> None:
    helper = people[0]
    told = helper.call(AGREED)
    assert code(told) == (403, "CONSENT_MISSING")
    asked = told.json()["consent"]
    assert asked["text"]["zh"].startswith("我同意读取我的社会救助发放记录") and asked["fields"] == ["payments"]
    sent = {"service": AGREED, "version": asked["version"], "sha256": asked["sha256"]["zh"]}
    given = helper.post("/me/consents", sent)
    assert given.status_code == 201, given.text
    assert eventually(lambda: helper.call(AGREED).status_code == 200, 10)
    assert helper._ask("DELETE", f"/me/consents/{given.json()['id']}", None, {}).status_code == 204
    assert eventually(lambda: helper.call(AGREED).status_code == 403, 10)
    time.sleep(1)  # in force on the other worker too
    assert code(helper.call(AGREED)) == (403, "CONSENT_MISSING")
