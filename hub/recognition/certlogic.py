"""CertLogic 1.3: the small language in which regions and countries write rules of acceptance. Pure: no clock, no I/O.

A subset of JsonLogic with dates. Values are JSON; a date-time exists only as the result of `plusTime`. What is wrong
with an expression is a LogicFault, never a guess; what the data lack is null, and is noted for the caller.
"""

from __future__ import annotations

import operator
import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

_DEPTH, _STEPS = 64, 20_000
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(?:Z|([+-])(\d{1,2}):?(\d{2})?)?", re.ASCII
)  # fmt: skip
_PLACE = re.compile(r"[0-9]{1,6}", re.ASCII)
_PREFIX = "URN:UVCI:"
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
    "after": operator.gt, "before": operator.lt, "not-after": operator.le, "not-before": operator.ge,
}  # fmt: skip
_UNITS = ("year", "month", "day", "hour")


class LogicFault(Exception):
    """The expression breaks the rules of the language, or its operands are of the wrong kind."""


@dataclass(slots=True)
class Evaluation:
    """One evaluation; `missing` are the paths that were asked for and are not in the data."""

    missing: set[str] = field(default_factory=set)
    _steps: int = 0

    def of(self, expression: Any, data: Any, depth: int = 0, inner: bool = False) -> Any:
        """The value of an expression over `data`. Raises LogicFault. `inner`: the data are those of a `reduce`."""
        self._steps += 1
        if depth > _DEPTH or self._steps > _STEPS:
            raise LogicFault("too deep or too long")
        if isinstance(expression, str | bool) or is_integer(expression):
            return expression
        if isinstance(expression, list):
            return [self.of(each, data, depth + 1, inner) for each in expression]
        if not isinstance(expression, dict) or len(expression) != 1:
            raise LogicFault("neither a literal nor one operation")
        ((name, operands),) = expression.items()
        if name == "var":
            return self._var(operands, data, inner)
        if not isinstance(operands, list) or not operands:
            raise LogicFault("an operation has a list of operands")
        return self._operation(name, operands, lambda each: self.of(each, data, depth + 1, inner), depth)

    def _operation(self, name: str, operands: list[Any], value: Callable[[Any], Any], depth: int) -> Any:
        if name in _COMPARED:
            return _compare(name, [value(each) for each in _counted(operands, 2, 3)])
        if name == "and":
            return _and(_counted(operands, 2, _STEPS), value)
        if name == "if":
            guard, then, otherwise = _counted(operands, 3, 3)
            return value(then if is_true(value(guard)) else otherwise)
        if name == "reduce":
            return self._reduce(_counted(operands, 3, 3), value, depth)
        if name not in _PLAIN:
            raise LogicFault("unknown operation")
        count, act = _PLAIN[name]
        return act(*(value(each) for each in _counted(operands, count, count)))

    def _var(self, path: Any, data: Any, inner: bool) -> Any:
        if not isinstance(path, str):
            raise LogicFault("var takes a path")
        found = access(data, path)
        if found is None and not inner:
            self.missing.add(path)
        return found

    def _reduce(self, operands: list[Any], value: Callable[[Any], Any], depth: int) -> Any:
        items, accumulator = value(operands[0]), value(operands[2])
        if items is None:
            return accumulator
        if not isinstance(items, list):
            raise LogicFault("reduce takes a list")
        for each in items:
            scope = {"accumulator": accumulator, "current": each}
            accumulator = self.of(operands[1], scope, depth + 1, inner=True)
        return accumulator


def evaluate(expression: Any, data: Any) -> Any:
    """The value of an expression. Raises LogicFault."""
    return Evaluation().of(expression, data)


def access(data: Any, path: str) -> Any:
    """What stands in `data` at a path like `facts.0.grade`; None where nothing does."""
    for step in path.split(".") if path else ():
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and _PLACE.fullmatch(step) and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


def paths(expression: Any) -> set[str]:
    """Every path an expression reads, without those inside a `reduce`, which are of its own data."""
    if isinstance(expression, list):
        return {path for each in expression for path in paths(each)}
    if not isinstance(expression, dict) or len(expression) != 1:
        return set()
    ((name, operands),) = expression.items()
    if name == "var":
        return {operands} if isinstance(operands, str) else set()
    if name == "reduce" and isinstance(operands, list) and len(operands) == 3:
        return paths([operands[0], operands[2]])
    return paths(operands)


def check(expression: Any, depth: int = 0) -> None:
    """Whether this is an expression at all, whatever the data. Raises LogicFault."""
    if depth > _DEPTH:
        raise LogicFault("too deep or too long")
    if isinstance(expression, str | bool) or is_integer(expression):
        return
    if isinstance(expression, dict) and len(expression) == 1:
        ((name, operands),) = expression.items()
        if name == "var" and isinstance(operands, str):
            return
        if name not in _COUNTS or not isinstance(operands, list):
            raise LogicFault("unknown operation")
        expression = _counted(operands, *_COUNTS[name])
    if not isinstance(expression, list):
        raise LogicFault("neither a literal nor one operation")
    for each in expression:
        check(each, depth + 1)


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_true(value: Any) -> bool:
    """Truthy or falsy as CertLogic means it; a date is neither. Raises LogicFault."""
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return bool(value)
    raise LogicFault("neither true nor false")


def moment(text: str) -> datetime:
    """A date or date-time in milliseconds and UTC; the last day of one that names only year or month. Raises
    LogicFault."""
    try:
        if partial := _PARTIAL.fullmatch(text):
            year, month = int(partial[1]), int(partial[2] or 12)
            return datetime(year, month, monthrange(year, month)[1], tzinfo=UTC)
        if day := _DAY.fullmatch(text):
            return datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC)
        if found := _MOMENT.fullmatch(text):
            base = datetime.fromisoformat(found[1]) + timedelta(milliseconds=int((found[2] or "0").ljust(3, "0")[:3]))
            return base.replace(tzinfo=_zone(found[3], found[4], found[5])).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise LogicFault("no such day or time") from error
    raise LogicFault("not a date or date-time")


def _zone(sign: str | None, hours: str | None, minutes: str | None) -> timezone:
    away = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return timezone(-away if sign == "-" else away)


def _counted(operands: list[Any], least: int, most: int) -> list[Any]:
    if not least <= len(operands) <= most:
        raise LogicFault("a wrong number of operands")
    return operands


def _compare(name: str, values: Sequence[Any]) -> bool:
    right = is_integer if name[0] in "<>" else lambda value: isinstance(value, datetime)
    if not all(right(each) for each in values):
        raise LogicFault("operands of the wrong kind")
    return all(_COMPARED[name](one, other) for one, other in pairwise(values))


def _and(operands: list[Any], value: Callable[[Any], Any]) -> Any:
    last: Any = True
    for each in operands:
        last = value(each)
        if not is_true(last):
            break
    return last


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _in(one: Any, many: Any) -> bool:
    if not isinstance(many, list):
        raise LogicFault("in takes a list")
    return any(_same(one, each) for each in many)


def _plus(one: Any, other: Any) -> int:
    if not (is_integer(one) and is_integer(other)):
        raise LogicFault("+ takes whole numbers")
    return int(one + other)


def _plus_time(start: Any, amount: Any, unit: Any) -> datetime:
    if not isinstance(start, str) or not is_integer(amount) or unit not in _UNITS:
        raise LogicFault("plusTime takes a date, a whole number and a unit")
    since = moment(start)
    try:
        if unit in ("day", "hour"):
            return since + timedelta(**{f"{unit}s": amount})
        months = since.year * 12 + since.month - 1 + amount * (12 if unit == "year" else 1)
        year, month = divmod(months, 12)
        return since.replace(year=year, month=month + 1, day=min(since.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError) as error:
        raise LogicFault("a date that no calendar has") from error


def _date_of_birth(text: Any) -> datetime:
    if not isinstance(text, str) or not (_DAY.fullmatch(text) or _PARTIAL.fullmatch(text)):
        raise LogicFault("not a date of birth")
    return moment(text)


def _from_uvci(text: Any, index: Any) -> str | None:
    if not (text is None or isinstance(text, str)) or not is_integer(index):
        raise LogicFault("extractFromUVCI takes a text and a place")
    parts = re.split("[/#:]", text.removeprefix(_PREFIX)) if text is not None else []
    return parts[index] if 0 <= index < len(parts) else None


_PLAIN: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "===": (2, _same),
    "in": (2, _in),
    "+": (2, _plus),
    "!": (1, lambda value: not is_true(value)),
    "plusTime": (3, _plus_time),
    "dccDateOfBirth": (1, _date_of_birth),
    "extractFromUVCI": (2, _from_uvci),
    "extractFromUCI": (2, _from_uvci),
}
_COUNTS: Mapping[str, tuple[int, int]] = {
    **{name: (count, count) for name, (count, _) in _PLAIN.items()},
    **dict.fromkeys(_COMPARED, (2, 3)),
    **{"and": (2, _STEPS), "if": (3, 3), "reduce": (3, 3)},
}
