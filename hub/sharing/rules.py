"""How data is shared: what "not shared" is worth, which way a request goes, whether a right covers a use. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeVar, cast

Shared = Literal["unconditional", "conditional", "not_shared"]
State = Literal["review", "owner", "granted", "refused", "disputed", "upheld"]
Decision = Literal["approve", "refuse"]
OPEN: tuple[State, ...] = ("review", "owner", "disputed")


class Right(Protocol):
    """What is asked about a grant."""

    @property
    def purpose(self) -> str: ...
    @property
    def officers(self) -> Sequence[str]: ...
    @property
    def fields(self) -> Sequence[str]: ...
    @property
    def ends_at(self) -> datetime: ...


R = TypeVar("R", bound=Right)


def shared(declared: str, argued_until: datetime | None, now: datetime) -> Shared:
    """Sharing is the rule: what was not argued, or no longer is, can be asked for."""
    if declared == "not_shared" and (argued_until is None or argued_until <= now):
        return "conditional"
    return cast(Shared, declared)


def decides(state: str, owner: str, platform: str, supervisor: str, raised_to: str) -> frozenset[str]:
    """The offices that may decide now. Silence gives it to the supervisor too; a dispute to nobody else."""
    first = {"review": platform, "owner": owner, "disputed": supervisor}.get(state, "")
    return frozenset(each for each in (first, raised_to) if each) if first else frozenset()


def onward(state: str, decision: Decision, type: Shared) -> State:
    """Where a decision leads. What is shared without condition needs no word of its owner."""
    if decision == "refuse":
        return "upheld" if state == "disputed" else "refused"
    return "owner" if state == "review" and type != "unconditional" else "granted"


def permitted(rights: Sequence[R], purpose: str, officer: str, fields: Collection[str], now: datetime) -> R | str:
    """The right that covers a use, or the code that says what none of them covers."""
    left = list(rights)
    for code, fits in (
        ("GRANT_MISSING", lambda _: True),
        ("GRANT_PURPOSE", lambda right: right.purpose == purpose),
        ("GRANT_OFFICER", lambda right: officer in right.officers),
        ("GRANT_EXPIRED", lambda right: now < right.ends_at),
        ("GRANT_FIELD", lambda right: set(fields) <= set(right.fields)),
    ):
        left = [each for each in left if fits(each)]
        if not left:
            return code
    return max(left, key=lambda right: right.ends_at)
