"""Who is who in a channel's rows, and who was near whom: pure decisions.

A person is joined to a row by a document; a sure one makes one person of many rows, a doubtful one says how doubtful.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from marshmallow import ValidationError

from hub.fields.identifier import citizen, from_old, imported
from hub.settings.health_code_shapes import Gate
from hub.settings.movement_shapes import Channel


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody somewhere at some time, as a channel tells it. `document` is the number as it came, of `document_kind`
    (id_number, passport, phone …); `place` an area code; `until` the end of a ride or a stay."""

    channel: str
    id: str
    key: str
    at: datetime
    until: datetime
    document_kind: str
    document: str
    name: str = ""
    phone: str = ""
    place: str = ""
    car: str = ""
    row: int | None = None


def at_gate(id: str, gate: Gate, at: datetime, name: str, id_number: str) -> Sighting:
    """Of the channel of this hub's own gates."""
    return Sighting("gate", id, gate.id, at, at, "id_number", id_number, name, place=gate.region)


@dataclass(frozen=True, slots=True)
class Joined:
    """Whose row it is: `person` names one person (an 18-digit number, or another document with its kind before it);
    `confidence` in percent, `rule` by which."""

    person: str
    confidence: int
    rule: str


def join(sighting: Sighting, by_phone: Callable[[str, str], str | None], today: date) -> Joined:
    """`by_phone` finds the number of the person who proved this phone to be theirs and has this name."""
    if sighting.document_kind == "id_number":
        return _by_number(imported(sighting.document), today)
    phone = sighting.document if sighting.document_kind == "phone" else sighting.phone
    if phone and sighting.name and (number := by_phone(phone, sighting.name)):
        return Joined(number, 85, "phone_and_name")
    return Joined(f"{sighting.document_kind}:{sighting.document}", 100, "document")


def _by_number(number: str, today: date) -> Joined:
    try:
        if len(number) == 15:
            return Joined(from_old(number, today).number, 95, "old_number")
        return Joined(citizen(number, today).number, 100, "number")
    except ValidationError:
        return Joined(f"unclear:{number}", 0, "number_is_wrong")


@dataclass(frozen=True, slots=True)
class Nearness:
    """Why somebody is a contact: `how` same_row, same_car, same_place; `apart` rows or minutes."""

    how: str
    apart: int


def near(channel: Channel, one: Sighting, other: Sighting) -> Nearness | None:
    """Whether two rows of one key are a contact."""
    if channel.kind == "vehicle":
        if one.car != other.car or not (one.at <= other.until and other.at <= one.until):
            return None
        if one.row is None or other.row is None:
            return Nearness("same_car", channel.rows)
        apart = abs(one.row - other.row)
        return Nearness("same_row" if apart == 0 else "same_car", apart) if apart <= channel.rows else None
    apart = int(max((other.at - one.until).total_seconds(), (one.at - other.until).total_seconds(), 0) // 60)
    return Nearness("same_place", apart) if apart <= channel.minutes else None
