"""S5: from a red code to the offices that reach its contacts. S9: a shift at a gate, with and without a net. S10: gates
count who comes and goes. One hub, its clock moved, HTTP alone but for the rounds."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from hub.fields import id_check
from hub.flow.models import CountRow, CrossingRow, PresenceRow
from hub.flow.rules import bucket_of
from hub.health_code.offline import decide
from hub.health_code.service import Holder
from tests.credentials.conftest import Person
from tests.health_code.conftest import FAR, GATE, HAN, HEALTHY, LIN, NEAR, WANG, Clinic, clinic, whole_clinic

__all__ = ["clinic", "whole_clinic"]
TOWN, OTHER_TOWN = "360423001", "360423102"
COMMUNITIES = (f"{TOWN}001", f"{TOWN}002", f"{TOWN}003", f"{OTHER_TOWN}001", f"{OTHER_TOWN}002")
PLACE, CHECKPOINT = OTHER_TOWN, FAR  # where nobody crosses but those of S10


def resident(number: int) -> str:
    first = f"360423198001{1 + number % 28:02d}{number:03d}"
    return first + id_check(first)


def old(number: str) -> str:
    """As it was written before 1999."""
    return number[:6] + number[8:17]


@pytest.fixture(autouse=True)
def today_again(clinic: Clinic) -> Any:
    yield
    clinic.clock.ahead = 0.0
    clinic.tokens.clear()


def later(clinic: Clinic, **by: float) -> None:
    clinic.clock.ahead += timedelta(**by).total_seconds()
    clinic.tokens.clear()


# S5


def turned_red(clinic: Clinic) -> str:
    """Han's code, after an officer has decided."""
    clinic.declare(symptoms="fever")
    (review,) = clinic.waiting()
    made = clinic.decide("10", reviews=[review["id"]])
    assert made.status_code == 200, made.text
    shown = clinic.code()
    assert shown["grade"] == "10"
    return str(shown["code"])


def six_channels(clinic: Clinic) -> None:
    """Where Han was by the rows of five channels, under three kinds of document, and who was near; the sixth are the
    hub's own gates."""
    at = clinic.hub.clock.now().isoformat()
    rows: dict[str, list[dict[str, Any]]] = {
        "train": [{"key": "G1", "document": HAN.id_number, "car": "5", "row": 10, "region": COMMUNITIES[0]},
                  {"key": "G1", "document": resident(1), "car": "5", "row": 12, "region": COMMUNITIES[0]},
                  {"key": "G1", "document": resident(2), "car": "6", "row": 10, "region": COMMUNITIES[0]}],
        "flight": [{"key": "CA1", "document": old(HAN.id_number), "row": 3, "region": COMMUNITIES[1]},
                   {"key": "CA1", "document": "E1234567", "document_kind": "passport", "row": 3,
                    "region": COMMUNITIES[1]}],
        "coach": [{"key": "B7", "document": HAN.phone, "document_kind": "phone", "name": HAN.name,
                   "region": COMMUNITIES[2]},
                  {"key": "B7", "document": old(resident(3)), "region": COMMUNITIES[2]}],
        "pharmacy": [{"key": "p1", "document": HAN.id_number, "region": COMMUNITIES[3]},
                     {"key": "p1", "document": resident(4), "region": COMMUNITIES[3]}],
        "test": [{"key": "t1", "document": HAN.id_number, "region": COMMUNITIES[4]},
                 {"key": "t1", "document": resident(5), "region": COMMUNITIES[4]}],
    }  # fmt: skip
    for channel, items in rows.items():
        sent = [{"id": secrets.token_hex(8), "at": at, **row} for row in items]
        made = clinic.of("data_officer").post("/traces/sightings", {"channel": channel, "items": sent})
        assert made.json == {"taken": len(sent)}, made.text


def test_feat_S5_from_a_red_code_to_its_contacts(clinic: Clinic) -> None:
    begins = clinic.hub.clock.now() - timedelta(minutes=1)
    clinic.declare(), clinic.declare(LIN)
    for persona in (HAN, LIN):
        assert clinic.scan(clinic.code(persona)["code"], gate=NEAR).json["result"] == "pass"
    clinic.hub.health_code.scans.flush()
    six_channels(clinic)
    code, police = turned_red(clinic), clinic.officer("police")
    order = {"order_no": "J-2026-5", "code": code, "from": begins.isoformat(), "regions": [TOWN, OTHER_TOWN],
             "to": (begins + timedelta(hours=1)).isoformat()}  # fmt: skip
    for missing in ("order_no", "regions", "from", "to"):
        refused = police.post("/traces", {name: value for name, value in order.items() if name != missing})
        assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, missing)
    assert police.post("/traces", order).json["code"] == "ORDER_NOT_CONFIRMED"
    by_two(clinic, "J-2026-5")
    made = police.post("/traces", order)
    assert made.status_code == 201, made.text
    trace = made.json
    assert trace["rows_seen"] == 6, "three kinds of document are one person"
    assert sorted(each["channel"] for each in trace["contacts"]) == [
        "coach", "flight", "gate", "pharmacy", "test", "train"
    ]  # fmt: skip
    assert set(COMMUNITIES) <= {each["office"] for each in trace["contacts"]}
    acknowledged_or_escalated(clinic, trace)
    in_the_persons_own_record(clinic, trace)


def by_two(clinic: Clinic, order_no: str) -> None:
    """An order that one officer brings and another confirms."""
    ends = (clinic.hub.clock.now() + timedelta(days=7)).isoformat()
    body = {"order_no": order_no, "reason": "聚集性疫情流调", "ends_at": ends}
    made = clinic.officer("police").post("/desk/orders", body, Idempotency_Key=secrets.token_hex(16))
    assert made.status_code == 201, made.text
    place = f"/desk/orders/{made.json['id']}/confirmations"
    assert clinic.officer("police").post(place).json["code"] == "SECOND_PERSON_REQUIRED"
    assert clinic.officer("colleague").post(place).status_code == 200


def acknowledged_or_escalated(clinic: Clinic, trace: dict[str, Any]) -> None:
    task = {each["office"]: each["task_id"] for each in trace["contacts"]}
    heard, silent = COMMUNITIES[0], COMMUNITIES[3]
    clerk = clinic.officer("clerk", heard, "community_clerk")
    assert raised(clerk) == {task[heard]: None}, "each office has its own"
    assert clerk.post(f"/desk/tasks/{task[heard]}/acknowledge").status_code == 200
    for minutes, office in ((119, None), (2, OTHER_TOWN)):
        later(clinic, minutes=minutes)
        with clinic.hub.database.session() as session:
            while clinic.hub.tasks.show_cards(session):
                pass
        town = raised(clinic.officer("town", OTHER_TOWN, "community_clerk"))
        assert town[task[silent]] == office, "after two hours of silence, not before"
    now = clinic.officer("police").get(f"/traces/{trace['id']}").json["contacts"]
    assert {each["office"] for each in now if each["acknowledged_at"]} == {heard}


def raised(clerk: Person) -> dict[str, str | None]:
    """The tasks that an office and those below have, and to whom each went up."""
    return {each["id"]: each["raised_to"] or None for each in clerk.get("/desk/tasks?page_size=100").json["items"]}


def in_the_persons_own_record(clinic: Clinic, trace: dict[str, Any]) -> None:
    for persona in (HAN, LIN):
        lines = clinic.citizen(persona).get("/me/access-log?page_size=100").json["items"]
        assert [each for each in lines if trace["order_no"] in str(each)], persona.name


# S9


def test_feat_S9_a_shift_with_and_without_a_net(clinic: Clinic) -> None:
    clinic.declare()
    later(clinic, minutes=31)  # a form of before a change is not believed without a net
    made = clinic.of("community_clerk").post("/gate/shifts", {"gate_id": NEAR, "minutes": 60}).json
    volunteer = Person(clinic.client, made["access_token"])
    for _ in range(30):  # a minute's work
        seen = clinic.scan(clinic.code()["code"], gate=NEAR, by=volunteer)
        assert (seen.status_code, seen.json["name_masked"], seen.json["grade"]) == (200, "韩*福", "00")
    elder = volunteer.post("/gate/lookups", {"name": HAN.name, "id_tail": HAN.id_number[-6:]})
    assert elder.json["result"] == "pass"

    packed = volunteer.get("/gate/offline-pack").json
    signed, now = clinic.citizen(HAN).get("/health-code/signed-form").json["code"], clinic.hub.clock.now()
    alone = decide(signed, packed, packed["keys"], now + timedelta(minutes=29))
    assert alone.result == "pass" and alone.as_of == datetime.fromisoformat(packed["issued_at"]), "it says of when"
    over = decide(signed, packed, packed["keys"], now + timedelta(minutes=31))
    assert (over.result, bool(over.why)) == ("cannot_decide", True), "and says when it is over"

    for path in ("/gate/scans", "/gate/visitors", "/desk/health-code/alerts"):
        assert volunteer.get(path).status_code in (403, 404, 405), "past visitors are listed to no volunteer"
    later(clinic, minutes=61)
    ended = clinic.scan(clinic.code()["code"], gate=NEAR, by=volunteer)
    assert ended.json["code"] in ("SESSION_REVOKED", "TOKEN_INVALID"), ended.text


# S10


def neighbours(clinic: Clinic, number: int) -> list[Callable[[], str]]:
    """People with a code; each gives it as it is shown now."""
    hub, made = clinic.hub, []
    with hub.database.session() as session:
        for each in range(number):
            citizen = hub.identity.new_citizen_id()
            hub.identity.register_visitor(session, citizen)
            holder = Holder(citizen, "王小明", resident(100 + each))
            hub.health_code.codes.declare(session, holder, citizen, "health", HEALTHY, {"status": "none"})
            made.append(lambda whose=citizen: hub.health_code.shown.show(whose, hub.clock.now()).code)
    hub.health_code.states.refresh()
    return made


def counted(clinic: Clinic) -> dict[str, Any]:
    clinic.hub.health_code.scans.flush()
    while clinic.hub.flow.turn():
        pass
    answer = clinic.of("operator").get(f"/flow/communities/{PLACE}?bucket=5m")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def nobody_inside(clinic: Clinic) -> None:
    """Whatever others left in the stream, which all hubs of a run share, or in this hub."""
    counted(clinic)
    with clinic.hub.database.session() as session:
        for model in (CrossingRow, CountRow, PresenceRow):
            session.execute(delete(model))


def through(clinic: Clinic, people: Sequence[Callable[[], str]], way: str, at: datetime) -> list[dict[str, str]]:
    """And what was sent."""
    sent = [
        {"code": shown(), "gate_id": CHECKPOINT, "direction": way, "scanned_at": at.isoformat()} for shown in people
    ]  # fmt: skip
    by = clinic.verifier("checkpoint")
    assert [by.post("/gate/scans", each).status_code for each in sent] == [200] * len(sent)
    return sent


def test_feat_S10_who_comes_and_goes(clinic: Clinic) -> None:
    people, at = neighbours(clinic, 7), clinic.hub.clock.now()
    nobody_inside(clinic)
    few = counted(clinic)["present"]
    assert few is None, "so few that nobody is told how many"
    sent = through(clinic, people, "in", at)
    told = counted(clinic)
    now = {each["at"]: each for each in told["items"]}[bucket_of(at).isoformat()]
    assert (told["present"], now["in"], now["out"]) == (7, 7, None), "fewer than five went out: nought is hidden too"

    by = clinic.verifier("checkpoint")
    again = by.post("/gate/scans/batch", {"scans": sent}).json["items"]
    assert {each["state"] for each in again} == {"known"}
    late = [{**each, "code": shown(), "direction": "out", "scanned_at": (at - timedelta(minutes=10)).isoformat()}
            for each, shown in zip(sent, people, strict=True)]  # fmt: skip
    kept = by.post("/gate/scans/batch", {"scans": late}).json["items"]
    told = counted(clinic)
    assert told["present"] == 7, "what was late moves nobody"
    before = bucket_of(at - timedelta(minutes=10)).isoformat()
    if {each["state"] for each in kept} == {"recorded"}:
        assert {each["at"]: each for each in told["items"]}[before]["out"] == 7, "it counts where it belongs"
    sought(clinic, at)


def sought(clinic: Clinic, at: datetime) -> None:
    """The wanted list is another question, with an order, and on record."""
    asked = {"order_no": "W-9", "id_number": resident(100), "regions": [PLACE],
             "since": (at - timedelta(hours=1)).isoformat(),
             "until": (at + timedelta(hours=1)).isoformat()}  # fmt: skip
    assert clinic.of("operator").post("/flow/searches", asked).json["code"] == "ROLE_REQUIRED"
    without = {name: value for name, value in asked.items() if name != "order_no"}
    assert clinic.officer("police").post("/flow/searches", without).status_code == 422
    by_two(clinic, "W-9"), by_two(clinic, "W-10")
    found = clinic.officer("police").post("/flow/searches", asked)
    assert {each["gate_id"] for each in found.json["items"]} == {CHECKPOINT}, found.text
    clinic.declare(WANG)
    assert clinic.scan(clinic.code(WANG)["code"], gate=GATE).status_code == 200
    counted(clinic)
    own = clinic.officer("police").post("/flow/searches", {**asked, "id_number": WANG.id_number, "order_no": "W-10"})
    assert own.status_code == 200
    lines = clinic.citizen(WANG).get("/me/access-log?page_size=100").json["items"]
    assert [each for each in lines if "W-10" in str(each)], "in the person's own record"
