"""Recorded answers of a department, served byte by byte, and an adapter opened on them as the hub opens it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hub.crypto import Crypto
from hub.gateway.redis_line import RedisLine, connect
from hub.gateway.shared import SharedStore
from hub.port import Adapter, Setting, Shared
from hub.systems import opening
from hub.systems.opening import Recording, replayed
from tests.county import SUITE
from tests.protocols.departments import ADAPTERS, Change, facts_of
from tests.protocols.rogue import Rogue, Script, http, read_request

__all__ = ["Recording", "lonely", "recorded", "recordings", "replayed"]

SECRETS = {name: f"sample {name}" for name in ("username", "password", "key")}


def lonely(system: str) -> Shared:
    """The store of a worker whose Redis is away: it keeps everything in its own process."""
    line = RedisLine(connect("redis://127.0.0.1:9"))
    return SharedStore(line, Crypto({"k1": os.urandom(32)}, SUITE)).for_system(system)


def recordings(system: str) -> list[Recording]:
    """The samples of a system that say how they came about."""
    return opening.recordings(ADAPTERS / system)


@contextmanager
def recorded(
    system: str, answers: Mapping[str, str], media_type: str, change: Change | None = None
) -> Iterator[Adapter]:
    """`answers` says which sample is the answer to which path; `/login.do` sets a cookie."""
    folder = ADAPTERS / system / "samples"
    with Rogue(_by_path({path: (folder / name).read_bytes() for path, name in answers.items()}, media_type)) as served:
        protocol, facts = facts_of(system, change)
        adapter: Adapter = protocol.Adapter(
            Setting(system, served.url, facts, ADAPTERS / system, lonely(system), SECRETS, allow_private=True)
        )
        try:
            yield adapter
        finally:
            adapter.close()


def _by_path(bodies: Mapping[str, bytes], media_type: str) -> Script:
    def script(guest: socket.socket, _: int) -> None:
        while request := read_request(guest):
            path = request.split(b" ", 2)[1].decode("ascii")
            headers = [f"Content-Type: {media_type}"] + ["Set-Cookie: JSESSIONID=S1; Path=/"] * (path == "/login.do")
            guest.sendall(http(bodies[path], *headers))

    return script
