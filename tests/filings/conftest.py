"""A hub over real stores that files at a twin; its runner is turned by hand or by a worker of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from hub.filings.orders import Filing, Order
from hub.main import Hub
from tests.conftest import Twins
from tests.filings import stand


@dataclass
class Office:
    """The hub, and what the department really holds."""

    hub: Hub
    twin: str
    moved: list[tuple[str, str]]

    def place(self, *orders: Order) -> None:
        with self.hub.database.session() as session:
            for order in orders:
                self.hub.filings.place(session, order)

    def of(self, receipt_no: str) -> Filing:
        with self.hub.database.session() as session:
            return self.hub.filings.of(session, receipt_no)

    def state(self, receipt_no: str) -> str:
        return self.of(receipt_no).state

    def filed(self, key: str) -> int:
        """How often it stands in the department's own records."""
        records = requests.get(f"{self.twin}/twin/records", timeout=30).json()["records"]
        return sum(record["WBBH"] == key for record in records)

    def turn(self) -> None:
        """One round of the runner, to its end."""
        self.hub.outbox.runner.tick()
        for thread in list(self.hub.outbox.runner._threads.values()):
            thread.join(20)
        self.hub.outbox.runner._not_before.clear()

    def until(self, receipt_no: str, state: str, seconds: float = 40, patient: bool = False) -> None:
        end = time.monotonic() + seconds
        while self.state(receipt_no) != state:
            assert time.monotonic() < end, self.of(receipt_no)
            self.turn()
            if not patient:
                self.hurry()
            time.sleep(0.02)

    def hurry(self) -> None:
        """What is to be looked at later is looked at now: waiting is the database's, and nobody sleeps here."""
        self.run("UPDATE filings_filing SET not_before = clock_timestamp()")

    def run(self, statement: str, **values: Any) -> list[Any]:
        with self.hub.database.session() as session:
            result = session.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    @contextmanager
    def sick(self, **toxics: Any) -> Iterator[None]:
        requests.put(f"{self.twin}/twin/toxics", json=toxics, timeout=30).raise_for_status()
        try:
            yield
        finally:
            requests.delete(f"{self.twin}/twin/toxics", timeout=30)


@pytest.fixture
def make_office(
    tmp_path: Path, hub_home: Path, fresh_database: str, redis: str, twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Office]]:
    stand.write(tmp_path, twins[stand.TWIN]["address"])
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    _forget_package(monkeypatch)
    opened: list[Hub] = []
    told = stand.environ(tmp_path, hub_home, fresh_database, redis)
    requests.post(f"{twins[stand.TWIN]['url']}/twin/reset", timeout=30)

    def make(kind: type[Hub] = stand.QuickHub) -> Office:
        moved: list[tuple[str, str]] = []
        hub = kind.open(hub_home, told)
        hub.filings.moving.told = lambda _, each: moved.append((each.receipt_no, each.state))
        hub.exchanges.start()
        opened.append(hub)
        return Office(hub, twins[stand.TWIN]["url"], moved)

    yield make
    requests.post(f"{twins[stand.TWIN]['url']}/twin/reset", timeout=30)
    for hub in opened:
        hub.close()


@pytest.fixture
def office(make_office: Callable[..., Office]) -> Office:
    return make_office()


def _forget_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == stand.PACKAGE]:
        monkeypatch.delitem(sys.modules, name)
