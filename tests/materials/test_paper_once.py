"""X2, E8: what one office has, the next one is offered; and who asks anew says why."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.clock import Clock
from hub.credentials.desk import Application
from hub.errors import Problem
from hub.gateway.orders import Caller
from hub.materials.models import FileRow
from hub.trace import continued
from tests.materials import papers
from tests.materials.conftest import HAN, LIN, Room

SERVICE = "residence-certificate"
MATERIALS = [
    {"type": "lease", "name": {"zh": "租赁合同", "en": "Lease"}, "required": True},
    {"type": "senior_card", "name": {"zh": "老年人优待证", "en": "Senior card"}, "required": False,
     "licence": "senior-citizen-card"},
    {"name": {"zh": "其他", "en": "Other"}, "required": False},
]  # fmt: skip


class Moved(Clock):
    """The clock of the wall, some days on."""

    days = 0.0

    def now(self) -> Any:
        return super().now() + timedelta(days=self.days)


@pytest.fixture
def office(room: Room) -> Iterator[Room]:
    """A room whose residence certificate asks for two known papers and one that has no kind."""
    now = room.hub.settings.now
    service = now.services[SERVICE]
    asking = replace(service, guide={**service.guide, "materials": MATERIALS})
    room.hub.settings._now = replace(now, services={**now.services, SERVICE: asking})
    return room


@pytest.fixture
def clock(room: Room) -> Iterator[Moved]:
    clock, materials = Moved(), room.hub.materials
    before, materials._clock = materials._clock, clock
    materials.handing._clock = clock
    yield clock
    materials._clock = materials.handing._clock = before


def _receipt() -> str:
    return f"r{secrets.token_hex(6)}"


def _give(room: Room, file_id: str, office: str = "market") -> str:
    receipt = _receipt()
    with room.hub.database.session() as session:
        person = room.citizen()
        room.hub.materials.check(session, person.citizen_id, [("lease", file_id)], room.hub.materials.limits())
        room.hub.materials.give(session, person.citizen_id, file_id, receipt, office)
        room.hub.materials.give(session, person.citizen_id, file_id, receipt, office)
    return receipt


def _offers(room: Room) -> dict[str, Any]:
    answer = room.citizen().get(f"/me/materials?service={SERVICE}").json or {}
    return {each["type"]: each for each in answer["offers"]}


def test_feat_X2_what_one_office_has_is_offered_to_the_next(office: Room) -> None:
    assert _offers(office)["lease"]["file"] is None
    mine = (office.citizen().send(papers.photo()).json or {})["file_id"]
    assert _offers(office)["lease"]["file"] is None, "nobody said yet what it is"
    receipt = _give(office, mine)
    offers = _offers(office)
    assert set(offers) == {"lease", "senior_card"}
    given = offers["lease"]["file"]["given"]
    assert [(each["office"], each["receipt_no"], each["ended"]) for each in given] == [("market", receipt, False)]
    assert (offers["lease"]["file"]["file_id"], offers["senior_card"]["licence"]) == (mine, "senior-citizen-card")
    other = office.citizen(LIN).get(f"/me/materials?service={SERVICE}").json or {}
    assert all(each["file"] is None for each in other["offers"])


def test_feat_X2_after_its_term_a_paper_is_not_offered(office: Room, clock: Moved) -> None:
    office.set(offer_months=12)
    mine = (office.citizen().send(papers.photo(), type="lease").json or {})["file_id"]
    _give(office, mine)
    clock.days = 360
    assert _offers(office)["lease"]["file"] is not None
    clock.days = 370
    assert _offers(office)["lease"]["file"] is None


def test_feat_X2_the_newest_of_a_kind_is_offered(office: Room, clock: Moved) -> None:
    office.citizen().send(papers.photo(seed=1), type="lease")
    clock.days = 1
    newer = (office.citizen().send(papers.photo(seed=2), type="lease").json or {})["file_id"]
    assert _offers(office)["lease"]["file"]["file_id"] == newer


def test_feat_E8_an_officer_who_asks_anew_gives_a_reason(office: Room, clock: Moved) -> None:
    handing, person, receipt = office.hub.materials.handing, office.citizen(), _receipt()
    with office.hub.database.session() as session:
        assert not handing.ask_anew(session, person.citizen_id, receipt, "lease", "officer1", ""), "nobody has it"
    _give(office, (person.send(papers.photo(), type="lease").json or {})["file_id"])
    with office.hub.database.session() as session, pytest.raises(Problem, match="REASON_REQUIRED") as told:
        handing.ask_anew(session, person.citizen_id, receipt, "lease", "officer1", "  ")
    assert told.value.extra["held_by"] == "market"
    with office.hub.database.session() as session:
        assert handing.ask_anew(session, person.citizen_id, receipt, "lease", "officer1", "盖章不清")
    with office.hub.database.session() as session:
        (asked,) = handing.asked(session, receipt)
    assert (asked.officer, asked.type, asked.reason) == ("officer1", "lease", "盖章不清")
    clock.days = 400
    with office.hub.database.session() as session:
        assert not handing.ask_anew(session, person.citizen_id, receipt, "lease", "officer1", "")


def test_feat_X2_a_licence_stands_in_for_a_paper(office: Room) -> None:
    """The hub pulls it from its issuer, signed, for this purpose; what is another kind, or another's, does not do."""
    hub, person = office.hub, office.citizen(HAN)
    with hub.database.session() as session:
        asked = Application("senior-citizen-card", HAN.id_number, HAN.name, {"level": "甲类"}, "材料齐全")
        licence = hub.credentials.desk.issue(session, asked, "officer").id
    me, trace = Caller(person.citizen_id, 2), continued(None)
    pulled = hub.materials.pull(me, SERVICE, "senior_card", licence, trace)
    with hub.database.session() as session:
        wanted = [("senior_card", pulled.file_id)]
        (paper,) = hub.materials.check(session, person.citizen_id, wanted, hub.materials.limits())
        body = hub.materials.read(session, paper.file_id)
    assert (paper.media_type, body[:5], paper.size) == ("application/pdf", b"%PDF-", len(body))
    assert _offers(office)["senior_card"]["file"] is None, "it is pulled anew each time"
    with pytest.raises(Problem, match="FILE_KIND"):
        hub.materials.pull(me, SERVICE, "lease", licence, trace)
    with pytest.raises(Problem, match="NOT_FOUND"):
        hub.materials.pull(Caller(office.citizen(LIN).citizen_id, 2), SERVICE, "senior_card", licence, trace)


def test_papers_end_by_their_terms(office: Room, clock: Moved) -> None:
    office.set(unused_days=30, keep_days=100)
    sent = {name: (office.citizen().send(papers.photo(seed=place), type="lease").json or {})["file_id"]
            for place, name in enumerate(("unused", "running", "ended", "twice"))}  # fmt: skip
    _give(office, sent["running"])
    receipts = _give(office, sent["ended"]), _give(office, sent["twice"])
    _give(office, sent["twice"], "housing")
    clock.days = 10
    with office.hub.database.session() as session:
        for receipt in receipts:
            office.hub.materials.handing.ended(session, receipt)
    needed = {"running", "twice"}
    for days, left in ((29, {*needed, "unused", "ended"}), (31, {*needed, "ended"}), (109, {*needed, "ended"}),
                       (111, needed), (4000, needed)):  # fmt: skip
        clock.days = days
        with office.hub.database.session() as session:
            office.hub.materials.sweep(session)
            there = {name for name, file_id in sent.items() if session.get(FileRow, file_id)}
        assert there == left, days
