"""How SMS are shared out between providers and shifted from the worse to the better one, ten points at a time. Pure.

The numbers are those of GOV.UK Notify; at low volume our breaker takes the place of its count of errors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

POINTS, SHIFT = 100, 10
ERRORS, BUSY = 50, 50  # more errors than that in a minute; fewer sends than that are low volume
SLOW_SHARE, SLOW = 0.15, timedelta(minutes=5)
RECENT, LONGER = timedelta(seconds=60), timedelta(minutes=15)
_APART = {"errors": timedelta(minutes=1), "slow": timedelta(minutes=5)}
_QUIET = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Share:
    """What a provider gets of 100 points now, and at rest."""

    points: int
    rest: int


@dataclass(frozen=True, slots=True)
class Fared:
    """How a provider fared: sends and errors of the last minute, taken and slow ones of the last quarter of an hour."""

    sends: int = 0
    errors: int = 0
    taken: int = 0
    slow: int = 0
    breaker_open: bool = False


def ills(fared: Fared) -> str:
    """errors | slow | nothing."""
    if fared.errors > ERRORS if fared.sends >= BUSY else fared.breaker_open:
        return "errors"
    return "slow" if fared.taken and fared.slow / fared.taken >= SLOW_SHARE else ""


def shifted(
    shares: Mapping[str, Share], fared: Mapping[str, Fared], shifted_at: datetime, now: datetime
) -> tuple[dict[str, int], str]:
    """The points of each provider, and why they changed (errors | slow | back; empty: they did not). When all are bad
    nothing is done."""
    points = {name: share.points for name, share in shares.items()}
    bad = {name: ill for name in shares if (ill := ills(fared.get(name, Fared())))}
    if bad:
        well = [name for name in shares if name not in bad]
        worst = min(bad, key=lambda name: (bad[name] != "errors", -points[name]))
        if not well or now - shifted_at < _APART[bad[worst]] or points[worst] == 0:
            return points, ""
        best = max(well, key=lambda name: (points[name], name))
        return _moved(points, worst, best, SHIFT), bad[worst]
    if now - shifted_at < _QUIET:
        return points, ""
    return _back(points, shares)


def _back(points: dict[str, int], shares: Mapping[str, Share]) -> tuple[dict[str, int], str]:
    """Ten points towards rest."""
    over = max(shares, key=lambda name: points[name] - shares[name].rest, default="")
    under = min(shares, key=lambda name: points[name] - shares[name].rest, default="")
    gap = min(points[over] - shares[over].rest, shares[under].rest - points[under], SHIFT) if over else 0
    return (_moved(points, over, under, gap), "back") if gap > 0 else (points, "")


def _moved(points: dict[str, int], giver: str, taker: str, most: int) -> dict[str, int]:
    amount = min(most, points[giver])
    return {**points, giver: points[giver] - amount, taker: points[taker] + amount}


def at_rest(wanted: Mapping[str, int]) -> dict[str, int]:
    """Shares that operations wrote down, as parts of 100 points; the first ones get what rounding leaves."""
    whole = sum(wanted.values()) or 1
    parts = {name: value * POINTS // whole for name, value in wanted.items()}
    for name in list(parts)[: POINTS - sum(parts.values())]:
        parts[name] += 1
    return parts


def chosen(points: Mapping[str, int], luck: float, without: Collection[str] = ()) -> str:
    """A provider by its points; `luck` is from 0 to below 1. One without points is chosen only where there is no other.
    Empty: nobody is left."""
    left = {name: value for name, value in points.items() if name not in without}
    whole = sum(left.values())
    if not whole:
        return next(iter(left), "")
    place = luck * whole
    for name, value in left.items():
        place -= value
        if place < 0:
            return name
    return next(reversed([name for name, value in left.items() if value]))
