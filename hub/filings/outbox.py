"""The outbox put together from its parts, for hub/main.py: `filings` for other rooms, `desk` for operations, `runner`
for `hub work`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.filings.desk import Desk
from hub.filings.orders import Told
from hub.filings.papers import Papers, ReadPaper
from hub.filings.reconciling import Reconciling
from hub.filings.rules import Times, Way
from hub.filings.runner import Runner
from hub.filings.sender import Sender
from hub.filings.service import TASK, Filings
from hub.gateway.service import Gateway
from hub.jobs.service import Jobs
from hub.systems import Systems
from hub.systems.filing import runs_as


class Outbox:
    """`database` is the runner's own. `read_paper` gives a paper's bytes, `moved` is told each change of state in its
    transaction, `per_minute` how many calls a system bears, `watch` which point a filing passes."""

    def __init__(
        self,
        *,
        database: Database,
        gateway: Gateway,
        systems: Systems,
        jobs: Jobs,
        crypto: Crypto,
        clock: Clock,
        per_minute: Callable[[str], int],
        moved: Told,
        read_paper: ReadPaper,
        times: Times,
        watch: Callable[[str], None],
    ) -> None:
        self._systems, self._times = systems, times
        self._database = database
        self.filings = Filings(crypto, clock, self.way, per_minute, moved)
        moving = self.filings.moving
        self.desk = Desk(moving, self.way)
        self.papers = Papers(database, gateway, systems.facts, read_paper)
        worker = f"{socket.gethostname()}:{os.getpid()}"
        sender = Sender(database, gateway, crypto, moving, systems.facts, self.papers, worker, times, watch)
        reconciling = Reconciling(database, gateway, crypto, clock, moving, systems.facts)
        self.runner = Runner(database, moving, sender, reconciling, self.way)
        jobs.register(TASK, self.runner.ring)

    def way(self, system: str) -> Way:
        """How the system's folder says it files. Raises CONFIG_INVALID where it takes no filings."""
        facts: Mapping[str, Any] = self._systems.facts(system)
        if not facts["filing"]:
            raise Problem("CONFIG_INVALID", origin="hub", note=f"{system} takes no filings")
        return Way.declared(facts, runs_as(facts["filing"]), self._times)

    def close(self) -> None:
        self._database.close()
