"""Numbers on papers and cards as fields of forms; their rules are in identifier.py. Mobile number, area code. And the
same numbers as departments tell them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import ValidationError

from hub.clock import Clock
from hub.fields import identifier
from hub.fields.text import Text


class Numbered(Text):
    """A number that the state gives out. Letters may be typed small; full-width digits are refused."""

    kind: ClassVar[str]
    pattern: ClassVar[str]

    def _shaped(self, text: str) -> str:
        return identifier.read(self.kind, text.upper() if text.isascii() else text, self._today()).number

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern}


class IdNumber(Numbered):
    """A citizen's ID number of 18 characters (GB 11643-1999). An abolished area code stays valid in it."""

    kind = "id_number"
    pattern = "^[1-8][0-9]{16}[0-9Xx]$"


class CreditCode(Numbered):
    """A unified social credit code of 18 characters (GB 32100-2015)."""

    kind = "credit_code"
    pattern = "^[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{18}$"


class LicenceId(Numbered):
    """An electronic licence's id: 1.2.156.3005.2 and five parts."""

    kind = "licence_id"
    pattern = r"^1\.2\.156\.3005\.2\.[0-9A-Za-z.]+$"


class HkMacaoPermit(Numbered):
    """A mainland travel permit of a Hong Kong or Macao resident."""

    kind = "hk_macao_permit"
    pattern = "^[HMhm][0-9]{8}([0-9]{2})?$"


class TaiwanPermit(Numbered):
    """A mainland travel permit of a Taiwan resident."""

    kind = "taiwan_permit"
    pattern = "^([0-9]{8}|[0-9]{10}[A-Za-z0-9]?)$"


class Passport(Numbered):
    """A passport's number, of any country."""

    kind = "passport"
    pattern = "^[A-Za-z0-9]{5,9}$"


class ForeignPermit(Numbered):
    """A foreigner's permanent residence card, of today or of the older form."""

    kind = "foreign_permit"
    pattern = "^(9[0-9]{16}[0-9Xx]|[A-Za-z]{3}[0-9]{12})$"


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


_NUMBERS: Mapping[str, Text] = {
    **{each.kind: each() for each in (IdNumber, CreditCode, LicenceId, HkMacaoPermit, TaiwanPermit, Passport,
                                      ForeignPermit)},
    "phone": Phone(),
}  # fmt: skip
NUMBERS = tuple(_NUMBERS)


def told(kind: str, number: str) -> tuple[str, str]:
    """A number in a department's answer, `kind` one of NUMBERS: in its one form, or nothing and the code of what is
    wrong. A citizen's old one of 15 digits is left as it is: departments still hold them."""
    text = identifier.imported(number)
    try:
        if kind == "id_number" and len(text) == 15:
            identifier.from_old(text, Clock().now().date())
            return text, ""
        return _NUMBERS[kind].accept(text), ""
    except ValidationError as error:
        return "", str(error.messages[0])


class Region(Text):
    """An area code of 6, 9 or 12 digits (GB/T 2260 and finer)."""

    _shape: ClassVar[re.Pattern[str]] = re.compile(r"[1-8][0-9]{5}([0-9]{3}){0,2}", re.ASCII)

    def _shaped(self, text: str) -> str:
        if not self._shape.fullmatch(text):
            raise ValidationError("FORMAT")
        return text

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[1-8][0-9]{5}([0-9]{3}){0,2}$"}
