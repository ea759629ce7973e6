"""The lines to one department: made by its checked address, kept between calls while they are good, at most so many."""

from __future__ import annotations

import socket
import ssl
import time
from collections import deque

from adapters.protocols.line import Line
from adapters.protocols.target import Target
from hub.port import Garbled, Unavailable

CONNECT_S = 2.0
IDLE_S = 30.0


class Lines:
    """Used by many threads at once. Deadlines are time.monotonic() seconds."""

    def __init__(self, target: Target, tls: ssl.SSLContext | None, keep: int) -> None:
        self._target, self._tls = target, tls
        self._idle: deque[Line] = deque(maxlen=keep)

    def kept(self) -> Line | None:
        """A line of before that is still good."""
        while True:
            try:
                line = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - line.idle_since < IDLE_S and line.quiet():
                return line
            line.hang_up()

    def keep(self, line: Line) -> None:
        line.idle_since = time.monotonic()
        if len(self._idle) == self._idle.maxlen:
            line.hang_up()
        else:
            self._idle.append(line)

    def fresh(self, deadline: float) -> Line:
        """Raises Unavailable, and Garbled (UPSTREAM_TLS) when the peer is not who it should be."""
        target = self._target
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unavailable("no time was left to connect")
        sock = socket.socket(socket.AF_INET6 if ":" in target.address else socket.AF_INET)
        try:
            sock.settimeout(min(left, CONNECT_S))
            sock.connect((target.address, target.port))
        except OSError as error:
            sock.close()
            raise Unavailable(f"connect: {error.strerror or error}") from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Line(self._secured(sock, deadline))

    def close(self) -> None:
        while self._idle:
            self._idle.pop().hang_up()

    def _secured(self, sock: socket.socket, deadline: float) -> socket.socket:
        if self._tls is None:
            return sock
        try:
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            return self._tls.wrap_socket(sock, server_hostname=self._target.host)
        except TimeoutError as error:
            sock.close()
            raise Unavailable("TLS: no handshake in time") from error
        except (ssl.SSLError, ssl.CertificateError) as error:
            sock.close()
            raise Garbled(f"TLS: {error.reason or error}", code="UPSTREAM_TLS") from error
        except OSError as error:
            sock.close()
            raise Unavailable(f"TLS: {error.strerror or error}") from error
