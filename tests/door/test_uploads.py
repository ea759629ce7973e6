"""Uploads on a real wire: who may not is told so and not cut off, whatever has been sent; and a server that is busy
with uploads answers everything else."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

from tests.door.wire import Server, Told
from tests.materials.papers import photo

_HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
_TAIL = b"\r\n--x--\r\n"
_MB = 1024 * 1024


def _send(house: Server, body: bytes, token: str = "") -> Told:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return house.ask("POST", "/api/v1/files", _HEAD + body + _TAIL, headers)


def _begin(port: int, token: str, length: int, sent: bytes) -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", port), timeout=20)
    wire.sendall(
        b"POST /api/v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        + f"Authorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n".encode()
        + sent
    )
    return wire


def test_threat_T23_an_upload_over_the_wire(house: Server, token: str) -> None:
    told = _send(house, photo(), token)
    assert told.status in (200, 201), told.content


def test_threat_T23_nobody_is_told_so_after_eight_megabytes(house: Server) -> None:
    told = _send(house, b"\xff" * 8 * _MB)
    assert (told.status, told.code) == (401, "TOKEN_MISSING")


def test_threat_T23_too_large_is_told_so(house: Server, token: str) -> None:
    told = _send(house, b"\xff" * 12 * _MB, token)
    assert (told.status, told.code) == (413, "FILE_TOO_LARGE")


def test_threat_T23_other_routes_take_no_more_than_before(house: Server, token: str) -> None:
    told = house.ask("POST", "/api/v1/me/phone", b" " * 2 * _MB, {"Authorization": f"Bearer {token}"})
    assert (told.status, told.code) == (413, "BODY_TOO_LARGE")


def test_threat_T23_an_upload_that_breaks_off_leaves_nothing(house: Server, token: str) -> None:
    body = photo(seed=77)
    before = house.get("/api/v1/me/materials", {"Authorization": f"Bearer {token}"}).body["items"]
    wire = _begin(house.port, token, len(_HEAD + body + _TAIL), _HEAD + body[:5000])
    wire.close()
    assert house.get("/api/v1/me/materials", {"Authorization": f"Bearer {token}"}).body["items"] == before
    assert _send(house, body, token).status == 201, "and the same file comes in afterwards"


def test_threat_T23_slow_strangers_hold_no_place(house: Server, token: str) -> None:
    with ExitStack() as held:
        for _ in range(12):
            held.enter_context(closing(_begin(house.port, "nobody", 5 * _MB, _HEAD)))
        time.sleep(1)  # they are inside by now; if not, the test is only weaker
        assert _send(house, photo(), token).status in (200, 201)


def test_threat_T23_slow_senders_hold_only_uploads(house: Server, token: str) -> None:
    with ExitStack() as held:
        for _ in range(12):
            held.enter_context(closing(_begin(house.port, token, 5 * _MB, _HEAD)))
        until = time.monotonic() + 20
        while (told := _send(house, photo(), token)).status != 503:
            assert time.monotonic() < until, "no upload was turned away"
        assert told.code == "OVERLOADED"
        with ThreadPoolExecutor(4) as pool:
            asked = list(pool.map(lambda _: house.get("/api/v1/themes").status, range(20)))
        assert set(asked) == {200}
    until = time.monotonic() + 30
    while _send(house, photo(), token).status == 503:
        assert time.monotonic() < until, "the places of those who left are not free again"
        time.sleep(0.2)
