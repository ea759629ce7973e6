"""The steps that may refuse a call before anything is done: open, known well enough, whose data, allowed, how often."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from hub.clock import Clock
from hub.errors import Problem
from hub.gateway.budget import Budget
from hub.gateway.orders import Answer, Registered
from hub.gateway.passage import Onward, Passage
from hub.identity.rules import level_required, require_level
from hub.switches.rules import State, state
from hub.switches.service import Switches

_KNOWN_S = 30.0
_KNOWN = 2000

Allowed = Callable[[Passage], None]
"""A hook that raises Problem (CONSENT_MISSING, GRANT_MISSING) when the call is not allowed."""


def allow(_: Passage) -> None:
    """Until the room that decides is there."""


class Open:
    """The switch of the service, then that of the system behind it."""

    def __init__(self, switches: Switches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock

    def service(self, onward: Onward, passage: Passage) -> Answer:
        if passage.service is not None:
            switch = self._switches.service(passage.service.id)
            _refuse_closed(state(switch, self._clock.now(), passage.caller.subject, passage.caller.region))
        return self.system(onward, passage)

    def system(self, onward: Onward, passage: Passage) -> Answer:
        if passage.system:
            switch = self._switches.system(passage.system)
            _refuse_closed(state(switch, self._clock.now(), passage.caller.subject, passage.caller.region))
        return onward(passage)


def _refuse_closed(found: State) -> None:
    if found.status != "open":
        raise Problem("SERVICE_DISABLED", origin="hub", notice=found.notice, retry_after=found.retry_after)


def level(onward: Onward, passage: Passage) -> Answer:
    """The service names how surely a person must be known."""
    if passage.service is not None:
        require_level(passage.service.level, passage.caller.level)
    return onward(passage)


class Whose:
    """Fills the subject fields with the caller's own registered values, or with those of who is represented. A client
    may repeat them, not change them."""

    def __init__(self, registered: Callable[[str], Registered | None]) -> None:
        self._registered = registered
        self._known: OrderedDict[str, tuple[float, Registered]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, onward: Onward, passage: Passage) -> Answer:
        service = passage.service
        acts_for = passage.caller.acts_for
        if acts_for is not None and service is not None and not service.parts and not acts_for.covers(service):
            raise Problem("MANDATE_SCOPE")  # of a service of parts each part is looked at
        if service is None or not service.subject:
            return onward(passage)
        person = acts_for or self._person(passage.caller.subject)
        if person is None:
            raise level_required(max(service.level, 2), passage.caller.level)
        own = {name: getattr(person, name, "") for name in service.subject}
        if not all(own.values()) or any(passage.fields.get(name, value) != value for name, value in own.items()):
            raise Problem("NOT_FOUND")  # another person's data looks like none at all
        passage.fields = {**passage.fields, **own}
        return onward(passage)

    def _person(self, citizen_id: str) -> Registered | None:
        """Remembered for half a minute: a person asks several things in a row."""
        now = time.monotonic()
        until, person = self._known.get(citizen_id, (0.0, None))
        if person is not None and now < until:
            return person
        person = self._registered(citizen_id)
        with self._lock:
            self._known.pop(citizen_id, None)
            if person is not None:
                self._known[citizen_id] = (now + _KNOWN_S, person)
            while self._known and (len(self._known) > _KNOWN or next(iter(self._known.values()))[0] < now):
                self._known.popitem(last=False)
        return person


class Permitted:
    """Consent and grant: hooks, filled by the rooms that decide."""

    def __init__(self, hook: Allowed) -> None:
        self._hook = hook

    def __call__(self, onward: Onward, passage: Passage) -> Answer:
        self._hook(passage)
        return onward(passage)


class Budgeted:
    """So many calls a minute for one person and service."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def __call__(self, onward: Onward, passage: Passage) -> Answer:
        service = passage.service
        if service is not None:
            wait = self._budget.wait_s(service.per_minute, service.id, passage.subject_tag.hex()[:32])
            if wait:
                raise Problem("RATE_LIMITED", retry_after=wait)
        return onward(passage)
