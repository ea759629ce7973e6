"""A small real department: an HTTP server that behaves well, or as badly as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], bytes]


def good(question: dict[str, Any]) -> bytes:
    if question.get("operation") != "query":
        return json.dumps({"status": "open"}).encode()
    return json.dumps(
        {"id_number": question.get("id_number"), "balance_fen": 1250, "status": "normal", "payments": []}
    ).encode()


class Office:
    """`answer` makes the body; `status` goes with it; `hang` lets everyone wait; `seen` are the questions that came."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.heal()
        self._server = self._listen(0)
        self.port = self._server.server_address[1]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heal(self) -> None:
        self.answer: Answer = good
        self.status = 200
        self.delay_s = 0.0
        self.hanging = threading.Event()
        self.hanging.set()

    def says(self, **fields: Any) -> None:
        self.answer = lambda _: json.dumps(fields).encode()

    def hang(self) -> None:
        self.hanging = threading.Event()

    def down(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def up(self) -> None:
        self._server = self._listen(self.port)

    def close(self) -> None:
        self.hanging.set()
        with suppress(OSError):
            self.down()

    def _listen(self, port: int) -> ThreadingHTTPServer:
        office = self

        class Desk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                office._serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Desk)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    def _serve(self, desk: BaseHTTPRequestHandler) -> None:
        raw = desk.rfile.read(int(desk.headers.get("Content-Length", "0")))
        question = json.loads(raw) if raw else {}
        self.seen.append(question)
        self.headers.append(dict(desk.headers))
        self.hanging.wait(30)
        time.sleep(self.delay_s)
        body = self.answer(question)
        with suppress(OSError):
            desk.send_response(self.status)
            desk.send_header("Content-Length", str(len(body)))
            desk.end_headers()
            desk.wfile.write(body)


@contextmanager
def office() -> Iterator[Office]:
    opened = Office()
    try:
        yield opened
    finally:
        opened.close()
