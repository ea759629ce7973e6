"""One cell of a delivered table as a hub value: whatever a spreadsheet made of a date, an amount or a number.

What a spreadsheet destroyed (18 digits kept as a number) is refused and never put together again (legacy.md Q41).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.protocols.values import matching, reader

_SURE = 1e15  # a spreadsheet keeps 15 digits
_DESTROYED = re.compile(r"-?[0-9](\.[0-9]+)?[eE]\+[0-9]{1,3}", re.ASCII)
_LOOSE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", re.ASCII)
_SERIAL = re.compile(r"([0-9]{2,5}(?=\.0)|[0-9]{5})(?:\.0)?", re.ASCII)  # four digits alone may be a year
_FIRST_SERIAL, _LAST_SERIAL = 61, 2_958_465  # 1900-03-01, before which spreadsheets count a day that never was
_KNOWN = 1000
_CODE = re.compile(r"(?!.*[0-9]{6})[A-Za-z0-9]{1,8}", re.ASCII)  # anything else might be somebody's
_NARROW: dict[int, int | str] = {0x3000: " ", **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}}


class Refused(Exception):
    """This cell, by code: NUMBER_DESTROYED, REQUIRED, DATE, CHOICE, FORMAT, CHARSET. `table` and `word` of a CHOICE are
    the code table and the department's own code, where that can be no personal value."""

    def __init__(self, code: str, table: str = "", word: str = "") -> None:
        super().__init__(code)
        self.table, self.word = table, word


class Known(dict[Any, Any]):
    """The values of a column that were read already, as long as one file is read: a repeated cell costs nothing."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: Any) -> Any:
        value = self._read(cell)
        if len(self) < _KNOWN:
            self[cell] = value
        return value


class Column:
    """How the cells of one column are read: `value` takes a cell and gives the hub value, None where nothing stands in
    it, or raises Refused."""

    def __init__(self, field: str, entry: Mapping[str, Any], table: Mapping[str, str] | None, required: bool) -> None:
        self.field, self.heading = field, squeezed(entry["from"])
        self._required, self._absent = required, frozenset(entry["absent"])
        self._kind, self._table = entry["as"], entry["table"]
        self.free = self._kind == "text" and not entry["pattern"]  # names and the like, which hardly repeat
        self._read: Callable[[str], Any] = (
            matching(entry["pattern"]) if entry["pattern"] else reader(self._kind, entry["formats"], table)
        )
        quick = self._kind == "text" and not self._absent
        self.value = self._quick(entry["pattern"]) if quick else self._value

    def _quick(self, pattern: str) -> Callable[[Any], Any]:
        """For the texts that most cells are; whatever is unusual about one goes the long way."""
        form = re.compile(pattern).fullmatch if pattern else None
        slow = self._value

        def value(cell: Any) -> Any:
            if type(cell) is str:
                text = cell.strip()
                if text and text.isprintable() and "+" not in text and (not form or (text.isascii() and form(text))):
                    return text
            return slow(cell)

        return value

    def _value(self, cell: Any) -> Any:
        text = cell.strip() if type(cell) is str else self._plain(cell)
        if not self.free and not text.isascii():
            text = text.translate(_NARROW).strip()
        if not text or text in self._absent:
            if self._required:
                raise Refused("REQUIRED")
            return None
        if "+" in text and _DESTROYED.fullmatch(text):
            raise Refused("NUMBER_DESTROYED")
        try:
            return self._read(text)
        except KeyError:
            raise Refused("CHOICE", self._table, text if _CODE.fullmatch(text) else "?") from None
        except ValueError:
            if self._kind == "date":
                return _day(text)
            raise Refused("DATE" if self._kind == "datetime" else "FORMAT") from None

    def _plain(self, cell: Any) -> str:
        """The text of a cell that is not text."""
        match cell:
            case None:
                return ""
            case bool():
                return "1" if cell else "0"
            case int() | float():
                return _serial(cell) if self._kind == "date" else number(cell)
            case Decimal():
                return f"{cell:f}"
            case datetime():
                return _moment(cell, self._kind)
            case date():
                return cell.isoformat() if self._kind != "datetime" else f"{cell.isoformat()} 00:00:00"
            case bytes():
                raise Refused("CHARSET")
        raise Refused("FORMAT")


def number(cell: float) -> str:
    """As the spreadsheet shows it: 15 digits, no noise behind them."""
    if not abs(cell) < _SURE:
        raise Refused("NUMBER_DESTROYED")
    return str(int(cell)) if float(cell).is_integer() else f"{cell:.15g}"


def squeezed(heading: Any) -> str:
    """A heading without the blanks that offices put between its characters; nothing for what is no text."""
    return "".join(heading.translate(_NARROW).split()) if isinstance(heading, str) else ""


def _moment(cell: datetime, kind: str) -> str:
    if kind == "date":
        if cell.time() != datetime.min.time():
            raise Refused("DATE")
        return cell.date().isoformat()
    return cell.replace(microsecond=0).isoformat(sep=" ")


def _serial(cell: float) -> str:
    """43891.0 is 2020-03-01: days of the 1900 system."""
    if not float(cell).is_integer() or not _FIRST_SERIAL <= cell <= _LAST_SERIAL:
        raise Refused("DATE")
    return (date(1899, 12, 30) + timedelta(days=int(cell))).isoformat()


def _day(text: str) -> str:
    """A date in none of the declared forms: 2020/3/1, 2020-3-1, 2020年3月1日, 43891, 43891.0."""
    if match := _LOOSE.fullmatch(text):
        try:
            return date(*(int(part) for part in match.groups())).isoformat()
        except ValueError:
            raise Refused("DATE") from None
    if match := _SERIAL.fullmatch(text):
        return _serial(int(match[1]))
    raise Refused("DATE")
