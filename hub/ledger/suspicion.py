"""How likely each department is the one that a leak came from, and which of its days are out of the common. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

ELSEWHERE = "elsewhere"
_ASTRAY = 0.02  # that a leaked value came from elsewhere though all others came from here
_SMOOTH, _TIMES, _LEAST = 0.3, 3.0, 20


@dataclass(frozen=True, slots=True)
class Taker:
    """One department: how many of the leaked values it was given, of how many it was given at all (`held` values)."""

    user: str
    had: int
    held: int
    likelihood: float = 0.0


def weighed(takers: Sequence[Taker], leaked: int, everybody: int) -> list[Taker]:
    """The likeliest first; together with ELSEWHERE they add up to 1.

    Somebody who leaks `leaked` values out of `held` shows just these with a chance of held**-leaked: whoever holds
    little and has all of them is likelier than whoever holds the whole county. ELSEWHERE holds `everybody`.
    """
    if not leaked:
        return []
    all_of_it = [*takers, Taker(ELSEWHERE, leaked, max(everybody, 1) * 10)]
    astray = _ASTRAY / max(everybody, 1)
    logs = [
        (leaked - each.had) * math.log(astray) - each.had * math.log(max(each.held, 1)) for each in all_of_it
    ]  # of two hundred values the chances themselves are no numbers any more
    raw = [math.exp(each - max(logs)) for each in logs]
    total = sum(raw)
    found = [
        Taker(each.user, each.had, each.held, round(chance / total, 4))
        for each, chance in zip(all_of_it, raw, strict=True)
    ]
    return sorted(found, key=lambda each: (-each.likelihood, -each.had))


def innocent(takers: int, share: float, leaked: int) -> float:
    """How many departments would have all `leaked` values by chance, each having `share` of all people."""
    return round(takers * share**leaked, 4)


def uncommon(days: Mapping[date, int]) -> list[tuple[date, int, float]]:
    """Days with more than three times what was usual (a moving average), and at least 20: day, count, usual."""
    found, usual = [], 0.0
    for place, (day, count) in enumerate(sorted(days.items())):
        if place and count >= _LEAST and count > _TIMES * usual:
            found.append((day, count, round(usual, 1)))
        else:
            usual = count if place == 0 else _SMOOTH * count + (1 - _SMOOTH) * usual
    return found
