"""A catalogue on a real PostgreSQL with the shipped configuration, at a clock that tests move."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.catalogue.importing import Report
from hub.catalogue.rules import Query
from hub.catalogue.service import Catalogue
from hub.clock import CHINA, Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.settings import Secrets, Settings
from hub.switches.service import Switches
from tests.county import ROOT, SUITE

CRYPTO = Crypto({"s1": b"seal" * 8}, SUITE)
SYSTEMS = [path.parent.name for path in (ROOT / "adapters").glob("*/system.yaml")]


class MovedClock(Clock):
    """Wall time as told; monotonic seconds go on by themselves, and further when told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 15, 9, 0, tzinfo=CHINA)
        self.ahead = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def pass_by(self, **period: float) -> None:
        passed = timedelta(**period)
        self.at += passed
        self.ahead += passed.total_seconds()


@dataclass
class Room:
    """A catalogue and what it stands on."""

    catalogue: Catalogue
    database: Database
    settings: Settings
    switches: Switches
    clock: MovedClock

    @property
    def config(self) -> Path:
        return self.settings.folder

    def take(self, source: Any, scheme: str = "county") -> Report:
        """Import a file, or what a file would hold."""
        stream = source if isinstance(source, Path) else io.BytesIO(_bytes(source))
        with self.database.session() as session:
            return self.catalogue.import_published(session, stream, scheme)

    def titles(self, q: str, who: str = "", **filters: Any) -> list[str]:
        found = self.catalogue.search(Query(q=q, page_size=100, **filters), "zh", who=lambda: who)
        return [item["title"] for item in found.items]


def _bytes(source: Any) -> bytes:
    return source if isinstance(source, bytes) else json.dumps(source, ensure_ascii=False).encode()


@contextmanager
def opened(url: str, home: Path, folder: Path) -> Iterator[Room]:
    """A room on a migrated, empty database, with a copy of the shipped configuration in `folder`."""
    shutil.copytree(ROOT / "config", folder)
    clock, database = MovedClock(), Database(url, pool_size=8)
    environ = {f"{system.upper()}_ADDRESS": "http://127.0.0.1:1" for system in SYSTEMS}
    settings = Settings(folder, Secrets(environ, home), clock)
    switches = Switches(settings, database, clock)
    catalogue = Catalogue(settings, switches, database, clock, CRYPTO)
    assert catalogue.synchronise()
    yield Room(catalogue, database, settings, switches, clock)
    database.close()


@pytest.fixture(scope="session")
def emptied(make_database: Callable[[], str]) -> Callable[[], str]:
    """The URL of one database, emptied again: sooner than a new one."""
    url = make_database()
    database = Database(url, pool_size=1)

    def empty() -> str:
        with database.session() as session:
            session.execute(text("TRUNCATE catalogue_item, catalogue_name, catalogue_miss, catalogue_miss_once"))
            session.execute(text("UPDATE catalogue_state SET config = ''"))
        return url

    return empty


@pytest.fixture
def room(emptied: Callable[[], str], hub_home: Path, tmp_path: Path) -> Iterator[Room]:
    with opened(emptied(), hub_home, tmp_path / "config") as made:
        yield made
