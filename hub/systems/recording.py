"""Recorded answers served over loopback, and a relay that records what a department really says.

Bytes only: what they mean is the adapter's business.
"""

from __future__ import annotations

import http.client
import io
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

_CONNECT_S = 3.0
_LONGEST_S = 60.0
Speak = Callable[[socket.socket], None]


class Loopback:
    """Listens on a free port; each guest gets a thread."""

    def __init__(self, speak: Speak) -> None:
        self._speak = speak
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.guests = 0

    def __enter__(self) -> Self:
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(5)  # closed under it, the next listener may get its number and meet this script
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                guest, _ = self._listener.accept()
            except OSError:
                return
            self.guests += 1
            threading.Thread(target=self._entertain, args=(guest,), daemon=True).start()

    def _entertain(self, guest: socket.socket) -> None:
        guest.settimeout(_LONGEST_S)
        with suppress(OSError), guest:
            self._speak(guest)


def request_of(guest: socket.socket) -> tuple[str, bytes]:
    """The path and the body of one HTTP request; an empty path at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = guest.recv(65_536)
        if not piece:
            return "", b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"^content-length:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
    while length and len(body) < int(length[1]):
        piece = guest.recv(65_536)
        if not piece:
            break
        body += piece
    return head.split(b" ", 2)[1].decode("latin-1").partition("?")[0], body


def replaying(answers: Mapping[str, bytes], media_type: str) -> Speak:
    """Says the same to every question under a path."""

    def speak(guest: socket.socket) -> None:
        while (path := request_of(guest)[0]) != "":
            body = answers.get(path)
            status = "404 Not Found" if body is None else "200 OK"
            guest.sendall(framed(body or b"", media_type, status, "Set-Cookie: JSESSIONID=S1; Path=/"))

    return speak


def framed(body: bytes, media_type: str, status: str = "200 OK", *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {media_type}", *more]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Heard:
    """One question and its answer, as they went over the wire; `body` is the answer's, whole and inflated."""

    path: str
    sent: bytes
    received: bytes
    status: int
    media_type: str
    body: bytes


class Relay(Loopback):
    """Stands between the adapter and a department that is spoken to over HTTP, and keeps what passes."""

    def __init__(self, address: str) -> None:
        super().__init__(self._carry)
        self._there = urlsplit(address)
        self.base = self._there.path.rstrip("/")
        self._passed: list[tuple[bytearray, bytearray]] = []

    def heard(self) -> list[Heard]:
        """What was said, in order. Raises ValueError for an answer that is no HTTP."""
        return [each for sent, received in self._passed for each in _exchanges(bytes(sent), bytes(received))]

    def _carry(self, guest: socket.socket) -> None:
        sent, received = bytearray(), bytearray()
        self._passed.append((sent, received))
        with self._department() as there:
            while True:
                ready, _, _ = select.select([guest, there], [], [], _LONGEST_S)
                if guest in ready and not self._passed_on(guest, there, sent, asked=True):
                    return
                if there in ready and not self._passed_on(there, guest, received, asked=False):
                    return
                if not ready:
                    return

    def _passed_on(self, one: socket.socket, other: socket.socket, kept: bytearray, *, asked: bool) -> bool:
        piece = one.recv(65_536)
        if asked:  # the department must be called by its own name
            here = self.url.removeprefix("http://").encode()
            piece = piece.replace(b"Host: " + here, b"Host: " + self._there.netloc.encode(), 1)
        kept += piece
        other.sendall(piece)
        return bool(piece)

    def _department(self) -> socket.socket:
        secure = self._there.scheme == "https"
        host = self._there.hostname or ""
        port = self._there.port or (443 if secure else 80)
        there = socket.create_connection((host, port), _CONNECT_S)
        there.settimeout(_LONGEST_S)
        return ssl.create_default_context().wrap_socket(there, server_hostname=host) if secure else there


class _Bytes:
    """What HTTPResponse asks of a socket. Several answers may stand in one stream."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def makefile(self, _mode: str) -> io.BytesIO:
        return self._stream


class _Stream(io.BytesIO):
    def close(self) -> None:
        """HTTPResponse closes its reader after each answer; the next one stands behind it."""


def _exchanges(sent: bytes, received: bytes) -> list[Heard]:
    stream, found = _Stream(received), []
    for path, question in _questions(sent):
        begin = stream.tell()
        answer = http.client.HTTPResponse(_Bytes(stream))  # type: ignore[arg-type]  # it asks for makefile only
        try:
            answer.begin()
            body = answer.read()
        except http.client.HTTPException as error:
            raise ValueError(f"no HTTP: {type(error).__name__}") from error
        media_type = answer.headers.get_content_type()
        whole = received[begin : stream.tell()]
        found.append(Heard(path, question, whole, answer.status, media_type, body))
    return found


def _questions(sent: bytes) -> list[tuple[str, bytes]]:
    found = []
    while b"\r\n\r\n" in sent:
        head, _, rest = sent.partition(b"\r\n\r\n")
        length = re.search(rb"^content-length:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
        size = int(length[1]) if length else 0
        path = head.split(b" ", 2)[1].decode("latin-1").partition("?")[0]
        found.append((path, head + b"\r\n\r\n" + rest[:size]))
        sent = rest[size:]
    return found
