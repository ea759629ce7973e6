"""Consent: exactly these fields under exactly this text, and an end to it that counts at once, on every worker."""

from __future__ import annotations

import hashlib
from typing import Any

import yaml

from tests.mandates.conftest import CONSENT, TEXT, Person, Town
from tests.mandates.test_mandates import code, refused_within_a_second


def given(person: Person, told: Any, **headers: str) -> Any:
    """Consents to what the refusal showed."""
    asked = told.get_json()["consent"]
    body = {"service": asked["service"], "version": asked["version"], "sha256": asked["sha256"]["zh"]}
    return person.ask("POST", "/me/consents", body, **headers)


def test_feat_D4_row_B74_without_consent_nothing_is_read_and_the_refusal_says_to_what(town: Town) -> None:
    person = town["安娜"]
    told = person.call("agreed")
    assert code(told) == (403, "CONSENT_MISSING")
    assert town.offices["alpha"].seen == []
    asked = told.get_json()["consent"]
    assert asked["text"] == TEXT and asked["fields"] == ["balance_fen"] and asked["purpose"] == CONSENT["purpose"]
    assert asked["sha256"]["zh"] == hashlib.sha256(TEXT["zh"].encode()).hexdigest()
    consent = given(person, told)
    assert consent.status_code == 201, consent.text
    shown = consent.get_json()
    assert (shown["fields"], shown["version"], shown["current"]) == (["balance_fen"], "1", True)
    assert person.call("agreed").status_code == 200
    assert code(town["伯特"].call("agreed")) == (403, "CONSENT_MISSING")  # nobody consents for another


def test_threat_T32_withdrawal_stops_the_next_read_on_every_worker_kept_answers_too(town: Town) -> None:
    person = town["安娜"]
    id = given(person, person.call("agreed")).get_json()["id"]
    assert [person.call("agreed", worker=worker).status_code for worker in (0, 1)] == [200, 200]
    assert person.ask("DELETE", f"/me/consents/{id}").status_code == 204
    assert code(person.call("agreed", worker=0)) == (403, "CONSENT_MISSING")
    refused_within_a_second(lambda: person.call("agreed", worker=1), "CONSENT_MISSING")
    items = person.ask("GET", "/me/consents").get_json()["items"]
    assert [(each["id"], each["current"], bool(each["withdrawn_at"])) for each in items] == [(id, False, True)]


def test_feat_D4_another_text_version_field_or_purpose_needs_a_new_consent(town: Town) -> None:
    person, file = town["安娜"], town.folder / "services/agreed.yaml"
    before = yaml.safe_load(file.read_text(encoding="utf-8"))
    given(person, person.call("agreed"))
    changes = ({"text": {"zh": "另一段"}}, {"version": "2"}, {"fields": ["balance_fen", "status"]}, {"purpose": "其他"})
    for change in changes:
        changed = {**before, "consent": {**CONSENT, **change}}
        file.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
        town.hubs[0].settings.reload()
        assert code(person.call("agreed")) == (403, "CONSENT_MISSING"), change
    file.write_text(yaml.safe_dump(before, allow_unicode=True), encoding="utf-8")
    town.hubs[0].settings.reload()
    assert person.call("agreed").status_code == 200


def test_a_text_that_was_not_shown_is_not_consented_to(town: Town) -> None:
    person = town["安娜"]
    sent = {"service": "agreed", "version": "1", "sha256": hashlib.sha256(b"something").hexdigest()}
    told = person.ask("POST", "/me/consents", sent)
    assert code(told) == (409, "CONSENT_TEXT_CHANGED") and told.get_json()["consent"]["text"] == TEXT
    assert code(person.ask("POST", "/me/consents", {**sent, "service": "balance"})) == (404, "NOT_FOUND")
    assert code(person.call("agreed")) == (403, "CONSENT_MISSING")


def test_the_same_consent_twice_is_one(town: Town) -> None:
    person = town["安娜"]
    told = person.call("agreed")
    assert given(person, told).get_json()["id"] == given(person, told).get_json()["id"]


def test_threat_T1_anothers_consent_is_not_there(town: Town) -> None:
    id = given(town["安娜"], town["安娜"].call("agreed")).get_json()["id"]
    assert code(town["伯特"].ask("DELETE", f"/me/consents/{id}")) == (404, "NOT_FOUND")
    assert town["伯特"].ask("GET", "/me/consents").get_json()["items"] == []
    assert town["安娜"].call("agreed").status_code == 200


def test_under_a_mandate_the_represented_persons_consent_counts(town: Town) -> None:
    mandate = town.mandate("安娜", "伯特", "service:agreed")
    holder = town["安娜"]
    given(holder, holder.call("agreed"))  # her own is for her own data
    told = holder.call("agreed", mandate)
    assert code(told) == (403, "CONSENT_MISSING")
    assert given(holder, told, X_Act_For=mandate).get_json()["by_representative"] is True
    assert holder.call("agreed", mandate).status_code == 200
    assert [each["by_representative"] for each in town["伯特"].ask("GET", "/me/consents").get_json()["items"]] == [True]
    other = town.mandate("陈晨", "伯特", "service:balance")
    assert code(given(town["陈晨"], told, X_Act_For=other)) == (403, "MANDATE_SCOPE")
