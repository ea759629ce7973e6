"""Switches on a real PostgreSQL and a good small configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.clock import Clock
from hub.database import Database
from hub.settings import Settings
from hub.switches.service import Switches
from tests.settings.conftest import folder, home, opened
from tests.switches.postgres import Server, fresh, serving

__all__ = ["folder", "home", "opened"]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with fresh(server) as made:
        yield made


@pytest.fixture
def settings(opened: Callable[[], Settings]) -> Iterator[Settings]:
    settings = opened()
    settings.watch()
    yield settings
    settings.stop()


@pytest.fixture
def switches(settings: Settings, database: Database) -> Iterator[Switches]:
    switches = Switches(settings, database, Clock())
    switches.start()
    yield switches
    switches.stop()


@pytest.fixture
def config_folder(folder: Path) -> Path:
    return folder
