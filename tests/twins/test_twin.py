"""The twin server itself: each toxic does what its name says, and the admin address outlives all of them (feat_C10)."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.twins.toxics import read
from adapters.twins.twin import Answer, Request, Twin
from adapters.twins.wire import Server

TEXT = "武宁县医疗保障局".encode("gb18030")


class Echo(Twin):
    """Answers every GET with one fixed text; every POST is filed."""

    def answer(self, request: Request) -> Answer:
        if request.method == "POST":
            return Answer(str(self.records.add({"body": request.body.decode()})).encode())
        return Answer(b",".join(self.rows([TEXT], lambda row: row + b"!")))


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(Echo("echo", "none", seed=7, charset="gb18030", quirks={"Q1": False})).start()
    yield running
    running.stop()


def ask(url: str, method: str = "GET", value: object = None, timeout: float = 5) -> bytes:
    body = value if isinstance(value, bytes) else None if value is None else json.dumps(value).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, method=method), timeout=timeout) as answer:
        return bytes(answer.read())


def poison(server: Server, **toxics: object) -> None:
    ask(server.url + "/twin/toxics", "PUT", toxics)


def raw(server: Server, timeout: float = 5) -> bytes:
    """Everything the server sends on one connection."""
    where = urlsplit(server.address)
    with socket.create_connection((where.hostname, where.port), timeout) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        pieces = []
        while piece := wire.recv(65_536):
            pieces.append(piece)
        return b"".join(pieces)


def test_healthy(server: Server) -> None:
    assert ask(server.address + "/x") == TEXT


def test_latency(server: Server) -> None:
    poison(server, latency_ms=150)
    started = time.monotonic()
    assert ask(server.address) == TEXT
    assert time.monotonic() - started >= 0.15


def test_hang_ends_when_healed(server: Server) -> None:
    poison(server, hang=True)
    with pytest.raises(TimeoutError):
        ask(server.address, timeout=0.3)
    ask(server.url + "/twin/toxics", "DELETE")
    assert ask(server.address) == TEXT


def test_down_refuses_and_comes_back_on_the_same_port(server: Server) -> None:
    for _ in range(3):
        poison(server, down=True)
        with pytest.raises(urllib.error.URLError) as caught:
            ask(server.address)
        assert isinstance(caught.value.reason, ConnectionRefusedError)
        assert json.loads(ask(server.url + "/twin/records"))["records"] == []
        ask(server.url + "/twin/toxics", "DELETE")
        assert ask(server.address) == TEXT


def test_down_asked_for_through_the_service_door_is_still_answered(server: Server) -> None:
    assert b"healthy" in ask(server.address + "/twin/toxics", "PUT", {"down": True})
    with pytest.raises(urllib.error.URLError):
        ask(server.address)


def test_drip(server: Server) -> None:
    poison(server, drip={"body_ms": 20})
    started = time.monotonic()
    assert raw(server).endswith(TEXT)
    assert time.monotonic() - started >= 0.02 * len(TEXT)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_truncation_in_every_framing(server: Server, framing: str) -> None:
    poison(server, truncate_at={"at": 5, "framing": framing})
    head, _, body = raw(server).partition(b"\r\n\r\n")
    assert body.endswith(TEXT[:5]) and TEXT not in body
    assert {"length": b"Content-Length: 16", "chunked": b"chunked", "close": b"Connection: close"}[framing] in head


def test_garbage_is_replayable(server: Server) -> None:
    def three() -> list[bytes]:
        ask(server.url + "/twin/reset", "POST")
        poison(server, garbage=True)
        return [ask(server.address) for _ in range(3)]

    first = three()
    assert TEXT not in first and len(set(first)) == 3
    assert first == three()


def test_other_charset_same_declaration(server: Server) -> None:
    poison(server, charset="utf-8")
    assert ask(server.address).decode("utf-8") == "武宁县医疗保障局"


def test_status_is_not_carried_out(server: Server) -> None:
    poison(server, status=500)
    with pytest.raises(urllib.error.HTTPError):
        ask(server.address, "POST", b"a")
    assert json.loads(ask(server.url + "/twin/records")) == {"records": [], "calls": 1}


def test_duplicate_rows(server: Server) -> None:
    poison(server, duplicate=True)
    assert ask(server.address) == TEXT + b"," + TEXT
    poison(server, duplicate="contradict")
    assert ask(server.address) == TEXT + b"," + TEXT + b"!"


def test_accept_then_drop_keeps_the_record_and_no_answer(server: Server) -> None:
    poison(server, accept_then_drop=True)
    with pytest.raises((ConnectionError, urllib.error.URLError)):
        ask(server.address, "POST", b"a")
    assert [r["body"] for r in json.loads(ask(server.url + "/twin/records"))["records"]] == ["a"]


def test_accept_then_lose_answers_and_keeps_nothing(server: Server) -> None:
    poison(server, accept_then_lose=True)
    assert ask(server.address, "POST", b"a") == b"1"
    assert json.loads(ask(server.url + "/twin/records"))["records"] == []


def test_late_visible(server: Server) -> None:
    poison(server, late_visible_ms=60_000)
    ask(server.address, "POST", b"a")
    assert server.twin.records.visible() == [] and len(server.twin.records.all()) == 1


@pytest.mark.parametrize(
    "wrong", [{"slow": 1}, {"hang": 2}, {"truncate_at": -1}, {"charset": "klingon"}, {"garbage": "x"}]
)
def test_a_wrong_toxic_is_refused_and_changes_nothing(server: Server, wrong: dict[str, object]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        poison(server, **wrong)
    assert caught.value.code == 400
    assert ask(server.address) == TEXT
    with pytest.raises(ValueError, match="toxic"):
        read(wrong)


def test_quirks_by_name(server: Server) -> None:
    ask(server.url + "/twin/quirks", "PUT", {"Q1": "gb18030"})
    assert server.twin.quirk("Q1") == "gb18030"
    with pytest.raises(urllib.error.HTTPError):
        ask(server.url + "/twin/quirks", "PUT", {"Q99": True})
    ask(server.url + "/twin/reset", "POST")
    assert server.twin.quirk("Q1") is False


def test_all_twins_start_by_one_command(tmp_path: Path) -> None:
    out = tmp_path / "twins.json"
    names = "household_registration,medical_insurance"
    command = [sys.executable, "-m", "adapters.twins", "--out", str(out), "--secrets", str(tmp_path), "--only", names]
    child = subprocess.Popen(command, env=dict(os.environ))
    try:
        until = time.monotonic() + 30
        while not out.exists() and time.monotonic() < until and child.poll() is None:
            time.sleep(0.05)
        entries = json.loads(out.read_text(encoding="utf-8"))
        assert list(entries) == names.split(",")
        for entry in entries.values():
            assert json.loads(ask(entry["url"] + "/twin/records"))["calls"] == 0
            assert entry["protocol"] == "soap"
    finally:
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
