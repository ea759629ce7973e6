"""A PostgreSQL of these tests' own, because they kill and freeze it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.database import Database
from hub.ledger.writer import Exchanges
from tests.switches.postgres import Server, fresh, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def store(server: Server) -> Iterator[Database]:
    with fresh(server) as made:
        yield made


@pytest.fixture
def exchanges(store: Database) -> Iterator[Exchanges]:
    writer = Exchanges(store)
    writer.start()
    yield writer
    writer.close()
