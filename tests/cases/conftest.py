"""A whole hub with people, a desk of two officers, and a clock that can be moved."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from blueprints.app import create_app
from hub.demo import personas
from tests.conftest import Twins
from tests.credentials.conftest import HAN, LIN, Person, Room
from tests.login.room import MovableClock, movable_hub

RESUMPTION = {
    "credit_code": "91350100M000100Y43", "org_name": "示范食品厂", "place": "示范路1号", "region": "360423001",
    "reopens_on": "2026-02-10", "headcount": 12, "phone": "13800000000",
}  # fmt: skip
_DAYS = count()  # of the process, as the database is


@dataclass
class Hall(Room):
    """A room with officers of its own, and a clock."""

    ids: dict[str, str] = field(default_factory=dict)

    def officer(self, name: str = "first", office: str = "", role: str = "officer") -> Person:
        key = f"{name}:{office}"
        if key not in self.tokens:
            id = self.id_of(name, office, role)
            with self.hub.database.session() as session:
                standing = self.hub.identity.standing(session, "staff", id)
                assert standing is not None
                self.tokens[key] = self.hub.login._sessions.begin(session, "staff", id, standing).access_token
        return Person(self.client, self.tokens[key])

    def id_of(self, name: str, office: str = "", role: str = "officer") -> str:
        key = f"{name}:{office}"
        if key not in self.ids:
            until = self.hub.clock.now() + timedelta(days=900)
            with self.hub.database.session() as session:
                self.ids[key] = self.hub.identity.open_account(
                    session, f"{name}.{secrets.token_hex(4)}", "x", "JBSWY3DPEHPK3PXP", role, until, office
                )
        return self.ids[key]

    def later(self, days: float = 0, until: datetime | None = None) -> None:
        """The clock moves; everybody signs in anew."""
        ahead = until - self.hub.clock.now() if until else timedelta(days=days)
        self.clock.ahead += ahead.total_seconds()
        self.tokens.clear()

    def rounds(self) -> None:
        with self.hub.database.session() as session:
            while self.hub.cases.rounds.tick(session):
                pass

    def resumption(self) -> dict[str, Any]:
        """Each time for another day: there may be one of each."""
        day = date(2027, 1, 1) + timedelta(days=next(_DAYS))
        return {**RESUMPTION, "reopens_on": day.isoformat()}

    def apply(self, service: str = "work-resumption", persona: personas.Persona = HAN, **more: Any) -> TestResponse:
        body = {"fields": self.resumption(), **more}
        return self.citizen(persona).post(f"/services/{service}/cases", body, Idempotency_Key=secrets.token_hex(16))

    def applied(self, **more: Any) -> str:
        answer = self.apply(**more)
        assert answer.status_code == 202, answer.text
        return str(answer.json["receipt_no"])

    def case(self, number: str, persona: personas.Persona = HAN) -> dict[str, Any]:
        answer = self.citizen(persona).get(f"/cases/{number}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def act(self, number: str, name: str, body: Any = None, officer: Person | None = None) -> TestResponse:
        return (officer or self.officer()).post(f"/desk/cases/{number}/{name}", body)

    def done(self, number: str, *acts: str) -> dict[str, Any]:
        """Acts that need nothing but their name, one after the other."""
        for name in acts:
            answer = self.act(number, name)
            assert answer.status_code == 200, (name, answer.text)
        return self.case(number)

    def mine(self, number: str, name: str, body: Any, persona: personas.Persona = HAN) -> TestResponse:
        return self.citizen(persona).post(f"/cases/{number}/{name}", body, Idempotency_Key=secrets.token_hex(16))

    @contextmanager
    def switched_off(self, service: str) -> Iterator[None]:
        for enabled in (False, True):
            with self.hub.database.session() as session:
                self.hub.switches.change(session, "service", service, {"enabled": enabled}, "test", "t")
            self.hub.switches.refresh()
            if not enabled:
                yield

    @property
    def clock(self) -> MovableClock:
        assert isinstance(self.hub.clock, MovableClock)
        return self.hub.clock


@pytest.fixture(scope="session")
def hall(hub_home: Path, make_database: Any, redis: str, twins: Twins) -> Iterator[Hall]:
    with movable_hub(hub_home, make_database(), redis, twins.environ) as hub:
        members = personas.seed(hub)
        app = create_app(hub)
        yield Hall(hub, app.test_client(), twins, {member.username: member for member in members}, {})


__all__ = ["HAN", "LIN", "Hall", "hall"]
