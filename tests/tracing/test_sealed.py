"""An order may say that people see it later: its looks are on record at once, counted, and appear by their date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from hub.ledger.models import EntryRow
from hub.ledger.orders import Look
from hub.ledger.statement import Statement
from hub.main import Hub
from tests.credentials.conftest import HAN, LIN, WANG, Room, room
from tests.ledger.statements import statement
from tests.tracing.orders import in_force
from tests.tracing.test_tracing import Office, office

__all__ = ["office", "room"]
POLICE = "order_officer"


@pytest.fixture
def later(office: Office) -> Iterator[Any]:
    """Moves the clock by which people see their records."""
    access = office.room.hub.ledger.access
    real = access._clock

    def move(days: int) -> None:
        access._clock = SimpleNamespace(now=lambda: real.now() + timedelta(days=days))  # type: ignore[assignment]

    yield move
    access._clock = real


def order(office: Office, **more: Any) -> dict[str, Any]:
    return office.order(subject=LIN.id_number, **more)


def lines(room: Room, persona: Any, order_no: str) -> list[dict[str, Any]]:
    told = room.citizen(persona).get("/me/access-log?page_size=100").json["items"]
    return [each for each in told if each["purpose"] == f"order:{order_no}"]


def sealed(room: Room, now: datetime) -> int:
    return int(room.citizen(HAN).get("/me/access-log/period").json["sealed"].get(str(now.year), 0))


def test_feat_S5_threat_T10_an_order_may_be_seen_later_by_its_date_and_is_counted(office: Office, later: Any) -> None:
    office.bring("coach", {"id": "s-1", "key": "C7", "document": LIN.id_number, "row": 1},
                 {"id": "s-2", "key": "C7", "document": WANG.id_number, "row": 2})  # fmt: skip
    room, now = office.room, office.room.hub.clock.now()
    before, until = sealed(room, now), (now + timedelta(days=30)).isoformat()
    made = room.of(POLICE).post("/traces", order(office, order_no="J-later", sealed_until=until))
    assert (made.status_code, len(made.json["contacts"]) >= 1) == (201, True), made.text
    assert sealed(room, now) >= before + 2, "of the person and of the contact"
    assert not lines(room, LIN, "J-later") and not lines(room, WANG, "J-later")
    proofs = [room.citizen(LIN).get(f"/me/access-log/{id}/proof").json["code"] for id in looks(room.hub)]
    assert len(proofs) >= 2 and set(proofs) == {"NOT_FOUND"}, "nobody is told by the proof either"
    later(31)
    for persona in (LIN, WANG):
        (line,) = lines(room, persona, "J-later")
        assert (line["kind"], line["outcome"], line["service"]) == ("shared", "OK", "tracing")
        assert (line["receiver_name"], line["data_class"], line["case_no"]) == ("依令查看的机关", 4, "J-later")
    assert not lines(room, HAN, "J-later")


def test_feat_S5_without_a_date_it_is_seen_at_once(office: Office) -> None:
    office.bring("coach", {"id": "o-1", "key": "C8", "document": LIN.id_number, "row": 1})
    assert office.room.of(POLICE).post("/traces", order(office, order_no="J-once")).status_code == 201
    assert len(lines(office.room, LIN, "J-once")) == 1


def test_threat_T10_sealing_is_for_its_role_and_a_year_at_most(office: Office) -> None:
    now = office.room.hub.clock.now()
    count = sealed(office.room, now)
    soon = (now + timedelta(days=1)).isoformat()
    assert office.trace(sealed_until=soon).json["code"] == "ROLE_REQUIRED"
    for wrong in (now - timedelta(seconds=1), now + timedelta(days=366)):
        body = order(office, sealed_until=wrong.isoformat())
        refused = office.room.of(POLICE).post("/traces", body)
        assert (refused.status_code, refused.json["errors"][0]) == (
            422, {**refused.json["errors"][0], "path": "sealed_until", "code": "DATE_RANGE"}), refused.text  # fmt: skip
    assert sealed(office.room, now) == count


def test_threat_T10_a_search_at_gates_may_be_seen_later_too(office: Office, later: Any) -> None:
    room, now = office.room, office.room.hub.clock.now()
    in_force(room.hub, "J-gate")
    body = {"order_no": "J-gate", "id_number": LIN.id_number, "regions": ["360423001"], "since": office.order()["from"],
            "until": office.order()["to"]}  # fmt: skip
    until = (now + timedelta(days=2)).isoformat()
    assert room.of("officer").post("/flow/searches", {**body, "sealed_until": until}).json["code"] == "ROLE_REQUIRED"
    made = room.of(POLICE).post("/flow/searches", {**body, "sealed_until": until})
    assert made.status_code == 200, made.text
    assert not lines(room, LIN, "J-gate")
    later(3)
    assert len(lines(room, LIN, "J-gate")) == 1


def test_threat_T10_what_was_undone_leaves_no_key_that_nobody_has(office: Office) -> None:
    """The trace fails after its looks were noted: what is sealed next is not under a key that went with them."""
    hub, stranger = office.room.hub, "11010519491231002X"
    evidence, until = hub.ledger.evidence, hub.clock.now() + timedelta(days=1)
    with pytest.raises(ZeroDivisionError), hub.database.session() as session:
        look = Look("tracing", "trace", "J-undone", "0" * 32, hub.clock.now(), until)
        hub.tracing._looks.record(session, [stranger], look)
        raise ZeroDivisionError
    tag = evidence.subject_tag("resident_id", stranger)
    evidence.decide(statement(at=hub.clock.now(), subject_tag=tag, case_no="J-kept"))
    with hub.database.session() as session:
        rows = session.scalars(select(EntryRow).where(EntryRow.subject_tag == tag)).all()
        kept = [evidence.opened(session, row) for row in rows]
    assert [each and Statement.unpacked(each["statement"]).case_no for each in kept] == ["J-kept"]


def looks(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        return [str(id) for id in session.scalars(select(EntryRow.exchange_id).where(EntryRow.service == "tracing"))]
