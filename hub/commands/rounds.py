"""What `hub work` does regularly: forget what is too old, ask every system whether it still answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import structlog

from hub.gateway import idempotency, samples
from hub.inspection.rules import Finding
from hub.inspection.service import due
from hub.ledger.retention import shred
from hub.main import Hub

_PROBE_S, _SWEEP_S, _JOBS_S, _LOOK_S, _LEDGER_S = 60.0, 600.0, 20.0, 5.0, 10.0


@dataclass(slots=True)
class _Round:
    name: str
    every: float
    act: Callable[[], None]
    due: float = 0.0


class Rounds:
    """A failure is logged and tried again next time. Two workers at it do no harm."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._log = structlog.get_logger()
        self._seen: dict[str, str] = {}
        self._inspected_at: datetime | None = None
        self._rounds = (
            _Round("probe", _PROBE_S, self._probe),
            _Round("inspection", _LOOK_S, self._inspect),
            _Round("sweep_messages", _LOOK_S, self._sweep_messages),
            _Round("sweep_jobs", _JOBS_S, self._sweep_jobs),
            _Round("show_cards", _JOBS_S, self._show_cards),
            _Round("ledger", _LEDGER_S, self._look_at_ledger),
            _Round("shred", _SWEEP_S, self._shred),
            _Round("cases", _LOOK_S, self._look_at_cases),
            _Round("forget_submissions", _SWEEP_S, self._forget_submissions),
            _Round("forget_logins", _SWEEP_S, self._forget_logins),
            _Round("forget_deliveries", _SWEEP_S, self._forget_deliveries),
            _Round("forget_codes", _SWEEP_S, self._hub.credentials.sweep),
            _Round("health_code", _LOOK_S, self._look_at_health_code),
            _Round("scan_papers", _JOBS_S, self._scan_papers),
            _Round("forget_papers", _SWEEP_S, self._forget_papers),
            _Round("forget_batches", _SWEEP_S, self._forget_batches),
            _Round("forget_crossings", _SWEEP_S, self._forget_crossings),
            _Round("forget_uses", _SWEEP_S, self._forget_uses),
            _Round("trust_list", _JOBS_S, self._fetch_trust_list),
            _Round("recognition", _JOBS_S, self._hub.recognition.look),
            _Round("forget_recognitions", _SWEEP_S, self._forget_recognitions),
        )

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for each in self._rounds:
                if each.due <= time.monotonic() and not stop.is_set():
                    self._go(each)
            stop.wait(max(0.1, min(each.due for each in self._rounds) - time.monotonic()))

    def _go(self, each: _Round) -> None:
        try:
            each.act()
        except Exception as error:  # one round must not end the others
            self._log.warning("round_failed", job=each.name, error=type(error).__name__)
        each.due = time.monotonic() + each.every

    def _probe(self) -> None:
        """One log line for each system that has come to another state since the last time."""
        with ThreadPoolExecutor(8, thread_name_prefix="probe") as pool:
            for health in pool.map(self._hub.gateway.probe, self._hub.settings.now.systems):
                if self._seen.get(health.system) != health.state:
                    self._log.info("system_state", system=health.system, state=health.state)
                self._seen[health.system] = health.state

    def _inspect(self) -> None:
        """Every quarter of an hour (hub.yaml: probe_minutes), by wall time."""
        now = self._hub.clock.now()
        if due(self._inspected_at, self._hub.settings.now.hub.probe_minutes, now):
            self._hub.inspection.round()
            self._inspected_at = now

    def _look_at_ledger(self) -> None:
        """What its verifier found; checkpoints, witnesses and what waits besides."""
        self._hub.inspection.of_ledger(
            Finding("ledger", f"ledger/{each.about}", "failing", each.code, each.note[:300])
            if each.bad
            else Finding("ledger", f"ledger/{each.about}", "works")
            for each in self._hub.ledger.standing()
        )

    def _shred(self) -> None:
        """What the ledger need not keep any longer."""
        with self._hub.database.session() as session:
            shred(session, self._hub.clock)

    def _show_cards(self) -> None:
        with self._hub.database.session() as session:
            self._hub.tasks.show_cards(session)
            self._hub.appeals.show_cards(session)
            self._hub.exchange.count_silence(session)

    def _sweep_jobs(self) -> None:
        """What a dead worker left behind comes to a true end, and its jobs to another worker."""
        with self._hub.database.session() as session:
            self._hub.jobs.sweep(session)
            self._hub.legs.sweep(session)
            self._hub.reruns.sweep(session)

    def _sweep_messages(self) -> None:
        """What no doorbell was heard for, and what is given up."""
        with self._hub.database.session() as session:
            self._hub.push.sweep(session)
            self._hub.notices.sweep(session)

    def _look_at_cases(self) -> None:
        """What silence and delay have come to."""
        with self._hub.database.session() as session:
            self._hub.cases.rounds.tick(session)

    def _look_at_health_code(self) -> None:
        """Promises that were not kept, and the end by order."""
        with self._hub.database.session() as session:
            self._hub.health_code.reviews.mark_late(session)
        with self._hub.database.session(patience=60) as session:
            self._hub.health_code.ending.close(session)

    def _forget_submissions(self) -> None:
        with self._hub.database.session() as session:
            idempotency.purge(session)
            samples.purge(session)

    def _forget_logins(self) -> None:
        with self._hub.database.session() as session:
            self._hub.login.sweep(session)
            self._hub.fresh.sweep(session)

    def _forget_deliveries(self) -> None:
        with self._hub.database.session() as session:
            self._hub.inbox.sweep(session)
            self._hub.messages.forget(session)

    def _scan_papers(self) -> None:
        self._hub.materials.rescan()

    def _forget_papers(self) -> None:
        with self._hub.database.session() as session:
            self._hub.materials.sweep(session)

    def _forget_batches(self) -> None:
        with self._hub.database.session() as session:
            self._hub.batches.sweep(session)

    def _forget_crossings(self) -> None:
        with self._hub.database.session() as session:
            self._hub.flow.sweep(session)
            self._hub.tracing.sweep(session)

    def _forget_uses(self) -> None:
        with self._hub.database.session() as session:
            self._hub.exchange.sweep(session)

    def _forget_recognitions(self) -> None:
        with self._hub.database.session() as session:
            self._hub.recognition.sweep(session)

    def _fetch_trust_list(self) -> None:
        self._hub.recognition.fetching.fetch()
