"""Four eyes: an order is in force once a second officer of the office has confirmed it, until it ends."""

from __future__ import annotations

import secrets
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import Problem
from tests.credentials.conftest import HAN, Room, room
from tests.tracing.orders import in_force
from tests.tracing.test_tracing import TOWN

__all__ = ["room"]


def bring(room: Room, order_no: str, role: str = "officer", **more: Any) -> Any:
    ends = (room.hub.clock.now() + timedelta(days=30)).isoformat()
    body = {"order_no": order_no, "reason": "聚集性疫情流调", "ends_at": ends, **more}
    return room.of(role).post("/desk/orders", body, Idempotency_Key=secrets.token_hex(16))


def look(room: Room, path: str, order_no: str) -> Any:
    now = room.hub.clock.now()
    since, until = ("from", "to") if path == "/traces" else ("since", "until")
    whom = "subject" if path == "/traces" else "id_number"
    body = {"order_no": order_no, whom: HAN.id_number, "regions": [TOWN], since: (now - timedelta(1)).isoformat(),
            until: now.isoformat()}  # fmt: skip
    return room.of("officer").post(path, body)


@pytest.mark.parametrize(("path", "given"), [("/traces", 201), ("/flow/searches", 200)])
def test_threat_T10_nothing_is_looked_at_before_a_second_officer_confirmed(room: Room, path: str, given: int) -> None:
    number = f"J-{secrets.token_hex(4)}"
    unknown = look(room, path, number)
    assert (unknown.status_code, unknown.json["code"]) == (403, "ORDER_NOT_CONFIRMED"), unknown.text
    made = bring(room, number)
    assert (made.status_code, made.json["confirmed_at"]) == (201, None), made.text
    assert look(room, path, number).json["code"] == "ORDER_NOT_CONFIRMED"
    place = f"/desk/orders/{made.json['id']}/confirmations"
    assert room.of("officer").post(place).json["code"] == "SECOND_PERSON_REQUIRED"
    assert room.of("verifier").post(place).json["code"] == "ROLE_REQUIRED"
    assert room.of("data_officer").post(place).json["code"] == "NOT_FOUND", "of another office"
    assert look(room, path, number).json["code"] == "ORDER_NOT_CONFIRMED"
    assert room.of("order_officer").post(place).status_code == 200
    assert room.of("order_officer").post(place).json["code"] == "STATE_CONFLICT"
    assert look(room, path, number).status_code == given
    (shown,) = [each for each in room.of("officer").get("/desk/orders").json["items"] if each["order_no"] == number]
    assert (shown["looks"], shown["confirmed_by"] == shown["asked_by"]) == (1, False)


def test_threat_T10_an_order_is_for_its_office_and_its_days(room: Room) -> None:
    number, hub = f"J-{secrets.token_hex(4)}", room.hub
    in_force(hub, number, office="360424")
    assert look(room, "/traces", number).json["code"] == "ORDER_NOT_CONFIRMED", "of another office"
    in_force(hub, number)
    assert bring(room, number).json["code"] == "STATE_CONFLICT", "there is one of this number"
    orders = hub.ledger.orders
    real = orders._clock
    orders._clock = SimpleNamespace(now=lambda: real.now() + timedelta(days=31))
    try:
        with hub.database.session() as session, pytest.raises(Problem, match="ORDER_NOT_CONFIRMED"):
            orders.use(session, number, "")
    finally:
        orders._clock = real
    late = bring(room, number, ends_at=(hub.clock.now() + timedelta(days=91)).isoformat())
    assert (late.status_code, late.json["errors"][0]["code"]) == (422, "DATE_RANGE"), late.text


def told(room: Room, persona: Any, word: str) -> list[str]:
    """The messages about reads that name this."""
    items = room.citizen(persona).get("/me/messages?page_size=100").json["items"]
    return [each["text"] for each in items if each["kind"] == "data-read" and word in each["text"]]


def test_threat_T10_whoever_was_looked_at_is_told_unless_the_order_is_sealed(room: Room) -> None:
    plain, sealed = f"J-{secrets.token_hex(4)}", f"J-{secrets.token_hex(4)}"
    in_force(room.hub, plain, sealed)
    assert look(room, "/flow/searches", plain).status_code == 200
    now = room.hub.clock.now()
    body = {"order_no": sealed, "id_number": HAN.id_number, "regions": [TOWN], "until": now.isoformat(),
            "since": (now - timedelta(1)).isoformat(), "sealed_until": (now + timedelta(2)).isoformat()}  # fmt: skip
    assert room.of("order_officer").post("/flow/searches", body).status_code == 200
    assert len(told(room, HAN, plain)) == 1
    assert told(room, HAN, sealed) == []
