"""STOMP 1.2 in the few frames we need, over a line that keeps the deadline: connect, send, subscribe, acknowledge."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from adapters.protocols.broker import Message, Place, delivered
from adapters.protocols.line import Line, PastDeadline, TooLarge
from adapters.protocols.lines import Lines
from hub.port import Delivery, Denied, Garbled, OutcomeUnknown, Unavailable

_IDLE_S = 0.3
_LARGEST = 16 * 1024 * 1024
_ESCAPES = {"\\": "\\\\", "\r": "\\r", "\n": "\\n", ":": "\\c"}
_BACK = {escape: sign for sign, escape in _ESCAPES.items()}

Frame = tuple[str, dict[str, str], bytes]


class _Gone(Exception):
    """The broker closed the connection, or the time is over."""


class _Wire:
    """One connection."""

    def __init__(self, line: Line, deadline: float) -> None:
        self.line = line
        self.begin(deadline)
        self._lines = io.BufferedReader(self.line, 16_384)

    def begin(self, deadline: float) -> None:
        self.line.begin(deadline)
        self.line.allowed = _LARGEST

    def send(self, command: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        plain = command in ("CONNECT", "CONNECTED")  # these two alone are never escaped
        head = [f"{name}:{value if plain else _escaped(value)}" for name, value in headers.items()]
        raw = "\n".join([command, *head, "", ""]).encode() + body + b"\0"
        try:
            whole = self.line.send(raw)
        except (OSError, PastDeadline) as error:
            raise _Gone from error
        if not whole:
            raise _Gone

    def read(self) -> Frame:
        try:
            command = self._line()
            while not command:  # heart-beats between frames
                command = self._line()
            headers: dict[str, str] = {}
            while line := self._line():
                name, _, value = line.partition(":")
                headers.setdefault(_plain(name), _plain(value))
            body = self._body(headers.get("content-length"))
        except (OSError, PastDeadline) as error:
            raise _Gone from error
        except (TooLarge, ValueError) as error:
            raise Garbled(f"no STOMP frame: {type(error).__name__}") from error
        return command, headers, body

    def _line(self) -> str:
        raw = self._lines.readline(65_536)
        if not raw.endswith(b"\n"):
            raise _Gone
        return raw.rstrip(b"\r\n").decode("utf-8")

    def _body(self, length: str | None) -> bytes:
        if length is None:
            pieces = bytearray()
            while (byte := self._lines.read(1)) not in (b"\0", b""):
                pieces += byte
            return bytes(pieces)
        wanted = int(length)
        if wanted > _LARGEST:
            raise TooLarge
        body = self._lines.read(wanted + 1)
        if len(body) != wanted + 1 or body[-1:] != b"\0":
            raise _Gone
        return body[:-1]


class Stomp:
    def __init__(self, place: Place) -> None:
        self._place = place

    def knock(self, deadline: float) -> None:
        with self._connected(deadline):
            return

    def publish(self, message: Message, deadline: float) -> None:
        with self._connected(deadline) as wire:
            headers = {"destination": message.topic, "content-type": message.content_type, "receipt": "1",
                       "content-length": str(len(message.body)), "persistent": "true"}  # fmt: skip
            if message.id:
                headers["message-id"] = headers["correlation-id"] = message.id
            try:
                wire.send("SEND", headers, message.body)
                command, told, _ = wire.read()
            except _Gone as error:
                raise OutcomeUnknown("the broker went away before its receipt") from error
            if command == "ERROR":
                raise Unavailable("the broker refuses the message")
            if command != "RECEIPT" or told.get("receipt-id") != "1":
                raise OutcomeUnknown("no receipt")

    def receive(self, deadline: float) -> Iterator[Delivery]:
        own = self._place.own
        with self._connected(deadline) as wire:
            subscription = {"id": "1", "destination": own["queue"], "ack": "client-individual"}
            try:
                wire.send("SUBSCRIBE", {**subscription, "prefetch-count": str(own["prefetch"])})
                while time.monotonic() < deadline:
                    wire.begin(min(deadline, time.monotonic() + _IDLE_S))
                    command, headers, body = wire.read()
                    if command != "MESSAGE":
                        raise Unavailable(f"the broker says {command[:20]}")
                    wire.begin(deadline)
                    yield delivered(headers.get("message-id", ""), body, own["body"], (wire, headers.get("ack", "")))
            except _Gone:
                return  # nothing waits, or it went away: what was not acknowledged comes again

    def acknowledge(self, delivery: Delivery) -> None:
        wire, name = delivery.handle
        try:
            wire.send("ACK", {"id": name})
        except _Gone as error:
            raise Unavailable("the broker went away") from error

    @contextmanager
    def _connected(self, deadline: float) -> Iterator[_Wire]:
        wire = self._connect(deadline)
        try:
            yield wire
        finally:
            with suppress(_Gone):
                wire.begin(time.monotonic() + _IDLE_S)
                wire.send("DISCONNECT", {})
            wire.line.hang_up()

    def _connect(self, deadline: float) -> _Wire:
        place = self._place
        wire = _Wire(Lines(place.target, place.tls, keep=0).fresh(deadline), deadline)
        account = {"login": place.username, "passcode": place.password}
        try:
            wire.send("CONNECT", {"accept-version": "1.2", "host": place.own["virtual_host"], **account})
            command, _, _ = wire.read()
        except _Gone as error:
            wire.line.hang_up()
            raise Unavailable("the broker does not let us in") from error
        if command != "CONNECTED":
            wire.line.hang_up()
            raise Denied("the broker refuses our account")
        return wire


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(sign, sign) for sign in text)


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    pieces, position = [], 0
    while position < len(text):
        step = 2 if text[position] == "\\" else 1
        piece = text[position : position + step]
        pieces.append(_BACK[piece] if step == 2 and piece in _BACK else piece)
        position += step
    return "".join(pieces)
