"""Administrative divisions (GB/T 2260): their names, what lies below them, and what became of an abolished code."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "reference" / "divisions"
NATION = "100000"
LEVELS = {2: "province", 4: "city", 6: "county", 9: "town", 12: "village"}


@cache
def current() -> dict[str, str]:
    """Every code in force down to the county, with its name."""
    return {str(code): str(name) for code, name in _read("current.json").items()}


@cache
def _successors() -> dict[str, list[str]]:
    return {str(code): list(codes) for code, codes in _read("successors.json").items()}


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return loaded


def prefix(code: str) -> str:
    """The digits that say something: 36 of 360000, 3604 of 360400, all of a county and below."""
    for digits in (2, 4):
        if len(code) == 6 and not code[digits:].strip("0"):
            return code[:digits]
    return code


def shortest(code: str) -> str:
    """A county as 6 digits and a town as 9, however many zeros follow."""
    for digits in (6, 9):
        if len(code) > digits and not code[digits:].strip("0"):
            return code[:digits]
    return code


def level(code: str) -> str:
    return LEVELS[len(prefix(code))]


def parent(code: str) -> str:
    """The code one level up. Counties that a province keeps itself hang below a city of the same two digits."""
    digits = len(prefix(code))
    if digits == 2:
        return NATION
    return {4: code[:2] + "0000", 6: code[:4] + "00", 9: code[:6], 12: code[:9]}[digits]


def below(code: str) -> list[str]:
    """The codes right below, of those in force. A municipality's districts hang below it, there is no city between."""
    if code == NATION:
        return sorted(each for each in current() if level(each) == "province")
    digits = prefix(code)
    wanted = {2: "city", 4: "county"}.get(len(digits))
    found = sorted(each for each in current() if each.startswith(digits) and level(each) == wanted)
    if len(digits) == 2:
        cities = {each[:4] for each in found}
        found += sorted(each for each in current() if each.startswith(digits) and _alone(each, cities))
    return found


def _alone(code: str, cities: set[str]) -> bool:
    return level(code) == "county" and code[:4] not in cities


def in_force(code: str) -> str | None:
    """The county code that stands for this one today: itself, or its only successor; None when a person must choose,
    or when nobody knows it."""
    county = code[:6]
    for _ in range(10):  # some successors are abolished too
        if county in current():
            return county + code[6:] if county == code[:6] else county
        after = _successors().get(county, [])
        if len(after) != 1:
            return None
        county = after[0]
    return None
