"""What the twins on bare TCP share: frames with a length before them, every toxic, and the quirks of such lines.

Q25  the answer comes in pieces of seven bytes
Q28  "glued" (another answer stuck to it), "previous" (the answer to the question before), or false
Q29  true: whether the length header counts itself is the other way round than declared; "answers": in answers only
alone  a second connection ends the first, as old front ends do
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from adapters.twins.toxics import Cut, Drip
from adapters.twins.twin import Answer, Twin
from adapters.twins.wire import reset

PIECE = 7


class TcpSite(Twin):
    """A twin of its own overrides `told`, which gets one message and returns its answer, or None to hang up."""

    scheme: ClassVar[str] = "tcp"

    def __init__(
        self, system: str, protocol: str, seed: int, charset: str, facts: Mapping[str, Any], **quirks: Any
    ) -> None:
        shown = {"Q25": False, "Q28": False, "Q29": False, "alone": facts["connections"].get("alone", False), **quirks}
        super().__init__(system, protocol, seed, charset, shown, system)
        framing = facts["framing"]
        self._width: int = framing["length_bytes"]
        self._binary = framing.get("length_as") == "binary"
        self._counts_itself = bool(framing.get("length_includes_header"))
        self._before = b""
        self._guest: socket.socket | None = None
        self._guests = threading.Lock()

    def told(self, message: bytes) -> bytes | None:
        """The department's own logic. Called by many threads at once."""
        raise NotImplementedError

    def converse(self, guest: socket.socket) -> None:
        self._welcome(guest)
        while (message := self._frame(guest)) is not None:
            if not self._reply(guest, message):
                return

    def guest(self) -> socket.socket:
        """Whoever connected last."""
        assert self._guest is not None
        return self._guest

    def _welcome(self, guest: socket.socket) -> None:
        with self._guests:
            before, self._guest = self._guest, guest
        if before is not None and self.quirk("alone"):
            reset(before)

    def _frame(self, guest: socket.socket) -> bytes | None:
        head = exactly(guest, self._width)
        if head is None:
            return None
        length = int.from_bytes(head, "big") if self._binary else int(head)
        return exactly(guest, length - (self._width if self._counts_itself != (self.quirk("Q29") is True) else 0))

    def _reply(self, guest: socket.socket, message: bytes) -> bool:
        """Answer one message; False when the connection ends with it."""
        self.counted()
        faults = self.toxics
        if faults.down or faults.status:  # there is no status here: who fails hangs up
            reset(guest)
            return False
        if self.lucky(faults.hang):
            self.healed.wait()
            return False
        if faults.latency_ms:
            time.sleep(faults.latency_ms / 1000)
        answer = self.told(message)
        if answer is None or self.lucky(faults.accept_then_drop):
            reset(guest)
            return False
        if self.quirk("Q28") == "previous":
            answer, self._before = self._before or answer, answer
        return self._send(guest, self.spoiled(Answer(answer)).body, faults.truncate_at, faults.drip)

    def _send(self, guest: socket.socket, message: bytes, cut: Cut | None, drip: Drip | None) -> bool:
        """`length` and `chunked`: the length promises more than comes. `close`: it was cut before it was counted."""
        if cut is not None:
            head = self._head(len(message[: cut.at] if cut.framing == "close" else message))
            message = message[: cut.at]
        else:
            head = self._head(len(message))
        if self.toxics.garbage == "html":
            head = b""  # a proxy in front of the department knows no frames
        data = head + message
        if self.quirk("Q28") == "glued":
            data += head + message
        if drip is not None:
            slowly(guest, head, 1, drip.head)
            slowly(guest, message, 1, drip.body)
        elif self.quirk("Q25"):
            slowly(guest, data, PIECE, 0.001)
        else:
            guest.sendall(data)
        return cut is None and bool(head)

    def _head(self, length: int) -> bytes:
        if self._counts_itself != bool(self.quirk("Q29")):
            length += self._width
        return length.to_bytes(self._width, "big") if self._binary else b"%0*d" % (self._width, length)


def exactly(guest: socket.socket, count: int) -> bytes | None:
    """So many bytes; None when the guest left before."""
    data = b""
    while len(data) < count:
        piece = guest.recv(count - len(data))
        if not piece:
            return None
        data += piece
    return data


def slowly(guest: socket.socket, data: bytes, size: int, pause: float) -> None:
    for position in range(0, len(data), size):
        guest.sendall(data[position : position + size])
        time.sleep(pause)
