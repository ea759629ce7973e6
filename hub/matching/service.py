"""The rows of an answer that are about whom was asked for: by rule, or as somebody decided; the rest is not given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.matching import rules
from hub.matching.queue import Context, Queue
from hub.matching.rules import Sought, Told, Verdict
from hub.settings.sharing_shapes import Sharing


@dataclass(frozen=True, slots=True)
class Sifted:
    """`kept` are the places of the rows that are given, each with its verdict; `doubtful` the ids in the manual queue;
    `left_out` counts the rows of others."""

    kept: tuple[tuple[int, Verdict], ...]
    doubtful: tuple[str, ...] = ()
    left_out: int = 0


class Matching:
    """One per process. It has transactions of its own."""

    def __init__(
        self, database: Database, crypto: Crypto, clock: Clock, configured: Callable[[], Sharing]
    ) -> None:
        self._database, self._clock = database, clock
        self.queue = Queue(crypto, clock, configured)

    def sift(self, context: Context, sought: Sought, rows: Sequence[Told]) -> Sifted:
        """Looks into the database only where a rule cannot tell."""
        verdicts = [self._verdict(context, sought, told) for told in rows]
        doubtful: dict[Told, str | Verdict] = {}
        if any(each.confidence == "doubtful" for each in verdicts):
            with self._database.session() as session:
                for told, verdict in zip(rows, verdicts, strict=True):
                    if verdict.confidence == "doubtful" and told not in doubtful:
                        doubtful[told] = self._asked_for(session, context, sought, told, verdict)
        settled = [
            found if isinstance(found := doubtful.get(told, verdict), Verdict) else verdict
            for told, verdict in zip(rows, verdicts, strict=True)
        ]
        kept = tuple((place, each) for place, each in enumerate(settled) if each.is_same)
        waiting = tuple(each for each in doubtful.values() if isinstance(each, str))
        return Sifted(kept, waiting, sum(each.confidence == "none" for each in settled))

    def _verdict(self, context: Context, sought: Sought, told: Told) -> Verdict:
        if context.kind == "credit_code":
            return rules.company(sought, told)
        return rules.person(sought, told, self._clock.now().date())

    def _asked_for(
        self, session: Session, context: Context, sought: Sought, told: Told, verdict: Verdict
    ) -> str | Verdict:
        """What was decided of such a row, or its id in the queue."""
        found = self.queue.found(session, context, sought, told)
        if found is None:
            return self.queue.add(session, context, sought, told, verdict)
        id, state = found
        return id if state == "open" else replace(verdict, confidence="decided" if state == "same" else "none")
