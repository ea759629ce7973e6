"""Servers that keep no rules, for the contract kit: what an adapter must survive, whatever protocol it speaks."""

from __future__ import annotations

import itertools
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from hub.systems.recording import Loopback, Speak, framed, request_of

_FLOOD = 64 << 20
_DRIP_S = 0.1


def _hang(guest: socket.socket) -> None:
    request_of(guest)
    while guest.recv(1024):
        pass


def _leave(guest: socket.socket) -> None:
    guest.recv(1024)


def _drip(text: bytes) -> Speak:
    def speak(guest: socket.socket) -> None:
        request_of(guest)
        for byte in itertools.chain(text, itertools.repeat(0x20)):
            guest.sendall(bytes([byte]))
            time.sleep(_DRIP_S)

    return speak


SLOW: Mapping[str, Speak] = {
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
RUBBISH: Mapping[str, Speak] = {
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


@contextmanager
def flood() -> Iterator[tuple[str, Callable[[], int]]]:
    """Sends without end; gives its URL and how many bytes it got rid of."""
    taken = 0

    def speak(guest: socket.socket) -> None:
        nonlocal taken
        request_of(guest)
        guest.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n")
        piece = b"<p>0</p>" * 8192
        while taken < _FLOOD:
            guest.sendall(piece)
            taken += len(piece)

    with Loopback(speak) as server:
        yield server.url, lambda: taken


@contextmanager
def redirect() -> Iterator[tuple[str, Callable[[], int]]]:
    """Sends every guest on; gives its URL and how many followed."""
    with Loopback(_hang) as trap:
        answer = framed(b"", "text/html", "302 Found", f"Location: {trap.url}/login")
        with Loopback(_said(answer)) as server:
            yield server.url, lambda: trap.guests
