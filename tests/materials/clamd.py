"""A scanner that speaks as clamd does over TCP: INSTREAM with lengths, an answer that ends with NUL, a size limit."""

from __future__ import annotations

import socketserver
import threading
from typing import Any

from hub.demo.ports import free_port

SIGNATURE = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LARGEST = 25 * 1024 * 1024


class _Line(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        scanner: Clamd = self.server.scanner
        if scanner.mood == "hangs_up":
            return
        if self.rfile.read(10) != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        body = b""
        while length := int.from_bytes(self.rfile.read(4), "big"):
            body += self.rfile.read(length)
            if len(body) > LARGEST:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        scanner.seen.append(len(body))
        if scanner.mood == "error" or len(body) == scanner.refuses:
            self.wfile.write(b"stream: Can't allocate memory ERROR\0")
        elif SIGNATURE in body:
            self.wfile.write(b"stream: Win.Test.EICAR_HDB-1 FOUND\0")
        else:
            self.wfile.write(b"stream: OK\0")


class Clamd:
    """`mood`: well | hangs_up | error; `refuses`: a size it will not scan. `away()` closes its door, `back()` opens it
    again at the same address."""

    def __init__(self) -> None:
        self.mood = "well"
        self.refuses = -1
        self.seen: list[int] = []
        self._server: socketserver.ThreadingTCPServer | None = None
        self._port = 0
        self.back()
        self.address = f"tcp://127.0.0.1:{self._port}"

    def back(self) -> None:
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", self._port), _Line)
        self._server.daemon_threads = True
        self._server.scanner = self  # type: ignore[attr-defined]
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def away(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def close(self) -> None:
        self.away()


def nobody() -> str:
    """An address where nothing listens."""
    return f"tcp://127.0.0.1:{free_port()}"
