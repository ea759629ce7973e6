"""Words that found nothing, counted by day for whoever looks after the catalogue.

A word with a digit in it is never kept: it may be somebody's number. Few, short words only; what is counted stays in
memory for some seconds, so that a search writes nothing.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.catalogue.models import MissRow
from hub.catalogue.words import plain

_EVERY_S = 10.0
_MOST_WORDS, _LONGEST = 500, 20


@dataclass(frozen=True, slots=True)
class Miss:
    word: str
    times: int


class Misses:
    """This worker's counts that are not yet in the table."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[date, str]] = Counter()
        self._kept_at = 0.0

    def note(self, said: str, day: date) -> None:
        word = plain(said)
        if not 2 <= len(word) <= _LONGEST or any(sign.isdigit() for sign in word):
            return
        with self._lock:
            if (day, word) in self._counts or len(self._counts) < _MOST_WORDS:
                self._counts[day, word] += 1

    def due(self, monotonic: float) -> bool:
        """Whether there is something to keep; true for one caller only."""
        with self._lock:
            if not self._counts or monotonic - self._kept_at < _EVERY_S:
                return False
            self._kept_at = monotonic
            return True

    def keep(self, session: Session) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        rows = [{"day": day, "word": word, "times": times} for (day, word), times in sorted(counts.items())]
        put = insert(MissRow).values(rows)
        more = {"times": MissRow.times + put.excluded.times}
        session.execute(put.on_conflict_do_update(index_elements=["day", "word"], set_=more))


def missed(session: Session, since: date, limit: int = 100) -> Sequence[Miss]:
    """The words since that day, the most frequent first."""
    times = func.sum(MissRow.times)
    words = select(MissRow.word, times).where(MissRow.day >= since).group_by(MissRow.word)
    return [
        Miss(word, int(number))
        for word, number in session.execute(words.order_by(times.desc(), MissRow.word).limit(limit))
    ]
