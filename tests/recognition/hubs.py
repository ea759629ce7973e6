"""Two whole hubs, each with keys, database and people of its own: A (three colours) and B (two colours)."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from blueprints.app import create_app
from hub.demo import personas
from hub.main import Hub
from hub.signing import Signing
from tests.conftest import Twins
from tests.county import ROOT
from tests.credentials.conftest import Room
from tests.recognition.conftest import SHIPPED

A, B = "330000", "440000"
LIST = Signing({"lists": "of whoever signs the list for all regions"})
Opened = Callable[..., Room]


@pytest.fixture(scope="module")
def opened(hub_home: Path, make_database: Callable[[], str], redis: str, twins: Twins) -> Iterator[Opened]:
    """Opens a hub whose recognition.yaml says what is given; `files` are texts by their name in its home."""
    rooms: list[Room] = []
    homes: list[Path] = []

    def make(region: str, files: dict[str, str], **said: Any) -> Room:
        home = Path(tempfile.mkdtemp(prefix="xt-hub-", dir="/tmp"))
        homes.append(home)
        shutil.copytree(hub_home / "secrets", home / "secrets")
        (home / "secrets" / "sign_key").write_text(secrets.token_urlsafe(32), encoding="ascii")
        shutil.copytree(ROOT / "config", home / "config")
        for name, text in files.items():
            (home / name).write_text(text, encoding="ascii")
        whole = {**SHIPPED, "region": region, **said}
        (home / "config" / "recognition.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
        told = {"HUB_HOME": str(home), "HUB_DATABASE_URL": make_database(), "HUB_REDIS_URL": redis,
                "HUB_CONFIG": str(home / "config"), **twins.environ}  # fmt: skip
        hub = Hub.open(home, {**os.environ, **told})
        hub.start()
        members = personas.seed(hub)
        room = Room(hub, create_app(hub).test_client(), twins, {member.role: member for member in members}, {})
        rooms.append(room)
        return room

    yield make
    for room in rooms:
        room.hub.close()
    for home in homes:
        shutil.rmtree(home, ignore_errors=True)


def issuer(reference: str, way: str = "facts", **more: Any) -> dict[str, Any]:
    return {"name": {"zh": "甲地"}, "way": way, "keys": f"file/{reference}", **more}
