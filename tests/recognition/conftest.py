"""Nodes of recognition: real settings, a real database, a clock that can be moved. Two that share a database are two
workers, or two regions under one hub."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy import make_url

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.recognition.deciding import Decision
from hub.recognition.service import Recognising
from hub.settings import Secrets, Settings
from hub.signing import Signing
from tests.configuration import written
from tests.county import ROOT
from tests.recognition.authority import NOW, listed
from tests.recognition.region import Region, rule

RECHECK = yaml.safe_load((ROOT / "config" / "tasks.yaml").read_text(encoding="utf-8"))["recheck-fact"]
SHIPPED = yaml.safe_load((ROOT / "config" / "recognition.yaml").read_text(encoding="utf-8"))


class Moved(Clock):
    """Stands at NOW; hours pass when a test says so, and the monotonic time with them."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        return NOW + self.passed

    def monotonic(self) -> float:
        return self.passed.total_seconds()


@dataclass
class Node:
    """One region's hub, as far as recognition goes."""

    region: str
    home: Path
    database: Database
    clock: Moved
    settings: Settings
    recognition: Recognising
    facts: dict[str, list[Any]] = field(default_factory=dict)
    rechecks: list[dict[str, str]] = field(default_factory=list)

    def decide(self, code: str) -> Decision:
        return self.recognition.recognise(code, "查验", "s1")

    def verdict(self, code: str) -> tuple[str, str]:
        decision = self.decide(code)
        return decision.verdict, decision.reason

    def admit(self, region: str = "", **changed: Any) -> None:
        """A rule that is in force: it was published in time, that is days ago."""
        region = region or self.region
        passed = self.clock.passed
        self.clock.passed = passed - timedelta(days=5)
        whole = rule(region, **{"ValidFrom": (self.clock.now() + timedelta(days=3)).isoformat(), **changed})
        with self.database.session() as session:
            self.recognition.desk.propose(session, whole, "s1", "互认")
        self.clock.passed = passed
        self.recognition.standing.forget()

    def revoke(self, what: Any, issuer: str, value: str) -> None:
        with self.database.session() as session:
            self.recognition.desk.revoke(session, what, issuer, value, "s1", "失效")

    def take(self, signed: str) -> int:
        with self.database.session() as session:
            return self.recognition.desk.take_list(session, signed, "s1")

    def wait(self, **time: float) -> None:
        self.clock.passed += timedelta(**time)

    @property
    def alarms(self) -> dict[str, bool]:
        return {each.what: each.bad for each in self.recognition.findings()}


MakeNode = Callable[..., Node]


@pytest.fixture(scope="module")
def make_node(make_database: Callable[[], str]) -> Iterator[MakeNode]:
    """`pinned` are the issuers of its configuration; `signer` signs the trust list; `url` another's database."""
    opened: dict[str, Database] = {}

    def make(
        region: str = "360423", pinned: tuple[Region, ...] = (), signer: Signing | None = None, url: str = "",
        **said: Any,
    ) -> Node:  # fmt: skip
        home = Path(tempfile.mkdtemp(prefix="xt-node-"))
        configure(home, region, pinned, signer, **said)
        clock = Moved()
        settings = Settings(home / "config", Secrets({"KEY": secrets.token_urlsafe(32)}, home), clock)
        assert settings.problem is None
        url = url or make_database()
        database = opened.get(url) or Database(url, pool_size=2)
        opened[url] = database
        facts: dict[str, list[Any]] = {}
        rechecks: list[dict[str, str]] = []
        recognition = Recognising(
            database, Crypto({"s1": b"x" * 32}, settings.now.hub.suite), Region(region).signing, clock,
            lambda: settings.now, lambda _, citizen_id: facts.get(citizen_id, []),
            lambda _, kind, place, about, told: rechecks.append({"kind": kind, "about": about, **told}),
        )  # fmt: skip
        return Node(region, home, database, clock, settings, recognition, facts, rechecks)

    yield make
    for database in opened.values():
        database.close()


def configure(home: Path, region: str, pinned: tuple[Region, ...], signer: Signing | None, **said: Any) -> None:
    """Files and keys as somebody writes them who runs a hub."""
    folder = home / "recognition"
    folder.mkdir(exist_ok=True)
    issuers = {}
    for each in pinned:
        (folder / f"{each.code}.json").write_text(json.dumps({"keys": each.signing.public()}), encoding="ascii")
        issuers[each.code] = {"name": {"zh": each.code}, "way": "facts", "keys": f"file/recognition/{each.code}.json"}
    if signer:
        (folder / "signers.json").write_text(json.dumps({"keys": signer.public()}), encoding="ascii")
        said["signers"] = "file/recognition/signers.json"
    written(home / "config", {})
    whole = {**SHIPPED, "region": region, "issuers": issuers, **said}
    tasks = {"recheck-fact": {**RECHECK, "office": "bureau"}}
    (home / "config" / "tasks.yaml").write_text(yaml.safe_dump(tasks, allow_unicode=True), encoding="utf-8")
    (home / "config" / "recognition.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")


def trust_list(signer: Signing, version: int, *regions: Region, days: float = 7, **more: Any) -> str:
    return listed(signer, version, [each.entry for each in regions], NOW + timedelta(days=days), **more)


def drop(database: Database) -> None:
    """The database is gone, with every connection to it."""
    url = make_url(database.url)
    plain = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {url.database} WITH (FORCE)")
