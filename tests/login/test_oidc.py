"""Staff who sign in at the county's own issuer, against a real one: whom it does not prove here and now stays out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from blueprints import login
from blueprints.frame import build
from hub.commands.keys import reseal_all
from hub.errors import Problem
from hub.login.oidc import Begun, OidcDoor
from hub.main import Hub
from tests.county import eventually
from tests.login.issuer import BACK, CLIENT, SECRET, Issuer
from tests.login.room import MovableClock, at_last

SUB = "u-10017"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.stop()


@pytest.fixture
def house(make_hub: Callable[[], Hub], issuer: Issuer, tmp_path: Path, hub_home: Path) -> Hub:
    """A hub that knows the issuer, with an operator's account."""
    (hub_home / "secrets" / "oidc").write_text(SECRET, encoding="utf-8")
    file = tmp_path / "config" / "hub.yaml"
    row = f"oidc: {{issuer: '{issuer.url}', client_id: {CLIENT}, client_secret: file/secrets/oidc,"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{row} redirect_uri: '{BACK}'}}\n", encoding="utf-8")
    hub = make_hub()
    account(hub, "li.na", SUB)
    return hub


def account(hub: Hub, username: str, sub: str) -> str:
    fresh, hashed = hub.accounts.made()
    with hub.database.session() as session:
        return hub.accounts.create(session, username, "operator", fresh, hashed, hub.oidc.subject(sub)).staff_id


def attempt(hub: Hub, issuer: Issuer, sub: str = SUB, **instead: str) -> str:
    """Begin, be proved there, come back: the code of the refusal, or OK."""
    try:
        begun = hub.oidc.begin()
    except Problem as problem:
        return problem.code
    code, state = issuer.consent(begun.authorization_url, sub)
    return entered(hub, **{"code": code, "state": state, "ticket": begun.ticket, **instead})


def entered(hub: Hub, **form: str) -> str:
    try:
        hub.oidc.sign_in(**form)
    except Problem as problem:
        return problem.code
    return "OK"


def test_whom_the_issuer_proves_comes_in_with_the_role_of_the_account(house: Hub, issuer: Issuer) -> None:
    client = build(house, [login.make]).test_client()
    begun = client.post("/api/v1/staff/oidc/attempts").get_json()
    code, state = issuer.consent(begun["authorization_url"], SUB)
    assert state == begun["state"]
    told = client.post("/api/v1/staff/oidc/sessions", json={"code": code, "state": state, "ticket": begun["ticket"]})
    assert (told.status_code, told.get_json()["roles"]) == (201, ["operator"])
    principal = house.login.principal(told.get_json()["access_token"])
    assert (principal.kind, principal.roles, principal.level) == ("staff", ("operator",), 0)
    assert "code_verifier" in issuer.redeemed[0]


@pytest.mark.parametrize(
    "spoil",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"aud": [CLIENT, "another"]}, {"iss": "https://o.cn"},
        {"exp": 1_700_000_000}, {"exp": None}, {"iat": 4_000_000_000}, {"sub": None}, {"sub": 7},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_does_not_hold_lets_nobody_in(house: Hub, issuer: Issuer, spoil: dict[str, Any]) -> None:
    issuer.spoil = spoil
    assert attempt(house, issuer) == "LOGIN_FAILED"
    issuer.spoil = {}
    assert attempt(house, issuer) == "OK"


def test_a_token_signed_with_another_key_lets_nobody_in(house: Hub, issuer: Issuer) -> None:
    issuer.key = RSAKey.generate_key(2048, parameters={"kid": "i1"})
    assert attempt(house, issuer) == "LOGIN_FAILED"


def test_who_has_no_account_or_a_disabled_one_stays_out(house: Hub, issuer: Issuer) -> None:
    assert attempt(house, issuer, "u-unknown") == "LOGIN_FAILED"
    id = account(house, "wang.wu", "u-2")
    assert attempt(house, issuer, "u-2") == "OK"
    with house.database.session() as session:
        house.accounts.enable(session, id, enabled=False)
    assert attempt(house, issuer, "u-2") == "LOGIN_FAILED"


def test_what_came_back_counts_once_among_many(house: Hub, issuer: Issuer) -> None:
    begun = house.oidc.begin()
    code, state = issuer.consent(begun.authorization_url, SUB)
    form = {"code": code, "state": state, "ticket": begun.ticket}
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda _: at_last(lambda: entered(house, **form)), range(20)))
    assert sorted(set(told)) == ["LOGIN_FAILED", "OK"] and told.count("OK") == 1
    assert len(issuer.redeemed) == 1  # the others did not even reach it


def test_a_code_used_before_is_refused_with_a_new_ticket_too(house: Hub, issuer: Issuer) -> None:
    begun = house.oidc.begin()
    code, state = issuer.consent(begun.authorization_url, SUB)
    assert entered(house, code=code, state=state, ticket=begun.ticket) == "OK"
    again = house.oidc.begin()
    assert entered(house, code=code, state=again.state, ticket=again.ticket) == "LOGIN_FAILED"


@pytest.mark.parametrize("mixed", ["state", "ticket"])
def test_an_answer_to_somebody_elses_attempt_does_not_fit(house: Hub, issuer: Issuer, mixed: str) -> None:
    """An attacker's code in a victim's browser, and the other way round."""
    other: Begun = house.oidc.begin()
    assert attempt(house, issuer, **{mixed: getattr(other, mixed)}) == "LOGIN_FAILED"
    assert attempt(house, issuer, ticket="bm90IHNlYWxlZA==") == "LOGIN_FAILED"
    assert attempt(house, issuer, ticket="é") == "LOGIN_FAILED"


def test_another_attempts_code_fails_by_its_verifier(house: Hub, issuer: Issuer) -> None:
    stolen, _ = issuer.consent(house.oidc.begin().authorization_url, SUB)
    own = house.oidc.begin()
    assert entered(house, code=stolen, state=own.state, ticket=own.ticket) == "LOGIN_FAILED"


def test_an_attempt_ends_after_ten_minutes(house: Hub, issuer: Issuer) -> None:
    issuer.spoil = {"exp": int(time.time()) + 3600}
    clock = MovableClock()
    door = OidcDoor(house.settings, house.database, house.crypto, clock, house.accounts, house.login)
    begun, kept = door.begin(), door.begin()
    clock.ahead = 590
    code, state = issuer.consent(kept.authorization_url, SUB)
    assert door.sign_in(code, state, kept.ticket).roles == ("operator",)
    clock.ahead = 601
    code, state = issuer.consent(begun.authorization_url, SUB)
    with pytest.raises(Problem, match="LOGIN_FAILED"):
        door.sign_in(code, state, begun.ticket)


@pytest.mark.parametrize(
    "document",
    [{"issuer": "https://another.example"}, {"token_endpoint": "ftp://x"}, {"token_endpoint": None}],
    ids=str,
)
def test_a_document_that_is_not_the_issuers_is_not_followed(
    house: Hub, issuer: Issuer, document: dict[str, Any]
) -> None:
    issuer.document = document
    assert attempt(house, issuer) == "DEPARTMENT_UNAVAILABLE"
    assert not issuer.redeemed


def test_a_code_is_sent_to_no_other_place(house: Hub, issuer: Issuer) -> None:
    elsewhere = Issuer()
    issuer.redirects = f"{elsewhere.url}/token"
    assert attempt(house, issuer) == "DEPARTMENT_UNAVAILABLE"
    assert not elsewhere.redeemed
    elsewhere.stop()


def test_an_issuer_that_is_away_is_said_so(house: Hub, issuer: Issuer) -> None:
    issuer.stop()
    with pytest.raises(Problem, match="DEPARTMENT_UNAVAILABLE"):
        house.oidc.begin()


def test_without_an_issuer_there_is_no_such_door(hub: Hub) -> None:
    client = build(hub, [login.make]).test_client()
    assert client.post("/api/v1/staff/oidc/attempts").status_code == 404


def test_a_subject_is_found_after_the_keys_turned(house: Hub, issuer: Issuer, tmp_path: Path, hub_home: Path) -> None:
    (hub_home / "secrets" / "seal_key_2").write_text("k" * 44, encoding="utf-8")
    file = tmp_path / "config" / "hub.yaml"
    text = file.read_text(encoding="utf-8").replace("seal_keys: {", "seal_keys: {n2: file/secrets/seal_key_2, ")
    file.write_text(text, encoding="utf-8")
    eventually(lambda: b".n2." in house.crypto.head, 30)
    assert reseal_all(house) > 0
    assert attempt(house, issuer) == "OK"
    with house.database.read() as connection:
        subject = house.crypto.tag(house.oidc.subject(SUB), "identity.oidc")
        tags = connection.exec_driver_sql("SELECT oidc_tag FROM identity_staff WHERE username = 'li.na'").scalar_one()
    assert bytes(tags) == subject
