"""The rooms that sign people in, on a real PostgreSQL and the shipped configuration, with a clock that can be moved."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from adapters.twins.wire import Server
from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.identity.service import Identity, Known
from hub.login.service import Ask, Login
from hub.main import Hub
from hub.port import PortError, Reply
from hub.settings.live import Settings
from hub.settings.secrets import Secrets
from hub.trace import Trace
from tests.county import ROOT, SUITE

KNOWN = Known("362623190205121932", "韩山福", "15400000001", 2, "360423001", "household_registration")
OPENID = "oDEMO_Gcapq6IAkj0scfVGPdVn2L"
SESSION_KEY = "c2Vzc2lvbi1rZXktMDEyMw=="


class MovableClock(Clock):
    """Real time and whatever was added to it; after `stop` only what is added moves it."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._stopped: datetime | None = None

    def stop(self) -> None:
        self._stopped = super().now()

    def now(self) -> datetime:
        return (self._stopped or super().now()) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@contextmanager
def movable_hub(home: Path, database: str, redis: str, twins: Mapping[str, str]) -> Iterator[Hub]:
    """A started hub whose clock can be moved. `twins`: where the departments are."""
    told = {"HUB_HOME": str(home), "HUB_DATABASE_URL": database, "HUB_REDIS_URL": redis, **twins}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.main.Clock", MovableClock)
        hub = Hub.open(home, {**os.environ, **told})
    hub.start()
    yield hub
    hub.close()


@dataclass
class Platform:
    """What stands where the gateway does: answers for WeChat as told, and counts."""

    openid: str = OPENID
    fails: PortError | None = None
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)

    def __call__(self, operation: str, fields: Mapping[str, Any], trace: Trace) -> Reply:
        assert operation == "code2session"
        self.asked.append(fields)
        self.entered.set()
        if self.fails:
            raise self.fails
        return Reply({"openid": self.openid, "session_key": SESSION_KEY})


@dataclass
class Room:
    """One worker's rooms. Two of them on one database are two workers."""

    url: str
    home: Path
    config: Path
    ask: Ask
    clock: MovableClock = field(default_factory=MovableClock)

    def __post_init__(self) -> None:
        self.settings = Settings(self.config, Secrets({}, self.home), self.clock)
        keys = self.settings.now.hub.seal_keys
        self.crypto = Crypto({name: key.encode() for name, key in keys.items()}, SUITE)
        self.database = Database(self.url, pool_size=20)
        self.identity = Identity(self.crypto, self.clock)
        self.login = Login(self.settings, self.database, self.crypto, self.clock, self.identity, self.ask)

    def close(self) -> None:
        self.database.close()


def copied_config(folder: Path) -> Path:
    """The shipped configuration without services and systems: signing in needs neither."""
    folder.mkdir()
    for source in (ROOT / "config").glob("*.yaml"):
        shutil.copy(source, folder)
    (folder / "systems.yaml").write_text("{}\n", encoding="utf-8")
    for name in ("licences", "bundles", "health_code", "sharing", "recognition"):  # they name services or systems
        (folder / f"{name}.yaml").unlink(missing_ok=True)
    (folder / "services").mkdir()
    return folder


def everything(url: str) -> bytes:
    """Every row of every table, as PostgreSQL writes it out."""
    with psycopg.connect(plain(url)) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        dump = b""
        for (name,) in names:
            with connection.cursor().copy(f'COPY (TABLE "{name}") TO STDOUT') as rows:  # type: ignore[arg-type]
                dump += b"".join(bytes(row) for row in rows)
    # bytea is written in hex: give the bytes themselves too
    return dump + b"".join(bytes.fromhex(word.decode()) for word in re.findall(rb"\\\\x([0-9a-f]+)", dump))


def plain(url: str, database: str | None = None) -> str:
    parsed = make_url(url).set(drivername="postgresql")
    return (parsed.set(database=database) if database else parsed).render_as_string(hide_password=False)


def close_database(url: str, open_again: bool = False) -> None:
    """Ends every connection to a database and lets none in, or lets them in again: PostgreSQL away, from outside."""
    name = make_url(url).database
    with psycopg.connect(plain(url, "postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {open_again}".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def admin(twin: Server, method: str, path: str, **value: object) -> Any:
    """Tells the WeChat twin something."""
    request = urllib.request.Request(f"{twin.url}/twin/{path}", json.dumps(value).encode(), method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def new_code(twin: Server, openid: str = OPENID) -> str:
    """What wx.login gives."""
    return str(admin(twin, "POST", "login-codes", openid=openid)["code"])


def at_last(ask: Callable[[], str]) -> str:
    """What one is told. On a slow machine some wait too long for a connection: whoever is told so comes again."""
    while (told := ask()) == "STORE_UNAVAILABLE":
        pass
    return told
