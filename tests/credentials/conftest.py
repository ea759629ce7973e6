"""A whole hub over real stores and twins, its people signed in, and a desk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
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

HAN, LIN, WANG = (persona for persona in personas.PERSONAS[:3])
VISITOR = personas.PERSONAS[5]


@dataclass
class Person:
    """Somebody with a token (or none), who speaks HTTP to the app."""

    client: FlaskClient
    token: str = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        place = path if path.startswith("/.") else f"/api/v1{path}"
        return self.client.open(place, method=method, json=body, headers=sent)

    def get(self, path: str) -> TestResponse:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.ask("POST", path, body, **headers)


@dataclass
class Room:
    hub: Hub
    client: FlaskClient
    twins: Twins
    staff: dict[str, personas.StaffMember]
    tokens: dict[str, str]

    def citizen(self, persona: personas.Persona) -> Person:
        if persona.openid not in self.tokens:
            url = f"{self.twins['wechat']['url']}/twin/login-codes"
            code = requests.post(url, json={"openid": persona.openid}, timeout=30).json()["code"]
            answer = self.client.post("/api/v1/sessions", json={"code": code})
            assert answer.status_code == 201, answer.text
            self.tokens[persona.openid] = answer.json["access_token"]
        return Person(self.client, self.tokens[persona.openid])

    def of(self, role: str) -> Person:
        if role not in self.tokens:
            member = self.staff[role]
            with self.hub.database.session() as session:
                account = self.hub.identity.staff(session, member.username)
                assert account is not None
                standing = self.hub.identity.standing(session, "staff", account.staff_id)
                assert standing is not None
                tokens = self.hub.login._sessions.begin(session, "staff", account.staff_id, standing)
            self.tokens[role] = tokens.access_token
        return Person(self.client, self.tokens[role])

    def anyone(self) -> Person:
        return Person(self.client)

    def issue(self, type: str = "senior-citizen-card", persona: personas.Persona = HAN, **more: Any) -> dict[str, Any]:
        fields = {"senior-citizen-card": {"level": "甲类"},
                  "food-business-licence": {"premises": "示范路1号", "scope": "热食类食品制售"}}[type]  # fmt: skip
        body = {"type": type, "id_number": persona.id_number, "name": persona.name, "fields": fields,
                "reason": "材料齐全", **more}  # fmt: skip
        answer = self.of("officer").post("/desk/credentials", body, Idempotency_Key=secrets.token_hex(16))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json
        return made

    def show(self, persona: personas.Persona, id: str, **body: Any) -> str:
        answer = self.citizen(persona).post(f"/me/credentials/{id}/presentations", {"minutes": 5, **body})
        assert answer.status_code == 201, answer.text
        return str(answer.json["code"])

    def check(self, code: str, person: Person | None = None) -> TestResponse:
        return (person or self.of("verifier")).post("/verifications", {"code": code})

    def change(self, id: str, act: str, **more: Any) -> TestResponse:
        body = {"act": act, "reason": "核查发现", **more}
        return self.of("officer").post(f"/desk/credentials/{id}/changes", body)


@pytest.fixture(scope="session")
def room(hub_home: Path, database: str, redis: str, twins: Twins) -> Iterator[Room]:
    told = {"HUB_HOME": str(hub_home), "HUB_DATABASE_URL": database, "HUB_REDIS_URL": redis, **twins.environ}
    hub = Hub.open(hub_home, {**os.environ, **told})
    hub.start()
    members = personas.seed(hub)
    app = create_app(hub)
    yield Room(hub, app.test_client(), twins, {member.username: member for member in members}, {})
    hub.close()
