"""Decisions about mandates: whether one is in force, what it may cover, for how long, who is a child's guardian."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

State = Literal["offered", "in_force", "expired", "ended"]

LONGEST = timedelta(days=3 * 366)
OFFER_LASTS = timedelta(days=14)
MOST_OPEN = 20  # offers of one person that nobody has answered
_HEADS = frozenset({"head", "spouse"})
_CHILDREN = frozenset({"son", "daughter"})
_OF_AGE = 18


def state(
    created_at: datetime, accepted_at: datetime | None, ended_at: datetime | None, expires_at: datetime, now: datetime
) -> State:
    """An offer nobody accepts lapses after two weeks."""
    if ended_at is not None:
        return "ended"
    if now >= expires_at or (accepted_at is None and now >= created_at + OFFER_LASTS):
        return "expired"
    return "offered" if accepted_at is None else "in_force"


def unknown_scopes(scope: Sequence[str], **there: Collection[str]) -> list[int]:
    """The places in `scope` that name nothing there is. `there`: by kind (service, theme, licence) the ids of it.
    Nothing stands for everything."""
    known = {f"{kind}:{id}" for kind, ids in there.items() for id in ids}
    return [place for place, word in enumerate(scope) if word not in known]


def term_holds(expires_at: datetime, now: datetime) -> bool:
    return now < expires_at <= now + LONGEST


def is_guardian(members: Sequence[Mapping[str, Any]], holder: str, child: str, child_name: str, today: date) -> bool:
    """Whether one household register shows `holder` as head or the head's spouse, and `child` as a minor child of the
    head, under this name. The register's relation is always to the head."""
    found = {str(member.get("id_number")): member for member in members}
    elder, minor = found.get(holder), found.get(child)
    if elder is None or minor is None or holder == child:
        return False
    return (
        elder.get("relation") in _HEADS
        and minor.get("relation") in _CHILDREN
        and minor.get("name") == child_name
        and is_minor(str(minor.get("birth_date", "")), today)
    )


def is_minor(born: str, today: date) -> bool:
    return today < comes_of_age(date.fromisoformat(born[:10])) if born else False


def comes_of_age(born: date) -> date:
    """The 18th birthday; of somebody born on 29 February the day after the 28th."""
    try:
        return born.replace(year=born.year + _OF_AGE)
    except ValueError:
        return date(born.year + _OF_AGE, 3, 1)
