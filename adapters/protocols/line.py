"""One connection to a department, as the transport keeps it between calls: deadline, byte count, left-over bytes."""

from __future__ import annotations

import io
import select
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

from hub.port import Halted, Stage

HEAD_CAP = 64 * 1024
_LONGEST_MS = 1_000_000


class PastDeadline(Exception):
    """The time of the call is over."""


class TooLarge(Exception):
    """More bytes came than are taken."""


class Line(io.RawIOBase):
    """The receiving side of a connection: every byte is counted, and none is waited for past the deadline.

    This is what ends a drip: the socket's own time-out starts anew with each byte, ours does not. A plain socket is
    never told a time-out at all: each telling is a call of the system, and so is each look before a read or write.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.secure = isinstance(sock, ssl.SSLSocket)
        if not self.secure:
            sock.setblocking(False)
        self._incoming = select.poll()
        self._incoming.register(sock, select.POLLIN)
        self.idle_since = 0.0
        self.begin(0.0)

    def begin(self, deadline: float) -> None:
        self.deadline = deadline
        self.received, self.allowed = 0, HEAD_CAP
        self.ended = self.spare = False

    def wait(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise PastDeadline
        return left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.ended:
            return 0
        count = self._receive(buffer)
        self.received += count
        if self.received > self.allowed:
            raise TooLarge
        return count

    def _receive(self, buffer: Any) -> int:
        if self.secure:
            self.sock.settimeout(self.wait())
            return self.sock.recv_into(buffer)
        while True:
            if not self._incoming.poll(_milliseconds(self.wait())):
                continue
            with suppress(BlockingIOError):  # woken for nothing
                return self.sock.recv_into(buffer)

    def _push(self, data: Any) -> int:
        if self.secure:
            self.sock.settimeout(self.wait())
            return self.sock.send(data)
        while True:
            left = self.wait()
            with suppress(BlockingIOError):
                return self.sock.send(data)
            outgoing = select.poll()
            outgoing.register(self.sock, select.POLLOUT)
            outgoing.poll(_milliseconds(left))

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What HTTPResponse asks of a socket."""
        return _Reader(self)

    def close(self) -> None:
        """Left to `hang_up`: HTTPResponse closes its reader after each answer, the connection lives on."""

    def send(self, data: bytes, stage: Stage | None = None) -> bool:
        """Send all of it. Raises OSError (or Halted) only when not one byte was taken; False when it broke later.

        A filing leaves in halves: whoever ordered it is asked before each piece whether it still may.
        """
        left = memoryview(data)
        if stage is not None:
            stage("body_started")
        left = left[self._push(left[: len(left) // 2] if stage else left) :]
        try:
            while left:
                if stage is not None:
                    stage("body_half")
                left = left[self._push(left) :]
        except (OSError, PastDeadline, Halted):
            return False
        if stage is not None:
            stage("body_done")
        return True

    def quiet(self) -> bool:
        """Nothing waits to be read: neither the peer's goodbye nor bytes that belong to nobody."""
        return not self._incoming.poll(0) and not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending())

    def hang_up(self) -> None:
        self.sock.close()


def _milliseconds(seconds: float) -> int:
    return min(int(seconds * 1000) + 1, _LONGEST_MS)


class _Reader(io.BufferedReader):
    """Notices bytes that came behind the answer: such a connection must not serve the next citizen."""

    def __init__(self, line: Line) -> None:
        super().__init__(line, 16_384)
        self._line: Line | None = line

    def close(self) -> None:
        line, self._line = self._line, None  # closing again, as the garbage collector does, must change nothing
        if line is not None:
            line.ended = True
            line.spare = bool(self.peek(1))
