"""The rooms on an empty database; nobody signs in here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.login.room import Platform, Room, copied_config


@pytest.fixture
def room(tmp_path: Path, hub_home: Path, fresh_database: str) -> Iterator[Room]:
    built = Room(fresh_database, hub_home, copied_config(tmp_path / "config"), Platform())
    yield built
    built.close()
