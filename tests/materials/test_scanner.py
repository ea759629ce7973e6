"""E13: a virus blocks only itself, and what could not be scanned is kept but not handed on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.errors import Problem
from hub.materials.models import Body
from tests.materials import papers
from tests.materials.clamd import SIGNATURE, Clamd, nobody
from tests.materials.conftest import Room


def _fit_to_hand_on(room: Room, file_id: str) -> str:
    """The code that stands in the way of being filed, and of being read; or nothing."""
    with room.hub.database.session() as session:
        ways = (
            lambda: room.hub.materials.check(
                session, room.citizen().citizen_id, [("lease", file_id)], room.hub.materials.limits()
            ),
            lambda: room.hub.materials.read(session, file_id),
        )
        codes = {_code(way) for way in ways}
    assert len(codes) == 1, codes
    return codes.pop()


def _code(way: Callable[[], object]) -> str:
    try:
        way()
    except Problem as problem:
        return problem.code
    return ""


def test_feat_E13_an_infected_file_blocks_only_itself(room: Room, clamd: Clamd) -> None:
    room.set(scanner=clamd.address)
    good = room.citizen().send(papers.photo(), type="lease").json or {}
    assert good["scan"] == "clean"
    for body, name in ((papers.photo(seed=2) + SIGNATURE, "a.jpg"), (papers.pdf() + SIGNATURE, "a.pdf")):
        bad = room.citizen().send(body, name)
        assert (bad.status_code, (bad.json or {})["code"]) == (422, "FILE_INFECTED")
    assert [each["file_id"] for each in (room.citizen().get("/me/materials").json or {})["items"]] == [good["file_id"]]
    assert _fit_to_hand_on(room, good["file_id"]) == ""
    assert len(clamd.seen) == 3, "the scanner saw each as it came"


@pytest.mark.parametrize("mood", ["away", "hangs_up", "error"])
def test_feat_E13_a_scanner_that_does_not_answer(room: Room, clamd: Clamd, mood: str) -> None:
    room.set(scanner=clamd.address)
    if mood == "away":
        clamd.away()
    clamd.mood = mood
    kept = room.citizen().send(papers.photo(), type="lease")
    assert (kept.status_code, (kept.json or {})["scan"]) == (201, "unscanned")
    mine = (kept.json or {})["file_id"]
    assert _fit_to_hand_on(room, mine) == "FILE_UNSCANNED"
    assert room.hub.materials.rescan() == 0
    if mood == "away":
        clamd.back()
    clamd.mood = "well"
    assert room.hub.materials.rescan() == 1
    assert _fit_to_hand_on(room, mine) == ""
    assert (room.citizen().get("/me/materials").json or {})["items"][0]["scan"] == "clean"


def test_feat_E13_what_turns_out_infected_later_is_taken_away(room: Room, clamd: Clamd) -> None:
    room.set(scanner=nobody())
    sent = papers.pdf(papers.with_photo(papers.photo() + SIGNATURE))
    made = room.citizen().send(sent, "a.pdf", type="lease").json or {}
    clean = room.citizen().send(papers.photo(), type="lease").json or {}
    assert made["scan"] == "unscanned"
    room.set(scanner=clamd.address)
    assert room.hub.materials.rescan() == 2
    assert _fit_to_hand_on(room, made["file_id"]) == "FILE_INFECTED"
    assert (room.citizen().get(f"/me/materials/{made['file_id']}/file").json or {})["code"] == "FILE_INFECTED"
    with room.hub.database.session() as session:
        assert session.get(Body, made["file_id"]) is None
    again = room.citizen().send(sent, "a.pdf")
    assert (again.status_code, (again.json or {})["code"]) == (422, "FILE_INFECTED")
    assert _fit_to_hand_on(room, clean["file_id"]) == "", "only the infected one is blocked"
    assert room.citizen().delete(f"/me/materials/{made['file_id']}").status_code == 200


def test_feat_E13_without_a_scanner_every_answer_says_so(room: Room, clamd: Clamd) -> None:
    made = room.citizen().send(papers.photo(), type="lease").json or {}
    assert made["scan"] == "none"
    assert _fit_to_hand_on(room, made["file_id"]) == ""
    assert room.hub.materials.rescan() == 0
    room.set(scanner=clamd.address)
    assert room.hub.materials.rescan() == 1, "once there is one, it looks at what came before"


def test_feat_E13_one_that_the_scanner_will_not_take_holds_up_nobody(room: Room, clamd: Clamd) -> None:
    room.set(scanner=nobody())
    for seed in range(25):
        assert room.citizen().send(papers.photo(64, 64, seed), type="lease").status_code == 201
    stubborn = max(
        (room.citizen().get("/me/materials?page_size=100").json or {})["items"], key=lambda each: each["size"]
    )
    clamd.refuses = stubborn["size"]
    room.set(scanner=clamd.address)
    for _ in range(6):
        room.hub.materials.rescan()
    items = (room.citizen().get("/me/materials?page_size=100").json or {})["items"]
    waiting = [each["size"] for each in items if each["scan"] == "unscanned"]
    assert set(waiting) == {stubborn["size"]}
    assert len(items) == 25
