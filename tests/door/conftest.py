"""A served app without a hub behind it, and one with a whole hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.main import Hub
from tests.conftest import Twins
from tests.door.visitor import sign_in
from tests.door.wire import Server, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving("tests.door.served:app", TEST_PROXIES="") as served:
        yield served


@pytest.fixture(scope="session")
def hub_environ(hub_home: Path, database: str, redis: str, twins: Twins) -> dict[str, str]:
    return {"HUB_HOME": str(hub_home), "HUB_DATABASE_URL": database, "HUB_REDIS_URL": redis, **twins.environ}


@pytest.fixture(scope="session")
def hub(hub_home: Path, hub_environ: dict[str, str]) -> Iterator[Hub]:
    opened = Hub.open(hub_home, {**os.environ, **hub_environ})
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def made(hub_home: Path) -> Path:
    return hub_home / "made.txt"


@pytest.fixture(scope="session")
def house(hub_environ: dict[str, str], made: Path) -> Iterator[Server]:
    with serving("tests.door.furnished:app", TEST_MADE=str(made), **hub_environ) as served:
        yield served


@pytest.fixture(scope="session")
def token(house: Server, twins: Twins) -> str:
    """A visitor's, at level 0."""
    return sign_in(house, twins)
