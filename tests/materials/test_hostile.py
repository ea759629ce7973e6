"""T23: what must not get in, and what is taken away from what may."""

from __future__ import annotations

import hashlib
import io
import resource
import subprocess
import sys

import pikepdf
import pytest
from PIL import Image

from tests.county import ROOT
from tests.materials import papers
from tests.materials.conftest import Room
from tests.materials.papers import HOSTILE, PLANTED

_PART = b'--x\r\nContent-Disposition: form-data; name="%s'


@pytest.mark.parametrize("which", HOSTILE)
def test_threat_T23_row_B85_B86_hostile_files(room: Room, which: str) -> None:
    name, make, code, reason = HOSTILE[which]
    answer = room.citizen().send(make(), name)
    body = answer.json or {}
    assert answer.status_code == (413 if code == "FILE_TOO_LARGE" else 422), answer.text
    assert (body["code"], body["reason"]) == (code, reason)
    assert body["errors"][0]["message"]
    assert room.citizen().get("/me/materials").json == {"items": [], "next_cursor": None}


def test_threat_T23_all_of_them_cost_little_memory(room: Room) -> None:
    """The largest of them would be gigabytes."""
    files = [(name, make()) for name, make, _, _ in HOSTILE.values()]
    room.citizen().send(papers.photo(), "a.jpg")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, body in files:
        assert room.citizen().send(body, name).status_code in (413, 422)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KB
    peak = [sys.executable, "-m", "tests.materials.peak"]
    told = subprocess.run(peak, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    assert 0 < int(told.stdout) < 1024 * 1024


def test_threat_T23_row_B88_a_photo_loses_its_place_and_camera(room: Room) -> None:
    sent = papers.photo_with_place()
    assert PLANTED.encode() in sent
    made = room.citizen().send(sent).json or {}
    kept = room.citizen().get(f"/me/materials/{made['file_id']}/file").data
    image = Image.open(io.BytesIO(kept))
    assert dict(image.getexif()) == {}
    assert PLANTED.encode() not in kept
    assert image.size == (480, 640), "it was taken sideways and is upright now"
    assert (made["sha256"], made["size"]) == (hashlib.sha256(kept).hexdigest(), len(kept))


def test_threat_T23_a_png_loses_its_texts(room: Room) -> None:
    made = room.citizen().send(papers.png(Comment=PLANTED, Author=PLANTED), "a.png").json or {}
    kept = room.citizen().get(f"/me/materials/{made['file_id']}/file").data
    assert made["media_type"] == "image/png"
    assert PLANTED.encode() not in kept


@pytest.mark.parametrize("tail", [papers.HTML, b"PK\x03\x04" + bytes(100), b"%PDF-1.7\n", b"<?php system('id');?>"])
def test_threat_T23_polyglots_lose_their_second_face(room: Room, tail: bytes) -> None:
    for body, name in ((papers.photo() + tail, "a.jpg"), (papers.png() + tail, "a.png")):
        answer = room.citizen().send(body, name)
        assert answer.status_code in (200, 201), answer.text
        made = answer.json or {}
        assert tail not in room.citizen().get(f"/me/materials/{made['file_id']}/file").data


def test_threat_T23_a_pdf_loses_author_and_photos_in_it_their_place(room: Room) -> None:
    made = room.citizen().send(papers.pdf(papers.with_photo(papers.photo_with_place())), "a.pdf").json or {}
    kept = room.citizen().get(f"/me/materials/{made['file_id']}/file").data
    assert PLANTED.encode() not in kept
    with pikepdf.open(io.BytesIO(kept)) as pdf:
        assert "/Info" not in pdf.trailer
        image = pikepdf.PdfImage(pdf.pages[0].get_images()["/I"]).as_pil_image()
        assert image.size == (640, 480)
        assert dict(image.getexif()) == {}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("..\\..\\windows\\system32\\a.jpg", "windowssystem32a.jpg"),
        ("CON", "CON.jpg"),
        ("身份证\u202egpj.exe", "身份证gpj.jpg"),
        ("a" * 300 + ".jpg", "a" * 120 + ".jpg"),
        ("a\0b.jpg", "ab.jpg"),
        ("....", None),
    ],
)
def test_threat_T23_row_B87_a_name_is_only_a_label(room: Room, sent: str, shown: str | None) -> None:
    answer = room.citizen().send(papers.photo(), sent)
    made = answer.json or {}
    assert answer.status_code in (200, 201), answer.text
    assert made["name"] == (shown or f"{made['file_id']}.jpg")
    got = room.citizen().get(f"/me/materials/{made['file_id']}/file")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (_PART % b'file"; filename="\xc9\xed.jpg"\r\n\r\nA\r\n--x--\r\n', 400, "CHARSET"),
        (b"nothing of it", 400, "MULTIPART"),
        (b"--x\r\n\r\nA\r\n--x--\r\n", 400, "MULTIPART"),
        (_PART % b'file"; filename="a"\r\n\r\nA', 400, "MULTIPART"),
        (_PART % b'openid"\r\n\r\nA\r\n--x--\r\n', 400, "CLIENT_IDENTITY_FORBIDDEN"),
        (_PART % b'path"\r\n\r\n/etc\r\n--x--\r\n', 422, "UNKNOWN_FIELD"),
        (_PART % b'file"\r\n\r\nA\r\n--x--\r\n', 422, "TYPE"),
        (_PART % b'type"\r\n\r\nlease\r\n--x--\r\n', 422, "REQUIRED"),
        ((_PART % b'file"; filename="a"\r\n\r\nA\r\n') * 2 + b"--x--\r\n", 400, "MULTIPART"),
    ],
)  # fmt: skip
def test_threat_T23_the_envelope_is_read_strictly(room: Room, raw: bytes, status: int, code: str) -> None:
    person = room.citizen()
    answer = person.client.post(
        "/api/v1/files", data=raw, headers=person.headers, content_type="multipart/form-data; boundary=x"
    )
    assert (answer.status_code, (answer.json or {})["code"]) == (status, code), answer.text


def test_threat_T23_another_envelope_is_not_opened(room: Room) -> None:
    person = room.citizen()
    for media_type in ("application/json", "multipart/form-data", "multipart/mixed; boundary=x"):
        answer = person.client.post("/api/v1/files", data=b"{}", headers=person.headers, content_type=media_type)
        assert answer.status_code in (400, 415)


def test_threat_T23_too_large_is_refused_by_its_length(room: Room) -> None:
    room.set(max_kb=64)
    answer = room.citizen().send(papers.photo(2000, 1000))
    assert (answer.status_code, (answer.json or {})["code"]) == (413, "FILE_TOO_LARGE")
