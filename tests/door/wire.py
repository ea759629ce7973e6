"""A real server on a free port, and two ways to speak to it: proper requests and raw bytes."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from hub.demo.ports import free_port

ROOT = Path(__file__).parents[2]
_STARTS_WITHIN_S = 30


@dataclass(frozen=True)
class Told:
    """One answer."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The problem's code; the whole document is checked on the way."""
        body = self.body
        assert self.headers["content-type"] == "application/problem+json"
        jsonschema.validate(body, PROBLEM)
        assert body["status"] == self.status
        assert body["trace_id"] == self.headers["x-trace-id"]
        assert self.headers["cache-control"] == "no-store"
        if "retry_after" in body:
            assert self.headers["retry-after"] == str(body["retry_after"])
        code: str = body["code"]
        return code


PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "trace_id", "origin", "action"],
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "trace_id": {"pattern": "^[0-9a-f]{32}$"},
        "origin": {"pattern": "^(citizen|hub|(department|peer):.+)$"},
        "action": {"enum": ["retry", "login", "fix", "wait", "call"]},
        "errors": {"type": "array", "maxItems": 20, "items": {"required": ["path", "code", "message"]}},
    },
}


@dataclass(frozen=True)
class Server:
    """A served app."""

    port: int
    process: subprocess.Popen[bytes]

    def ask(self, method: str, path: str, content: bytes | None = None, headers: dict[str, str] | None = None) -> Told:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, content, headers or {})
            return _told(connection.getresponse())

    def post(self, path: str, content: Any, headers: dict[str, str] | None = None) -> Told:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.ask("POST", path, raw, {"Content-Type": "application/json", **(headers or {})})

    def get(self, path: str, headers: dict[str, str] | None = None) -> Told:
        return self.ask("GET", path, None, headers)

    def raw(self, sent: bytes, half_close: bool = False) -> Told:
        """What these very bytes are answered with."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=20)) as wire:
            wire.sendall(sent)
            if half_close:
                wire.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(wire)
            answer.begin()
            return _told(answer)


def _told(answer: http.client.HTTPResponse) -> Told:
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Told(answer.status, headers, answer.read())


@contextmanager
def serving(target: str, threads: int = 64, workers: int = 1, **environ: str) -> Iterator[Server]:
    """The server of `hub serve`, ended at the end."""
    port = free_port()
    command = [sys.executable, "-m", "tests.door.serve", target, str(port), str(workers), str(threads)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    process = subprocess.Popen(command, cwd=ROOT, env=environ, process_group=0)
    try:
        _wait_for(port, process)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait(40)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")
