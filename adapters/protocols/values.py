"""Single values between a department's texts and hub values: one reader and one writer for each type of system.yaml.

A reader takes stripped text and raises ValueError; hub values are plain JSON: text, integer, boolean, ISO dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

Reader = Callable[[str], Any]
Writer = Callable[[Any], str]

NUMBERS = ("id_number", "credit_code", "licence_id", "hk_macao_permit", "taiwan_permit", "passport",
           "foreign_permit", "phone")  # fmt: skip
TYPES = frozenset({"text", "integer", "yuan", "fen", "date", "datetime", "boolean", "code"})

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_YUAN = re.compile(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,2})0*)?", re.ASCII)
_YES, _NO = frozenset({"1", "true", "TRUE", "Y", "是"}), frozenset({"0", "false", "FALSE", "N", "否"})
_PARTS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CHINA = "+08:00"


def _text(text: str) -> str:
    if not text.isprintable() and _CONTROL.search(text):
        raise ValueError("a control character")
    return text


def _integer(text: str) -> int:
    if len(text) <= 18 and text.isascii() and text.isdigit():
        return int(text)
    if not _INTEGER.fullmatch(text):
        raise ValueError("no whole number")
    return int(text)


def _yuan(text: str) -> int:
    """12.5 -> 1250. Decimal arithmetic on text: no float ever holds money."""
    digits = text.replace(".", "", 1)
    if text[-3:-2] == "." and 4 <= len(text) <= 16 and digits.isdigit() and text.isascii():
        return int(digits)  # 12.50, as amounts are mostly written
    match = _YUAN.fullmatch(text)
    if match is None:
        raise ValueError("no amount")
    sign, whole, cents = match.groups()
    fen = int(whole) * 100 + int((cents or "0").ljust(2, "0"))
    return -fen if sign else fen


def _boolean(text: str) -> bool:
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValueError("neither yes nor no")


def _as_yuan(fen: Any) -> str:
    value = int(fen)
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"


def day_form(form: str) -> re.Pattern[str]:
    """A format such as %Y年%m月%d日 as an expression; strict in length, and faster than strptime."""
    pieces = re.split(r"(%.)", form)
    letters = [piece[1:] for piece in pieces if piece.startswith("%")]
    if len(set(letters)) != len(letters) or not {"Y", "m", "d"} <= set(letters) <= set(_PARTS):
        raise ValueError("a format holds %Y %m %d, and for times %H %M %S, each once")
    return re.compile(
        "".join(f"(?P<{p[1:]}>[0-9]{{{_PARTS[p[1:]]}}})" if p.startswith("%") else re.escape(p) for p in pieces),
        re.ASCII,
    )


def _moment(forms: Sequence[str], timed: bool) -> Reader:
    patterns = [day_form(form) for form in forms]

    @lru_cache(maxsize=4096)  # days come again and again
    def read(text: str) -> str:
        for pattern in patterns:
            if match := pattern.fullmatch(text):
                if not timed:
                    year, month, day = match.group("Y", "m", "d")
                    date(int(year), int(month), int(day))  # is there such a day?
                    return f"{year}-{month}-{day}"
                parts = {name: int(digits) for name, digits in match.groupdict().items()}
                clock = (parts.get("H", 0), parts.get("M", 0), parts.get("S", 0))
                return datetime(parts["Y"], parts["m"], parts["d"], *clock).isoformat() + CHINA  # noqa: DTZ001
        raise ValueError("no date in the declared form")

    return read


def _as_moment(form: str, timed: bool) -> Writer:
    def write(value: Any) -> str:
        text = str(value)
        moment = (
            datetime.fromisoformat(text) if timed else datetime.combine(date.fromisoformat(text), datetime.min.time())
        )
        return moment.strftime(form)

    return write


DAYS, TIMES = ("%Y-%m-%d", "%Y%m%d"), ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M%S")


def reader(kind: str, forms: Sequence[str], table: Mapping[str, str] | None) -> Reader:
    """How a type is read; a code that its table does not hold raises KeyError."""
    match kind:
        case "code":
            return (table or {}).__getitem__
        case "date":
            return _moment(forms or DAYS, timed=False)
        case "datetime":
            return _moment(forms or TIMES, timed=True)
        case _:
            return {"text": _text, "integer": _integer, "yuan": _yuan, "fen": _integer, "boolean": _boolean}[kind]


def matching(pattern: str) -> Reader:
    """Text of a known form (a month, a plate), where any other text is a mistake."""
    expression = re.compile(pattern)

    def read(text: str) -> str:
        if not expression.fullmatch(text):
            raise ValueError("not of the declared form")
        return _text(text)

    return read


def writer(kind: str, forms: Sequence[str], table: Mapping[str, str] | None) -> Writer:
    """How a type is written. Of two codes with one meaning the first in the table is used."""
    match kind:
        case "code":
            back = {meaning: code for code, meaning in reversed(list((table or {}).items()))}
            return lambda value: back[str(value)]
        case "date":
            return _as_moment((forms or DAYS)[0], timed=False)
        case "datetime":
            return _as_moment((forms or TIMES)[0], timed=True)
        case "yuan":
            return _as_yuan
        case "boolean":
            return lambda value: "1" if value else "0"
        case _:
            return str
