"""The operations routes over real rooms: settings, switches, staff sessions, gateway, on a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from redis import Redis
from werkzeug.test import TestResponse

from blueprints import operations
from blueprints.frame import build
from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.gateway.budget import Budget
from hub.gateway.quotas import Quotas
from hub.gateway.redis_line import RedisLine
from hub.gateway.service import Gateway
from hub.gateway.shared import SharedStore
from hub.identity.accounts import Accounts
from hub.identity.service import Identity, Standing
from hub.inspection.service import Inspection
from hub.jobs.service import Jobs
from hub.ledger.writer import Exchanges
from hub.login.sessions import Sessions
from hub.metrics import Metrics
from hub.reruns.asking import Asking
from hub.reruns.service import Reruns
from hub.settings import Secrets, Settings
from hub.switches.service import Switches
from hub.systems import Systems
from tests.county import SUITE
from tests.legs.conftest import nobody_acts
from tests.settings.conftest import CHECKS, ENVIRON, folder, home
from tests.switches.conftest import database, server

__all__ = ["database", "folder", "home", "server"]
SHIPPED_ROLES = Path(__file__).parents[2] / "config/roles.yaml"


@dataclass
class Desk:
    """A client with the token of one member of staff."""

    client: FlaskClient
    token: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.open(f"/ops/v1{path}", method=method, json=body, headers={**bearer, **headers})

    def get(self, path: str) -> Any:
        told = self.ask("GET", path)
        assert told.status_code == 200, told.text
        return told.json

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        told = self.ask(method, path, body)
        assert told.content_type == "application/problem+json"
        return told.status_code, told.json["code"]


@pytest.fixture
def hub(folder: Path, home: Path, database: Database) -> Iterator[Any]:
    shutil.copy(SHIPPED_ROLES, folder / "roles.yaml")
    clock, settings = Clock(), Settings(folder, Secrets(ENVIRON, home), Clock(), CHECKS)
    settings.watch()
    switches = Switches(settings, database, clock)
    switches.start()
    crypto = Crypto({"s1": b"seal" * 8}, SUITE)
    identity = Identity(crypto, clock)
    systems = Systems(lambda: settings.now.systems, lambda _: None)  # type: ignore[arg-type, return-value]
    gateway = Gateway(
        now=lambda: switches.now, switches=switches, systems=systems, exchanges=Exchanges(database), database=database,
        crypto=crypto, line=RedisLine(Redis(unix_socket_path=str(home / "none"))), clock=clock,
        metrics=Metrics(CollectorRegistry()), registered=lambda _: None,
    )  # fmt: skip
    jobs, now = Jobs(database), lambda: switches.now
    asking = Asking(database, gateway, gateway.legs, now, clock, nobody_acts)
    line = RedisLine(Redis(unix_socket_path=str(home / "none")))
    sessions = Sessions(settings, database, clock, identity)
    yield SimpleNamespace(
        clock=clock, settings=settings, database=database, switches=switches, gateway=gateway, identity=identity,
        crypto=crypto, accounts=Accounts(crypto, clock, identity.passwords),
        login=sessions, jobs=jobs, legs=gateway.legs, asking=asking, systems=systems,
        reruns=Reruns(database, jobs, gateway.legs, asking, clock),
        inspection=Inspection(database, gateway, systems, SimpleNamespace(refusals=lambda *_: []), now, clock),
        quotas=Quotas(now, systems, Budget(line, clock), SharedStore(line, crypto)), registry=CollectorRegistry(),
    )  # fmt: skip
    switches.stop()
    settings.stop()


@pytest.fixture
def desk(hub: Any) -> Callable[[str], Desk]:
    """One for each role; "" is a stranger, "citizen" a citizen."""
    client = build(hub, [operations.make]).test_client()

    def of(role: str) -> Desk:
        if not role:
            return Desk(client, "")
        with hub.database.session() as session:
            if role == "citizen":
                subject = hub.identity.new_citizen_id()
                hub.identity.register_visitor(session, subject)
                return Desk(client, hub.login.begin(session, "citizen", subject, Standing(2)).access_token)
            until = hub.clock.now() + timedelta(days=1)
            subject = hub.identity.open_account(session, f"{role}-1", "a long password", "A" * 32, role, until)
            return Desk(client, hub.login.begin(session, "staff", subject, Standing(roles=(role,))).access_token)

    return of
