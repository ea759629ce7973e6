"""One twin and one MariaDB for the session; each test finds the twin healthy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.protocols.db_view import Adapter
from adapters.twins.db_view import Gate, served
from tests.db_view.mariadb import MariaDb, running
from tests.db_view.rooms import JABS, PASSWORD, STUDENT, Room


@pytest.fixture(scope="session")
def gate(database_server: str) -> Iterator[Gate]:
    gate = served(database_server, PASSWORD)
    yield gate
    gate.stop()


@pytest.fixture
def room(gate: Gate) -> Iterator[Room]:
    room = Room(gate)
    yield room
    room.leave()


@pytest.fixture
def students(room: Room) -> Adapter:
    return room.open(STUDENT)


@pytest.fixture
def jabs(room: Room) -> Adapter:
    return room.open(JABS)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    with running() as database:
        yield database
