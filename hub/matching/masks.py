"""Both sides of a row in doubt with what says who somebody is starred: enough to see which row it is. Pure."""

from __future__ import annotations

from dataclasses import replace

from hub.crypto import mask_id, mask_name
from hub.matching.rules import Sought, Told

_SHORT, _YEAR, _END = 6, 4, 2


def masked(sought: Sought, told: Told) -> tuple[Sought, Told]:
    """Of a number the first 3 and last 2, of a name the first (and last), of a birth date the year, of the
    department's own number of the record the last 2. What is too short for that is starred whole."""
    return (
        replace(sought, number=_number(sought.number), name=_name(sought.name)),
        Told(_number(told.number), _name(told.name), _born(told.born), _record(told.record)),
    )


def _number(text: str) -> str:
    return mask_id(text) if len(text) > _SHORT else "*" * len(text)


def _name(text: str) -> str:
    return mask_name(text) if len(text) > 1 else "*" * len(text)


def _born(text: str) -> str:
    return text[:_YEAR] + "*" * len(text[_YEAR:])


def _record(text: str) -> str:
    return "*" * (len(text) - _END) + text[-_END:] if len(text) > _SHORT else "*" * len(text)
