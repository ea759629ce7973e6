"""The sockets of a twin: a small threaded HTTP/1.1 server that can also break every rule, byte by byte.

A twin has two doors. The service door (`address`) is really closed while it is `down`; the control door (`url`) always
answers below /twin/. Either door serves both kinds of path.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import BinaryIO

from adapters.twins.toxics import Cut, Drip
from adapters.twins.twin import Answer, Request, Twin

LINE = 65_536


class Door:
    """One listening port on loopback that can be shut and opened again without losing its number."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._place = _bound(0)  # bound, never listening: keeps the number ours while the door is shut
        self.port: int = self._place.getsockname()[1]
        self._listener: socket.socket | None = None
        self._guests: set[socket.socket] = set()
        self._lock = threading.Lock()

    def open(self) -> None:
        with self._lock:
            if self._listener is None:
                self._listener = _bound(self.port)
                self._listener.listen(1024)
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self, spare: socket.socket | None = None) -> None:
        """Refuse new connections, reset the open ones but for the one that asked for it."""
        with self._lock:
            listener, self._listener = self._listener, None
            guests = self._guests - {spare}
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept(); close alone would not
            listener.close()
        for guest in guests:
            reset(guest)

    def close(self) -> None:
        self.shut()
        self._place.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                guest, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._guests.add(guest)
            threading.Thread(target=self._entertain, args=(guest,), daemon=True).start()

    def _entertain(self, guest: socket.socket) -> None:
        try:
            guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serve(guest)
        except (OSError, ValueError):
            pass  # the guest left, or was reset by us
        finally:
            with self._lock:
                self._guests.discard(guest)
            guest.close()


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def reset(guest: socket.socket) -> None:
    """End a connection with RST instead of FIN."""
    try:
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        guest.shutdown(socket.SHUT_RD)  # wakes a reader in another thread
        guest.close()
    except OSError:
        pass


class Server:
    """Serves one twin. Ports are chosen by the machine."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self._service = Door(self._converse if twin.scheme == "http" else twin.converse)
        self._control = Door(self._converse)
        self.address = f"{twin.scheme}://127.0.0.1:{self._service.port}"
        self.url = f"http://127.0.0.1:{self._control.port}"

    def start(self) -> Server:
        self._service.open()
        self._control.open()
        return self

    def stop(self) -> None:
        self.twin.healed.set()
        self._service.close()
        self._control.close()

    def _converse(self, guest: socket.socket) -> None:
        with guest.makefile("rb") as lines:
            while (request := read_request(lines)) is not None:
                if not self._reply(guest, request) or request.headers.get("connection", "").lower() == "close":
                    return

    def _reply(self, guest: socket.socket, request: Request) -> bool:
        """Answer one request; False when the connection ends with it."""
        if request.path.startswith("/twin/"):
            answer = self.twin.administer(request)
            self._follow_toxics(guest)
            guest.sendall(_head(answer, None) + answer.body)
            return True
        self.twin.counted()
        faults = self.twin.toxics
        if faults.down:
            reset(guest)
            return False
        if self.twin.lucky(faults.hang):
            self.twin.healed.wait()
            return False
        if faults.latency_ms:
            time.sleep(faults.latency_ms / 1000)
        answer = _refusal(faults.status) if faults.status else self.twin.answer(request)
        if self.twin.lucky(faults.accept_then_drop):
            reset(guest)
            return False
        return _send(guest, self.twin.spoiled(answer), faults.truncate_at, faults.drip)

    def _follow_toxics(self, asking: socket.socket) -> None:
        if self.twin.toxics.down:
            self._service.shut(spare=asking)
        else:
            self._service.open()


def read_request(lines: BinaryIO) -> Request | None:
    """The next request of a connection; None at its end."""
    first = lines.readline(LINE)
    if not first.strip():
        return None
    method, target, _ = first.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := lines.readline(LINE)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    path, _, query = target.partition("?")
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b"".join(_chunks(lines))
    else:
        body = lines.read(int(headers.get("content-length", 0)))
    return Request(method, path, query, headers, body)


def _chunks(lines: BinaryIO) -> list[bytes]:
    pieces = []
    while size := int(lines.readline(LINE).split(b";")[0], 16):
        pieces.append(lines.read(size))
        lines.readline(LINE)
    lines.readline(LINE)
    return pieces


def _refusal(status: int) -> Answer:
    return Answer(f"<html><body>{status}</body></html>".encode(), status)


def _head(answer: Answer, cut: Cut | None) -> bytes:
    framing = cut.framing if cut else "length"
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    if answer.media_type:
        lines.append(f"Content-Type: {answer.media_type}")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if framing == "length":
        lines.append(f"Content-Length: {len(answer.body)}")
    elif framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
    else:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _send(guest: socket.socket, answer: Answer, cut: Cut | None, drip: Drip | None) -> bool:
    """Send it, cut and dripped as told; False when it was cut and the connection therefore ends."""
    head, body = _head(answer, cut), answer.body
    if cut is not None:
        body = body[: cut.at]
        if cut.framing == "chunked":  # one chunk that promises more than it brings
            body = f"{len(answer.body):x}\r\n".encode() + body
    if drip is None:
        guest.sendall(head + body)
    else:
        _drip(guest, head, drip.head)
        _drip(guest, body, drip.body)
    return cut is None


def _drip(guest: socket.socket, data: bytes, pause: float) -> None:
    if not pause:
        guest.sendall(data)
        return
    for position in range(len(data)):
        guest.sendall(data[position : position + 1])
        time.sleep(pause)
