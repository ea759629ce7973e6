"""Acting for another: who may, how long, for what, who sees it, and that it ends at once, on every worker."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.ledger.service import find
from hub.mandates.companies import Company
from hub.mandates.models import MandateRow
from tests.mandates.conftest import NUMBERS, SOON, Town, household

COMPANY = Company("91360423MA35ABCD1X", "示范商贸有限公司")


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def refused_within_a_second(call: Any, wanted: str) -> None:
    """Generous: what is refused at all is refused in a fraction of this."""
    until = time.monotonic() + 10
    while (answer := call()).status_code == 200:
        assert time.monotonic() < until, "still allowed"
        time.sleep(0.05)
    assert code(answer) == (403, wanted)


def test_feat_D3_a_mandate_asks_for_the_represented_persons_data_and_both_are_recorded(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    own, acted = town["安娜"].call("balance"), town["安娜"].call("balance", id)
    assert own.get_json()["fields"]["id_number"] == NUMBERS["安娜"]
    assert acted.get_json()["fields"]["id_number"] == NUMBERS["伯特"]
    hub, trace = town.hubs[0], acted.headers["X-Trace-Id"]
    with hub.database.session() as session:
        record = next(iter(find(session, trace)))
    assert record.subject_tag == hub.crypto.lookup(town["伯特"].citizen_id, "ledger.subject")
    assert record.acting_tag == hub.crypto.lookup(town["安娜"].citizen_id, "ledger.subject")


def test_feat_D3_both_sides_see_the_log_and_nobody_else(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    trace = town["安娜"].call("balance", id).headers["X-Trace-Id"]
    town["安娜"].call("balance")  # her own: not in it
    for name in ("安娜", "伯特"):
        items = town[name].ask("GET", f"/me/mandates/{id}/log").get_json()["items"]
        assert [(each["service"], each["trace_id"], each["outcome"]) for each in items] == [("balance", trace, "OK")]
    assert code(town["陈晨"].ask("GET", f"/me/mandates/{id}/log")) == (404, "NOT_FOUND")
    sides = {name: town[name].ask("GET", "/me/mandates").get_json()["items"] for name in town.people}
    assert [(each["side"], each["subject_name"]) for each in sides["安娜"]] == [("holder", "伯*")]
    assert [(each["side"], each["holder_name"]) for each in sides["伯特"]] == [("represented", "安*")]
    assert sides["陈晨"] == []


def test_feat_D3_an_offer_alone_allows_nothing(town: Town) -> None:
    id = town["安娜"].offer("parent", "伯特").get_json()["id"]
    assert code(town["安娜"].call("balance", id)) == (403, "MANDATE_NOT_IN_FORCE")
    assert code(town["陈晨"].ask("POST", f"/me/mandates/{id}/acceptance")) == (404, "NOT_FOUND")
    assert code(town["安娜"].ask("POST", f"/me/mandates/{id}/acceptance")) == (404, "NOT_FOUND")
    assert town["伯特"].ask("POST", f"/me/mandates/{id}/acceptance").status_code == 200
    assert town["安娜"].call("balance", id).status_code == 200
    assert code(town["伯特"].ask("POST", f"/me/mandates/{id}/acceptance")) == (409, "STATE_CONFLICT")


@pytest.mark.parametrize("side", ["安娜", "伯特"])
def test_feat_D3_either_side_ends_it_and_the_next_call_is_refused_on_every_worker(town: Town, side: str) -> None:
    id = town.mandate("安娜", "伯特")
    holder = town["安娜"]
    for worker in (0, 1):
        assert holder.call("balance", id, worker).status_code == 200
    assert town[side].ask("DELETE", f"/me/mandates/{id}").status_code == 204
    assert code(holder.call("balance", id, 0)) == (403, "MANDATE_NOT_IN_FORCE")  # at once where it was ended
    refused_within_a_second(lambda: holder.call("balance", id, 1), "MANDATE_NOT_IN_FORCE")
    assert town[side].ask("DELETE", f"/me/mandates/{id}").status_code == 204


def test_a_worker_that_hears_of_no_change_believes_nothing_older_than_a_second(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    assert town["安娜"].call("balance", id, 1).status_code == 200
    town.hubs[1].fresh.stop()
    town["伯特"].ask("DELETE", f"/me/mandates/{id}")
    refused_within_a_second(lambda: town["安娜"].call("balance", id, 1), "MANDATE_NOT_IN_FORCE")


def test_threat_T33_a_mandate_reaches_no_further_than_its_scope(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    assert code(town["安娜"].call("pension", id)) == (403, "MANDATE_SCOPE")
    parts = town["安娜"].call("both", id).get_json()["parts"]
    assert [(part["status"], part["body"].get("code")) for part in parts] == [(200, None), (403, "MANDATE_SCOPE")]
    themed = town.mandate("陈晨", "伯特", "theme:care")
    assert town["陈晨"].call("balance", themed).status_code == 200
    assert code(town["陈晨"].call("pension", themed)) == (403, "MANDATE_SCOPE")


def test_row_B50_threat_T1_anothers_mandate_looks_like_none(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    told = [town[name].call("balance", mandate) for name, mandate in
            (("陈晨", id), ("陈晨", "m" + "0" * 32), ("伯特", id), ("陈晨", "' OR 1=1"))]  # fmt: skip
    assert {code(each) for each in told} == {(404, "NOT_FOUND")}
    assert code(town["陈晨"].ask("DELETE", f"/me/mandates/{id}")) == (404, "NOT_FOUND")
    assert town["安娜"].call("balance", id).status_code == 200


def test_threat_T1_under_a_mandate_no_third_persons_number_is_taken(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    hub = town.hubs[0]
    assert hub.settings.now.services["balance"].subject == ("id_number", "name")
    for name in ("安娜", "陈晨"):  # not even the holder's own
        answer = town["安娜"].call("balance", id, id_number=NUMBERS[name])
        assert answer.status_code in (404, 422) and NUMBERS[name] not in answer.text


def test_routes_that_know_no_mandate_refuse_the_header(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    assert code(town["安娜"].ask("GET", "/me", X_Act_For=id)) == (404, "NOT_FOUND")
    assert code(town["安娜"].ask("GET", "/me/mandates", X_Act_For=id)) == (404, "NOT_FOUND")


def test_kept_answers_never_cross_persons(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    for _ in range(2):  # the second ones are kept answers
        assert town["安娜"].call("balance").get_json()["fields"]["id_number"] == NUMBERS["安娜"]
        assert town["安娜"].call("balance", id).get_json()["fields"]["id_number"] == NUMBERS["伯特"]
    asked = len(town.offices["alpha"].seen)
    assert town["伯特"].call("balance").get_json()["fields"]["id_number"] == NUMBERS["伯特"]
    assert len(town.offices["alpha"].seen) == asked == 2  # one's own data may be the kept ones


def test_feat_D3_a_mandate_ends_with_its_term(town: Town) -> None:
    id = town.mandate("安娜", "伯特")
    hub = town.hubs[0]
    with hub.database.session() as session:
        over = update(MandateRow).where(MandateRow.mandate_id == id)
        session.execute(over.values(expires_at=hub.clock.now() - timedelta(seconds=1)))
        hub.fresh.changed(session, f"mandate:{id}")
    hub.fresh.refresh()
    assert code(town["安娜"].call("balance", id)) == (403, "MANDATE_NOT_IN_FORCE")


def test_feat_D3_a_child_by_what_the_household_register_says(town: Town) -> None:
    made = town["安娜"].offer("child", "安宝")
    assert made.status_code == 201, made.text
    assert (made.get_json()["state"], made.get_json()["proof"]) == ("in_force", "household_register")
    answer = town["安娜"].call("balance", made.get_json()["id"])
    assert answer.get_json()["fields"]["id_number"] == NUMBERS["安宝"]


@pytest.mark.parametrize(
    "rows",
    [
        [("安娜", "spouse", "1990-01-01")],  # no such child there
        [("安娜", "sibling", "1990-01-01"), ("安宝", "son", "2020-06-01")],  # an aunt
        [("安娜", "head", "1990-01-01"), ("安宝", "sibling", "2020-06-01")],
        [("安娜", "head", "1990-01-01"), ("安宝", "son", "2000-06-01")],  # of age
        [("伯特", "head", "1955-02-02"), ("安宝", "son", "2020-06-01")],  # another household
    ],
)
def test_threat_T33_no_guardian_without_the_register(town: Town, rows: list[tuple[str, str, str]]) -> None:
    town.offices["register"].answer = household(*rows)
    assert code(town["安娜"].offer("child", "安宝")) == (403, "GUARDIANSHIP_UNPROVEN")


def test_a_child_under_another_name_is_not_proved(town: Town) -> None:
    told = town["安娜"].offer("child", "安宝", name="安贝")
    assert code(told) == (403, "GUARDIANSHIP_UNPROVEN")


def test_an_offer_tells_nothing_of_the_other_person(town: Town) -> None:
    """A number nobody here has, a known number with another name: all look alike, and reach nobody."""
    known, other = town["安娜"].offer("parent", "伯特"), town["安娜"].offer("parent", "伯特", name="伯德")
    strange = town["安娜"].offer("parent", "安宝")
    shown = [{**each.get_json(), "id": "", "created_at": ""} for each in (known, other, strange)]
    assert [each.status_code for each in (known, other, strange)] == [201] * 3
    assert {(each["state"], each["accepted_at"]) for each in shown} == {("offered", None)}
    assert [each["id"] for each in town["伯特"].ask("GET", "/me/mandates").get_json()["items"]] == [
        known.get_json()["id"]
    ]
    assert code(town["伯特"].ask("POST", f"/me/mandates/{other.get_json()['id']}/acceptance")) == (404, "NOT_FOUND")


def test_offers_nobody_answers_are_limited(town: Town) -> None:
    told = [town["安娜"].offer("parent", "伯特").status_code for _ in range(21)]
    assert told == [201] * 20 + [429]


def test_a_clerk_acts_for_a_company_whose_legal_representative_accepted(town: Town) -> None:
    hub = town.hubs[0]
    with hub.database.session() as session:
        hub.mandates.appoint(session, COMPANY, NUMBERS["伯特"], "legal_representative", "market_supervision")
    id = town["安娜"].offer("company", scope=("service:tax",), credit_code=COMPANY.credit_code).get_json()["id"]
    assert code(town["安娜"].call("tax", id)) == (403, "MANDATE_NOT_IN_FORCE")
    assert code(town["陈晨"].ask("POST", f"/me/mandates/{id}/acceptance")) == (404, "NOT_FOUND")
    accepted = town["伯特"].ask("POST", f"/me/mandates/{id}/acceptance").get_json()
    assert (accepted["proof"], accepted["subject_name"]) == ("legal_representative", COMPANY.name)
    assert town["安娜"].call("tax", id).get_json()["fields"]["credit_code"] == COMPANY.credit_code
    with hub.database.session() as session:
        assert [post.role for post in hub.mandates.companies.posts(session, NUMBERS["安娜"])] == ["clerk"]
    assert code(town["安娜"].call("tax")) == (404, "NOT_FOUND")  # nobody is a company alone


def test_what_a_legal_representative_holds_ends_with_the_office(town: Town) -> None:
    hub = town.hubs[0]
    with hub.database.session() as session:
        hub.mandates.appoint(session, COMPANY, NUMBERS["伯特"], "legal_representative", "market_supervision")
    id = town["伯特"].offer("company", scope=("service:tax",), credit_code=COMPANY.credit_code).get_json()["id"]
    assert town["伯特"].call("tax", id).status_code == 200
    with hub.database.session() as session:
        hub.mandates.appoint(session, COMPANY, NUMBERS["陈晨"], "legal_representative", "market_supervision")
    hub.fresh.refresh()
    assert code(town["伯特"].call("tax", id)) == (403, "MANDATE_NOT_IN_FORCE")


@pytest.mark.parametrize(
    ("change", "path", "wanted"),
    [
        ({"scope": ["service:nothing"]}, "scope.0", "CHOICE"),
        ({"scope": ["*"]}, "scope.0", "CHOICE"),
        ({"scope": ["licence:nothing"]}, "scope.0", "CHOICE"),
        ({"scope": []}, "scope", "TOO_SHORT"),
        ({"expires_at": "2020-01-01T00:00:00+08:00"}, "expires_at", "DATE_RANGE"),
        ({"expires_at": "2099-01-01T00:00:00+08:00"}, "expires_at", "DATE_RANGE"),
        ({"expires_at": SOON[:19]}, "expires_at", "TIMEZONE_MISSING"),
        ({"subject": {"kind": "company"}}, "subject.credit_code", "REQUIRED"),
        ({"subject": {"kind": "company", "credit_code": "91360423MA35ABCDIX"}}, "subject.credit_code", "FORMAT"),
        ({"subject": {"kind": "king"}}, "subject.kind", "CHOICE"),
        ({"state": "in_force"}, "state", "UNKNOWN_FIELD"),
    ],
)
def test_wrong_forms_say_where(town: Town, change: dict[str, Any], path: str, wanted: str) -> None:
    good = {
        "subject": {"kind": "parent", "id_number": NUMBERS["伯特"], "name": "伯特"},
        "scope": ["service:balance"],
        "expires_at": SOON,
    }
    told = town["安娜"].ask("POST", "/me/mandates", {**good, **change})
    assert told.status_code == 422
    assert [(each["path"], each["code"]) for each in told.get_json()["errors"]] == [(path, wanted)]


def test_a_dump_of_the_tables_names_nobody(town: Town) -> None:
    town.mandate("安娜", "伯特")
    with town.hubs[0].database.read() as connection:
        for table in ("mandates_mandate", "mandates_change", "mandates_company_person"):
            dumped = repr(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608
            assert not any(secret in dumped for pair in NUMBERS.items() for secret in pair)
