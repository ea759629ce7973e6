"""A small asyncio server that gives canned answers after a fixed time: `python -m tests.bench.upstream PORT FILE MS`.

`GET /dead/on?/path` makes that path accept and never answer, `/dead/off` heals it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


class Site:
    def __init__(self, table: dict[str, tuple[str, str]], seconds: float) -> None:
        self.seconds = seconds
        self.dead: set[bytes] = set()
        self.answers = {path.encode(): _whole(kind, bytes.fromhex(body)) for path, (kind, body) in table.items()}

    def answer(self, path: bytes) -> tuple[float, bytes | None]:
        """After how many seconds, what; None for nothing at all."""
        path, _, asked = path.partition(b"?")
        if path in (b"/dead/on", b"/dead/off"):
            (self.dead.add if path.endswith(b"on") else self.dead.discard)(asked)
            return 0, _whole("text/plain", b"ok")
        if path in self.dead:
            return 0, None
        return self.seconds, self.answers.get(path) or _whole("text/plain", b"no such path", "404 Not Found")


class Guest(asyncio.Protocol):
    def __init__(self, site: Site) -> None:
        self.site, self.buffer = site, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self.buffer, 0, end + 2) if end >= 0 else None
        whole = end + 4 + (int(length[1]) if length else 0)
        if end < 0 or len(self.buffer) < whole:
            return
        path = self.buffer.split(b" ", 2)[1]
        self.buffer = self.buffer[whole:]
        seconds, answer = self.site.answer(path)
        if answer is not None:
            asyncio.get_running_loop().call_later(seconds, self.transport.write, answer)


def _whole(kind: str, body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def main(port: int, table: Path, milliseconds: float) -> None:
    site = Site(json.loads(table.read_text(encoding="utf-8")), milliseconds / 1000)
    server = await asyncio.get_running_loop().create_server(lambda: Guest(site), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
