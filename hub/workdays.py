"""Working days as the State Council's yearly notice sets them, make-up Sundays included. Knows no hours of an office.

The days stand in hub/reference/workdays, a file for each year; `hub calendar refresh` writes them anew. Past the last
year that is known weekends alone count, and `known_until` tells operations so before anybody's deadline is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import yaml

from hub.clock import CHINA

FOLDER = Path(__file__).parent / "reference" / "workdays"
_SATURDAY = 5
_LAST_MOMENT = time(23, 59, 59, tzinfo=CHINA)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody is waited for: working days by the official calendar, or minutes."""

    working_days: int | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Workdays:
    """`special` holds the days that are not what their weekday says: True for a working day."""

    special: Mapping[date, bool]
    known_until: date

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Workdays:
        """Raises OSError or ValueError when the files cannot be read: no deadline is better than a wrong one."""
        special: dict[date, bool] = {}
        years = sorted(folder.glob("[0-9]*.yaml"))
        for file in years:
            told = yaml.safe_load(file.read_text(encoding="utf-8"))
            special |= dict.fromkeys(told["holidays"], False) | dict.fromkeys(told["workdays"], True)
        if not years:
            raise ValueError(f"{folder} has no file of working days")
        return cls(special, date(int(years[-1].stem), 12, 31))

    def is_working(self, day: date) -> bool:
        return self.special.get(day, day.weekday() < _SATURDAY)

    def after(self, start: datetime, days: int) -> datetime:
        """The end of the `days`-th working day after that of `start`, which does not count (Civil Code, art. 201)."""
        day = start.astimezone(CHINA).date()
        while days > 0:
            day += timedelta(days=1)
            days -= self.is_working(day)
        return datetime.combine(day, _LAST_MOMENT)

    def end(self, wait: Wait, start: datetime) -> datetime:
        """When a wait that begins at `start` is over."""
        if wait.working_days is not None:
            return self.after(start, wait.working_days)
        return start + timedelta(minutes=wait.minutes or 0)

    def between(self, start: datetime, end: datetime) -> int:
        """How many working days there are after the day of `start`, up to and with the day of `end`; 0 for the past."""
        first, last = start.astimezone(CHINA).date(), end.astimezone(CHINA).date()
        return sum(self.is_working(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
