"""A whole hub with people, verifiers at gates, a reviewing desk, the health commission's twin and a movable clock."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.test import TestResponse

from blueprints.app import create_app
from hub.demo import personas
from tests.cases.conftest import Hall
from tests.conftest import Twins
from tests.credentials.conftest import HAN, LIN, WANG, Person
from tests.login.room import movable_hub

HEALTHY = {"temperature": 36.6, "symptoms": "none", "contact": False, "risk_area": False}
TRIP = {"region_from": "360423001", "region_to": "360423102", "travelled_on": "2026-11-20", "vehicle": "car",
        "through_risk_area": False}  # fmt: skip
GATE, NEAR, FAR = "county-hospital", "yuning-market", "luxi-town"


@dataclass
class Clinic(Hall):
    """A hall whose people declare, show and are scanned."""

    def declare(
        self, persona: personas.Persona = HAN, kind: str = "health", mandate: str = "", **told: Any
    ) -> TestResponse:
        fields = {**(HEALTHY if kind == "health" else TRIP), **told}
        more = {"X_Act_For": mandate} if mandate else {}
        return self.citizen(persona).post(
            "/health-code/declarations", {"kind": kind, "fields": fields}, Idempotency_Key=secrets.token_hex(16), **more
        )

    def code(self, persona: personas.Persona = HAN) -> dict[str, Any]:
        answer = self.citizen(persona).get("/health-code")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def verifier(self, name: str = "gate") -> Person:
        return self.officer(name, role="verifier")

    def scan(self, code: str, gate: str = GATE, direction: str = "in", by: Person | None = None,
             at: datetime | None = None) -> TestResponse:  # fmt: skip
        scanned = (at or self.hub.clock.now()).isoformat()
        body = {"code": code, "gate_id": gate, "direction": direction, "scanned_at": scanned}
        return (by or self.verifier()).post("/gate/scans", body)

    def decide(self, grade: str, by: Person | None = None, **more: Any) -> TestResponse:
        body = {"grade": grade, "reason_code": "proof_accepted", "case_id": "2026-17", **more}
        return (by or self.officer()).post("/desk/health-code/reviews", body)

    def citizen_id(self, persona: personas.Persona) -> str:
        with self.hub.database.session() as session:
            found = self.hub.login.citizen_of(session, persona.openid)
        assert found
        return found

    def waiting(self, kind: str = "declaration") -> list[dict[str, Any]]:
        items = self.officer().get("/desk/health-code/reviews?page_size=100").json["items"]
        return [each for each in items if each["kind"] == kind]

    def registered_as(self, status: str, persona: personas.Persona = HAN) -> None:
        url = f"{self.twins['health_commission']['url']}/twin/statuses"
        requests.put(url, json={persona.id_number: status}, timeout=10)

    def forget(self) -> None:
        """Nobody has declared anything, and the commission knows of nobody."""
        requests.delete(f"{self.twins['health_commission']['url']}/twin/toxics", timeout=10)
        for persona in (HAN, LIN, WANG):
            self.registered_as("0", persona)
            with self.hub.database.session() as session:
                citizen = self.hub.login.citizen_of(session, persona.openid)
                if citizen:
                    self.hub.health_code.codes.erase(session, citizen)
        self.hub.health_code.states.refresh()


@pytest.fixture(scope="session")
def whole_clinic(hub_home: Path, make_database: Any, redis: str, twins: Twins) -> Iterator[Clinic]:
    with movable_hub(hub_home, make_database(), redis, twins.environ) as hub:
        members = personas.seed(hub)
        app = create_app(hub)
        yield Clinic(hub, app.test_client(), twins, {member.role: member for member in members}, {})


@pytest.fixture
def clinic(whole_clinic: Clinic) -> Clinic:
    whole_clinic.forget()
    return whole_clinic


__all__ = ["FAR", "GATE", "HAN", "HEALTHY", "LIN", "NEAR", "WANG", "Clinic", "Person"]
