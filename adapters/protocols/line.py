"""One connection to a department, as the transport keeps it between calls: deadline, byte count, left-over bytes."""

from __future__ import annotations

import io
import select
import socket
import ssl
import time
from typing import Any

HEAD_CAP = 64 * 1024


class PastDeadline(Exception):
    """The time of the call is over."""


class TooLarge(Exception):
    """More bytes came than are taken."""


class Line(io.RawIOBase):
    """The receiving side of a connection: every byte is counted, and none is waited for past the deadline.

    This is what ends a drip: the socket's own time-out starts anew with each byte, ours does not.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
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
        self.sock.settimeout(self.wait())
        count = self.sock.recv_into(buffer)
        self.received += count
        if self.received > self.allowed:
            raise TooLarge
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What HTTPResponse asks of a socket."""
        return _Reader(self)

    def close(self) -> None:
        """Left to `hang_up`: HTTPResponse closes its reader after each answer, the connection lives on."""

    def send(self, data: bytes) -> bool:
        """Send all of it. Raises OSError only when not one byte was taken; False when it broke later."""
        self.sock.settimeout(self.wait())
        left = memoryview(data)[self.sock.send(data) :]
        try:
            while left:
                self.sock.settimeout(self.wait())
                left = left[self.sock.send(left) :]
        except (OSError, PastDeadline):
            return False
        return True

    def quiet(self) -> bool:
        """Nothing waits to be read: neither the peer's goodbye nor bytes that belong to nobody."""
        asking = select.poll()
        asking.register(self.sock, select.POLLIN)
        return not asking.poll(0) and not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending())

    def hang_up(self) -> None:
        self.sock.close()


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
