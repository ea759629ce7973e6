"""One worker's rooms for signing in, and the platform that answers for WeChat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from adapters.twins import wechat
from adapters.twins.wire import Server
from hub.main import Hub
from hub.trace import Trace, new
from tests.county import ROOT
from tests.login.room import Platform, Room, copied_config


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def make_room(tmp_path: Path, hub_home: Path, platform: Platform) -> Iterator[Callable[[str], Room]]:
    config = copied_config(tmp_path / "config")
    made: list[Room] = []

    def make(url: str) -> Room:
        made.append(Room(url, hub_home, config, platform))
        return made[-1]

    yield make
    for room in made:
        room.close()


@pytest.fixture
def room(make_room: Callable[[str], Room], fresh_database: str) -> Room:
    return make_room(fresh_database)


@pytest.fixture
def trace() -> Trace:
    return new()


@pytest.fixture
def twin(hub_home: Path) -> Iterator[Server]:
    """WeChat."""
    running = Server(wechat.make(hub_home / "secrets", 1)).start()
    yield running
    running.stop()


@pytest.fixture
def make_hub(
    tmp_path: Path, hub_home: Path, fresh_database: str, redis: str, twin: Server
) -> Iterator[Callable[[], Hub]]:
    """Makes whole hubs on one database and one Redis, each of them a worker. WeChat is the only system they have."""
    Redis.from_url(redis).flushall()
    config = copied_config(tmp_path / "config")
    text = (ROOT / "config/systems.yaml").read_text(encoding="utf-8")
    (config / "systems.yaml").write_text(text[text.index("\nwechat:") :], encoding="utf-8")
    environ = {
        "HUB_DATABASE_URL": fresh_database,
        "HUB_REDIS_URL": redis,
        "HUB_CONFIG": str(config),
        "WECHAT_ADDRESS": twin.address,
    }
    made: list[Hub] = []

    def make() -> Hub:
        hub = Hub.open(hub_home, environ)
        made.append(hub)
        hub.start()
        return hub

    yield make
    for hub in made:
        hub.close()


@pytest.fixture
def hub(make_hub: Callable[[], Hub]) -> Hub:
    return make_hub()
