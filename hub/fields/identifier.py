"""Numbers that the state gives out, checked by their official rules: pure, without fields or forms.

Citizen's number GB 11643-1999 (check ISO 7064 MOD 11-2); credit code GB 32100-2015 (its body GB 11714: only a doubt,
the rule's text was not at hand); licence id after Hubei's guide to GB/T 36904 (check ISO 7064 MOD 37,36). Permits,
passports and foreigners' cards have a shape and no check we could verify: GA 1/GB numbers of the newer cards (18
characters from 9) use the citizen's check; the older ones are three letters and twelve digits. What is doubtful is
told, never refused. A bad number raises ValidationError with its code.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from marshmallow import ValidationError

from hub.fields.text import EARLIEST_YEAR

_DIVISIONS = Path(__file__).parents[1] / "reference" / "divisions"
_ID = re.compile(r"[1-8][0-9]{16}[0-9X]", re.ASCII)
_OLD_ID = re.compile(r"[1-8][0-9]{14}", re.ASCII)
_FOREIGN = re.compile(r"9[0-9]{16}[0-9X]", re.ASCII)
_FOREIGN_OLD = re.compile(r"[A-Z]{3}[0-9]{12}", re.ASCII)
_CREDIT = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_LICENCE = re.compile(
    r"1\.2\.156\.3005\.2\.([0-9A-Z]{18}[0-9]{3})\.([0-9A-Z]{6}|[0-9A-Z]{18})\.([0-9A-Z]{1,40})\.([0-9]{3})\.([0-9A-Z])",
    re.ASCII,
)
_SHAPES = {
    # Mainland travel permits of Hong Kong (H) and Macao (M) residents; the two last digits count the copies.
    "hk_macao_permit": re.compile(r"[HM][0-9]{8}([0-9]{2})?", re.ASCII),
    "taiwan_permit": re.compile(r"[0-9]{8}|[0-9]{10}[A-Z0-9]?", re.ASCII),
    # ICAO 9303: nine characters at most; Chinese ones are a letter, a letter or digit, and seven digits.
    "passport": re.compile(r"[A-Z0-9]{5,9}", re.ASCII),
}
KINDS = ("id_number", "credit_code", "licence_id", "foreign_permit", *_SHAPES)
_PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
_FULL_WIDTH = {ord("０") + n: ord("0") + n for n in range(10)}
_FULL_WIDTH |= {ord("Ａ") + n: ord("A") + n for n in range(26)} | {ord("ａ") + n: ord("a") + n for n in range(26)}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A good number in its one form, and what is odd about it: area_unknown, area_abolished, derived_from_15,
    body_check, issuer_is_area."""

    number: str
    doubts: tuple[str, ...] = ()


def imported(text: str) -> str:
    """What a department or a table wrote, without blanks around it and in half-width capitals."""
    return text.strip(" \t\r\n\u00a0\u3000").translate(_FULL_WIDTH).upper()


def read(kind: str, number: str, today: date) -> Identifier:
    """`kind` is one of KINDS."""
    if kind == "id_number":
        return citizen(number, today)
    if kind in _SHAPES:
        if not _SHAPES[kind].fullmatch(number):
            raise ValidationError("ID_FORMAT")
        return Identifier(number)
    return {"credit_code": credit_code, "licence_id": licence_id, "foreign_permit": foreign_permit}[kind](number)


def citizen(number: str, today: date) -> Identifier:
    """The citizen's number of 18 characters. Codes: ID_OBSOLETE, ID_FORMAT, ID_CHECKSUM."""
    number = number.replace("x", "X")
    if _OLD_ID.fullmatch(number):
        raise ValidationError("ID_OBSOLETE")
    if not _ID.fullmatch(number) or number[:2] not in _PROVINCES or not _is_born(number[6:14], today):
        raise ValidationError("ID_FORMAT")
    if id_check(number[:17]) != number[17]:
        raise ValidationError("ID_CHECKSUM")
    return Identifier(number, _area_doubts(number[:6]))


def from_old(number: str, today: date) -> Identifier:
    """A department's 15 digits as the 18 of today: born in the 1900s, as all who still have one were."""
    if not _OLD_ID.fullmatch(number):
        raise ValidationError("ID_FORMAT")
    body = f"{number[:6]}19{number[6:]}"
    found = citizen(body + id_check(body), today)
    return Identifier(found.number, (*found.doubts, "derived_from_15"))


def credit_code(code: str) -> Identifier:
    if not _CREDIT.fullmatch(code) or code[2:8] == "000000":
        raise ValidationError("ID_FORMAT")
    total = sum(_CREDIT_ALPHABET.index(c) * weight for c, weight in zip(code, _CREDIT_WEIGHTS, strict=False))
    if _CREDIT_ALPHABET[-total % 31] != code[17]:
        raise ValidationError("ID_CHECKSUM")
    rest = 11 - sum(_BASE36.index(c) * weight for c, weight in zip(code[8:16], _BODY_WEIGHTS, strict=True)) % 11
    return Identifier(code, () if {10: "X", 11: "0"}.get(rest, str(rest)) == code[16] else ("body_check",))


def licence_id(number: str) -> Identifier:
    match = _LICENCE.fullmatch(number)
    if match is None:
        raise ValidationError("ID_FORMAT")
    kind, issuer, serial, version, check = match.groups()
    if licence_check(kind + issuer + serial + version) != check:
        raise ValidationError("ID_CHECKSUM")
    credit_code(kind[:18])
    if len(issuer) == 18:
        credit_code(issuer)
    return Identifier(number, ("issuer_is_area",) if len(issuer) == 6 else ())


def foreign_permit(number: str) -> Identifier:
    """A foreigner's permanent residence: the card of today, or the older one."""
    if _FOREIGN_OLD.fullmatch(number):
        return Identifier(number)
    if not _FOREIGN.fullmatch(number):
        raise ValidationError("ID_FORMAT")
    if id_check(number[:17]) != number[17]:
        raise ValidationError("ID_CHECKSUM")
    return Identifier(number)


def id_check(first17: str) -> str:
    """The 18th character of an ID number (ISO 7064 MOD 11-2)."""
    return "10X98765432"[sum(int(c) * k for c, k in zip(first17, _WEIGHTS, strict=True)) % 11]


def licence_check(text: str) -> str:
    """The last character of a licence id (ISO 7064 MOD 37,36)."""
    p = 36
    for c in text:
        p = ((p + _BASE36.index(c)) % 36 or 36) * 2 % 37
    return _BASE36[(37 - p) % 36]


def _is_born(digits: str, today: date) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return born.year >= EARLIEST_YEAR and born <= today


def _area_doubts(area: str) -> tuple[str, ...]:
    current, abolished = _areas()
    if area in current or area[:2] in ("81", "82", "83"):
        return ()
    return ("area_abolished",) if area in abolished else ("area_unknown",)


@lru_cache(maxsize=1)
def _areas() -> tuple[frozenset[str], frozenset[str]]:
    """Codes in force, and those that were. No source says from when to when."""
    current, successors = (
        json.loads((_DIVISIONS / name).read_text(encoding="utf-8")) for name in ("current.json", "successors.json")
    )
    return frozenset(current), frozenset(successors)
