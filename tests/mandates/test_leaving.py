"""Who leaves: nobody acts in the person's name any more, and nothing is agreed to; the evidence of both stays."""

from __future__ import annotations

import psycopg

from tests.login.room import plain
from tests.mandates.conftest import Town
from tests.mandates.test_consents import given
from tests.mandates.test_mandates import code, refused_within_a_second


def test_threat_T15_feat_H5_mandates_and_consents_end_with_the_person(town: Town, fresh_database: str) -> None:
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
