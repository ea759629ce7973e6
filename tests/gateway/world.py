"""A gateway as the hub builds it, over real settings, switches, PostgreSQL, Redis and departments."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.gateway.orders import Answer, Caller, Order
from hub.gateway.redis_line import RedisLine, connect
from hub.gateway.service import Gateway
from hub.gateway.shared import SharedStore
from hub.identity.service import Registered
from hub.ledger.exchange import Exchange
from hub.ledger.service import find
from hub.ledger.writer import Exchanges
from hub.metrics import Metrics
from hub.settings import Secrets, Settings
from hub.switches.service import Switches
from hub.systems import Systems
from hub.trace import Trace, new
from tests.configuration import written
from tests.county import SUITE
from tests.gateway.office import Office

PACKAGE = "tests.gateway.departments"
D = 2.0  # seconds for a call; a whole one stood still once on a busy machine
ANNA = Caller("c-anna", 2)
BERT = Caller("c-bert", 2)
PEOPLE = {
    "c-anna": Registered("360423199001011234", "安娜"),
    "c-bert": Registered("360423199001015678", "伯特"),
}
_FORM = {"year": {"type": "year", "label": {"zh": "年度"}, "class": 2}}


def service(id: str, system: str | None, **more: Any) -> dict[str, Any]:
    runs_on = {"call": {"system": system, "operation": "query"}} if system else {}
    return {
        "id": id,
        "title": {"zh": id},
        "department": "bureau",
        "kind": "query",
        "region": "360423",
        "level": 2,
        "data_class": 3,
        "subject": ["id_number", "name"],
        "purpose": "本人查询",
        "form": _FORM,
        "per_minute": 100_000,
        **runs_on,
        **more,
    }


def write_config(folder: Path, offices: dict[str, Office], services: list[dict[str, Any]], **limits: Any) -> None:
    systems = {
        id: {
            "address": office.address,
            "allow_private": True,
            "secrets": {"password": "env/PASSWORD"},
            "limits": {"cap": 4, "deadline_s": D, **limits},
        }
        for id, office in offices.items()
    }
    written(folder, systems, services)


@dataclass
class World:
    folder: Path
    environ: dict[str, str]
    settings: Settings
    switches: Switches
    systems: Systems
    exchanges: Exchanges
    database: Database
    line: RedisLine
    registry: CollectorRegistry
    gateway: Gateway
    offices: dict[str, Office]

    def order(self, id: str, caller: Caller = ANNA, key: str | None = None, **fields: Any) -> Order:
        return Order(self.settings.now.services[id], caller, fields, new(), time.monotonic(), Clock().now(), key)

    def call(self, id: str, caller: Caller = ANNA, key: str | None = None, **fields: Any) -> Answer:
        return self.gateway.call(self.order(id, caller, key, **fields))

    def records(self, trace: Trace) -> list[Exchange]:
        """The records of one trace; those that nobody waits for are in the database within a moment."""
        until = time.monotonic() + 20
        while True:
            with self.database.session() as session:
                found = list(find(session, trace.id))
            if found or time.monotonic() > until:
                return found
            time.sleep(0.02)

    def switch(self, kind: Any, id: str, **patch: Any) -> None:
        with self.database.session() as session:
            self.switches.change(session, kind, id, patch, "a test", "tester")
        self.switches.refresh()

    def close(self) -> None:
        self.gateway.close()
        self.exchanges.close()
        self.systems.close()
        self.line.close()
        self.settings.stop()
        self.database.close()


def build(folder: Path, database_url: str, redis_url: str, offices: dict[str, Office], **options: Any) -> World:
    """As hub/main.py does it."""
    clock, crypto, environ = Clock(), Crypto({"s1": os.urandom(32)}, SUITE), {"KEY": "k" * 40, "PASSWORD": "right"}
    settings = Settings(folder / "config", Secrets(environ, folder), clock)
    database = Database(database_url)
    switches = Switches(settings, database, clock)
    switches.refresh()
    line = RedisLine(connect(redis_url))
    systems = Systems(lambda: settings.now.systems, SharedStore(line, crypto).for_system, PACKAGE)
    exchanges, registry = Exchanges(database), CollectorRegistry()
    exchanges.start()
    gateway = Gateway(
        now=lambda: switches.now, switches=switches, systems=systems, exchanges=exchanges, database=database,
        crypto=crypto, line=line, metrics=Metrics(registry), clock=clock, registered=PEOPLE.get,
        **{"threads": 64, **options},
    )  # fmt: skip
    return World(
        folder / "config", environ, settings, switches, systems, exchanges, database, line, registry, gateway, offices
    )


def known(caller: Caller, level: int) -> Caller:
    return replace(caller, level=level)
