"""Days and moments. They load ISO text, so that what a form loads is JSON again."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from marshmallow import ValidationError

from hub.clock import CHINA
from hub.fields.text import EARLIEST_YEAR, Text

LONGEST_PERIOD_DAYS = 366


class Date(Text):
    """YYYY-MM-DD, from 1880 to a hundred years ahead."""

    longest = 10
    _shape: ClassVar[re.Pattern[str]] = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)

    def _shaped(self, text: str) -> str:
        match = self._shape.fullmatch(text)
        if match is None:
            raise ValidationError("DATE")
        year, month, day = (int(part) for part in match.groups())
        if year == 0:
            raise ValidationError("DATE_RANGE")
        try:
            value = date(year, month, day)
        except ValueError:
            raise ValidationError("DATE") from None
        if not self._in_range(value):
            raise ValidationError("DATE_RANGE")
        return text

    def _in_range(self, value: date) -> bool:
        return EARLIEST_YEAR <= value.year <= self._today().year + 100

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


class BirthDate(Date):
    """A day somebody living was born on: not ahead, at most 150 years ago."""

    def _in_range(self, value: date) -> bool:
        today = self._today()
        return value <= today and today.year - value.year <= 150


class DateTime(Text):
    """RFC 3339 with its offset; loads the same moment at +08:00."""

    longest = 40
    _shape: ClassVar[re.Pattern[str]] = re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})?",
        re.ASCII,
    )

    def _shaped(self, text: str) -> str:
        match = self._shape.fullmatch(text)
        if match is None:
            raise ValidationError("DATE")
        if match.group(2) is None:
            raise ValidationError("TIMEZONE_MISSING")
        if text.startswith("0000"):
            raise ValidationError("DATE_RANGE")
        try:
            value = datetime.fromisoformat(text.upper())
            local = value.astimezone(CHINA)
        except ValueError:
            raise ValidationError("DATE") from None
        except OverflowError:
            raise ValidationError("DATE_RANGE") from None
        if not EARLIEST_YEAR <= local.year <= self._today().year + 100:
            raise ValidationError("DATE_RANGE")
        return local.isoformat()

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


def check_period(start: str | None, end: str | None, path: str = "to") -> None:
    """Raises ValidationError RANGE_ORDER or RANGE_TOO_LONG at `path`; both are ISO dates, or missing."""
    if start is None or end is None:
        return
    length = date.fromisoformat(end) - date.fromisoformat(start)
    if length < timedelta(0):
        raise ValidationError("RANGE_ORDER", path)
    if length.days > LONGEST_PERIOD_DAYS:
        raise ValidationError("RANGE_TOO_LONG", path)
