"""Contacts of one person over six channels and three kinds of document; refused without order, area or time."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from hub.clock import CHINA
from hub.errors import Problem
from hub.port import Record
from hub.settings.movement_shapes import Channel, ChannelSource
from hub.tracing import rules
from hub.tracing.rules import Sighting
from hub.tracing.service import Order, _sighting
from tests.credentials.conftest import HAN, LIN, WANG, Room, room
from tests.health_code.conftest import HEALTHY
from tests.tracing.orders import in_force

__all__ = ["room"]
TOWN = "360423001"
AT = datetime(2026, 9, 18, 10, 0, tzinfo=CHINA)
TRAIN, SHOP = Channel("train", {}, "vehicle", rows=3), Channel("pharmacy", {}, "place", minutes=15)


def seat(id: str, document: str, row: int | None, car: str = "05", minutes: int = 0, **more: Any) -> Sighting:
    at = AT + timedelta(minutes=minutes)
    return Sighting("train", id, "G1/18", at, at + timedelta(hours=2), more.pop("kind", "id_number"), document,
                    car=car, row=row, place=TOWN, **more)  # fmt: skip


def test_feat_F8_near_is_the_same_car_within_rows_while_both_are_aboard() -> None:
    one = seat("1", "a", 10)
    assert rules.near(TRAIN, one, seat("2", "b", 10)) == rules.Nearness("same_row", 0)
    assert rules.near(TRAIN, one, seat("2", "b", 13)) == rules.Nearness("same_car", 3)
    assert rules.near(TRAIN, one, seat("2", "b", 14)) is None
    assert rules.near(TRAIN, one, seat("2", "b", 10, car="06")) is None
    assert rules.near(TRAIN, one, seat("2", "b", 10, minutes=121)) is None, "got on after the other had got off"
    assert rules.near(TRAIN, one, seat("2", "b", None)) == rules.Nearness("same_car", 3)


def test_feat_F8_near_is_the_same_place_within_minutes() -> None:
    def at(minutes: int) -> Sighting:
        moment = AT + timedelta(minutes=minutes)
        return Sighting("pharmacy", "x", "p7", moment, moment, "id_number", "n")

    assert rules.near(SHOP, at(0), at(15)) == rules.Nearness("same_place", 15)
    assert rules.near(SHOP, at(15), at(0)) == rules.Nearness("same_place", 15)
    assert rules.near(SHOP, at(0), at(16)) is None


def test_feat_F8_a_row_is_joined_to_a_person_by_its_document() -> None:
    def joined(kind: str, document: str, **more: str) -> tuple[str, int, str]:
        row = Sighting("train", "1", "k", AT, AT, kind, document, **more)
        found = rules.join(row, lambda phone, name: "N" if (phone, name) == ("138", "王") else None, AT.date())
        return found.person, found.confidence, found.rule

    assert joined("id_number", "11010519491231002x") == ("11010519491231002X", 100, "number")
    assert joined("id_number", "110105491231002") == ("11010519491231002X", 95, "old_number")
    assert joined("id_number", "110105194912310021")[1:] == (0, "number_is_wrong")
    assert joined("phone", "138", name="王") == ("N", 85, "phone_and_name")
    assert joined("phone", "138", name="李") == ("phone:138", 100, "document")
    assert joined("passport", "E1") == ("passport:E1", 100, "document")


class Office:
    """An officer of the county, and the department's machine."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.now = room.hub.clock.now() - timedelta(hours=3)

    def bring(self, channel: str, *rows: dict[str, Any]) -> int:
        body = {"channel": channel, "items": [{"at": self.now.isoformat(), "region": TOWN, **row} for row in rows]}
        answer = self.room.of("data_officer").post("/traces/sightings", body)
        assert answer.status_code == 200, answer.text
        taken: int = answer.json["taken"]
        return taken

    def order(self, **other: Any) -> dict[str, Any]:
        in_force(self.room.hub, other.get("order_no", "J2026-1"))
        hour = timedelta(hours=1)
        return {
            "order_no": "J2026-1", "subject": HAN.id_number, "from": (self.now - hour).isoformat(),
            "to": (self.now + hour).isoformat(), "regions": [TOWN], **other,
        }  # fmt: skip

    def trace(self, **other: Any) -> Any:
        return self.room.of("officer").post("/traces", self.order(**other))


@pytest.fixture
def office(room: Room) -> Office:
    return Office(room)


def test_feat_S5_contacts_become_tasks_of_their_offices(office: Office) -> None:
    old = LIN.id_number[:6] + LIN.id_number[8:17]
    assert office.bring("train", {"id": "s5-1", "key": "G9", "document": HAN.id_number, "car": "1", "row": 5},
                        {"id": "s5-2", "key": "G9", "document": WANG.id_number, "car": "1", "row": 6},
                        {"id": "s5-3", "key": "G9", "document": "E12", "document_kind": "passport", "car": "2"},
                        ) == 3  # fmt: skip
    person = {"id": "s5-4", "key": "shop", "document": old if LIN.id_number[6:8] == "19" else LIN.id_number}
    assert office.bring("pharmacy", {"id": "s5-5", "key": "shop", "document": HAN.id_number}, person) == 2
    assert office.bring("pharmacy", person) == 0, "the same row again"
    made = office.trace()
    assert made.status_code == 201, made.text
    contacts = {each["channel"]: each for each in made.json["contacts"]}
    assert (made.json["rows_seen"], len(made.json["contacts"])) == (2, 2)
    assert (contacts["train"]["how"], contacts["train"]["apart"]) == ("same_car", 1)
    assert contacts["pharmacy"]["how"] == "same_place"
    assert {each["state"] for each in contacts.values()} == {"open"}
    with office.room.hub.database.session() as session:
        tasks = office.room.hub.tasks.about(session, made.json["id"])
        assert {each.kind.id for each in tasks} == {"contact-tracing"}
        for task in tasks:
            office.room.hub.tasks.acknowledge(session, task.id, task.office, "clerk")
    again = office.room.of("officer").get(f"/traces/{made.json['id']}").json
    assert all(each["acknowledged_at"] for each in again["contacts"])
    assert HAN.id_number not in str(again) and WANG.id_number not in str(again)


def test_feat_S5_everybody_whose_rows_were_read_has_it_in_the_record(office: Office) -> None:
    office.bring("coach", {"id": "r-1", "key": "C1", "document": HAN.id_number, "row": 1},
                 {"id": "r-2", "key": "C1", "document": WANG.id_number, "row": 2})  # fmt: skip
    made = office.trace(order_no="J-record")
    assert len(made.json["contacts"]) >= 1
    hub = office.room.hub
    with hub.database.session() as session:
        for persona in (HAN, WANG):
            tag = hub.crypto.lookup(hub.identity.citizen_of(session, persona.id_number) or "", "ledger.subject")
            rows = session.connection().exec_driver_sql(
                "SELECT data_class FROM ledger_exchange WHERE subject_tag = %s AND purpose = 'order:J-record'", (tag,)
            )
            assert [each[0] for each in rows] == [4], persona.name


def declare(office: Office, persona: Any) -> None:
    body = {"kind": "health", "fields": HEALTHY}
    made = office.room.citizen(persona).post("/health-code/declarations", body, Idempotency_Key=secrets.token_hex(16))
    assert made.status_code in (200, 201), made.text


def printed(office: Office, holder: str) -> str:
    room = office.room.hub.health_code
    with office.room.hub.database.session() as session:
        serial, until = room.codes.print_anew(session, holder)
    room.states.refresh()
    return room.shown.paper(holder, serial, until)


def test_feat_S5_the_code_that_is_shown_names_the_person(office: Office) -> None:
    office.bring("flight", {"id": "c-1", "key": "F1", "document": HAN.id_number, "row": 1},
                 {"id": "c-2", "key": "F1", "document": WANG.id_number, "row": 1})  # fmt: skip
    hub = office.room.hub
    with hub.database.session() as session:
        holder = hub.identity.citizen_of(session, HAN.id_number) or ""
    code = hub.health_code.shown.show(holder, hub.clock.now()).code
    undeclared = {**office.order(code=code)}
    del undeclared["subject"]
    nobody = office.room.of("officer").post("/traces", undeclared)
    assert (nobody.status_code, nobody.json["code"]) == (404, "NOT_FOUND"), "as at a gate: who never declared"
    declare(office, HAN)
    asked = office.order(code=code)
    assert office.room.of("officer").post("/traces", asked).status_code == 422, "one of the two"
    del asked["subject"]
    made = office.room.of("officer").post("/traces", asked)
    assert (made.status_code, len(made.json["contacts"]) >= 1) == (201, True), made.text
    forged = office.room.of("officer").post("/traces", {**asked, "code": ("A" if code[0] != "A" else "B") + code[1:]})
    assert (forged.status_code, forged.json["code"]) == (400, "QR_INVALID")
    form = office.room.citizen(HAN).get("/health-code/signed-form").json["code"]
    assert office.room.of("officer").post("/traces", {**asked, "code": form}).status_code == 201
    old, new = (printed(office, holder) for _ in range(2))
    told = [office.room.of("officer").post("/traces", {**asked, "code": each}) for each in (old, new)]
    assert [each.status_code for each in told] == [404, 201], "a print that another one has ended is nobody's"


def test_feat_F8_threat_T10_without_order_area_or_time_nothing_is_looked_at(office: Office) -> None:
    for missing in ("order_no", "regions", "from", "to"):
        body = office.order()
        del body[missing]
        refused = office.room.of("officer").post("/traces", body)
        assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, missing), refused.text
    assert office.trace(regions=[]).status_code == 422
    assert office.trace(to=office.now.replace(year=2027).isoformat()).json["errors"][0]["code"] == "RANGE_TOO_LONG"
    assert office.trace(subject="x").status_code == 422
    assert office.trace(subject=None).status_code == 422
    for role in ("operator", "community_clerk", "verifier"):
        assert office.room.of(role).post("/traces", office.order()).json["code"] == "ROLE_REQUIRED"
    assert office.room.citizen(HAN).post("/traces", office.order()).json["code"] == "ROLE_REQUIRED"


def test_feat_F8_an_area_that_is_not_the_offices_is_unknown_there(office: Office) -> None:
    hour = timedelta(hours=1)
    for order, code in (
        (Order("J", "s", "360423002", (TOWN,), AT, AT + hour), "NOT_FOUND"),
        (Order("", "s", "", (TOWN,), AT, AT + hour), "REQUIRED"),
        (Order("J", "s", "", (), AT, AT + hour), "REQUIRED"),
        (Order("J", "s", "", (TOWN,), AT, AT), "RANGE_ORDER"),
    ):
        with office.room.hub.database.session() as session, pytest.raises(Problem) as caught:
            office.room.hub.tracing.trace(session, order, HAN.id_number)
        assert caught.value.code == code


def test_rows_end_by_themselves(office: Office) -> None:
    office.bring("test", {"id": "old", "key": "k", "document": HAN.id_number})
    hub = office.room.hub
    real = hub.tracing._clock
    hub.tracing._clock = SimpleNamespace(now=lambda: real.now() + timedelta(days=100))
    try:
        with hub.database.session() as session:
            assert hub.tracing.sweep(session) >= 1
            left = session.connection().exec_driver_sql(
                "SELECT (SELECT count(*) FROM tracing_sighting) + (SELECT count(*) FROM tracing_contact) "
                "+ (SELECT count(*) FROM tracing_trace)"
            )
            assert left.scalar_one() == 0
    finally:
        hub.tracing._clock = real


def test_feat_S5_a_dataset_that_a_channel_names_is_a_source(office: Office) -> None:
    source = ChannelSource("nucleic_acid", "results", {"document": "id_number", "key": "site", "at": "sampled_at"})
    record = Record("results", "k1", {"id_number": "N", "site": "7", "sampled_at": AT.isoformat()})
    made = _sighting("test", source, record)
    assert (made.id, made.key, made.at, made.until, made.document) == ("k1", "7", AT, AT, "N")
