"""A whole hub over real stores and twins, with people, a desk and a push that is turned by hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blueprints.app import create_app
from hub.demo import personas
from hub.main import Hub
from tests.conftest import Twins
from tests.county import ROOT
from tests.credentials.conftest import Room
from tests.login.room import MovableClock


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the shipped configuration, to be changed."""
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


@pytest.fixture
def make_room(
    hub_home: Path, fresh_database: str, redis: str, twins: Twins, config: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Room]]:
    """One after the other on one database is a hub that was started anew. The clock can be moved."""
    told = {"HUB_HOME": str(hub_home), "HUB_DATABASE_URL": fresh_database, "HUB_REDIS_URL": redis, **twins.environ,
            "HUB_CONFIG": str(config)}  # fmt: skip
    made: list[Hub] = []
    monkeypatch.setattr("hub.main.Clock", MovableClock)

    def make() -> Room:
        hub = Hub.open(hub_home, {**os.environ, **told})
        made.append(hub)
        hub.start()
        members = personas.seed(hub)
        return Room(hub, create_app(hub).test_client(), twins, {member.role: member for member in members}, {})

    yield make
    for hub in made:
        hub.close()


@pytest.fixture
def room(make_room: Callable[[], Room]) -> Room:
    return make_room()
