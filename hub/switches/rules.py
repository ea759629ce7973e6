"""What a switch means for one citizen at one moment. Pure: no clock, no database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hub.settings.shapes import Maintenance, Rollout, Switch, Text

Status = Literal["open", "closed", "maintenance", "limited"]

EVERYBODY = Rollout()
_ASK_AGAIN_S = {"closed": 300, "limited": 3600}
_LONGEST_WAIT_S = 86_400
_LEVELS = (2, 4, 6, 9, 12)  # digits of province, city, county, town, village


@dataclass(frozen=True, slots=True)
class State:
    """`open` means open to this citizen. `limited`: open, but not (yet) to this one. `notice` is for citizens."""

    status: Status
    notice: Text = field(default_factory=dict)
    retry_after: int | None = None


OPEN = State("open")


def state(switch: Switch, now: datetime, citizen_id: str = "", region: str = "") -> State:
    """Off first, then the window, then who may. Nobody signed in counts as nobody chosen."""
    if not switch.enabled:
        return State("closed", switch.notice, _ASK_AGAIN_S["closed"])
    window = switch.maintenance
    if window is not None and window.starts_at <= now < window.ends_at:
        wait = int((window.ends_at - now).total_seconds()) + 1
        return State("maintenance", _said(window), min(wait, _LONGEST_WAIT_S))
    if switch.rollout != EVERYBODY and not chosen(switch, citizen_id, region):
        return State("limited", switch.notice, _ASK_AGAIN_S["limited"])
    if window is not None and now < window.starts_at:
        return State("open", _joined(switch.notice, _said(window)))
    return State("open", switch.notice) if switch.notice else OPEN


def chosen(switch: Switch, citizen_id: str, region: str) -> bool:
    """On the list, or living in one of the regions, or among the percent."""
    rollout = switch.rollout
    if citizen_id and citizen_id in rollout.citizens:
        return True
    if any(covers(area, region) for area in rollout.regions):
        return True
    return rollout.percent >= 100 or (bool(citizen_id) and lot(switch.draw, citizen_id) < rollout.percent)


def lot(draw: str, citizen_id: str) -> int:
    """0 to 99, always the same for this citizen and this service: a higher percent lets in more and nobody out."""
    digest = hashlib.blake2b(citizen_id.encode(), key=hashlib.sha256(draw.encode()).digest(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 100


def covers(area: str, region: str) -> bool:
    """360400 covers 360423, and 360423 covers 360423100: an area is its code without the empty levels at its end."""
    if not area or not region:
        return False
    known = [level for level in _LEVELS if level <= len(area)]
    starts = [0, *known[:-1]]
    while known and not area[starts[-1] : known[-1]].strip("0"):
        known.pop()
        starts.pop()
    return bool(known) and region.startswith(area[: known[-1]])


def _said(window: Maintenance) -> Text:
    """Its own notice, else one that tells the times."""
    if window.notice:
        return window.notice
    start, end = window.starts_at, window.ends_at
    return {
        "zh": f"系统维护：{start:%Y-%m-%d %H:%M} 至 {end:%Y-%m-%d %H:%M}，期间暂停使用。",
        "en": f"Maintenance from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}; not available meanwhile.",
    }


def _joined(first: Text, second: Text) -> Text:
    if not first:
        return second
    languages = [language for language in ("zh", "en") if language in first or language in second]
    return {language: _line(first, second, language) for language in languages}


def _line(first: Mapping[str, str], second: Mapping[str, str], language: str) -> str:
    space = " " if language == "en" else ""
    return space.join(text.get(language) or text["zh"] for text in (first, second))
