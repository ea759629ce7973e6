"""Frames over bare TCP and TLS, against servers that keep no rules: lines, deadlines, caps."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.protocols.framed import Answered, Exchange, Question
from adapters.protocols.framing import Framing
from hub.errors import Problem
from hub.port import Garbled, OutcomeUnknown, Setting, Unavailable
from tests.protocols.rogue import Rogue, Script
from tests.protocols.test_transport import certificate, to_loopback  # noqa: F401

FRAMING = Framing(4, digits=True, own=0, most=1000)


def exchange(address: str, kept: int = 4, **setting: Any) -> Exchange:
    no_store: Any = None
    given = Setting("x", address, {}, setting.pop("folder", Path()), no_store, allow_private=True, **setting)
    return Exchange(given, FRAMING, {"kept": kept, "alone": False})


def ask(made: Exchange, message: bytes = b"question", seconds: float = 10.0, write: bool = False) -> Answered:
    question = Question(message, bytes.decode)
    return made.ask(lambda: question, deadline=time.monotonic() + seconds, write=write)


def echo(guest: socket.socket, _: int) -> None:
    while data := guest.recv(4096):
        guest.sendall(data)


def plain(rogue: Rogue) -> str:
    return rogue.url.replace("http", "tcp")


def test_a_line_is_kept_for_the_next_question() -> None:
    with Rogue(echo) as rogue:
        made = exchange(plain(rogue))
        for _ in range(3):
            assert ask(made) == Answered(b"question", "question", 12, 12)
        assert rogue.connections == 1
        ask(made, write=True)  # a write trusts no line of before
        assert rogue.connections == 2


def test_a_short_connection_is_one_for_each_question() -> None:
    with Rogue(echo) as rogue:
        made = exchange(plain(rogue), kept=0)
        for number in range(3):
            ask(made)
            assert rogue.connections == number + 1


@pytest.mark.parametrize(("digits", "own"), [(True, 0), (True, 4), (False, 0), (False, 4)])
def test_quirk_Q29_every_kind_of_length(digits: bool, own: int) -> None:
    framing = Framing(4, digits, own, 1000)
    for size in (0, 1, 64, 1000):
        frame = framing.wrap(b"x" * size)
        assert framing.whole(frame) == len(frame) == size + 4
    with pytest.raises(Garbled) as caught:
        framing.whole(framing.wrap(b"x" * 1001))
    assert caught.value.code == "UPSTREAM_TOO_LARGE"


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("said", [b"", b"00", b"0008", b"0008half"])
def test_quirk_Q25_fault_F7_early_ends(said: bytes, write: bool) -> None:
    def script(guest: socket.socket, _: int) -> None:
        guest.recv(4096)
        guest.sendall(said[:-1] if said.endswith(b"half") else said)

    with Rogue(script) as rogue, pytest.raises((Garbled, OutcomeUnknown)) as caught:
        ask(exchange(plain(rogue)), write=write)
    if said and not write:
        assert type(caught.value) is Garbled and caught.value.code == "UPSTREAM_TRUNCATED"
    else:  # nothing came, or it was a write
        assert type(caught.value) is OutcomeUnknown


def test_a_read_on_a_line_the_peer_closed_is_asked_once_more_and_anew() -> None:
    """Closed unseen: between our look at it and our question."""
    made_messages = itertools.count()

    def script(guest: socket.socket, number: int) -> None:
        guest.sendall(guest.recv(4096))
        if number == 1:
            guest.recv(4096)
            return
        echo(guest, number)

    with Rogue(script) as rogue:
        made = exchange(plain(rogue))
        make: Callable[[], Question] = lambda: Question(b"%d" % next(made_messages), bytes.decode)  # noqa: E731
        answers = [made.ask(make, deadline=time.monotonic() + 3, write=False).made for _ in range(2)]
    assert answers == ["0", "2"] and rogue.connections == 2  # the question 1 was never answered, nor sent again


def test_quirk_Q28_a_line_with_more_behind_the_answer_is_dropped() -> None:
    def script(guest: socket.socket, number: int) -> None:
        guest.sendall(guest.recv(4096) + b"00" * (number == 1))  # the rest of the other answer would come later
        guest.sendall(b"07another" * (len(guest.recv(4096)) > 0))

    with Rogue(script) as rogue:
        made = exchange(plain(rogue))
        assert [ask(made).made for _ in range(2)] == ["question"] * 2
        assert rogue.connections == 2


@pytest.mark.parametrize("script", [lambda guest, _: time.sleep(60), lambda guest, _: _drip(guest)])
def test_fault_F4_row_B98_the_deadline_holds(script: Script) -> None:
    with Rogue(script) as rogue:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            ask(exchange(plain(rogue)), seconds=0.5)
        assert time.monotonic() - started < 8


def _drip(guest: socket.socket) -> None:
    for letter in b"0100" + b"x" * 100:
        guest.sendall(bytes([letter]))
        time.sleep(0.2)


def test_fault_F4_who_reads_too_slowly_ends_at_the_deadline() -> None:
    with Rogue(lambda guest, _: time.sleep(60)) as rogue:
        made, started = exchange(plain(rogue)), time.monotonic()
        made._framing = Framing(8, digits=True, own=0, most=10**8)
        with pytest.raises(OutcomeUnknown):
            ask(made, b"x" * 50_000_000, seconds=0.5, write=True)
        assert time.monotonic() - started < 8


def test_no_time_left_and_nobody_there_is_certainly_not_done() -> None:
    with Rogue(echo) as rogue:
        made = exchange(plain(rogue))
        with pytest.raises(Unavailable):
            ask(made, seconds=-1, write=True)
        assert rogue.connections == 0
    with pytest.raises(Unavailable):
        ask(exchange(f"tcp://127.0.0.1:{rogue.port}"), write=True)


def test_tls_verifies_the_name_and_keeps_the_line(
    certificate: tuple[ssl.SSLContext, Path],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    to_loopback(monkeypatch)
    context, file = certificate
    with Rogue(echo, context) as rogue:
        address = f"tcps://department.example:{rogue.port}"
        made = exchange(address, folder=file.parent, options={"ca_file": file.name})
        for _ in range(3):
            assert ask(made).message == b"question"
        assert rogue.connections == 1
        for name, options in (("other.example", {"ca_file": file.name}), ("department.example", {})):
            with pytest.raises(Garbled) as caught:  # nothing was sent, so also for a write
                ask(exchange(f"tcps://{name}:{rogue.port}", folder=file.parent, options=options), write=True)
            assert caught.value.code == "UPSTREAM_TLS"


def test_a_silent_handshake_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    to_loopback(monkeypatch)
    with Rogue(lambda guest, _: time.sleep(60)) as rogue:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            ask(exchange(f"tcps://department.example:{rogue.port}"), seconds=0.5)
        assert time.monotonic() - started < 8


def test_a_ca_file_that_is_none_stops_the_system(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        exchange("tcps://1.2.3.4:5", folder=tmp_path, options={"ca_file": "missing.pem"})
    assert caught.value.code == "CONFIG_INVALID"


def test_many_callers_share_lines_and_no_answers() -> None:
    wrong: list[str] = []
    with Rogue(echo) as rogue:
        made = exchange(plain(rogue))

        def caller(name: str) -> None:
            for number in range(50):
                said = f"{name} {number}"
                wrong.extend([said] if ask(made, said.encode()).made != said else [])

        threads = [threading.Thread(target=caller, args=(f"caller {n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong and rogue.connections < 400
