"""The one way out. Nothing else in the hub calls an adapter.

The steps stand in `Gateway.__init__`, in the order in which a call takes them; each is a few lines in its own place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import orjson

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.gateway.batch import Batch
from hub.gateway.breaker import Permit
from hub.gateway.budget import Budget
from hub.gateway.bulkhead import Bulkhead
from hub.gateway.cache import Cached, Kept
from hub.gateway.condition import Condition, Conditions
from hub.gateway.department import Department
from hub.gateway.doors import Allowed, Budgeted, Open, Permitted, Whose, allow, level
from hub.gateway.idempotency import Submissions
from hub.gateway.legs import Keeping
from hub.gateway.orders import Answer, Caller, Order, Part, Registered, SystemHealth
from hub.gateway.passage import Onward, Passage, way
from hub.gateway.record import Recorded
from hub.gateway.redis_line import RedisLine
from hub.gateway.samples import Samples
from hub.gateway.watch import Watch
from hub.ledger.writer import Exchanges
from hub.legs import Legs
from hub.metrics import Metrics
from hub.port import Reply, Stage
from hub.settings.shapes import Service, Snapshot, System
from hub.switches.rules import state
from hub.switches.service import Switches
from hub.systems import Systems
from hub.trace import Trace, new

READ_S = 3.0  # an interactive read is answered within this, whatever a system is given
PROBE_S = 3.0
_TAGS = 10_000
_HUB = Caller("hub", 3, "hub")


class Gateway:
    """One per process. `threads` is how many requests this worker serves at once; `registered` gives what a citizen
    is registered with; `consent` and `grant` are hooks that raise when a call is not allowed."""

    def __init__(
        self,
        *,
        now: Callable[[], Snapshot],
        switches: Switches,
        systems: Systems,
        exchanges: Exchanges,
        database: Database,
        crypto: Crypto,
        line: RedisLine,
        metrics: Metrics,
        clock: Clock,
        registered: Callable[[str], Registered | None],
        threads: int = 256,
        consent: Allowed = allow,
        grant: Allowed = allow,
    ) -> None:
        self.submissions = Submissions(database, crypto)
        self._now, self._switches, self._systems, self._clock, self._crypto = now, switches, systems, clock, crypto
        self._exchanges, self._line, self._metrics = exchanges, line, metrics
        self._tags: dict[str, bytes] = {}
        self._bulkhead, self._conditions, self._batch = Bulkhead(threads), Conditions(clock), Batch()
        self._kept = Kept(line, crypto)
        self._watch = Watch(self._conditions, self._batch, self._is_on, self._probe_due, self._tell, line)
        self._budget = budget = Budget(line, clock)
        open_, recorded = Open(switches, clock), Recorded(exchanges, metrics)
        self.samples = Samples(database, crypto, self._batch.start)
        self.legs = Legs(database, crypto)
        attached: Callable[[], Mapping[str, System]] = lambda: now().systems  # noqa: E731
        department = Department(systems, attached, self._bulkhead, self._conditions, budget, self.samples)
        self._department = department

        doors = (
            recorded,  # around all of it: last on the way back, so that nothing is shown before it is on record
            open_.service,  # the switch of the service, then of the system
            level,
            Whose(registered),
            Permitted(consent),
            Permitted(grant),
            self._once,  # not twice
            Budgeted(budget),
            Cached(self._kept, clock),
        )
        wire = (
            department.named,
            department.compartment,  # a thread for this system, without waiting
            department.guard,  # the breaker
            Keeping(self.legs, now),  # what failed can be asked again
            department.in_time,  # the deadline
            department.again,
        )
        self._one: Onward = way((*doors, *wire), department.contact)
        self._several: Onward = way(doors, self._parts)
        admitting = (open_.service, level, Whose(registered), Permitted(consent), Permitted(grant), Budgeted(budget))
        self._admit: Onward = way(admitting, lambda passage: Answer(passage.fields, "", clock.now()))
        self._own: Onward = way((recorded, open_.system, *wire), department.contact)
        self._knock: Onward = way((department.named, department.compartment, department.in_time), department.knock)

    def call(self, order: Order) -> Answer:
        """One service for one caller: the answer, or the Problem to tell."""
        service = order.service
        passage = self._passage(order)
        return self._several(passage) if service.parts else self._one(passage)

    def admitted(self, order: Order) -> Mapping[str, Any]:
        """What an application must pass, without asking the department: the fields with the subject's own filled in,
        or the Problem to tell."""
        return self._admit(self._passage(order)).fields

    def batch(self, orders: Sequence[Order]) -> tuple[Part, ...]:
        """Several at once within one deadline, each with its own outcome."""
        if not orders:
            return ()
        deadline = min(order.arrived for order in orders) + READ_S
        outcomes = self._batch.run([partial(self.call, order) for order in orders], deadline)
        return tuple(
            Part(order.service.id, problem=outcome) if isinstance(outcome, Problem) else Part(order.service.id, outcome)
            for order, outcome in zip(orders, outcomes, strict=True)
        )

    def ask(
        self,
        system: str,
        operation: str,
        fields: Mapping[str, Any],
        caller: Caller,
        trace: Trace,
        deadline_s: float,
        *,
        key: str | None = None,
        stage: Stage | None = None,
    ) -> Reply:
        """The hub's own question to a system (login to WeChat) or a filing, which has a `key` and is told its `stage`:
        no service, no budget, else the same way."""
        arrived = time.monotonic()
        declared = self._systems.declared(system, operation)
        passage = Passage(
            service=None,
            system=system,
            operation=operation,
            fields=fields,
            caller=caller,
            subject_tag=self.tag(caller.whose),
            acting_tag=self.tag(caller.subject) if caller.acts_for else None,
            trace=trace,
            arrived=arrived,
            received_at=self._clock.now(),
            deadline=arrived + deadline_s,
            data_class=declared.get("data_class", 1),
            key=key,
            write=declared.get("kind") == "write",
            stage=stage,
        )
        answer = self._own(passage)
        return Reply(answer.fields, answer.receipt, answer.done, passage.request_bytes, passage.response_bytes)

    @property
    def outside(self) -> int:
        """How many calls of this worker are with a department just now."""
        return self._bulkhead.total

    def health(self, system: str) -> SystemHealth:
        """How it fares as this worker sees it."""
        in_flight = self._bulkhead.in_flight().get(system, 0)
        off = system not in self._now().systems or not self._is_on(system)
        return self._conditions.of(system).health(in_flight, off=off)

    def probe(self, system: str) -> SystemHealth:
        """Ask it something harmless now; the problem it meets stands in `last_failures`."""
        condition = self._conditions.of(system)
        with suppress(Problem):
            self._probe(condition, condition.asked_for_probe())
        return self.health(system)

    def release(self, system: str) -> None:
        """Operations put it back after its credentials were refused, or close its breaker by hand."""
        self._conditions.of(system).release()

    def forget(self, citizen_id: str) -> None:
        """Wipe the kept answers of one person."""
        self._kept.forget(self.tag(citizen_id), self._now().services)

    def start(self) -> None:
        self._kept.start()
        self._budget.start()
        self.legs.start()
        self._watch.start()

    def close(self) -> None:
        self._watch.close()
        self._budget.close()
        self._kept.close()
        self.legs.close()
        self._batch.close()

    def _passage(self, order: Order) -> Passage:
        service = order.service
        attached = self._now().systems.get(service.system or "")
        return Passage(
            service=service,
            system=service.system or "",
            operation=service.operation or "",
            fields=order.fields,
            caller=order.caller,
            subject_tag=self.tag(order.caller.whose),
            acting_tag=self.tag(order.caller.subject) if order.caller.acts_for else None,
            trace=order.trace,
            arrived=order.arrived,
            received_at=order.received_at,
            deadline=order.arrived + min(attached.deadline_s if attached else READ_S, READ_S),
            data_class=service.data_class,
            key=order.key,
            write=self._systems.declared(service.system or "", service.operation or "").get("kind") == "write",
        )

    def _once(self, onward: Onward, passage: Passage) -> Answer:
        """With an Idempotency-Key: the same body gets the stored answer. A service of parts stores none."""
        service = passage.service
        if passage.key is None or service is None or service.parts:
            return onward(passage)
        caller, fields = passage.caller, dict(passage.fields)
        mandate = caller.acts_for.mandate_id if caller.acts_for else None
        body = orjson.dumps([fields, mandate] if mandate else fields, option=orjson.OPT_SORT_KEYS)
        run: Callable[[object], bytes] = lambda _: onward(passage).packed()  # noqa: E731
        packed, replayed = self.submissions.once(
            caller.subject, service.id, passage.key, body, run, mandate=mandate
        )
        passage.cached |= replayed
        return Answer.unpacked(packed)

    def _parts(self, passage: Passage) -> Answer:
        """A service that puts others together: each gets the fields its own form knows."""
        service = passage.service
        assert service is not None
        parts = [self._now().services[id] for id in service.parts]
        orders = [self._part(part, passage) for part in parts]
        return Answer({}, "", self._clock.now(), parts=self.batch(orders))

    def _part(self, part: Service, passage: Passage) -> Order:
        names = {field.name for field in part.form}
        fields = {name: value for name, value in passage.fields.items() if name in names}
        return Order(part, passage.caller, fields, passage.trace, passage.arrived, passage.received_at)

    def _probe_due(self, condition: Condition, permit: Permit) -> None:
        with suppress(Problem):  # the condition has it
            self._probe(condition, permit)

    def _probe(self, condition: Condition, permit: Permit) -> None:
        now = time.monotonic()
        passage = Passage(
            None, condition.system, "probe", {}, _HUB, b"", new(), now, self._clock.now(), now + PROBE_S, data_class=1
        )
        if not self._is_on(condition.system):
            condition.settle(permit, None, 0.0)
            raise Problem("SERVICE_DISABLED", origin="hub")
        self._department.settle_probe(condition, permit, partial(self._knock, passage), passage)

    def _is_on(self, system: str) -> bool:
        return state(self._switches.system(system), self._clock.now()).status != "closed"

    def _tell(self) -> None:
        conditions = self._conditions.all()
        breakers = {each.system: "denied" if each.denied else each.breaker_state.value for each in conditions}
        self._metrics.state(
            self._bulkhead.in_flight(), breakers, self._exchanges.depth, self._exchanges.lost, self._line.away
        )

    def tag(self, subject: str) -> bytes:
        """What stands for this person in the records of calls."""
        tag = self._tags.get(subject)
        if tag is None:
            if len(self._tags) >= _TAGS:
                self._tags.clear()
            tag = self._tags[subject] = self._crypto.lookup(subject, "ledger.subject")
        return tag
