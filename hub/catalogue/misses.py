"""Words that found nothing, counted by day for whoever looks after the catalogue.

What one person searches may be somebody: a word becomes readable only when several different people searched it. Until
then it is a keyed hash, beside keyed hashes of who searched. What looks like a number or a person's name is never
kept. What is counted stays in memory for some seconds, so that a search writes nothing.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.catalogue.models import MissOnceRow, MissRow
from hub.catalogue.words import plain
from hub.crypto import Crypto

DIFFERENT = 5  # so many people make a word public
_EVERY_S = 10.0
_MOST_WORDS, _LONGEST = 500, 20
_FORGOTTEN_DAYS = 30
_SURNAMES, _TWO = (resources.files("hub.reference") / "surnames.txt").read_text(encoding="utf-8").split("\n")[:2]
_LONG_SURNAMES = frozenset(_TWO.split())


@dataclass(frozen=True, slots=True)
class Miss:
    word: str
    times: int


def safe(word: str) -> bool:
    """Whether a plain word may be counted at all: no number, no Latin spelling (a name in pinyin has one), and not
    built like a name: a surname and one or two characters."""
    if not 2 <= len(word) <= _LONGEST or word.isascii() or any(sign.isdigit() for sign in word):
        return False
    given = len(word) - 2 if word[:2] in _LONG_SURNAMES else len(word) - 1 if word[0] in _SURNAMES else 0
    return not 1 <= given <= 2


class Misses:
    """This worker's counts that are not yet in the table."""

    def __init__(self, crypto: Crypto) -> None:
        self._crypto = crypto
        self._lock = threading.Lock()
        self._counts: Counter[tuple[date, str]] = Counter()
        self._callers: defaultdict[str, set[bytes]] = defaultdict(set)
        self._kept_at = 0.0

    def note(self, said: str, day: date, caller: str) -> None:
        """`caller` is the citizen's id. Nobody knows whether two visitors who did not sign in are different: they do
        not count."""
        word = plain(said)
        if not caller or not safe(word):
            return
        tag = self._crypto.lookup(f"{word}\0{caller}", "catalogue.miss.caller")  # tells nothing across two words
        with self._lock:
            if (day, word) in self._counts or len(self._counts) < _MOST_WORDS:
                self._counts[day, word] += 1
                self._callers[word].add(tag)

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
            callers, self._callers = self._callers, defaultdict(set)
        public = {word for _, word in counts if self._seen(session, word, callers[word], max(counts)[0])}
        rows = [{"day": day, "word": word, "times": times} for (day, word), times in sorted(counts.items())]
        rows = [row for row in rows if row["word"] in public]
        if not rows:
            return
        put = insert(MissRow).values(rows)
        more = {"times": MissRow.times + put.excluded.times}
        session.execute(put.on_conflict_do_update(index_elements=["day", "word"], set_=more))

    def _seen(self, session: Session, word: str, callers: set[bytes], day: date) -> bool:
        """Notes who searched it; whether they are enough by now."""
        tag = self._crypto.lookup(word, "catalogue.miss")
        rows = [{"word_tag": tag, "caller_tag": caller, "day": day} for caller in sorted(callers)]
        session.execute(insert(MissOnceRow).values(rows).on_conflict_do_nothing())
        session.execute(delete(MissOnceRow).where(MissOnceRow.day < day - timedelta(days=_FORGOTTEN_DAYS)))
        number = session.scalar(select(func.count()).select_from(MissOnceRow).where(MissOnceRow.word_tag == tag))
        return (number or 0) >= DIFFERENT


def missed(session: Session, since: date, limit: int = 100) -> Sequence[Miss]:
    """The words since that day, the most frequent first."""
    times = func.sum(MissRow.times)
    words = select(MissRow.word, times).where(MissRow.day >= since).group_by(MissRow.word)
    return [
        Miss(word, int(number))
        for word, number in session.execute(words.order_by(times.desc(), MissRow.word).limit(limit))
    ]
