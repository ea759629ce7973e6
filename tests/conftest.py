"""What tests stand on: real PostgreSQL and Redis of their own, the departments' twins, and a whole demo county.

Session fixtures start on first use and end with the session. HUB_DATABASE_URL and HUB_REDIS_URL put servers of yours in
the place of the embedded ones; databases are made there under names of their own and dropped again.
"""

from __future__ import annotations

import gc
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from hub.database import Database
from hub.demo.embedded import embedded_redis, postgres
from hub.demo.supervisor import Supervisor
from hub.migrations.upgrade import upgrade
from tests.beside import Beside
from tests.county import HOMES, ROOT, County, running_county
from tests.reuse import Reused, execute, hasty

SYSTEMS = ("medical_insurance", "household_registration", "civil_affairs", "social_security", "housing_fund",
           "vehicle_administration", "health_commission", "sms_mobile", "sms_telecom", "wechat")  # fmt: skip
SECRETS = ("username", "password", "key", "key_old", "callback_key", "appid", "secret")


settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@dataclass
class Twins:
    """The twins of this session: `[name]` -> {url, address, system, protocol}; `environ` is what a hub is told."""

    entries: Mapping[str, Mapping[str, str]]
    secrets: Path
    environ: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environ = {f"{name.upper()}_ADDRESS": entry["address"] for name, entry in self.entries.items()}

    def __getitem__(self, name: str) -> Mapping[str, str]:
        return self.entries[name]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Beside | None:
    return Beside(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: nobody looks for waste in it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run whole counties keep every core busy, the others wait: spread, the former do not meet."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    busy = [file for file in files if any(_is_busy(item) for item in files[file])]
    for item in (item for file in busy for item in files[file]):
        item.add_marker(pytest.mark.timeout(900))
    others = [file for file in files if file not in busy]
    step = len(others) // len(busy) if busy else 0
    for at, file in enumerate(busy):
        others.insert(at * (step + 1), file)
    items[:] = [item for file in others for item in files[file]]


def _is_busy(item: pytest.Item) -> bool:
    return "county" in getattr(item, "fixturenames", ()) or item.path.parent.name == "faults"


@pytest.fixture(scope="session", autouse=True)
def loggers_stay_open() -> Iterator[None]:
    """A logger that is kept on first use would go on speaking to where the first test that used it listened."""
    configure = structlog.configure
    structlog.configure = lambda **options: configure(**{**options, "cache_logger_on_first_use": False})
    yield
    structlog.configure = configure


@pytest.fixture(autouse=True)
def loggers_speak_as_before() -> Iterator[None]:
    """A command that was tried in this process must not leave its stream to the tests after it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def hub_home() -> Iterator[Path]:
    """A HUB_HOME with secrets, short and passable by PostgreSQL's account; the session's own."""
    home = Path(tempfile.mkdtemp(prefix="xt-", dir=HOMES))
    home.chmod(0o711)
    folder = home / "secrets"
    folder.mkdir(mode=0o700)
    of_systems = (f"{system}_{secret}" for system in SYSTEMS for secret in SECRETS)
    for name in ("token_key", "seal_key", "sign_key", *of_systems):
        (folder / name).write_text(secrets.token_urlsafe(32), encoding="ascii")
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def servers(hub_home: Path) -> Iterator[Supervisor]:
    """Starts and ends the session's child processes."""
    supervisor = Supervisor(hub_home, print)
    yield supervisor
    supervisor.stop(10)


@pytest.fixture(scope="session")
def database_server(hub_home: Path, servers: Supervisor) -> str:
    """The URL of a PostgreSQL to make databases in."""
    if url := os.environ.get("HUB_DATABASE_URL"):
        return url
    server = postgres(hub_home, print)
    servers.start(hasty(server.program))
    servers.wait_ready(30, server.program.name)
    return server.url


@pytest.fixture(scope="session")
def make_database(database_server: str) -> Iterator[Callable[[], str]]:
    """Makes one more migrated, empty database and returns its URL. About 0.1 s each: they are copies of one."""
    made: list[str] = []

    def new(template: str = "template0") -> str:
        name = f"test_{secrets.token_hex(6)}"
        execute(database_server, f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return name

    model = new()
    database = Database(_url(database_server, model), pool_size=2)
    upgrade(database)
    database.close()
    yield lambda: _url(database_server, new(model))
    if "HUB_DATABASE_URL" not in os.environ:
        return  # they go with the server
    for name in reversed(made):
        execute(database_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def database(make_database: Callable[[], str]) -> str:
    """The URL of one migrated database for the whole session: tests that share it do not rely on it being empty."""
    return make_database()


@pytest.fixture(scope="session")
def reused(make_database: Callable[[], str], database_server: str) -> Iterator[Reused]:
    made = Reused(make_database, lambda statement: execute(database_server, statement))
    yield made
    made.end()


@pytest.fixture
def fresh_database(reused: Reused) -> Iterator[str]:
    """The URL of a migrated, empty database for one test."""
    url = reused.take()
    yield url
    reused.give_back(url)


@pytest.fixture(scope="session")
def redis(hub_home: Path, servers: Supervisor) -> str:
    """The URL of the session's Redis."""
    if url := os.environ.get("HUB_REDIS_URL"):
        return url
    server = embedded_redis(hub_home)
    servers.start(server.program)
    servers.wait_ready(10, server.program.name)
    return server.url


@pytest.fixture(scope="session")
def twins(hub_home: Path) -> Iterator[Twins]:
    """Every twin, in one process of its own, on free loopback ports."""
    out, log = hub_home / "twins.json", hub_home / "twins.log"
    command = [sys.executable, "-m", "adapters.twins", "--out", str(out), "--secrets", str(hub_home / "secrets")]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        until = time.monotonic() + 30
        while not out.exists():
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the twins did not start: {log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)
        yield Twins(json.loads(out.read_text(encoding="utf-8")), hub_home / "secrets")
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def light_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id, of a thousandth of the weight: for a test that makes all of the demo's accounts anew."""
    monkeypatch.setattr("hub.identity.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=16, parallelism=1))


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    """A whole demo county on free ports with a config folder of its own: what `make run` gives, for one test module."""
    with running_county() as running:
        yield running


def _url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
