"""Who leaves: nobody acts in the person's name any more, and nothing is agreed to; the evidence of both stays."""

from __future__ import annotations

from uuid import UUID

import psycopg
from sqlalchemy import func, literal_column, select
from sqlalchemy import table as table_

from tests.jobs.test_jobs import until
from tests.login.room import plain
from tests.mandates.conftest import NUMBERS, Town
from tests.mandates.test_consents import given
from tests.mandates.test_mandates import code, refused_within_a_second


def test_feat_H5_mandates_and_consents_end_with_the_person(town: Town, fresh_database: str) -> None:
    anna, bert = town["安娜"], town["伯特"]
    held = anna.offer("parent", "伯特").get_json()["id"]
    assert bert.ask("POST", f"/me/mandates/{held}/acceptance").status_code == 200
    about = bert.offer("parent", "安娜").get_json()["id"]
    assert anna.ask("POST", f"/me/mandates/{about}/acceptance").status_code == 200
    open_offer = bert.offer("parent", "安娜", scope=("service:agreed",)).get_json()["id"]
    assert bert.call("balance", about).status_code == 200
    assert given(anna, anna.call("agreed")).status_code == 201

    told = anna.ask("DELETE", "/me")
    assert told.status_code == 200, told.text
    assert told.get_json()["ended"] == ["mandates", "consents"]
    refused_within_a_second(lambda: bert.call("balance", about), "MANDATE_NOT_IN_FORCE")
    assert code(bert.call("agreed", open_offer)) == (403, "MANDATE_NOT_IN_FORCE")
    with psycopg.connect(plain(fresh_database)) as connection:
        rows = connection.execute("SELECT mandate_id, ended_at IS NOT NULL, ended_by FROM mandates_mandate").fetchall()
        consents = connection.execute("SELECT withdrawn_at IS NOT NULL FROM mandates_consent").fetchall()
    assert dict((id, (over, by)) for id, over, by in rows) == {
        held: (True, "holder"), about: (True, "represented"), open_offer: (True, "represented"),
    }  # fmt: skip
    assert consents == [(True,)]


def kept(town: Town, table: str, column: str) -> int:
    with town.hubs[0].database.read() as connection:
        return int(connection.scalar(select(func.count(literal_column(column))).select_from(table_(table))) or 0)


def asked_under(town: Town, name: str, mandate: str = "") -> UUID:
    """One answer that is stored, one question that failed and can be asked again: its leg."""
    under = {"X_Act_For": mandate} if mandate else {}
    before = kept(town, "legs_leg", "id")
    for failing in (False, True):
        if failing:
            town.offices["beta"].says(error="unavailable")
        key = f"{mandate}-{failing}"
        told = town[name].ask("POST", "/services/pension/calls", {"fields": {}}, **under, Idempotency_Key=key)
        assert told.status_code == (503 if failing else 200), told.text
    town.offices["beta"].heal()
    town.hubs[0].gateway.release("beta")
    until(lambda: kept(town, "legs_leg", "id") > before, 10)
    with town.hubs[0].database.session() as session:
        (leg,) = town.hubs[0].legs.find(session, told.headers["X-Trace-Id"])
    return leg.id


def test_feat_D3_what_was_kept_under_a_mandate_goes_with_either_of_the_two(town: Town) -> None:
    pairs = ("安娜", "伯特"), ("陈晨", "安娜"), ("伯特", "陈晨")
    acts, acted_for, others = (town.mandate(*pair, "service:pension") for pair in pairs)
    hers = [asked_under(town, "安娜"), asked_under(town, "安娜", acts), asked_under(town, "陈晨", acted_for)]
    of_others = [asked_under(town, "伯特", others), asked_under(town, "伯特")]
    assert kept(town, "gateway_submission", "answer_sealed") == kept(town, "legs_leg", "question_sealed") == 5

    again = town.hubs[0].asking.ask(hers[1])
    assert (again.state, town.offices["beta"].seen[-1]["id_number"]) == ("answered", NUMBERS["伯特"])
    assert town["安娜"].ask("DELETE", "/me").status_code == 200
    assert kept(town, "gateway_submission", "answer_sealed") == kept(town, "legs_leg", "question_sealed") == 2
    assert kept(town, "legs_leg", "id") == 5, "that there was a call stays"
    with town.hubs[0].database.session() as session:
        left = [id for id in (*hers, *of_others) if town.hubs[0].legs.opened(session, id)[0]]
    assert left == of_others
    ended = town.hubs[0].asking.ask(of_others[0])
    assert (ended.state, town.offices["beta"].seen[-1]["id_number"]) == ("answered", NUMBERS["陈晨"])


def test_feat_C6_what_failed_under_a_mandate_is_not_asked_again_after_its_end(town: Town) -> None:
    mandate = town.mandate("安娜", "伯特", "service:pension")
    leg = asked_under(town, "安娜", mandate)
    assert town["伯特"].ask("DELETE", f"/me/mandates/{mandate}").status_code == 204
    asked = len(town.offices["beta"].seen)
    assert town.hubs[0].asking.ask(leg).code == "MANDATE_NOT_IN_FORCE"
    assert len(town.offices["beta"].seen) == asked
