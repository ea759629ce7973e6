"""A gateway as in tests/gateway, with jobs and re-runs on top of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.clock import Clock
from hub.errors import Problem
from hub.gateway.orders import ActsFor
from hub.jobs.service import Jobs
from hub.jobs.worker import Worker
from hub.legs import Leg
from hub.reruns.asking import Asking
from hub.reruns.service import Rerun, Reruns
from hub.trace import Trace
from tests.gateway.conftest import offices
from tests.gateway.office import Office
from tests.gateway.world import World, build, service, write_config
from tests.jobs.test_jobs import until

__all__ = ["offices"]
PUBLIC = {"level": 0, "data_class": 1, "subject": [], "call": {"system": "alpha", "operation": "hours"}}
SERVICES = [
    service("balance", "alpha"),
    service("pension", "beta"),
    service("hours", "alpha", **PUBLIC),
    service("brief", "alpha", record="metadata", **PUBLIC),
    service("silent", "alpha", record="nothing"),
    service("filing", "alpha", kind="application", subject=[], data_class=2,
            call={"system": "alpha", "operation": "file"}),
]  # fmt: skip


def nobody_acts(mandate: str, citizen_id: str) -> ActsFor:
    """Where nobody has a mandate."""
    raise Problem("NOT_FOUND")


@dataclass
class Room:
    world: World
    jobs: Jobs
    asking: Asking
    reruns: Reruns

    def fails(self, id: str, times: int = 1) -> list[Leg]:
        """Calls that fail, and the legs kept of them."""
        begun = Clock().now()
        for _ in range(times):
            with pytest.raises(Problem):
                self.world.call(id)
        until(lambda: len(self.legs(begun)) >= times, 5)
        return self.legs(begun)

    def legs(self, since: datetime | None = None) -> list[Leg]:
        since = since or Clock().now() - timedelta(days=1)
        with self.world.database.session() as session:
            later = Clock().now() + timedelta(days=1)
            return list(self.world.gateway.legs.to_ask_again(session, None, None, since, later, 10_000))

    def of(self, trace: Trace) -> list[Leg]:
        with self.world.database.session() as session:
            return list(self.world.gateway.legs.find(session, trace.id))

    def begin(self, system: str = "alpha") -> Rerun:
        now = Clock().now()
        day = timedelta(days=1)
        with self.world.database.session() as session:
            return self.reruns.begin(session, "the outage is over", "tester", system=system, since=now - day, until=now)

    def move(self, id: int, to: str) -> Rerun:
        with self.world.database.session() as session:
            return self.reruns.move(session, id, to)

    def now(self, id: int) -> Rerun:
        with self.world.database.session() as session:
            return self.reruns.get(session, id)

    @contextmanager
    def working(self) -> Iterator[None]:
        worker = Worker(self.jobs, heartbeat_s=0.5)
        worker.start()
        try:
            yield
        finally:
            worker.stop()


@pytest.fixture
def room(tmp_path: Path, fresh_database: str, redis: str, offices: dict[str, Office]) -> Iterator[Room]:
    write_config(tmp_path / "config", offices, SERVICES)
    world = build(tmp_path, fresh_database, redis, offices)
    world.gateway.legs.start()
    jobs = Jobs(world.database, wait_s=0)
    asking = Asking(
        world.database, world.gateway, world.gateway.legs, lambda: world.settings.now, Clock(), nobody_acts
    )
    reruns = Reruns(world.database, jobs, world.gateway.legs, asking, Clock())
    yield Room(world, jobs, asking, reruns)
    world.close()
