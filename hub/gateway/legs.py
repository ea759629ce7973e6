"""The step that keeps a leg: what a failed call asked, so that it can be asked again; an answer only where config says
so (K6). Nothing of the hub's own questions is kept: they carry one-time codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from hub.gateway.orders import Answer
from hub.gateway.passage import Onward, Passage
from hub.legs import Legs
from hub.legs.service import Entry
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Rejected
from hub.settings.shapes import Snapshot


class Keeping:
    """`now` gives the configuration in force: how many days each data class keeps its bodies, and failed questions."""

    def __init__(self, legs: Legs, now: Callable[[], Snapshot]) -> None:
        self._legs = legs
        self._now = now

    def __call__(self, onward: Onward, passage: Passage) -> Answer:
        service = passage.service
        if service is None or (service.record == "nothing" and not passage.write):
            return onward(passage)
        if passage.write:
            return self._write(onward, passage)
        try:
            answer = onward(passage)
        except PortError as error:
            if not isinstance(error, Rejected):
                self._legs.keep(self._entry(passage, uuid4(), _failed(error, write=False), error.code))
            raise
        if days := self._body_days(passage):
            said = {"fields": dict(answer.fields), "receipt": answer.receipt}
            self._legs.keep(self._entry(passage, uuid4(), "answered", "OK", said, days))
        return answer

    def _write(self, onward: Onward, passage: Passage) -> Answer:
        """On record as `inflight` before a byte leaves; whoever dies now leaves `unknown` behind, not nothing."""
        id = uuid4()
        self._legs.begin(self._entry(passage, id, "inflight", ""))
        try:
            answer = onward(passage)
        except PortError as error:
            self._legs.end(id, _failed(error, write=True), error.code)
            raise
        except BaseException:  # before anything was sent, or a fault of ours that we cannot see behind
            self._legs.end(id, "unknown" if passage.asked_at is not None else "failed", "INTERNAL")
            raise
        self._legs.end(id, "answered", "OK")
        return answer

    def _body_days(self, passage: Passage) -> int:
        service = passage.service
        days = self._now().hub.leg_days[passage.data_class - 1]
        return 0 if service is None or service.record in ("metadata", "nothing") else days

    def _entry(
        self,
        passage: Passage,
        id: UUID,
        state: str,
        outcome: str,
        answer: Mapping[str, Any] | None = None,
        days: int | None = None,
    ) -> Entry:
        caller = passage.caller
        mandate = caller.acts_for.mandate_id if caller.acts_for else ""
        who = {"subject": caller.subject, "region": caller.region, "level": caller.level, "mandate": mandate}
        return Entry(
            id=id,
            at=passage.received_at,
            trace_id=passage.trace.id,
            service=passage.service.id if passage.service else "",
            system=passage.system,
            operation=passage.operation,
            kind="write" if passage.write else "read",
            data_class=passage.data_class,
            state=state,
            outcome=outcome,
            keep_days=self._now().hub.failed_leg_days if days is None else days,
            question={**who, "fields": dict(passage.fields), "key": passage.key},
            answer=answer,
            subject=caller.subject,
            mandate=mandate,
        )


def _failed(error: PortError, *, write: bool) -> str:
    """What is certain. After a byte of a write left us only the department can say more (reliability.md 7.1)."""
    if isinstance(error, Rejected):
        return "rejected"
    if isinstance(error, OutcomeUnknown) or (write and isinstance(error, Garbled | Denied)):
        return "unknown"
    return "failed"
