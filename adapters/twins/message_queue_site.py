"""A message broker that speaks STOMP 1.2 over plain TCP, in this process: queues in memory, receipts, and bad habits.

Its queues are used from outside too (`put`, `waiting`), as a department would. Quirks:
Q52  number of times each message is delivered, the later ones after it was acknowledged; `reversed` turns the order
Q54  the message is taken and the connection closed before the receipt
drip seconds between two bytes it says
lost the message is not taken and the connection closed; `silent`: never a receipt; `denied`: no account is good
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import BinaryIO

from adapters.twins.tcp_site import slowly
from adapters.twins.wire import Door

_LINE = 65_536


@dataclass(slots=True, eq=False)
class Queued:
    id: str
    body: bytes
    deliveries: int = 0


@dataclass
class MessageQueueSite:
    """`start` opens it on a free port of loopback; `address` is what a hub is told."""

    username: str = "hub"
    password: str = "secret"
    quirks: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._door = Door(self.converse)
        self._queues: dict[str, deque[Queued]] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.address = f"stomp://127.0.0.1:{self._door.port}"

    def start(self) -> MessageQueueSite:
        self._door.open()
        return self

    def stop(self) -> None:
        self._door.close()

    def down(self) -> None:
        self._door.shut()

    def put(self, queue: str, body: bytes, id: str = "") -> None:
        with self._lock:
            self._queue(queue).append(Queued(id or f"m{next(self._numbers)}", body))

    def waiting(self, queue: str) -> list[Queued]:
        """What is in the queue now, delivered and unacknowledged included."""
        with self._lock:
            return list(self._queue(queue))

    def _queue(self, name: str) -> deque[Queued]:
        return self._queues.setdefault(name, deque())

    def converse(self, guest: socket.socket) -> None:
        """One connection, from its first frame to its last."""
        with guest.makefile("rb") as lines:
            desk = _Desk(self, guest)
            while (frame := _read(lines)) is not None:
                if not desk.answer(*frame):
                    return


class _Desk:
    """One connection."""

    def __init__(self, site: MessageQueueSite, guest: socket.socket) -> None:
        self.site, self.guest = site, guest
        self.unacknowledged: dict[str, tuple[str, Queued]] = {}
        self.let_in = False

    def answer(self, command: str, headers: dict[str, str], body: bytes) -> bool:
        match command:
            case "CONNECT" | "STOMP":
                return self._connect(headers)
            case "SEND" if self.let_in:
                return self._take(headers, body)
            case "SUBSCRIBE" if self.let_in:
                threading.Thread(target=self._deliver, args=(headers,), daemon=True).start()
            case "ACK" if self.let_in:
                self._acknowledge(headers.get("id", ""))
            case "DISCONNECT":
                return False
            case _:
                self._say("ERROR", {"message": "not now"})
                return False
        return True

    def _connect(self, headers: dict[str, str]) -> bool:
        account = (headers.get("login"), headers.get("passcode"))
        self.let_in = account == (self.site.username, self.site.password) and not self.site.quirks.get("denied")
        self._say("CONNECTED" if self.let_in else "ERROR", {"version": "1.2"})
        return self.let_in

    def _take(self, headers: dict[str, str], body: bytes) -> bool:
        quirks = self.site.quirks
        if quirks.get("lost"):
            return False
        self.site.put(headers["destination"], body, headers.get("message-id", ""))
        if quirks.get("Q54"):
            return False
        if "receipt" in headers and not quirks.get("silent"):
            self._say("RECEIPT", {"receipt-id": headers["receipt"]})
        return True

    def _deliver(self, headers: dict[str, str]) -> None:
        """Up to so many unacknowledged ones, until the guest leaves."""
        queue, most = headers["destination"], int(headers.get("prefetch-count", "10"))
        while self.guest.fileno() >= 0:
            with self.site._lock:
                known = {id(message) for _, message in self.unacknowledged.values()}
                found = [each for each in self.site._queue(queue) if id(each) not in known]
                found = (found[::-1] if self.site.quirks.get("reversed") else found)[: max(0, most - len(known))]
                named = {str(next(self.site._numbers)): (queue, message) for message in found}
                self.unacknowledged |= named
            try:
                for name, (_, message) in named.items():
                    message.deliveries += 1
                    self._say("MESSAGE", {"subscription": headers["id"], "message-id": message.id, "ack": name,
                                          "destination": queue, "content-length": str(len(message.body))},
                              message.body)  # fmt: skip
            except OSError:
                return
            time.sleep(0.01)

    def _acknowledge(self, name: str) -> None:
        times = int(str(self.site.quirks.get("Q52") or 1))
        with self.site._lock:
            queue, message = self.unacknowledged.pop(name, ("", None))
            if message is not None and message.deliveries >= times:
                self.site._queue(queue).remove(message)

    def _say(self, command: str, headers: dict[str, str], body: bytes = b"") -> None:
        head = "\n".join([command, *(f"{name}:{value}" for name, value in headers.items()), "", ""])
        said, pause = head.encode() + body + b"\0", float(str(self.site.quirks.get("drip") or 0))
        slowly(self.guest, said, 1 if pause else len(said), pause)


def _read(lines: BinaryIO) -> tuple[str, dict[str, str], bytes] | None:
    command = lines.readline(_LINE)
    while command in (b"\n", b"\r\n"):
        command = lines.readline(_LINE)
    if not command:
        return None
    headers: dict[str, str] = {}
    while (line := lines.readline(_LINE)) not in (b"\n", b"\r\n", b""):
        name, _, value = line.decode().rstrip("\r\n").partition(":")
        headers.setdefault(name, value)
    if "content-length" in headers:
        body = lines.read(int(headers["content-length"]))
        lines.read(1)
    else:
        body = b""
        while (byte := lines.read(1)) not in (b"\0", b""):
            body += byte
    return command.decode().strip(), headers, body
