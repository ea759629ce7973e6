"""Whether a department's row is about the person or company that was asked about, and how sure that is. Pure.

The number decides: the 18 characters of today are certain, the 15 digits of before 1999 as good as. A name alone is
nobody, and neither is a name with a birth date: three pairs in one county share both. That is for a person to decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from marshmallow import ValidationError

from hub.fields import identifier
from hub.matching import names

Confidence = Literal["certain", "high", "decided", "doubtful", "none"]
Number = Literal["same", "old", "asked", "century", "unreadable", "none", "other"]
Born = Literal["same", "none", "other"]
_OLD = re.compile(r"[0-9]{15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom or what was asked about. `by_number`: the department found its rows by that number itself."""

    number: str = field(repr=False)
    name: str = field(default="", repr=False)
    by_number: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """What a row says of whose it is, as the department wrote it; `record` is the department's own number of it."""

    number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    born: str = field(default="", repr=False)
    record: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`certain`, `high` and `decided` are the same person; `doubtful` is nobody's until it is decided; `none` is
    somebody else, or too little to say."""

    confidence: Confidence
    number: Number
    name: names.Fit
    born: Born = "none"

    @property
    def is_same(self) -> bool:
        return self.confidence in ("certain", "high", "decided")


def person(sought: Sought, told: Told, today: date) -> Verdict:
    number, name = _number(sought, told.number, today), names.person(sought.name, told.name)
    born = _born(sought.number[6:14], told.born)
    return Verdict(_of_person(number, name, born), number, name, born)


def company(sought: Sought, told: Told) -> Verdict:
    code, name = _code(sought, told.number), names.company(sought.name, told.name)
    return Verdict(_of_company(code, name), code, name)


def old_number(number: str) -> str:
    """The 15 digits that somebody had before 1999; who was born since 2000 never had any, and keeps the 18."""
    return number[:6] + number[8:17] if number[6:8] != "20" else number


def birth_date(number: str) -> str:
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def _of_person(number: Number, name: names.Fit, born: Born) -> Confidence:
    if number == "other":
        return "none"
    if number == "same":
        return "doubtful" if name == "other" else "certain"
    if number in ("old", "asked"):
        return "doubtful" if "other" in (name, born) else "high"
    if number == "century":
        return "none" if name == "other" else "doubtful"
    return "doubtful" if name in ("same", "variant", "pinyin") and born == "same" else "none"


def _of_company(code: Number, name: names.Fit) -> Confidence:
    if code == "other":
        return "none"
    if code in ("same", "asked"):
        return "doubtful" if name == "other" else "certain" if code == "same" else "high"
    return "doubtful" if name == "same" else "none"


def _number(sought: Sought, told: str, today: date) -> Number:
    text = identifier.imported(told).replace("＊", "*")
    if not text:
        return "asked" if sought.by_number else "none"
    if "*" in text:
        return _masked(sought, text)
    try:
        if not _OLD.fullmatch(text):
            return "same" if identifier.citizen(text, today).number == sought.number else "other"
        if identifier.from_old(text, today).number == sought.number:
            return "old"
    except ValidationError:
        return "unreadable"
    # Who was born before 1900 had 15 digits too, and they do not say which century they mean.
    return "century" if sought.number[6:8] == "18" and old_number(sought.number) == text else "other"


def _code(sought: Sought, told: str) -> Number:
    text = identifier.imported(told)
    if not text:
        return "asked" if sought.by_number else "none"
    try:
        return "same" if identifier.credit_code(text).number == sought.number else "other"
    except ValidationError:
        return "unreadable"


def _masked(sought: Sought, text: str) -> Number:
    """Stars in the middle: what is left must fit, and is too little alone."""
    fits = len(text) == len(sought.number)
    if not fits or any(one not in ("*", other) for one, other in zip(text, sought.number, strict=True)):
        return "other"
    return "asked" if sought.by_number else "unreadable"


def _born(right: str, told: str) -> Born:
    digits = re.sub(r"[^0-9]", "", told)
    if not digits:
        return "none"
    return "same" if digits[:8] == right else "other"
