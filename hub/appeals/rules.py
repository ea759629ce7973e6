"""Where an appeal or a clue belongs, which clues may be the same, and what may be done with one. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from hub.settings.shapes import PLACE, Alike, AppealKind

Kind = Literal["appeal", "clue"]
State = Literal["open", "answered", "merged"]
BAD = 2  # a rating so low is looked at again
_TOWN = 9
_EARTH_M = 6_371_000


@dataclass(frozen=True, slots=True)
class Spot:
    """Where and when something was seen, and what was said of it."""

    region: str
    latitude: float | None
    longitude: float | None
    at: datetime
    text: str


def routed(kind: AppealKind, text: str, region: str) -> tuple[str, str]:
    """The office, and the id of the rule that says so; empty where none did."""
    folded = text.casefold()
    for rule in kind.rules:
        if any(word.casefold() in folded for word in rule.words):
            return _office(rule.office, region), rule.id
    return _office(kind.otherwise, region), ""


def alike(one: Spot, other: Spot, limits: Alike) -> int:
    """How much two clues may be the same, in percent; 0 where they are told apart. A person decides."""
    if abs(one.at - other.at) > timedelta(hours=limits.hours) or one.region[:_TOWN] != other.region[:_TOWN]:
        return 0
    said = likeness(one.text, other.text)
    apart = metres(one, other)
    if apart is not None and apart > limits.metres:
        return 0
    return max(said, limits.percent) if apart is not None else said if said >= limits.percent else 0


def likeness(one: str, other: str) -> int:
    """How many of the pairs of characters of two texts are the same, in percent."""
    first, second = _pairs(one), _pairs(other)
    return round(100 * len(first & second) / max(1, len(first | second)))


def metres(one: Spot, other: Spot) -> float | None:
    """As the crow flies; None where one has no coordinates."""
    if None in (one.latitude, one.longitude, other.latitude, other.longitude):
        return None
    places = (one.latitude, one.longitude, other.latitude, other.longitude)
    lat_1, lon_1, lat_2, lon_2 = (math.radians(cast(float, each)) for each in places)
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(half))


def possible(state: State) -> Sequence[str]:
    """What the desk may do."""
    return ("answer", "forward", "merge") if state == "open" else ()


def _office(named: str, region: str) -> str:
    return region[:_TOWN] if named == PLACE else named


def _pairs(text: str) -> set[str]:
    letters = "".join(each for each in text.casefold() if each.isalnum())
    return {letters[place : place + 2] for place in range(len(letters) - 1)}
