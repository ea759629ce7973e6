"""Every route × two people × every id: whoever asks with another's ids learns nothing (security T1, B50).

Generated from the OpenAPI document: a route with a kind of id that is not in the table below fails here.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from blueprints.app import create_app
from blueprints.me import ELSEWHERE
from blueprints.samples import sample
from hub.appeals.service import Said
from hub.credentials.desk import Application
from hub.fields import id_check
from hub.gateway.orders import Caller
from hub.health_code.service import Holder
from hub.identity.service import Known, Standing
from hub.login.sessions import Sessions
from hub.main import Hub
from hub.mandates.service import Subject
from hub.settings.shapes import Consent
from hub.trace import new
from tests.door.wire import Server, Told
from tests.ledger.statements import ROWS, statement
from tests.materials.papers import photo

_SERVICE = "residence-certificate"
_BUNDLE = "household-moves-on-assistance"
# Ids of pages and of what operations see: no citizen's.
NOBODYS = ("asset", "level", "name", "system", "place", "size", "region", "change_id",
           "revocation_id", "review_id", "resource_id", "request_id", "grant_id", "correction_id", "match_id",
           "identifier", "version")  # fmt: skip
# Whose `{id}` is meant: below /me somebody's own always.
_OWN = "/api/v1/me/"
_IDS = {f"{_OWN}messages/": "message_id", f"{_OWN}credentials/": "licence_id"}
_KNOWN_TO_ALL = {"service_id", "bundle_id", *NOBODYS}
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Owner:
    """Somebody with a mandate, a consent and a paper. `secrets` must never be in another's answer."""

    citizen_id: str
    known: Known
    mandate_id: str
    consent_id: str
    file_id: str
    receipt_no: str
    number: str  # of a clue
    appeal_id: str  # about the health code
    exchange_id: str  # of data that two departments shared
    bundle_no: str
    message_id: str
    licence_id: str
    copy_id: str

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.citizen_id, self.known.id_number, self.known.name, self.known.phone,
                self.mandate_id, self.consent_id, self.file_id, self.receipt_no, self.number,
                self.appeal_id, self.exchange_id, self.bundle_no, self.message_id, self.licence_id,
                self.copy_id)  # fmt: skip

    def id(self, name: str, path: str) -> str:
        """What this owner has for a parameter of this name; for ids that are nobody's, one of them."""
        if name == "id" and path.startswith(_OWN):
            return str(getattr(self, next(meant for prefix, meant in _IDS.items() if path.startswith(prefix))))
        return {
            "mandate_id": self.mandate_id, "consent_id": self.consent_id, "service_id": _SERVICE, "id": _SERVICE,
            "file_id": self.file_id, "receipt_no": self.receipt_no, "number": self.number,
            "exchange_id": self.exchange_id, "copy_id": self.copy_id,
            "appeal_id": self.appeal_id,
            "bundle_id": _BUNDLE, "bundle_no": self.bundle_no, **dict.fromkeys(NOBODYS, "x"),
        }[name]  # fmt: skip


def register(hub: Hub, name: str) -> tuple[str, Known]:
    first = f"3604231990010{secrets.randbelow(10**4):04d}"
    known = Known(first + id_check(first), name, f"154{secrets.randbelow(10**8):08d}", 2, "360423", "test")
    with hub.database.session() as session:
        return hub.identity.register_known(session, known), known


def owner(hub: Hub, name: str) -> Owner:
    me, known = register(hub, name)
    elder, elders = register(hub, f"{name}之父")
    service = replace(hub.settings.now.services[_SERVICE], consent=Consent("p", ("f",), {"zh": "t"}, "1", {"zh": "h"}))
    until = hub.clock.now() + timedelta(days=9)
    with hub.database.session() as session:
        subject = Subject(elders.id_number, elders.name)
        offered = hub.mandates.offer(session, me, "parent", subject, [f"service:{_SERVICE}"], until)
        hub.mandates.accept(session, offered.mandate_id, elder)
        consent = hub.consents.give(session, me, me, service, "1", "h")
    paper, _ = hub.materials.upload(me, photo(64, 64), f"{name}.jpg")
    applied = hub.settings.now.services["work-resumption"]
    with hub.database.session() as session:
        case = hub.cases.submit(session, Caller(me, 2), applied, {"org_name": name}, [], [], draft=False)
        shares = hub.cases.bundles.shared_out(_BUNDLE, {"moves_because": "x", "reason": name}, [], [])
        bundle = hub.cases.bundles.submit(session, Caller(me, 2), _BUNDLE, shares)
        clue = hub.appeals.submit(session, "clue", me, Said(f"{name}在示范路口看到", "360423001"))
        hub.health_code.codes.declare(session, Holder(me, known.name, known.id_number), me, "health", {}, None)
        appeal = hub.health_code.reviews.appeal(session, me, me, f"{name}没有发热", ())
        card = Application("senior-citizen-card", known.id_number, known.name, {"level": "甲类"}, "x")
        licence = hub.credentials.desk.issue(session, card, "officer")
        told = {"service": name, "receipt_no": case.receipt_no, "promised_on": "2026-01-01"}
        message = hub.messages.tell(session, me, "case-received", told)
    copy = hub.credentials.copy(Caller(me, 2), licence.id, None, "租房", 7, new())
    evidence = hub.ledger.evidence
    exchange = statement(subject_tag=evidence.subject_tag("resident_id", known.id_number), at=hub.clock.now())
    evidence.decide(exchange)
    evidence.deliver(exchange.exchange_id, ROWS)
    ids = paper.file_id, case.receipt_no, clue.number, appeal.id, str(exchange.exchange_id), bundle.receipt_no
    return Owner(me, known, offered.mandate_id, consent.consent_id, *ids, message, licence.id, copy.id)


@pytest.fixture(scope="module")
def victim(hub: Hub) -> Owner:
    return owner(hub, "韩测甲")


@pytest.fixture(scope="module")
def other(hub: Hub) -> Owner:
    return owner(hub, "林测乙")


@pytest.fixture(scope="module")
def third(hub: Hub) -> Owner:
    """Somebody who is still there once the other has tried everything, to leave too."""
    return owner(hub, "王测丙")


def token(hub: Hub, citizen_id: str) -> str:
    """A new session for each request: some end theirs."""
    with hub.database.session() as session:
        sessions = Sessions(hub.settings, hub.database, hub.clock, hub.identity)
        return sessions.begin(session, "citizen", citizen_id, Standing(2, "360423")).access_token


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str], Any]]:
    """Method, path, names of the ids in it, a body that fits."""
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in _METHODS:
            if method in item:
                drawn = item[method]
                parameters = [*shared, *drawn.get("parameters", [])]
                ids = [each["name"] for each in parameters if each.get("in") == "path"]
                content = drawn.get("requestBody", {}).get("content", {}).get("application/json")
                yield method.upper(), path, ids, sample(content["schema"], schemas) if content else None


def about(body: Any, whose: Owner) -> Any:
    """The body with the victim's number and name wherever one is asked for."""
    if isinstance(body, dict):
        mine = {"id_number": whose.known.id_number, "name": whose.known.name, "service": _SERVICE}
        return {key: mine.get(key) or about(value, whose) for key, value in body.items()}
    return [about(each, whose) for each in body] if isinstance(body, list) else body


def ask(house: Server, bearer: str, method: str, path: str, body: Any, mandate: str = "") -> Told:
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    if mandate:
        headers["X-Act-For"] = mandate
    return house.ask(method, path, json.dumps(body).encode() if body is not None else None, headers)


def verdict(told: Told) -> tuple[int, str]:
    return told.status, told.code if told.status >= 400 else ""


def filled(path: str, ids: list[str], whose: Owner, strange: bool = False) -> str:
    for name in ids:
        value = whose.id(name, path)
        if strange and name not in _KNOWN_TO_ALL and (name != "id" or path.startswith(_OWN)):
            value = value[0] + os.urandom(16).hex()
        path = path.replace(f"{{{name}}}", value)
    return path


def test_threat_T1_row_B50_every_route_two_people_every_id(
    house: Server, hub: Hub, victim: Owner, other: Owner
) -> None:
    document = house.get("/openapi.json").body
    asked = 0
    leaving = "DELETE", "/api/v1/me"  # the last thing one can do
    for method, path, ids, body in sorted(operations(document), key=lambda each: each[:2] == leaving):
        told = ask(house, token(hub, other.citizen_id), method, filled(path, ids, victim), about(body, victim))
        unknown = ask(house, token(hub, other.citizen_id), method, filled(path, ids, victim, strange=True),
                      about(body, victim))  # fmt: skip
        assert not ids or verdict(told) == verdict(unknown), (method, path)
        found = [secret for secret in victim.secrets if secret.encode() in told.content]
        assert not found, (method, path, told.status)
        if {"mandate_id", "consent_id"} & set(ids):
            assert verdict(told) == (404, "NOT_FOUND"), (method, path)
        asked += 1
    assert asked >= 40


def test_threat_T33_another_ones_mandate_opens_nothing_anywhere(
    house: Server, hub: Hub, victim: Owner, third: Owner
) -> None:
    for method, path, ids, body in operations(house.get("/openapi.json").body):
        if path.endswith("/sessions"):
            continue  # attempts are counted, and a code works once
        bearer = token(hub, third.citizen_id)
        told = ask(house, bearer, method, filled(path, ids, third), body, victim.mandate_id)
        unknown = ask(house, token(hub, third.citizen_id), method, filled(path, ids, third), body, "m" + "0" * 32)
        assert verdict(told) == verdict(unknown), (method, path)
        assert not [secret for secret in victim.secrets if secret.encode() in told.content], (method, path)


def test_threat_T33_who_acts_for_another_is_never_answered_as_oneself(house: Server, hub: Hub, third: Owner) -> None:
    """A view that serves nobody else refuses: its answer would be taken for the represented person's."""
    mine, shown = (third.citizen_id, third.known.id_number, third.known.phone), []
    for method, path, ids, _ in operations(house.get("/openapi.json").body):
        if method == "GET":
            asked = token(hub, third.citizen_id), method, filled(path, ids, third), None
            assert not [each for each in mine if each.encode() in ask(house, *asked, third.mandate_id).content], path
            shown += [path for each in mine if each.encode() in ask(house, *asked).content]
    assert len({*shown}) >= 2, "without the mandate they do tell who asks"


def test_the_victim_still_has_it_all(house: Server, hub: Hub, victim: Owner) -> None:
    """What the others tried changed nothing; and the secrets looked for are ones the routes do show to their owner."""
    shown = b"".join(
        ask(house, token(hub, victim.citizen_id), "GET", f"/api/v1/me{path}", None).content
        for path in ("", "/mandates", "/consents", f"/mandates/{victim.mandate_id}/log")
    )
    assert all(secret.encode() in shown for secret in (victim.citizen_id, victim.mandate_id, victim.consent_id))
    assert b'"ended"' not in shown and b'"withdrawn_at":null' in shown


def test_the_access_copy_says_where_the_rest_is(house: Server) -> None:
    paths = house.get("/openapi.json").body["paths"]
    assert not [path for path in ELSEWHERE if "get" not in paths.get(path, {})]


def test_threat_T2_no_route_tells_a_stranger_what_it_wants(hub: Hub) -> None:
    """Whatever needs a token asks for it before it looks at form or parameter: generated from the document."""
    client = create_app(hub).test_client()
    document, asked = client.get("/openapi.json").get_json(), 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if not isinstance(operation, dict) or operation.get("security") != [{"bearer": []}]:
                continue
            body = {"json": {"no_such_field": 1}} if "requestBody" in operation else {}
            told = client.open(path.replace("{", "").replace("}", ""), method=method.upper(), **body)
            assert (told.status_code, told.get_json()["code"]) == (401, "TOKEN_MISSING"), (method, path, told.text)
            asked += 1
    assert asked > 50
