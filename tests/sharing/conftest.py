"""Four departments at one table over HTTP: education asks, civil affairs owns, the data bureau reviews, the county
office decides what is disputed. The catalogue is the county's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.credentials.conftest import Person, Room, room

__all__ = ["room"]
CLASSES = Path(__file__).parents[2] / "adapters/twins/county/data_classes.json"
MARRIAGE = "360423-007001"
PURPOSE = "核验困难学生家庭情况"
BASIS = "政务数据共享条例"
LAW = {"reason": "超出申请用途", "basis": "个人信息保护法第六条"}


@dataclass
class Table:
    room: Room

    @property
    def education(self) -> Person:
        return self.room.of("data_officer")

    @property
    def owner(self) -> Person:
        return self.room.of("data_officer_owner")

    @property
    def platform(self) -> Person:
        return self.room.of("data_officer_platform")

    @property
    def county(self) -> Person:
        return self.room.of("data_officer_county")

    def ask(self, *fields: str, purpose: str = "", resource: str = MARRIAGE, days: int = 30) -> dict[str, Any]:
        """A request; each with a purpose of its own, so that no test lives on another's right."""
        body = {"resource": resource, "fields": fields or ("name", "marital_status"), "basis": BASIS, "days": days,
                "purpose": purpose or f"{PURPOSE} {secrets.token_hex(4)}"}  # fmt: skip
        told = self.education.post("/data/requests", body)
        assert told.status_code == 201, told.text
        made: dict[str, Any] = told.json
        return made

    def decide(self, who: Person, id: str, decision: str = "approve", **why: str) -> Any:
        return who.post(f"/data/requests/{id}/decisions", {"decision": decision, **why})

    def granted(self, *fields: str, **more: Any) -> dict[str, Any]:
        made = self.ask(*fields, **more)
        for who in (self.platform, self.owner):
            told = self.decide(who, made["id"])
            assert told.status_code == 200, told.text
        assert told.json["status"] == "granted"
        return made


@pytest.fixture(scope="session")
def table(room: Room) -> Table:
    hub = room.hub
    with hub.database.session() as session:
        taken, refused = hub.sharing.resources.take(session, CLASSES, hub.settings.now.departments)
    assert (taken, refused) == (124, [])
    return Table(room)
