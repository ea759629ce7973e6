"""What may become of a filing, and when: states, classes, times. Pure (reliability: the filing outbox)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from hub.errors import Problem
from hub.port import STAGES, Denied, Rejected


class State(StrEnum):
    READY = "READY"
    INFLIGHT = "INFLIGHT"
    UNKNOWN = "UNKNOWN"
    CONFIRMED = "CONFIRMED"
    SETTLED = "SETTLED"
    REJECTED = "REJECTED"
    DUPLICATE = "DUPLICATE"
    LOST_BY_DEPARTMENT = "LOST_BY_DEPARTMENT"
    MANUAL = "MANUAL"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"


BY_HAND = frozenset({State.DUPLICATE, State.LOST_BY_DEPARTMENT, State.MANUAL, State.CANCELLING})
DEAD = frozenset({State.REJECTED, State.CANCELLED})
_MOVES: Mapping[State, frozenset[State]] = {
    State.READY: frozenset({State.INFLIGHT, State.CANCELLED, State.MANUAL}),
    State.INFLIGHT: frozenset({State.CONFIRMED, State.REJECTED, State.READY, State.UNKNOWN, State.MANUAL}),
    State.UNKNOWN: frozenset({State.CONFIRMED, State.DUPLICATE, State.READY, State.REJECTED, State.MANUAL}),
    State.CONFIRMED: frozenset(
        {State.SETTLED, State.DUPLICATE, State.LOST_BY_DEPARTMENT, State.MANUAL, State.CANCELLING}
    ),
    State.SETTLED: frozenset({State.DUPLICATE, State.LOST_BY_DEPARTMENT, State.MANUAL, State.CANCELLING}),
    State.LOST_BY_DEPARTMENT: frozenset({State.READY, State.MANUAL}),
    State.DUPLICATE: frozenset({State.CONFIRMED, State.CANCELLED, State.CANCELLING}),
    State.MANUAL: frozenset({State.CONFIRMED, State.READY, State.REJECTED, State.CANCELLED, State.CANCELLING}),
    State.CANCELLING: frozenset({State.CANCELLED, State.CONFIRMED}),
    State.REJECTED: frozenset(),
    State.CANCELLED: frozenset(),
}

MOST_SENT, ENOUGH_READS, POISONED = 3, 2, 5
_SHOWN = {State.DUPLICATE: "manual", State.LOST_BY_DEPARTMENT: "manual"}
_NEXT_DAY_S, _LONGEST_WAIT_S, _DENIED_S = 86_400.0, 120.0, 300.0
_NO_BYTE_LEFT = STAGES[: STAGES.index("body_started")]


def may(before: State, after: State) -> bool:
    return after in _MOVES[before]


def shown(state: State) -> str:
    """As citizens and desks read it: `filing.state` of the contract."""
    return _SHOWN.get(state, state.value.lower())


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. `call_s` ends a call, `lease_s` the right to send, `margin_s` before that nothing leaves any more."""

    lease_s: float = 45.0
    call_s: float = 30.0
    margin_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Way:
    """How a system takes filings (`filing` of its system.yaml). `filing_class` is the one in force."""

    filing_class: str
    query: str = ""
    by: str = ""
    rows: str = ""
    match: tuple[str, ...] = ()
    receipt: str = ""
    absent: tuple[str, ...] = ()
    settle_s: float = 0.0
    human_s: float = 86_400.0
    owner: str = ""
    senders: int = 1

    @classmethod
    def declared(cls, facts: Mapping[str, Any], filing_class: str, times: Times) -> Way:
        """`facts` are a checked system.yaml. Settling never takes less than a sender's lease."""
        own = facts["filing"]
        settle = own["settle_s"] if own["settle_s"] is not None else _NEXT_DAY_S if filing_class == "R3" else 0.0
        rows = own["rows"] or next(iter(_query(facts)["answer"]["lists"]), "")
        return cls(
            filing_class,
            own["query"] if filing_class != "R4" else "",
            own["by"],
            rows,
            tuple(own["match"]),
            own["receipt"],
            tuple(own["absent"]),
            max(settle, times.lease_s + times.margin_s),
            own["human_s"],
            own["owner"] or facts["department"],
            own["senders"],
        )

    @property
    def accounts(self) -> range:
        """One sender for each session the department allows us."""
        return range(self.senders)


def _query(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = facts["operations"].get(facts["filing"]["query"], {"answer": {"lists": {}}})
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """To which state, why (a code), and after how many seconds it is looked at again. `sent`: a byte may have left."""

    state: State
    reason: str
    wait_s: float = 0.0


def after_failure(error: Exception, stage: str, sent_before: int, attempt: int, way: Way) -> Step:
    """What a call that raised `error` leaves behind, having come as far as `stage`. `sent_before`: how many calls sent
    something before this one; `attempt` is its number."""
    code = code_of(error)
    nothing_left = stage in ("", *_NO_BYTE_LEFT)
    if isinstance(error, Rejected) and not sent_before:
        return Step(State.REJECTED, code)
    if nothing_left and isinstance(error, Denied):
        return Step(State.READY, code, _DENIED_S)
    if nothing_left and not isinstance(error, Rejected):
        asked_for = error.retry_after if isinstance(error, Problem) else None
        return Step(State.READY, code, max(back_off_s(attempt), asked_for or 0))
    return Step(State.UNKNOWN, code, way.settle_s if way.filing_class != "R4" else 0.0)


def code_of(error: Exception) -> str:
    """The department's own reason where it gave one, else the problem's code."""
    if isinstance(error, Problem):
        return error.faults[0].code if isinstance(error, Rejected) and error.faults else error.code
    return "INTERNAL"


def refused(error: Exception) -> bool:
    return isinstance(error, Rejected)


def back_off_s(attempt: int) -> float:
    return min(2.0 ** min(attempt, 10), _LONGEST_WAIT_S)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the department's own query shows of a filing: the numbers of the rows that are it."""

    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a filing stands while it is looked for. `waited_s`: for how long nobody has known."""

    state: State
    number: str
    absent: int
    sent: int
    waited_s: float
    refused: str = ""  # the department's no to a later call, while an earlier one may have been taken


def after_look(seen: Seen | None, now: Standing, way: Way) -> tuple[Step, int]:
    """The next step, and how many reads in a row have not found it. `seen` is None when nobody could be asked."""
    if not way.query:
        return _unasked(now, way), 0
    if seen is None:
        if now.state is State.UNKNOWN and now.waited_s > way.human_s:
            return Step(State.MANUAL, "NOT_ANSWERED"), 0
        return Step(now.state, "NOT_ANSWERED", min(way.settle_s, _LONGEST_WAIT_S)), 0
    if len(seen.numbers) > 1:
        return Step(State.DUPLICATE, "FOUND_TWICE"), 0
    if seen.numbers:
        return _found(seen.numbers[0], now, way), 0
    absent = now.absent + 1
    if absent < ENOUGH_READS:
        return Step(now.state, "NOT_FOUND", way.settle_s), absent
    return _absent(now), absent


def _unasked(now: Standing, way: Way) -> Step:
    if now.state is not State.UNKNOWN:
        return Step(now.state, "NO_QUERY", _NEXT_DAY_S)
    if way.filing_class == "R0" and now.sent < MOST_SENT:  # the same key is the same filing, by the department's word
        return Step(State.READY, "SAME_KEY")
    return Step(State.MANUAL, "NO_QUERY")


def _found(number: str, now: Standing, way: Way) -> Step:
    if now.state is State.UNKNOWN:
        return Step(State.CONFIRMED, "FOUND", way.settle_s)
    if now.number and number and number != now.number:
        return Step(State.MANUAL, "OTHER_NUMBER")
    return Step(State.SETTLED, "READ_BACK", _NEXT_DAY_S)


def _absent(now: Standing) -> Step:
    """Twice not there, and long enough apart: it is not there."""
    if now.state is not State.UNKNOWN:
        return Step(State.LOST_BY_DEPARTMENT, "VANISHED")
    if now.refused:
        return Step(State.REJECTED, now.refused)
    return Step(State.READY, "ABSENT") if now.sent < MOST_SENT else Step(State.MANUAL, "SENT_TOO_OFTEN")


def after_loss(was: State, sent: int, way: Way) -> Step:
    """What was never seen on file may be sent again; what was there and is gone, somebody may have taken away."""
    again = was is State.CONFIRMED and sent < MOST_SENT and way.filing_class in ("R0", "R1", "R2")
    return Step(State.READY, "VANISHED") if again else Step(State.MANUAL, "VANISHED")


def ours(rows: Sequence[Mapping[str, Any]], fields: Mapping[str, Any], way: Way, taken: frozenset[str]) -> Seen:
    """The rows that say the same as the filing, without those another filing of ours is known by."""
    wanted = {name: fields.get(name) for name in way.match}
    same = [row for row in rows if all(_text(row.get(name)) == _text(value) for name, value in wanted.items())]
    if not way.receipt:
        return Seen(("",) * len(same))
    numbers = [_text(row.get(way.receipt)) for row in same]  # one without a number is not on file yet
    return Seen(tuple(number for number in numbers if number and number not in taken))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def expected(ahead: int, per_minute: int) -> timedelta:
    """How long `ahead` filings take at the department's limit, at least five minutes."""
    return timedelta(minutes=max(5, 2 * ahead // max(per_minute, 1)))
