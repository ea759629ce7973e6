"""Servers that keep no rules, for the contract kit: what an adapter must survive, by the kind of peer it meets.

A protocol says which in its MEETS, the kind of peer by the scheme of the address; without one it meets HTTP servers.
"""

from __future__ import annotations

import itertools
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.systems.recording import Loopback, Speak, framed, request_of

_FLOOD = 64 << 20
_DRIP_S = 0.1


def _hang(guest: socket.socket) -> None:
    while guest.recv(1024):
        pass


def _leave(guest: socket.socket) -> None:
    guest.recv(1024)


def _drip(text: bytes, then: bytes = b" ") -> Speak:
    def speak(guest: socket.socket) -> None:
        for byte in itertools.chain(text, itertools.cycle(then)):
            guest.sendall(bytes([byte]))
            time.sleep(_DRIP_S)

    return speak


_SLOW: Mapping[str, Speak] = {
    "silence": _hang,
    "a head byte by byte": _drip(b"HTTP/1.1 200 OK\r\nX-A: "),
    "a body byte by byte": _drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
}


def _said(answer: bytes) -> Speak:
    def speak(guest: socket.socket) -> None:
        request_of(guest)
        guest.sendall(answer)

    return speak


_NOISE = random.Random(1).randbytes(2048)
_PAGE = "<html><body><h1>502 Bad Gateway</h1><p>网关错误</p></body></html>"
_RUBBISH: Mapping[str, Speak] = {
    "an empty body": _said(framed(b"", "text/html")),
    "random bytes": _said(framed(_NOISE, "application/octet-stream")),
    "random bytes without a head": _said(_NOISE),
    "a gateway's page": _said(framed(_PAGE.encode("gb18030"), "text/html")),
    "a list of numbers": _said(framed(b'{"code": "0000", "data": [1, 2, 3]}', "application/json")),
    "deep nesting": _said(framed(b"[" * 100_000, "application/json")),
    "an entity bomb": _said(framed(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "text/xml")),
    "status 500": _said(framed(b"java.lang.NullPointerException", "text/plain", "500 Internal Server Error")),
    "status 404": _said(framed(b"", "text/html", "404 Not Found")),
    "status 401": _said(framed(b"", "text/html", "401 Unauthorized")),
    "a cut body": _said(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort"),
    "a broken chunk": _said(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "an end without a word": _leave,
}


def _blurted(answer: bytes) -> Speak:
    """To the first word of a guest, whatever it is."""

    def speak(guest: socket.socket) -> None:
        guest.recv(65_536)
        guest.sendall(answer)

    return speak


def _greeting(answer: bytes) -> Speak:
    """Before the guest has said a word, and it goes on listening."""

    def speak(guest: socket.socket) -> None:
        guest.sendall(answer)
        _hang(guest)

    return speak


_BLURTED: Mapping[str, Speak] = {
    "random bytes": _blurted(_NOISE),
    "a gateway's page": _blurted(framed(_PAGE.encode("gb18030"), "text/html")),
    "nothing but zeros": _blurted(bytes(2048)),
    "digits": _blurted(b"0" * 2048),
    "a length and no message": _blurted(b"000100"),
    "a greeting of random bytes": _greeting(_NOISE),
    "an end without a word": _leave,
}


@dataclass(frozen=True, slots=True)
class Peer:
    """`slow` by kind, `rubbish` by name; `head` and `piece` are what comes without end. `absent` says for a check that
    makes no sense here why it does not."""

    slow: Mapping[str, Speak] = field(default_factory=dict)
    rubbish: Mapping[str, Speak] = field(default_factory=dict)
    head: bytes = b""
    piece: bytes = b"0"
    absent: Mapping[str, str] = field(default_factory=dict)


SLOW = tuple(_SLOW)
_NO_REDIRECT = {"no redirect is followed": "there is no redirect on such a line"}
_DRIVER = "its driver's time-outs do not hold in every state of a server; the gateway leaves such a call behind"
_PLACE = "what was dropped is looked up in the hub, and a folder answers by itself"
PEERS: Mapping[str, Peer] = {
    "http": Peer(
        _SLOW, _RUBBISH, b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n", b"<p>0</p>"
    ),
    # a row of nines is a long message under every way of counting its length
    "frames": Peer(
        {"silence": _hang, SLOW[1]: _drip(b"", b"9"), SLOW[2]: _drip(b"000999", b"9")},
        _BLURTED, b"", b"9", _NO_REDIRECT,
    ),
    "broker": Peer(
        {"silence": _hang, SLOW[1]: _drip(b"", b"A"), SLOW[2]: _drip(b"CONNECTED\nversion:1.2\n", b"A")},
        _BLURTED, b"", b"A", _NO_REDIRECT,
    ),
    "database": Peer(
        {}, _BLURTED,
        absent={
            **_NO_REDIRECT, **{f"deadline under {name}": _DRIVER for name in SLOW},
            "byte cap": "rows are counted, not bytes: its protocol's own tests hold that",
        },
    ),
    "files": Peer(
        absent={**_NO_REDIRECT, **{f"deadline under {name}": _PLACE for name in SLOW}, "byte cap": _PLACE},
    ),
}  # fmt: skip


@contextmanager
def flood(peer: Peer) -> Iterator[tuple[Loopback, Callable[[], int]]]:
    """Sends without end; gives the server and how many bytes it got rid of."""
    taken = 0

    def speak(guest: socket.socket) -> None:
        nonlocal taken
        guest.recv(65_536)
        guest.sendall(peer.head)
        piece = peer.piece * (65_536 // len(peer.piece))
        while taken < _FLOOD:
            guest.sendall(piece)
            taken += len(piece)

    with Loopback(speak) as server:
        yield server, lambda: taken


@contextmanager
def redirect() -> Iterator[tuple[Loopback, Callable[[], int]]]:
    """Sends every guest on; gives the server and how many followed."""
    with Loopback(_hang) as trap:
        answer = framed(b"", "text/html", "302 Found", f"Location: {trap.url}/login")
        with Loopback(_said(answer)) as server:
            yield server, lambda: trap.guests
