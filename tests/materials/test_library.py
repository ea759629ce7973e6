"""The citizen's shelf: one paper once, nobody else's, sealed, in bounds, gone when it is to be gone."""

from __future__ import annotations

import io
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from PIL import Image
from sqlalchemy import select

from hub.errors import Problem
from hub.materials import pictures
from hub.materials.models import Body, FileRow, Shelf
from hub.settings.shapes import Uploads
from tests.materials import papers
from tests.materials.conftest import HAN, LIN, Person, Room


def _receipt() -> str:
    return f"r{secrets.token_hex(6)}"


def _dump(room: Room) -> bytes:
    """All that the room's tables hold, as a copy of them would show it."""
    url = room.hub.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    tables = ("materials_shelf", "materials_file", "materials_body", "materials_given", "materials_asked")
    out = b""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table in tables:
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:  # type: ignore[arg-type]
                out += b"".join(bytes(piece) for piece in copy)
    return out


def test_feat_X2_the_same_paper_is_kept_once(room: Room) -> None:
    photo = papers.photo()
    first, again = room.citizen().send(photo, "a.jpg"), room.citizen().send(photo, "b.jpg", type="lease")
    assert (first.status_code, again.status_code) == (201, 200)
    kept = room.citizen().get(f"/me/materials/{(first.json or {})['file_id']}/file").data
    back = room.citizen().send(kept, "c.jpg")
    assert back.status_code == 200, "what was downloaded and sent again is the same paper"
    items = (room.citizen().get("/me/materials").json or {})["items"]
    assert [(each["file_id"], each["type"]) for each in items] == [((first.json or {})["file_id"], "lease")]


def test_feat_X2_the_same_paper_eight_times_at_once(room: Room) -> None:
    photo, person = papers.photo(), room.citizen()
    clients = [Person(room.client.application.test_client(), person.token) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: each.send(photo, "a.jpg"), clients))
    taken = [each for each in answers if each.status_code != 503]
    assert {each.status_code for each in taken} <= {200, 201}
    assert [each.status_code for each in taken].count(201) == 1
    with room.hub.database.session() as session:
        shelf = session.get_one(Shelf, person.citizen_id)
        assert shelf.files == 1
        assert len(session.scalars(select(Body)).all()) == 1


def test_row_B75_one_citizen_sees_nothing_of_another(room: Room) -> None:
    han, lin, photo = room.citizen(HAN), room.citizen(LIN), papers.photo()
    mine = (han.send(photo).json or {})["file_id"]
    for answer in (lin.get(f"/me/materials/{mine}/file"), lin.delete(f"/me/materials/{mine}")):
        assert (answer.status_code, (answer.json or {})["code"]) == (404, "NOT_FOUND")
    assert (lin.get(f"/me/materials?cursor={mine}").json or {})["code"] == "PAGE_INVALID"
    assert (lin.get("/me/materials").json or {})["items"] == []
    theirs = lin.send(photo)
    assert theirs.status_code == 201, "that somebody has the same paper is not told"
    with room.hub.database.session() as session, pytest.raises(Problem, match="NOT_FOUND"):
        room.hub.materials.check(session, lin.citizen_id, [("lease", mine)], room.hub.materials.limits())
    nobody = Person(room.client, "")
    assert nobody.send(photo).status_code == 401
    assert nobody.get("/me/materials").status_code == 401


def test_threat_T35_nothing_of_a_paper_is_readable_in_the_database(room: Room) -> None:
    made = room.citizen().send(papers.pdf(), "韩大明身份证.pdf").json or {}
    kept = room.citizen().get(f"/me/materials/{made['file_id']}/file").data
    dump = _dump(room)
    assert made["file_id"].encode() in dump, "the dump is one of these tables"
    digest = made["sha256"]
    for planted in (kept[:40], b"%PDF", "韩大明".encode(), digest.encode(), bytes.fromhex(digest)):
        assert planted not in dump


def test_feat_X2_pages_of_the_library(room: Room) -> None:
    sent = [(room.citizen().send(papers.photo(64, 64, seed), "a.jpg").json or {})["file_id"] for seed in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = room.citizen().get(f"/me/materials?page_size=2{cursor}").json or {}
        seen += [each["file_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sent[::-1]


def test_a_full_shelf_says_so_and_takes_again_after_a_deletion(room: Room) -> None:
    room.set(most_files=2)
    first = (room.citizen().send(papers.photo(64, 64, 1)).json or {})["file_id"]
    assert room.citizen().send(papers.photo(64, 64, 2)).status_code == 201
    full = room.citizen().send(papers.photo(64, 64, 3))
    assert (full.status_code, (full.json or {})["code"]) == (409, "FILES_QUOTA")
    assert room.citizen(LIN).send(papers.photo(64, 64, 3)).status_code == 201, "another's shelf is another's"
    assert room.citizen().delete(f"/me/materials/{first}").status_code == 200
    assert room.citizen().get(f"/me/materials/{first}/file").status_code == 404
    assert room.citizen().send(papers.photo(64, 64, 3)).status_code == 201


def test_a_shelf_is_bounded_in_bytes_too(room: Room) -> None:
    room.set(quota_mb=1)
    answers = [room.citizen().send(papers.photo(900, 700, seed)).status_code for seed in range(9)]
    assert answers[0] == 201
    assert answers[-1] == 409


def test_a_paper_in_a_running_case_stays(room: Room) -> None:
    person, receipt = room.citizen(), _receipt()
    mine = (person.send(papers.photo(), type="lease").json or {})["file_id"]
    with room.hub.database.session() as session:
        room.hub.materials.give(session, person.citizen_id, mine, receipt, "market")
    refused = person.delete(f"/me/materials/{mine}")
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "STATE_CONFLICT")
    with room.hub.database.session() as session:
        room.hub.materials.erase(session, person.citizen_id)
    assert person.get(f"/me/materials/{mine}/file").status_code == 200, "the office still needs it"
    with room.hub.database.session() as session:
        room.hub.materials.handing.ended(session, receipt)
    assert person.delete(f"/me/materials/{mine}").status_code == 200


def test_threat_T35_who_leaves_takes_the_papers_and_their_key(room: Room) -> None:
    person = room.citizen()
    person.send(papers.photo())
    with room.hub.database.session() as session:
        room.hub.materials.erase(session, person.citizen_id)
        assert session.get(Shelf, person.citizen_id) is None
        assert session.scalars(select(FileRow).where(FileRow.citizen_id == person.citizen_id)).all() == []
        assert session.scalars(select(Body)).all() == []


@pytest.mark.parametrize("form", ["image/jpeg", "application/pdf"])
def test_feat_X18_a_photo_is_made_to_fit_the_office(room: Room, form: str) -> None:
    person, limits = room.citizen(), Uploads(1024 * 1024, (form,), 20)
    photo = papers.photo(2400, 1800, quality=92)
    assert len(photo) > 2 * 1024 * 1024
    mine = (person.send(photo, type="lease").json or {})["file_id"]
    room.hub.materials.prepare(person.citizen_id, [mine], limits)
    with room.hub.database.session() as session:
        (paper,) = room.hub.materials.check(session, person.citizen_id, [("lease", mine)], limits)
        body = room.hub.materials.read(session, paper.file_id)
    assert (paper.media_type, paper.size) == (form, len(body))
    assert len(body) <= limits.max_bytes
    assert body.startswith(b"%PDF-" if form == "application/pdf" else b"\xff\xd8")
    with room.hub.database.session() as session:
        again = room.hub.materials.check(session, person.citizen_id, [("lease", mine)], limits)
        room.hub.materials.give(session, person.citizen_id, paper.file_id, _receipt(), "market")
    assert again == (paper,), "it is made once"
    items = (person.get("/me/materials").json or {})["items"]
    assert [each["file_id"] for each in items] == [mine], "what the hub made is not a paper of its own"
    assert items[0]["given"][0]["office"] == "market"


def test_feat_X18_a_page_can_still_be_read_when_it_was_made_small() -> None:
    made = pictures.fitted(papers.photo(3508, 2480), Uploads(300 * 1024, ("image/jpeg",), 1))
    assert max(Image.open(io.BytesIO(made.body)).size) >= 1240
    with pytest.raises(Problem, match="FILE_TOO_LARGE"):
        pictures.fitted(papers.photo(3508, 2480), Uploads(4 * 1024, ("image/jpeg",), 1))


def test_feat_E13_what_does_not_fit_is_told_with_its_place(room: Room) -> None:
    person = room.citizen()
    document = (person.send(papers.pdf(pages=30), "a.pdf", type="plan").json or {})["file_id"]
    photo = (person.send(papers.photo(), type="lease").json or {})["file_id"]
    everything = room.hub.materials.limits()
    cases: list[tuple[tuple[str, str], Uploads, str]] = [
        (("plan", document), Uploads(10_000_000, ("application/pdf",), 20), "FILE_TOO_LARGE"),
        (("plan", document), Uploads(100, ("application/pdf",), 200), "FILE_TOO_LARGE"),
        (("plan", document), Uploads(10_000_000, ("image/jpeg",), 200), "FILE_TYPE"),
        (("id_card", photo), everything, "FILE_KIND"),
        (("lease", "m0"), everything, "NOT_FOUND"),
    ]
    for wanted, limits, code in cases:
        with room.hub.database.session() as session, pytest.raises(Problem) as told:
            room.hub.materials.check(session, person.citizen_id, [wanted], limits)
        assert told.value.code == code


def test_feat_E13_a_pdf_that_the_service_does_not_take_is_not_kept(room: Room) -> None:
    now = room.hub.settings.now
    service = replace(now.services["residence-certificate"], uploads={"max_pages": 3})
    room.hub.settings._now = replace(now, services={**now.services, service.id: service})
    answer = room.citizen().send(papers.pdf(pages=4), "a.pdf", service=service.id)
    assert (answer.status_code, (answer.json or {})["reason"]) == (413, "pages")
    assert (room.citizen().get("/me/materials").json or {})["items"] == []
    assert room.citizen().send(papers.pdf(pages=3), "a.pdf", service=service.id).status_code == 201


def test_feat_X18_an_upload_for_a_service_is_fitted_at_once(room: Room) -> None:
    now = room.hub.settings.now
    service = replace(now.services["residence-certificate"], uploads={"max_kb": 500, "media_types": ["image/jpeg"]})
    room.hub.settings._now = replace(now, services={**now.services, service.id: service})
    sent = room.citizen().send(papers.photo(1600, 1200, quality=95), "a.jpg", service=service.id)
    assert sent.status_code == 201
    with room.hub.database.session() as session:
        made = session.scalars(select(FileRow).where(FileRow.made_from == (sent.json or {})["file_id"])).one()
        assert made.size <= 500 * 1024


def test_feat_E13_limits_are_told_before_the_upload(room: Room) -> None:
    told: Any = room.client.get("/api/v1/services/residence-certificate").json
    limits = room.hub.materials.limits("residence-certificate")
    assert told["limits"]["uploads"] == {
        "max_bytes": limits.max_bytes, "media_types": list(limits.media_types), "max_pages": limits.max_pages,
    }  # fmt: skip


def test_a_service_or_kind_that_is_none_is_refused(room: Room) -> None:
    for fields in ({"service": "none-such"}, {"type": "../x"}):
        answer = room.citizen().send(papers.photo(), "a.jpg", **fields)
        assert answer.status_code == 422
    assert room.citizen().get("/me/materials?service=none-such").status_code == 404
