"""One connection to a department, as the transport keeps it between calls: deadline, byte count, left-over bytes."""

from __future__ import annotations

import io
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Any

from hub.port import Halted, Stage

HEAD_CAP = 64 * 1024
_LONGEST_MS = 1_000_000
_STEP_S, _TIME = 1.0, struct.Struct("@ll")  # seconds and their millionths, as the kernel reads them


class PastDeadline(Exception):
    """The time of the call is over."""


class TooLarge(Exception):
    """More bytes came than are taken."""


class Line(io.RawIOBase):
    """The receiving side of a connection: every byte is counted, and none is waited for past the deadline.

    This is what ends a drip: the socket's own time-out starts anew with each byte, ours does not. A plain socket waits
    in the read itself, a step at a time, whose length the kernel is told when it is another: each look before a read
    is a call of the system, and a turn given to another thread.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.secure = isinstance(sock, ssl.SSLSocket)
        if not self.secure:
            sock.setblocking(True)
        self._step = 0.0
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
        count: int = self._received(self.sock.recv_into, buffer)
        self._counted(count)
        return count

    def take(self, most: int) -> bytes:
        """What is there, or what comes first; nothing when the peer has said all."""
        data: bytes = self._received(self.sock.recv, most)
        self._counted(len(data))
        return data

    def _counted(self, count: int) -> None:
        self.received += count
        if self.received > self.allowed:
            raise TooLarge

    def _received(self, receive: Callable[[Any], Any], into: Any) -> Any:
        while True:
            self._bound(self.wait())
            try:
                return receive(into)
            except BlockingIOError:
                continue  # a step is over; is there time for another?

    def _bound(self, left: float) -> None:
        """Of the next read."""
        if self.secure:
            self.sock.settimeout(left)
        elif (step := min(left, _STEP_S)) != self._step:
            self._step = step
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIME.pack(int(step), int(step % 1 * 1e6) + 1))

    def _push(self, data: Any) -> int:
        if self.secure:
            self.sock.settimeout(self.wait())
            return self.sock.send(data)
        while True:
            left = self.wait()
            try:
                return self.sock.send(data, socket.MSG_DONTWAIT)
            except BlockingIOError:
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
