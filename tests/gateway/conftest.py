"""Three departments, a department whose driver hangs, and a gateway in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gateway.office import Office, office
from tests.gateway.world import World, build, service, write_config

SERVICES = [
    service("balance", "alpha"),
    service("pension", "beta"),
    service("fund", "gamma"),
    service("limited", "alpha", per_minute=4),
    service("kept", "alpha", stale_s=3600),
    service("fresh", "alpha", cache_s=60, stale_s=3600),
    service("hours", "alpha", level=0, data_class=1, subject=[], call={"system": "alpha", "operation": "hours"}),
    service("stuck", "stuck", level=0, data_class=1, subject=[], call={"system": "stuck", "operation": "hours"}),
    service("records", None, parts=["balance", "pension", "fund"]),
]


@pytest.fixture
def offices() -> Iterator[dict[str, Office]]:
    with ExitStack() as stack:
        yield {id: stack.enter_context(office()) for id in ("alpha", "beta", "gamma", "stuck")}


@pytest.fixture
def world(tmp_path: Path, fresh_database: str, redis: str, offices: dict[str, Office]) -> Iterator[World]:
    write_config(tmp_path / "config", offices, SERVICES)
    built = build(tmp_path, fresh_database, redis, offices)
    yield built
    built.close()
