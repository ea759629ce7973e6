"""A whole hub over real stores and twins, two of its people signed in, and a scanner whose word is clamd's."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from blueprints.app import create_app
from hub.demo import personas
from hub.main import Hub
from tests.conftest import Twins
from tests.materials.clamd import Clamd

HAN, LIN = personas.PERSONAS[:2]


@dataclass
class Person:
    client: FlaskClient
    token: str
    citizen_id: str = ""

    def send(self, body: bytes, name: str = "材料.jpg", **fields: str) -> TestResponse:
        data: dict[str, Any] = {"file": (io.BytesIO(body), name), **fields}
        return self.client.post("/api/v1/files", data=data, headers=self.headers, content_type="multipart/form-data")

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers)

    def delete(self, path: str) -> TestResponse:
        return self.client.delete(f"/api/v1{path}", headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass
class Room:
    """`set` changes the terms of hub.yaml in force, as a reload would."""

    hub: Hub
    client: FlaskClient
    twins: Twins
    people: dict[str, Person] = field(default_factory=dict)

    def citizen(self, persona: personas.Persona = HAN) -> Person:
        if persona.openid not in self.people:
            url = f"{self.twins['wechat']['url']}/twin/login-codes"
            code = requests.post(url, json={"openid": persona.openid}, timeout=30).json()["code"]
            answer = self.client.post("/api/v1/sessions", json={"code": code})
            assert answer.status_code == 201, answer.text
            body: Any = answer.json
            principal = self.hub.login.principal(body["access_token"])
            self.people[persona.openid] = Person(self.client, body["access_token"], principal.citizen_id)
        return self.people[persona.openid]

    def set(self, **terms: Any) -> None:
        now = self.hub.settings.now
        hub = replace(now.hub, materials=replace(now.hub.materials, **terms))
        self.hub.settings._now = replace(now, hub=hub)


@pytest.fixture(scope="session")
def environ(hub_home: Path, make_database: Any, redis: str, twins: Twins) -> dict[str, str]:
    told = {"HUB_HOME": str(hub_home), "HUB_DATABASE_URL": make_database(), "HUB_REDIS_URL": redis, **twins.environ}
    return {**os.environ, **told}


@pytest.fixture(scope="session")
def whole_room(hub_home: Path, environ: dict[str, str], twins: Twins) -> Iterator[Room]:
    hub = Hub.open(hub_home, environ)
    hub.start()
    personas.seed(hub)
    yield Room(hub, create_app(hub).test_client(), twins)
    hub.close()


@pytest.fixture
def room(whole_room: Room) -> Iterator[Room]:
    """Every test finds the shelves empty and the terms as they are in config/."""
    before = whole_room.hub.settings.now
    yield whole_room
    whole_room.hub.settings._now = before
    with whole_room.hub.database.session() as session:
        for person in whole_room.people.values():
            whole_room.hub.materials._shelves.discard(session, person.citizen_id)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB; skipped where this account may mount none."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "hub-test", place], check=False).returncode:
        pytest.skip("this account may not mount a disk")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.fixture
def clamd() -> Iterator[Clamd]:
    scanner = Clamd()
    yield scanner
    scanner.close()
