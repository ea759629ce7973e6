"""The background of the gateway: once a second it asks the systems that are out whether they are back, and tells the
metrics how things stand.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import structlog

from hub.gateway.advice import Advice
from hub.gateway.batch import Batch
from hub.gateway.breaker import Permit, State
from hub.gateway.condition import Condition, Conditions
from hub.gateway.redis_line import RedisLine

_EVERY_S = 1.0


class Watch:
    def __init__(
        self,
        conditions: Conditions,
        batch: Batch,
        is_on: Callable[[str], bool],
        probe: Callable[[Condition, Permit], None],
        tell: Callable[[], None],
        line: RedisLine | None = None,
    ) -> None:
        self._conditions = conditions
        self._batch = batch
        self._is_on = is_on
        self._probe = probe
        self._tell = tell
        self._advice = Advice(line) if line else None
        self._out: set[str] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-watch", daemon=True)
        self._log = structlog.get_logger()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.ident:
            self._thread.join(2)

    def look(self) -> None:
        """Start the probes that are due. Each runs in a thread of its own: a dead system must not delay the next.

        A system whose credentials were refused starts afresh when operations switch it off and on again.
        """
        if self._advice:
            self._pass_on(self._advice)
        for condition in self._conditions.all():
            if not self._is_on(condition.system):
                if condition.denied:
                    condition.release()
                continue
            permit = condition.due_for_probe()
            if permit is not None:
                self._batch.start(partial(self._probe, condition, permit))

    def _pass_on(self, advice: Advice) -> None:
        """Tell the other workers which systems came back here, and heed what they tell about those that are out."""
        out = {each.system: each for each in self._conditions.all() if each.breaker_state is not State.CLOSED}
        for system in self._out - out.keys():
            advice.tell(system)
        for system in advice.heard(list(out)):
            out[system].advise()
        self._out = set(out)

    def _run(self) -> None:
        while not self._closing.wait(_EVERY_S):
            try:
                self.look()
                self._tell()
            except Exception as error:
                self._log.error("watch_broke", error=type(error).__name__)
