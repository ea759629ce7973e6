"""Two workers on one database and one Redis, a department, a household register, and people who know each other."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from blueprints import gateway, login, mandates, me
from blueprints.frame import build
from hub.clock import CHINA
from hub.fields import id_check
from hub.identity.service import Known, Standing
from hub.login.sessions import Sessions
from hub.main import Hub
from tests.gateway.office import Office, office
from tests.gateway.world import PACKAGE, service, write_config

TEXT = {"zh": "我同意县医保局读取我的余额。", "en": "I consent to the reading of my balance."}
CONSENT = {"purpose": "核对余额", "fields": ["balance_fen"], "text": TEXT, "version": "1"}
SERVICES = [
    service("balance", "alpha", themes=["care"], form={}, cache_s=60, stale_s=3600),
    service("pension", "beta", form={}),
    service("agreed", "alpha", form={}, consent=CONSENT, cache_s=60),
    service("tax", "gamma", form={}, subject=["credit_code"], call={"system": "gamma", "operation": "firm"}),
    service("both", None, form={}, parts=["balance", "pension"]),
    service("household", "register", form={}),
]


def number(first_17: str) -> str:
    """A whole ID number."""
    return first_17 + id_check(first_17)


NUMBERS = {
    name: number(f"360423{born}00{place}")
    for place, (name, born) in enumerate(
        [("安娜", "19900101"), ("伯特", "19550202"), ("陈晨", "19880303"), ("安宝", "20200601")], start=1
    )
}
SOON = (datetime.now(CHINA) + timedelta(days=200)).isoformat(timespec="seconds")


@dataclass
class Person:
    """One signed in, on either worker."""

    citizen_id: str
    token: str
    clients: list[FlaskClient]

    def ask(self, method: str, path: str, body: Any = None, worker: int = 0, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        sent = {"Authorization": f"Bearer {self.token}", "Host": "localhost", **named}
        return self.clients[worker].open(f"/api/v1{path}", method=method, json=body, headers=sent)

    def call(self, id: str, mandate: str = "", worker: int = 0, **fields: Any) -> TestResponse:
        headers = {"X_Act_For": mandate} if mandate else {}
        return self.ask("POST", f"/services/{id}/calls", {"fields": fields}, worker, **headers)

    def offer(
        self, kind: str, who: str = "", scope: tuple[str, ...] = ("service:balance",), **more: Any
    ) -> TestResponse:
        subject = {"kind": kind, **({"id_number": NUMBERS[who], "name": who} if who else {}), **more}
        return self.ask("POST", "/me/mandates", {"subject": subject, "scope": list(scope), "expires_at": SOON})


@dataclass
class Town:
    hubs: list[Hub]
    offices: dict[str, Office]
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    apps: list[Flask] = field(default_factory=list)

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def settle(self, name: str, level: int = 2) -> None:
        hub = self.hubs[0]
        with hub.database.session() as session:
            known = Known(NUMBERS[name], name, f"1380000{NUMBERS[name][-5:-1]}", level, "360423", "test")
            citizen_id = hub.identity.register_known(session, known)
            sessions = Sessions(hub.settings, hub.database, hub.clock, hub.identity)
            token = sessions.begin(session, "citizen", citizen_id, Standing(level, "360423")).access_token
        self.apps = self.apps or [build(each, [login.make, mandates.make, me.make, gateway.make]) for each in self.hubs]
        self.people[name] = Person(citizen_id, token, [app.test_client() for app in self.apps])

    def mandate(self, holder: str, of: str, *scope: str) -> str:
        """One in force between two adults."""
        made = self[holder].offer("parent", of, scope or ("service:balance",))
        assert made.status_code == 201, made.text
        id = str(made.get_json()["id"])
        accepted = self[of].ask("POST", f"/me/mandates/{id}/acceptance")
        assert accepted.status_code == 200, accepted.text
        return id


def household(*rows: tuple[str, str, str]) -> Any:
    """What the register says to whoever asks: name, relation to the head, day of birth."""
    members = [
        {"id_number": NUMBERS[name], "name": name, "relation": to, "birth_date": born} for name, to, born in rows
    ]
    return lambda question: json.dumps({"id_number": question.get("id_number"), "members": members}).encode()


@pytest.fixture
def town(tmp_path: Path, fresh_database: str, redis: str) -> Iterator[Town]:
    with ExitStack() as stack:
        offices = {id: stack.enter_context(office()) for id in ("alpha", "beta", "gamma", "register")}
        offices["gamma"].answer = lambda question: json.dumps(
            {"credit_code": question.get("credit_code")}
        ).encode()
        offices["register"].answer = household(("安娜", "spouse", "1990-01-01"), ("安宝", "son", "2020-06-01"))
        config = tmp_path / "config"
        write_config(config, offices, SERVICES)
        (config / "themes.yaml").write_text("care: {name: {zh: 医}}\n", encoding="utf-8")
        whole = yaml.safe_load((config / "hub.yaml").read_text(encoding="utf-8"))
        (config / "hub.yaml").write_text(yaml.safe_dump({**whole, "guardianship": "household"}), encoding="utf-8")
        environ = {
            "HUB_CONFIG": str(config), "HUB_ADAPTERS": PACKAGE, "HUB_DATABASE_URL": fresh_database,
            "HUB_REDIS_URL": redis, "KEY": os.urandom(20).hex(), "PASSWORD": "right",
        }  # fmt: skip
        hubs = [Hub.open(tmp_path, environ) for _ in range(2)]
        for hub in hubs:
            stack.callback(hub.close)
            hub.start()
        made = Town(hubs, offices, config)
        for name in ("安娜", "伯特", "陈晨"):
            made.settle(name)
        yield made
