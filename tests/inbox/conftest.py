"""Two departments with shelves, and an inbox in front of them. The tests of a module share a database, one after the
other: making and dropping one costs more than emptying it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.configuration import written
from tests.inbox.world import World, build, executed, shelf

_FULL = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^(inbox|ledger)_'"


@pytest.fixture(scope="module")
def module_database(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
def empty_database(module_database: str) -> str:
    """The URL of a database in which nothing was ever delivered."""
    names = ", ".join(name for (name,) in executed(module_database, _FULL))
    untouched = "SET LOCAL session_replication_role = replica"  # rows of the ledger are only added
    executed(module_database, f"{untouched}; TRUNCATE {names} CASCADE")
    return module_database


@pytest.fixture
def world(tmp_path: Path, empty_database: str) -> Iterator[World]:
    written(tmp_path / "config", {"press": shelf(tmp_path, "press"), "other": shelf(tmp_path, "other")})
    built = build(tmp_path, empty_database)
    yield built
    built.close()
