"""One record out of what several departments told: each field with every value there is, who said so and when. Pure.

No value wins because it came first: where departments differ, all values stand there, and that they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from marshmallow import ValidationError

from hub.fields import identifier
from hub.matching import names

State = Literal["single", "agreed", "spelling", "conflict"]


@dataclass(frozen=True, slots=True)
class Said:
    """Who told a value: `at` is when it was asked, `update_cycle` how often it is brought up to date there."""

    resource: str
    department: str
    system: str
    at: datetime
    exchange_id: UUID
    update_cycle: str


@dataclass(frozen=True, slots=True)
class Told:
    """The rows of one department, all about the same person or company. `labels` by the field's name."""

    said: Said
    labels: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it was written, and who wrote it so."""

    value: Any = field(repr=False)
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """One field. `single`: one department tells it; `agreed`; `spelling`: written differently, and the same;
    `conflict`: departments differ, or one contradicts itself."""

    field: str
    label: str
    state: State
    values: tuple[Value, ...]


def joined(told: Sequence[Told], fields: Collection[str], today: date) -> list[Joined]:
    """The fields of these that anybody told, in the order they were met."""
    labels: dict[str, str] = {}
    found: dict[str, dict[str, tuple[Any, dict[Said, None]]]] = {}
    for part in told:
        for row in part.rows:
            for name, value in row.items():
                if name in fields and value not in (None, ""):
                    labels.setdefault(name, part.labels.get(name, name))
                    _, said = found.setdefault(name, {}).setdefault(str(value), (value, {}))
                    said[part.said] = None
    return [
        Joined(name, labels[name], _state(name, values, today),
               tuple(Value(value, tuple(said)) for value, said in values.values()))
        for name, values in found.items()
    ]  # fmt: skip


def _state(name: str, values: Mapping[str, tuple[Any, Mapping[Said, None]]], today: date) -> State:
    """Spellings are one value where one of them explains all the others."""
    if len(values) == 1:
        (_, said), = values.values()
        return "agreed" if len(said) > 1 else "single"
    texts, same = list(values), _sameness(name, today)
    return "spelling" if any(all(same(one, other) for other in texts) for one in texts) else "conflict"


def _sameness(name: str, today: date) -> Callable[[str, str], bool]:
    """How two writings of a field are compared."""
    if name == "id_number":
        return lambda one, other: _number(one, today) == _number(other, today)
    if name in ("name", "legal_representative", "spouse_name"):
        return lambda one, other: names.person(one, other) != "other"
    if name == "org_name":
        return lambda one, other: names.company(one, other) == "same"
    return lambda one, other: identifier.imported(one) == identifier.imported(other)


def _number(text: str, today: date) -> str:
    plain = identifier.imported(text)
    try:
        return identifier.from_old(plain, today).number
    except ValidationError:
        return plain
