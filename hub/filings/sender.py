"""Sends one claimed filing through the gateway and writes down what came of it. No transaction is open meanwhile."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.filings import claiming, rules
from hub.filings.claiming import Claim, End
from hub.filings.moving import Moving
from hub.filings.orders import Order
from hub.filings.papers import Papers
from hub.filings.rules import State, Step, Times, Way
from hub.gateway.orders import Caller
from hub.gateway.service import Gateway
from hub.port import STAGES, Halted, PortError, Reply
from hub.trace import Trace, new

PURPOSE = "filings.order"


def nobody_watches(point: str) -> None:
    """Nobody is told how far a filing has come."""


class Sender:
    """`watch` is told each point a filing passes: claimed, the stages of its call, parsed, outcome_committed."""

    def __init__(
        self,
        database: Database,
        gateway: Gateway,
        crypto: Crypto,
        moving: Moving,
        facts: Callable[[str], Any],
        papers: Papers,
        worker: str,
        times: Times,
        watch: Callable[[str], None] = nobody_watches,
    ) -> None:
        self._database, self._gateway, self._crypto, self._moving = database, gateway, crypto, moving
        self._facts, self._papers, self._worker, self._times, self._watch = facts, papers, worker, times, watch
        self._log = structlog.get_logger()

    def one(self, system: str, slot: int, way: Way) -> float | None:
        """Send what has waited longest. None: there was nothing to send, or another has the account; else for how many
        seconds the department should be left alone. Raises STORE_UNAVAILABLE."""
        trace = new()
        with self._database.session() as session:
            claim = claiming.claim(session, self._moving, system, slot, self._worker, way, self._times, trace.id)
        if claim is None:
            return None
        self._watch("claimed")
        progress = Progress(partial(self._fenced, claim), self._watch, claim.halt_at)
        end = self._ended(claim, system, way, progress, trace)
        with self._database.session() as session:
            mine = claiming.finish(session, self._moving, claim, way, end)
        self._watch("outcome_committed")
        if not mine:
            self._log.warning("filing_ended_late", system=system, outcome=end.outcome, trace_id=trace.id)
        return end.step.wait_s if end.step.state is State.READY else 0.0

    def _ended(self, claim: Claim, system: str, way: Way, progress: Progress, trace: Trace) -> End:
        try:
            reply = self._asked(claim, system, progress, trace)
            self._watch("parsed")
        except Exception as error:
            return self._failed(error, claim, system, way, progress)
        number = reply.receipt or ""
        return End(
            "OK", progress.reached, number.encode(), Step(State.CONFIRMED, "ACCEPTED", way.settle_s), sent=True,
            kept={"department_receipt": number, "refused": ""},
        )  # fmt: skip

    def _asked(self, claim: Claim, system: str, progress: Progress, trace: Trace) -> Reply:
        order = Order.unpacked(self._crypto.open(claim.order_sealed, PURPOSE))
        caller = Caller(order.citizen_id or order.subject_tag, 3, "hub")
        fields = self._papers.filed(order, claim, progress.left, caller, trace, self._times.call_s)
        reply = self._gateway.ask(
            system, order.operation, fields, caller, trace, progress.left(self._times.call_s), key=order.key,
            stage=progress,
        )  # fmt: skip
        declared = self._facts(system)["operations"][order.operation]["answer"]["receipt"]
        if reply.receipt is None and not declared:  # it is known by our own number
            return Reply(reply.fields, order.key, reply.done)
        if reply.receipt is None:
            raise NoNumber
        return reply

    def _failed(self, error: Exception, claim: Claim, system: str, way: Way, progress: Progress) -> End:
        step = rules.after_failure(error, progress.reached, claim.sent_before, claim.n, way)
        ours = not isinstance(error, Problem | NoNumber)
        if ours:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self._log.error("filing_broke", system=system, error=type(error).__name__, file=frame.filename,
                            line=frame.lineno)  # fmt: skip
        sample = error.sample if isinstance(error, PortError) else b""
        kept = {"refused": step.reason} if step.state is State.UNKNOWN and rules.refused(error) else None
        return End(step.reason, progress.reached, sample, step, sent=progress.sent, fault=ours, kept=kept)

    def _fenced(self, claim: Claim) -> bool:
        try:
            with self._database.session() as session:
                return claiming.still_mine(session, claim.attempt_id, self._times.margin_s)
        except Problem:  # PostgreSQL is away: nothing leaves
            return False


class NoNumber(Exception):
    """The department said yes and gave no number, though it should."""


class Progress:
    """The stage of one call, and the fence at the two places where it may still be stopped."""

    def __init__(self, fenced: Callable[[], bool], watch: Callable[[str], None], halt_at: float) -> None:
        self._fenced, self._watch, self._halt_at = fenced, watch, halt_at
        self.reached = ""

    def __call__(self, stage: str) -> None:
        self._watch(stage)
        if stage == "body_started" and not (self._in_time() and self._fenced() and self._in_time()):
            raise Halted
        self.reached = stage
        if stage == "body_half" and not self._in_time():
            raise Halted

    @property
    def sent(self) -> bool:
        return self.reached in STAGES[STAGES.index("body_started") :]

    def left(self, most: float) -> float:
        """Seconds for the call: it ends before the right to send does."""
        return max(0.0, min(most, self._halt_at - claiming.boot_s()))

    def _in_time(self) -> bool:
        return claiming.boot_s() < self._halt_at
