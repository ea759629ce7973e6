"""What follows for a task: which office has it, when silence becomes a card, who may answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast

from hub.offices import LEVELS, sees
from hub.settings.shapes import COMMUNITY, PLACE, TaskKind
from hub.workdays import Workdays

State = Literal["open", "queried", "done", "withdrawn"]
Card = Literal["none", "yellow", "red"]
_TOWN = 9


def above(office: str) -> str:
    """The next office up; itself where there is none."""
    return next((office[:digits] for digits in LEVELS if digits < len(office)), office) if office.isdigit() else office


def office_for(kind: TaskKind, region: str) -> str:
    """Which office has a task of this kind about this place."""
    if kind.office == COMMUNITY:
        return region
    return region[:_TOWN] if kind.office == PLACE else kind.office


def has(office: str, task_office: str, raised_to: str) -> bool:
    """Whether an office has a task before it: its own, one of an office below, or one that was raised to it. An account
    without an office has none."""
    return bool(office) and (office == raised_to or sees(office, task_office))


def state(name: str) -> State:
    return cast(State, name)


def card(name: str) -> Card:
    return cast(Card, name)


def next_card(shown: Card) -> Card:
    return "yellow" if shown == "none" else "red"


def due_again(kind: TaskKind, shown: Card, assigned_at: datetime, now: datetime, workdays: Workdays) -> datetime:
    """When silence has its next consequence once this card is shown: red after yellow, then one office up each time."""
    start = assigned_at if shown == "yellow" else now
    return workdays.end(kind.red, start)


def possible(now: State) -> Sequence[str]:
    """What may be done with a task that is in this state."""
    return {"open": ("acknowledge", "confirm", "query"), "queried": ("reply",)}.get(now, ())
