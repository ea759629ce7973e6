"""A case of a company, or of somebody who is no citizen here, is decided with a licence that the desk issued to it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.fields import id_check
from hub.mandates.companies import Company
from hub.mandates.service import Subject
from tests.cases.conftest import HAN, LIN, RESUMPTION, Hall

COMPANY = Company(RESUMPTION["credit_code"], RESUMPTION["org_name"])
SCOPE = ["service:work-resumption", "licence:food-business-licence", "licence:senior-citizen-card"]


def citizen(hall: Hall, persona: Any) -> str:
    hall.citizen(persona)
    with hall.hub.database.session() as session:
        return hall.hub.identity.citizen_of(session, persona.id_number) or ""


def mandate(hall: Hall, kind: Any) -> tuple[str, dict[str, str]]:
    """Han acts: for the company that Lin leads, or for a child; and what a licence of either is issued on."""
    hub, han, lin = hall.hub, citizen(hall, HAN), citizen(hall, LIN)
    until = hub.clock.now() + timedelta(days=30)
    with hub.database.session() as session:
        if kind == "company":
            hub.mandates.appoint(session, COMPANY, LIN.id_number, "legal_representative", "register")
            made = hub.mandates.offer(session, han, kind, Subject("", COMPANY.name, COMPANY.credit_code), SCOPE, until)
            hub.mandates.accept(session, made.mandate_id, lin)
            holder = {"credit_code": COMPANY.credit_code, "org_name": COMPANY.name}
        else:
            first = f"36042320190101{secrets.randbelow(1000):03d}"
            holder = {"id_number": first + id_check(first), "name": "韩小宝"}
            made = hub.mandates.offer(session, han, kind, Subject(*holder.values()), SCOPE, until, guardian=True)
    hub.fresh.refresh()
    return made.mandate_id, holder


def issued(hall: Hall, type: str, fields: Any, holder: dict[str, str]) -> str:
    body = {"type": type, "fields": fields, "reason": "材料齐全", **holder}
    made = hall.officer().post("/desk/credentials", body, Idempotency_Key=secrets.token_hex(16))
    assert made.status_code == 201, made.text
    return str(made.json["id"])


@pytest.mark.parametrize("kind", ["company", "child"])
def test_feat_D3_feat_H2_a_case_for_another_is_decided_with_the_others_licence(hall: Hall, kind: str) -> None:
    under, holder = mandate(hall, kind)
    type, fields = {
        "company": ("food-business-licence", {"premises": "示范路1号", "scope": "热食类食品制售"}),
        "child": ("senior-citizen-card", {"level": "甲类"}),
    }[kind]
    has, wanted = (issued(hall, type, fields, holder) for _ in range(2))
    elsewhere = issued(hall, "senior-citizen-card", {"level": "甲类"}, {"id_number": LIN.id_number, "name": LIN.name})
    han = hall.citizen(HAN)

    def apply(paper: str) -> Any:
        body = {"fields": hall.resumption(), "materials": [{"type": "protection-plan", "credential_id": paper}]}
        headers = {"X_Act_For": under, "Idempotency_Key": secrets.token_hex(16)}
        return han.post("/services/work-resumption/cases", body, **headers)

    assert apply(elsewhere).json["code"] == "NOT_FOUND"
    applied = apply(has)
    assert applied.status_code == 202, applied.text
    with hall.hub.database.read() as connection:
        tag = {"tag": hall.hub.crypto.lookup(under, "gateway.mandate")}
        stored = connection.execute(text("SELECT count(*) FROM gateway_submission WHERE mandate_tag = :tag"), tag)
        assert stored.scalar_one() == 1, "and it goes with either of the two"

    number = str(applied.json["receipt_no"])
    for act in ("pick-up", "accept"):
        assert hall.act(number, act).status_code == 200
    document = {"name": "许可决定", "number": "X-1"}
    foreign = hall.act(number, "approve", {"document": {**document, "credential_id": elsewhere}})
    assert foreign.json["errors"][0]["path"] == "document.credential_id"
    decided = hall.act(number, "approve", {"document": {**document, "credential_id": wanted}})
    assert decided.status_code == 200, decided.text
    result = han.ask("GET", f"/cases/{number}", X_Act_For=under).json["result"]
    assert result["credential_id"] == wanted
    assert han.ask("GET", f"/me/credentials/{wanted}", X_Act_For=under).json["state"] == "valid"
