"""The steps next to the wire: a thread for one system, leave of its breaker, the deadline, a second try, the call."""

from __future__ import annotations

import contextvars
import math
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from hub.errors import Problem
from hub.gateway.breaker import Permit, Verdict
from hub.gateway.budget import Budget
from hub.gateway.bulkhead import Bulkhead
from hub.gateway.condition import Condition, Conditions
from hub.gateway.orders import Answer, Failure
from hub.gateway.passage import Onward, Passage
from hub.gateway.samples import Samples
from hub.port import Call, Denied, Garbled, Halted, OutcomeUnknown, PortError, Rejected, Stage, Unavailable
from hub.settings.shapes import System
from hub.systems import Systems

_BUSY_S = 2
_OF_FILINGS = 0.9
_WAIT_S: Mapping[type[PortError], int] = {Unavailable: 10, OutcomeUnknown: 10, Garbled: 60, Denied: 300}
_WORTH_TRYING_S = 0.1


class Department:
    """One for all systems. The methods that take `onward` are steps; `contact` and `knock` are what they lead to."""

    def __init__(
        self,
        systems: Systems,
        attached: Callable[[], Mapping[str, System]],
        bulkhead: Bulkhead,
        conditions: Conditions,
        budget: Budget,
        samples: Samples,
    ) -> None:
        self._systems = systems
        self._attached = attached
        self._bulkhead = bulkhead
        self._conditions = conditions
        self._budget = budget
        self._samples = samples
        self._log = structlog.get_logger()

    def named(self, onward: Onward, passage: Passage) -> Answer:
        """Whatever fails from here on is the department's, and says when to come back."""
        try:
            return onward(passage)
        except PortError as error:
            if error.origin == "hub":  # else the adapter knows better who it was: the road between us and them
                error.origin = f"department:{passage.system}"
            if error.retry_after is None:
                error.retry_after = _WAIT_S.get(type(error))
            raise

    def compartment(self, onward: Onward, passage: Passage) -> Answer:
        """A thread of ours for this system, at once or not at all."""
        attached = self._attached().get(passage.system)
        if attached is None:
            raise Unavailable("not attached in systems.yaml")
        most = attached.per_minute
        if passage.stage is not None:  # a queue of filings that drains leaves something for those who wait (F39)
            most = math.ceil(most * _OF_FILINGS)
        wait = self._budget.wait_s(most, "system", passage.system)
        ticket = 0 if wait else self._bulkhead.enter(passage.system, attached.cap)
        if not ticket:
            raise Unavailable("budget" if wait else "cap", code="DEPARTMENT_BUSY", retry_after=wait or _BUSY_S)
        passage.ticket = ticket
        try:
            return onward(passage)
        finally:
            if passage.ticket:
                self._bulkhead.leave(passage.system, ticket)

    def guard(self, onward: Onward, passage: Passage) -> Answer:
        """Leave of the breaker; it learns how the call went."""
        condition = self._conditions.of(passage.system)
        if condition.denied:
            if self._systems.get(passage.system).adapter is condition.denied_by:
                raise Denied("off until a probe succeeds or operations release it")
            condition.release()  # opened anew, with other credentials
        permit = condition.admit(read=not passage.write)
        if permit is None:
            raise Unavailable("breaker is open", retry_after=condition.retry_after())
        started = time.monotonic()
        try:
            answer = onward(passage)
        except BaseException as error:
            self._learn(condition, permit, passage, error, time.monotonic() - started)
            raise
        condition.settle(permit, Verdict.GOOD, time.monotonic() - started)
        return answer

    def in_time(self, onward: Onward, passage: Passage) -> Answer:
        """The transport ends the call at the deadline. A driver that may hang gets a thread of its own, so that the
        caller is released all the same; a stuck thread keeps its place in the compartment (legacy.md G5). Others
        do not: measured, a thread of its own costs 75-90 us of CPU a call, a hop to a waiting one 25-40."""
        if passage.left() <= 0:
            raise OutcomeUnknown("no time was left")
        if not self._systems.get(passage.system).may_hang:
            return onward(passage)
        leave = partial(self._bulkhead.leave, passage.system, passage.ticket)
        passage.ticket = 0  # its thread leaves when it ends, which may be long after its caller
        return _released(partial(onward, passage), passage.deadline, leave)

    def again(self, onward: Onward, passage: Passage) -> Answer:
        """A read that certainly was not done may be tried once more: before any byte came back, and seldom."""
        try:
            return onward(passage)
        except Unavailable as error:
            answered = error.sample or error.notice or error.retry_after
            if passage.write or answered or passage.left() < _WORTH_TRYING_S:
                raise
            if not self._conditions.of(passage.system).may_retry():
                raise
        return onward(passage)

    def contact(self, passage: Passage) -> Answer:
        """The call itself, and a look at the answer before anyone sees it."""
        opened = self._systems.get(passage.system)
        operation = opened.operations.get(passage.operation)
        if operation is None:
            raise Unavailable(f"operation {passage.operation} is not declared")
        call = Call(
            passage.operation, passage.fields, passage.deadline, passage.trace.child(), passage.key or "", passage.stage
        )
        passage.attempts += 1
        if passage.asked_at is None:
            passage.asked_at = time.monotonic()
        try:
            if passage.stage is not None and not getattr(opened.adapter, "tells_stages", False):
                _taken_as_sent(passage.stage)
            reply = opened.adapter.call(call)
        except Problem:
            raise
        except Exception as error:
            raise self._broke(passage, error) from error
        finally:
            passage.answered_at = time.monotonic()
        passage.request_bytes += reply.request_bytes
        passage.response_bytes += reply.response_bytes
        fields = operation.shown(reply.fields, passage.fields, passage.data_class)
        return Answer(fields, passage.system, passage.moment(passage.answered_at), reply.receipt, reply.done)

    def knock(self, passage: Passage) -> Answer:
        """Something harmless, to see whether the system works."""
        try:
            self._systems.get(passage.system).adapter.probe(passage.deadline)
        except Problem:
            raise
        except Exception as error:
            raise self._broke(passage, error) from error
        return Answer({}, passage.system, passage.moment(time.monotonic()))

    def settle_probe(self, condition: Condition, permit: Permit, probe: Callable[[], Answer], passage: Passage) -> None:
        """Run a probe and let the system's condition learn from it."""
        started = time.monotonic()
        try:
            probe()
        except BaseException as error:
            self._learn(condition, permit, passage, error, time.monotonic() - started)
            raise
        if condition.denied:
            condition.release()
            self._log.info("system_released", system=condition.system)
        condition.settle(permit, Verdict.GOOD, time.monotonic() - started)
        condition.probe_again_soon()

    def _broke(self, passage: Passage, error: Exception) -> Garbled:
        """An adapter let out what is none of the five errors: a fault of ours, and no answer to show."""
        frame = traceback.extract_tb(error.__traceback__)[-1]
        name = type(error).__name__
        self._log.error("adapter_broke", system=passage.system, operation=passage.operation,
                        trace_id=passage.trace.id, error=name, file=frame.filename, line=frame.lineno)  # fmt: skip
        return Garbled(f"adapter: {name}")

    def _learn(
        self, condition: Condition, permit: Permit, passage: Passage, error: BaseException, seconds: float
    ) -> None:
        verdict = _verdict(error)
        failure = None
        if isinstance(error, PortError) and not isinstance(error, Rejected):
            at = passage.moment(time.monotonic())
            failure = Failure(at, passage.operation, error.code, passage.trace.id)
        condition.settle(permit, verdict, seconds, failure)
        if isinstance(error, Garbled):
            self._samples.keep(passage, error)
        if isinstance(error, Denied) and condition.deny(self._systems.get(passage.system).adapter):
            self._log.error("system_denied", system=passage.system, trace_id=passage.trace.id, note=error.note)


def _taken_as_sent(stage: Stage) -> None:
    """Nobody will tell when its first byte leaves: it may be from here on."""
    try:
        stage("body_started")
    except Halted as error:
        raise Unavailable("the right to send it is over") from error


def _verdict(error: BaseException) -> Verdict | None:
    if isinstance(error, Unavailable | OutcomeUnknown | Garbled):
        return Verdict.BAD
    if isinstance(error, Rejected | Denied):
        return Verdict.NEUTRAL
    return None  # it ended before anything was sent


def _released(run: Callable[[], Answer], deadline: float, leave: Callable[[], None]) -> Answer:
    """What `run` gives, or OutcomeUnknown at the deadline; `leave` is called when the thread really ends."""
    done = threading.Event()
    results: list[Answer | BaseException] = []

    def work() -> None:
        try:
            results.append(run())
        except BaseException as error:
            results.append(error)
        finally:
            leave()
            done.set()

    try:
        threading.Thread(target=partial(contextvars.copy_context().run, work), daemon=True).start()
    except RuntimeError:
        leave()
        raise Unavailable("no thread could be started", code="DEPARTMENT_BUSY") from None
    if not done.wait(max(0.0, deadline - time.monotonic())):
        raise OutcomeUnknown("the driver did not come back by the deadline")
    result = results[0]
    if isinstance(result, BaseException):
        raise result
    return result
