"""Numbers on papers and cards: the citizen's ID number (GB 11643), mobile number, area code (GB/T 2260)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, ClassVar

from marshmallow import ValidationError

from hub.fields.text import EARLIEST_YEAR, Text


class IdNumber(Text):
    """A citizen's ID number of 18 characters (GB 11643-1999). An abolished area code stays valid in it."""

    _shape: ClassVar[re.Pattern[str]] = re.compile(r"[1-8][0-9]{16}[0-9X]", re.ASCII)
    _old: ClassVar[re.Pattern[str]] = re.compile(r"[1-8][0-9]{14}", re.ASCII)
    _provinces: ClassVar[frozenset[str]] = frozenset(
        str(code)
        for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
        for code in range(first, last + 1)
    )

    def _shaped(self, text: str) -> str:
        number = text.replace("x", "X")
        if self._old.fullmatch(number):
            raise ValidationError("ID_OBSOLETE")
        if not self._shape.fullmatch(number) or number[:2] not in self._provinces or not self._born(number[6:14]):
            raise ValidationError("ID_FORMAT")
        if id_check(number[:17]) != number[17]:
            raise ValidationError("ID_CHECKSUM")
        return number

    def _born(self, digits: str) -> bool:
        try:
            born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            return False
        return born.year >= EARLIEST_YEAR and born <= self._today()

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[1-8][0-9]{16}[0-9Xx]$"}


class Phone(Text):
    """A mainland mobile number; loads its eleven digits."""

    longest = 20
    _shape: ClassVar[re.Pattern[str]] = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})", re.ASCII)

    def _shaped(self, text: str) -> str:
        match = self._shape.fullmatch(text.replace(" ", "").replace("-", ""))
        if match is None or len(text) > self.longest:
            raise ValidationError("PHONE_FORMAT")
        return match.group(1)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^(\+86)?1[3-9][0-9]{9}$"}


class Region(Text):
    """An area code of 6, 9 or 12 digits (GB/T 2260 and finer)."""

    _shape: ClassVar[re.Pattern[str]] = re.compile(r"[1-8][0-9]{5}([0-9]{3}){0,2}", re.ASCII)

    def _shaped(self, text: str) -> str:
        if not self._shape.fullmatch(text):
            raise ValidationError("FORMAT")
        return text

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[1-8][0-9]{5}([0-9]{3}){0,2}$"}


def id_check(first17: str) -> str:
    """The 18th character of an ID number (ISO 7064 MOD 11-2)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(c) * k for c, k in zip(first17, weights, strict=True)) % 11]
