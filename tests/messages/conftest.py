"""A whole hub over real stores and twins, with people, a desk and a push that is turned by hand."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from werkzeug.serving import make_server

from blueprints import health, inbound, login, me, messages, notices
from blueprints.frame import build
from hub.demo import personas
from hub.main import Hub
from tests.conftest import Twins
from tests.county import ROOT
from tests.credentials.conftest import Room
from tests.login.room import MovableClock

# Of the app's rooms those that messages are read, written and answered in: all of them take a second to build.
ROOMS = [room.make for room in (login, me, messages, notices, inbound, health)]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the shipped configuration, to be changed."""
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


@pytest.fixture
def make_room(
    hub_home: Path, fresh_database: str, redis: str, twins: Twins, config: Path, light_passwords: None,
    monkeypatch: pytest.MonkeyPatch,
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
        return Room(hub, build(hub, ROOMS).test_client(), twins, {member.username: member for member in members}, {})

    yield make
    for hub in made:
        hub.close()


@pytest.fixture
def room(make_room: Callable[[], Room]) -> Room:
    return make_room()


@pytest.fixture(autouse=True)
def healthy(request: pytest.FixtureRequest) -> Iterator[None]:
    """Twins that forget what another test did to them; their receipts go nowhere until a test says where."""
    yield
    if "twins" not in request.fixturenames:
        return
    twins: Twins = request.getfixturevalue("twins")
    for name in ("sms_mobile", "sms_telecom", "wechat"):
        requests.post(f"{twins[name]['url']}/twin/reset", timeout=30)


@pytest.fixture
def calling(room: Room) -> Iterator[str]:
    """The hub at a real port, and both providers told to call it."""
    server = make_server("127.0.0.1", 0, room.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/api/v1/inbound"
    for name in ("sms_mobile", "sms_telecom"):
        place = {"url": f"{url}/{name}/events"}
        requests.put(f"{room.twins[name]['url']}/twin/receipts", json=place, timeout=30)
    yield url
    for name in ("sms_mobile", "sms_telecom"):
        requests.put(f"{room.twins[name]['url']}/twin/receipts", json={"url": ""}, timeout=30)
    server.shutdown()
    thread.join(60)
