"""A server that keeps no rules: each connection is handed to a script that writes raw bytes."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType

Script = Callable[[socket.socket, int], None]


def read_request(guest: socket.socket) -> bytes:
    """One request with its Content-Length body; empty at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = guest.recv(65_536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += guest.recv(65_536)
    return head + b"\r\n\r\n" + body


def always(answer: bytes, *, close: bool = True) -> Script:
    """Answer every request with these bytes."""

    def script(guest: socket.socket, _number: int) -> None:
        while read_request(guest):
            guest.sendall(answer)
            if close:
                return

    return script


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Rogue:
    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script, self._tls = script, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.connections = 0

    def __enter__(self) -> Rogue:
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()  # closed under it, the next listener may get its number and meet this script
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                guest, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._entertain, args=(guest, self.connections), daemon=True).start()

    def _entertain(self, guest: socket.socket, number: int) -> None:
        try:
            with self._tls.wrap_socket(guest, server_side=True) if self._tls else guest as wire:
                self.script(wire, number)
        except OSError:
            pass
