"""feat_D3, threat_T33: a parent shows the child's licence, a clerk the company's; each within scope and term."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import select

from adapters.twins import residents
from hub.credentials.models import CheckRow
from hub.demo.personas import PERSONAS
from hub.fields import id_check
from hub.ledger.models import ExchangeRow
from hub.mandates.companies import Company
from hub.mandates.rules import unknown_scopes
from hub.mandates.service import Subject
from tests.credentials.conftest import HAN, LIN, WANG, Person, Room

CARD, FOOD, DRIVING = "licence:senior-citizen-card", "licence:food-business-licence", "licence:driving-licence"
COMPANY = Company("91350100M000100Y43", "示范食品厂")


@dataclass(frozen=True)
class Child:
    name: str
    id_number: str


@dataclass
class Acting:
    """Somebody who acts for another: speaks with the header."""

    person: Person
    mandate: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.person.ask(method, f"/me/credentials{path}", body, X_Act_For=self.mandate)

    def show(self, id: str, minutes: int = 5) -> Any:
        return self.ask("POST", f"/{id}/presentations", {"minutes": minutes})


def citizen_id(room: Room, persona: Any) -> str:
    room.citizen(persona)  # whoever signed in is known here
    with room.hub.database.session() as session:
        found = room.hub.identity.citizen_of(session, persona.id_number)
    assert found is not None
    return found


def child() -> Child:
    first = f"36042320190101{secrets.randbelow(1000):03d}"
    return Child("韩小宝", first + id_check(first))


def guardian(room: Room, holder: Any, whose: Child, scope: Sequence[str], days: float = 30) -> Acting:
    hub, holder_id = room.hub, citizen_id(room, holder)
    with hub.database.session() as session:
        made = hub.mandates.offer(
            session, holder_id, "child", Subject(whose.id_number, whose.name), scope,
            hub.clock.now() + timedelta(days=days), guardian=True,
        )  # fmt: skip
    hub.fresh.refresh()
    return Acting(room.citizen(holder), made.mandate_id)


def adult(room: Room, holder: Any, whose: Any, scope: Sequence[str], subject: Subject | None = None) -> Acting:
    hub, holder_id = room.hub, citizen_id(room, holder)
    kind = "company" if subject else "parent"
    with hub.database.session() as session:
        made = hub.mandates.offer(
            session, holder_id, kind, subject or Subject(whose.id_number, whose.name), scope,
            hub.clock.now() + timedelta(days=30),
        )  # fmt: skip
    with hub.database.session() as session:
        hub.mandates.accept(session, made.mandate_id, citizen_id(room, whose))
    hub.fresh.refresh()
    return Acting(room.citizen(holder), made.mandate_id)


def end(room: Room, acting: Acting, by: Any) -> None:
    assert room.citizen(by).ask("DELETE", f"/me/mandates/{acting.mandate}").status_code == 204


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_feat_D3_a_parent_shows_the_childs_licence_and_both_are_on_record(room: Room) -> None:
    kid = child()
    made = room.issue(persona=kid)
    own = room.issue()["id"]
    parent = guardian(room, HAN, kid, [CARD])
    listed = parent.ask("GET", "").json["items"]
    assert [(each["id"], each["fields"]) for each in listed] == [(made["id"], {"level": "甲类"})]
    assert parent.ask("GET", f"/{own}").status_code == 404, "the holder's own is not the child's"
    shown = parent.show(made["id"])
    assert shown.status_code == 201, shown.text
    found = room.check(shown.json["code"]).json
    assert (found["state"], found["fields"]["name"]) == ("valid", kid.name)
    (looked,) = parent.ask("GET", f"/{made['id']}/checks").json["items"]
    assert (looked["by"], looked["mandate_id"]) == ("verifier", parent.mandate)
    log = room.citizen(HAN).get(f"/me/mandates/{parent.mandate}/log").json["items"]
    assert [each["purpose"] for each in log] == ["出示证照：老年人优待证", "查看证照"]
    with room.hub.database.session() as session:
        row = session.scalars(select(ExchangeRow).where(ExchangeRow.trace_id == shown.headers["X-Trace-Id"])).one()
        kept = session.scalars(select(CheckRow).where(CheckRow.licence_id == made["id"])).one()
    tag = room.hub.crypto.lookup
    assert (row.acting_tag, row.subject_tag) == (
        tag(citizen_id(room, HAN), "ledger.subject"), tag(kept.citizen_id, "ledger.subject"),
    )  # fmt: skip


def test_feat_D3_a_clerk_shows_the_companys_licence_and_no_persons(room: Room) -> None:
    with room.hub.database.session() as session:
        room.hub.mandates.appoint(session, COMPANY, HAN.id_number, "legal_representative", "test")
    body = {"type": "food-business-licence", "credit_code": COMPANY.credit_code, "org_name": COMPANY.name,
            "fields": {"premises": "示范路1号", "scope": "热食"}, "reason": "材料齐全"}  # fmt: skip
    officer, key = room.of("officer"), secrets.token_hex(16)
    made = officer.post("/desk/credentials", body, Idempotency_Key=key).json
    clerk = adult(room, LIN, HAN, [FOOD, DRIVING], Subject(credit_code=COMPANY.credit_code))
    assert [each["id"] for each in clerk.ask("GET", "").json["items"]] == [made["id"]]
    found = room.check(clerk.show(made["id"]).json["code"], room.anyone()).json
    assert (found["valid"], found["fields"]["name"]) == (True, COMPANY.name)
    for wrong in ({"type": "senior-citizen-card", "fields": {"level": "甲类"}}, {"org_name": ""},
                  {"id_number": HAN.id_number, "name": HAN.name}, {"credit_code": "91350100M000100Y44"}):  # fmt: skip
        answer = officer.post("/desk/credentials", {**body, **wrong}, Idempotency_Key=secrets.token_hex(16))
        assert answer.status_code == 422, (wrong, answer.text)


def test_feat_D3_a_registrys_licence_is_asked_for_in_the_represented_persons_name(room: Room) -> None:
    acting = adult(room, LIN, HAN, [DRIVING])
    (held,) = acting.ask("GET", "").json["items"]
    assert held["id"] == room.citizen(HAN).get("/me/credentials").json["items"][-1]["id"]
    code = acting.show(held["id"]).json["code"]
    assert room.check(code).json["fields"]["name"] == HAN.name
    theirs = room.citizen(HAN).get(f"/me/credentials/{held['id']}/checks").json["items"]
    assert theirs[0]["mandate_id"] == acting.mandate, "the holder sees who checked, and who had shown it"


def test_feat_D3_a_registrys_licence_of_whom_the_hub_does_not_know_is_checked_too(room: Room) -> None:
    """The twin gives four of five residents one."""
    known = {each.id_number for each in PERSONAS}
    strangers = (each for each in residents.county().residents.values() if each.id_number not in known)
    for each in islice(strangers, 20):
        parent = guardian(room, HAN, Child(each.name, each.id_number), [DRIVING])
        if held := parent.ask("GET", "").json["items"]:
            break
    found = room.check(parent.show(held[0]["id"]).json["code"])
    assert (found.status_code, found.json["fields"]["name"]) == (200, each.name)


def test_threat_T33_outside_of_its_scope_a_mandate_shows_nothing(room: Room) -> None:
    card = room.issue()["id"]
    none, other = adult(room, LIN, HAN, ["service:residence-certificate"]), adult(room, LIN, HAN, [FOOD])
    for path, method, body in (("", "GET", None), (f"/{card}", "GET", None), (f"/{card}/checks", "GET", None),
                               (f"/{card}/presentations", "POST", {"minutes": 5}), (f"/{card}/copies/p1", "GET", None),
                               (f"/{card}/copies", "POST", {"purpose": "租房", "days": 7})):  # fmt: skip
        assert told(none.ask(method, path, body)) == (403, "MANDATE_SCOPE"), path
    assert card not in {each["id"] for each in other.ask("GET", "").json["items"]}
    assert told(other.ask("GET", f"/{card}")) == (403, "MANDATE_SCOPE")
    assert told(other.show(card)) == (403, "MANDATE_SCOPE")


def test_threat_T33_nobody_elses_licence_copy_or_check(room: Room) -> None:
    card, strangers = room.issue()["id"], room.issue(persona=WANG)["id"]
    acting = adult(room, LIN, HAN, [CARD])
    assert acting.ask("GET", f"/{strangers}").status_code == 404
    assert told(Acting(room.citizen(WANG), acting.mandate).ask("GET", "")) == (404, "NOT_FOUND")
    own = room.citizen(HAN).post(f"/me/credentials/{card}/copies", {"purpose": "只给学校看", "days": 7}).json
    room.check(room.show(HAN, card))
    assert acting.ask("GET", f"/{card}/copies/{own['copy_id']}").status_code == 404
    assert acting.ask("GET", f"/{card}/checks").json["items"] == [], "what he shows himself is his"
    made = acting.ask("POST", f"/{card}/copies", {"purpose": "租房", "days": 7}).json
    for person in (acting, Acting(room.citizen(HAN), "")):
        headers = {"X_Act_For": person.mandate} if person.mandate else {}
        file = person.person.ask("GET", made["file"].removeprefix("/api/v1"), **headers)
        assert file.data.startswith(b"%PDF")
    assert room.citizen(LIN).get(f"/me/credentials/{card}/copies/{made['copy_id']}").status_code == 404


@pytest.mark.parametrize("by", [LIN, HAN], ids=["holder", "represented"])
def test_feat_D3_with_the_mandate_ends_what_is_shown_under_it(room: Room, by: Any) -> None:
    card = room.issue()["id"]
    acting = adult(room, LIN, HAN, [CARD])
    code, own = acting.show(card).json["code"], room.show(HAN, card)
    assert room.check(code).json["valid"]
    end(room, acting, by)
    assert told(acting.show(card)) == (403, "MANDATE_NOT_IN_FORCE")
    assert told(room.check(code)) == (410, "QR_EXPIRED")
    assert room.check(own).json["valid"]
    assert len(room.citizen(HAN).get(f"/me/credentials/{card}/checks").json["items"]) == 2


def test_threat_T33_a_scope_names_kinds_of_licences_that_there_are() -> None:
    there = {"service": ["s"], "theme": ["t"], "licence": ["food-business-licence"]}
    assert unknown_scopes([FOOD, "licence:s", "licence:", "licence:*", "service:s"], **there) == [1, 2, 3]


def test_feat_D3_a_code_lives_no_longer_than_the_mandates_term(room: Room) -> None:
    kid = child()
    card = room.issue(persona=kid)["id"]
    parent = guardian(room, HAN, kid, [CARD], days=5 / 1440)
    shown = parent.show(card, minutes=30).json
    mandates = room.citizen(HAN).get("/me/mandates").json["items"]
    (term,) = [each["expires_at"] for each in mandates if each["id"] == parent.mandate]
    assert shown["expires_at"] == term
