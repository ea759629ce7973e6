"""Numbers: true JSON integers, money in fen, amounts as decimal text; and the strict boolean."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import ValidationError

from hub.fields.text import EARLIEST_YEAR, Strict, Text

LARGEST_FEN = 10**12


class Boolean(Strict):
    """true or false, and no other word or number for them."""

    def accept(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("TYPE")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Integer(Strict):
    """A JSON integer. No text, no 1.0, no true."""

    least, most = -(2**53) + 1, 2**53 - 1  # what every JSON reader keeps exactly
    out_of_range = "RANGE"

    def accept(self, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("TYPE")
        if not self._least() <= value <= self._most():
            raise ValidationError(self.out_of_range)
        return value

    def _least(self) -> int:
        return self.least if self.min is None else self.min

    def _most(self) -> int:
        return self.most if self.max is None else self.max

    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self._least(), "maximum": self._most()}


class Tenths(Strict):
    """A JSON number with one decimal at most, as a thermometer shows it: 36.6. `min` and `max` are whole."""

    def accept(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("TYPE")
        most = 2**53 - 1 if self.max is None else self.max
        if not (-most if self.min is None else self.min) <= value <= most:
            raise ValidationError("RANGE")
        if value != round(value, 1):
            raise ValidationError("FORMAT")
        return float(value)

    def json_schema(self) -> dict[str, Any]:
        limits = {"minimum": self.min, "maximum": self.max}
        return {"type": "number", "multipleOf": 0.1} | {name: most for name, most in limits.items() if most is not None}


class MoneyFen(Integer):
    """Money as integer fen; at least one fen unless declared otherwise."""

    least, most = 1, LARGEST_FEN
    out_of_range = "AMOUNT_RANGE"


class Year(Integer):
    """A calendar year, at most next year's."""

    least = EARLIEST_YEAR
    out_of_range = "DATE_RANGE"

    def _most(self) -> int:
        return self._today().year + 1 if self.max is None else self.max


class Amount(Text):
    """Yuan as decimal text, only where a form declares it; loads integer fen. `min` and `max` are fen."""

    longest = 32
    _decimal: ClassVar[re.Pattern[str]] = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,9})?", re.ASCII)

    def _shaped(self, text: str) -> int:
        if len(text) > self.longest or not self._decimal.fullmatch(text):
            raise ValidationError("FORMAT")
        yuan = Decimal(text)
        least = Decimal(1 if self.min is None else self.min)
        # A positive amount below one fen is too fine, not too small; comparing never expands the exponent.
        if (yuan <= 0 and least > 0) or yuan < 0 or yuan > Decimal(self.max or LARGEST_FEN) / 100:
            raise ValidationError("AMOUNT_RANGE")
        exponent = yuan.normalize().as_tuple().exponent
        if isinstance(exponent, int) and exponent < -2:
            raise ValidationError("AMOUNT_SCALE")
        if yuan * 100 < least:
            raise ValidationError("AMOUNT_RANGE")
        return int(yuan * 100)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$", "maxLength": self.longest}
