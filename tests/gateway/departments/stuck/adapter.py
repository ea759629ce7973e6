"""A driver that does not know what a deadline is: it reads from its socket until something comes."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from hub.port import Call, Reply, Setting


class Adapter:
    may_hang = True

    def __init__(self, setting: Setting) -> None:
        self._target = urlsplit(setting.address)

    def call(self, call: Call) -> Reply:
        with socket.create_connection((self._target.hostname or "", self._target.port or 0)) as line:
            line.sendall(b"POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
            line.recv(1)
        return Reply({"status": "open"})

    def probe(self, deadline: float) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass
