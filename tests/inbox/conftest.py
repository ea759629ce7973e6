"""Two departments with shelves, and an inbox in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inbox.world import World, build, shelf, write_config


@pytest.fixture
def world(tmp_path: Path, fresh_database: str) -> Iterator[World]:
    write_config(tmp_path / "config", {"press": shelf(tmp_path, "press"), "other": shelf(tmp_path, "other")})
    built = build(tmp_path, fresh_database)
    yield built
    built.close()
