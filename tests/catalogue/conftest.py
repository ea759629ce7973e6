"""A catalogue on a real PostgreSQL with the shipped configuration, at a clock that tests move."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.catalogue.service import Catalogue
from hub.clock import CHINA, Clock
from hub.database import Database
from hub.settings import Secrets, Settings
from hub.switches.service import Switches
from tests.county import ROOT

SYSTEMS = (
    "medical_insurance household_registration civil_affairs social_security housing_fund vehicle_administration wechat"
).split()


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


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


@pytest.fixture
def opened(fresh_database: str) -> Iterator[Database]:
    database = Database(fresh_database, pool_size=8)
    yield database
    database.close()


@pytest.fixture
def settings(config: Path, hub_home: Path, clock: MovedClock) -> Settings:
    environ = {f"{system.upper()}_ADDRESS": "http://127.0.0.1:1" for system in SYSTEMS}
    return Settings(config, Secrets(environ, hub_home), clock)


@pytest.fixture
def switches(settings: Settings, opened: Database, clock: MovedClock) -> Switches:
    return Switches(settings, opened, clock)


@pytest.fixture
def catalogue(settings: Settings, switches: Switches, opened: Database, clock: MovedClock) -> Catalogue:
    made = Catalogue(settings, switches, opened, clock)
    assert made.synchronise()
    return made


Found = Callable[[str], list[str]]
