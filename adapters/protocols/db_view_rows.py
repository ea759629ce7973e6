"""One operation as a SELECT of named columns with bound values, and its rows as the tree that mapping.py reads.

`row` is one record, or what all rows of a list say alike; `rows` the list; `found` says `some` or `none`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import chain, compress
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnClause,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    String,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from adapters.protocols.charset import decode
from adapters.protocols.db_view_facts import look_ups, mapped, wire_names
from adapters.protocols.db_view_kinds import Kind
from adapters.protocols.facts import unusable
from adapters.protocols.transport import BODY_CAP
from adapters.protocols.values import CHINA
from hub.errors import Fault, invalid
from hub.port import Garbled

Value = Callable[[Any], str]
_ZONE = datetime.fromisoformat(f"2000-01-01T00:00:00{CHINA}").tzinfo
_TYPES: Mapping[str, TypeEngine[Any]] = {
    "text": String(),
    "integer": Integer(),
    "decimal": Numeric(),
    "date": Date(),
    "datetime": DateTime(),
    "boolean": Boolean(),
}


def typed(name: str, facts: Mapping[str, Any]) -> ColumnClause[Any]:
    return column(name, _TYPES[facts["type"]])


def selected(name: str, facts: Mapping[str, Any], kind: Kind) -> ColumnElement[Any]:
    """The column as it is read: as its very bytes where its charset lies. A latin1 connection would not do: MySQL means
    cp1252 by it, which five bytes have no letter in."""
    plain: ColumnElement[Any] = column(name)
    if not facts["stored_as"]:
        return plain
    if kind.grants == "mysql":
        return cast(plain, LargeBinary).label(name)
    if kind.grants == "postgresql":
        return func.convert_to(plain, literal_column("'LATIN1'")).label(name)
    raise unusable(f"{name}: stored_as is offered for mysql and postgresql")


def bound(name: str, facts: Mapping[str, Any], kind: Kind) -> ColumnElement[Any]:
    """A value that a column is compared with; only ever a parameter."""
    if not facts["stored_as"]:
        return bindparam(name, type_=_TYPES[facts["type"]], required=False)
    raw = bindparam(name, type_=LargeBinary(), required=False)
    if kind.grants == "mysql":
        return func.convert(raw.op("USING")(literal_column("latin1")))
    return func.convert_from(raw, literal_column("'LATIN1'"))


def value_of(text: str, facts: Mapping[str, Any]) -> Any:
    """A wire text as the database wants it. Raises ValueError."""
    match facts["type"]:
        case "integer":
            number = int(text)
            if not -(2**63) <= number < 2**63:
                raise ValueError("out of range")
            return number
        case "decimal":
            try:
                return Decimal(text)
            except InvalidOperation:
                raise ValueError("no number") from None
        case "date":
            return date.fromisoformat(text)
        case "datetime":
            return datetime.fromisoformat(text)
        case "boolean":
            return text == "1"
    return text.encode("gb18030") if facts["stored_as"] else text


def reader(name: str, facts: Mapping[str, Any]) -> Value:
    """How a value of this column becomes text. Another type than was declared is Garbled."""
    if facts["stored_as"]:
        return partial(_from_gbk, name)
    return partial(_READERS[facts["type"]], name)


def _column_reader(name: str, facts: Mapping[str, Any]) -> Callable[[Sequence[Any]], Sequence[str]]:
    read, plain = reader(name, facts), facts["type"] == "text"

    def values(given: Sequence[Any]) -> Sequence[str]:
        return given if plain and set(map(type, given)) == {str} else [read(value) for value in given]

    return values


def checked(text: str) -> None:
    """Raises Garbled where letters show that somebody stored them by a wrong charset."""
    if not text.isascii():
        try:
            raw = text.encode("utf-8")
        except UnicodeEncodeError:
            raise Garbled("half a character", code="UPSTREAM_CHARSET") from None
        decode(raw, "utf-8")


def _records(names: Sequence[str], rows: Iterable[tuple[str, ...]]) -> list[dict[str, str]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


class Question:
    """One operation's SELECT. Its statements are made once for each set of fields that are given."""

    def __init__(self, operation: Mapping[str, Any], views: Mapping[str, Any], schema: str, kind: Kind) -> None:
        self._own: Mapping[str, Any] = operation["db_view"]
        self._columns: Mapping[str, Mapping[str, Any]] = views[self._own["view"]]["columns"]
        self._kind, self._cap, self._judged = kind, self._own["rows"], bool(operation["outcome"])
        self._fields, self._look_ups = wire_names(operation), look_ups(operation)
        self._alike, self._listed = mapped(operation, "row"), mapped(operation, "rows")
        self._equal = {name: each for name, (each, test) in self._look_ups.items() if test == "equal"}
        self.names = list(dict.fromkeys([*self._alike, *self._listed, *self._equal.values()]))
        self._readers = [_column_reader(name, self._columns[name]) for name in self.names]
        self._exact = [
            (wire, self.names.index(each))
            for wire, each in self._equal.items()
            if self._columns[each]["type"] == "text"
        ]
        self._from = table(self._own["view"], schema=schema or None)
        self._made: dict[tuple[str, ...], Select[Any]] = {}

    def statement(self, wire: Mapping[str, str]) -> Select[Any]:
        given = tuple(wire)
        found = self._made.get(given)
        if found is None:
            found = self._made[given] = self._select(given)
        return found

    def parameters(self, wire: Mapping[str, str]) -> dict[str, Any]:
        """Raises Problem 422 for a text that is no value of its column."""
        given = {}
        for number, (name, text) in enumerate(wire.items()):
            try:
                given[f"p{number}"] = value_of(text, self._columns[self._look_ups[name][0]])
            except ValueError:
                raise invalid([Fault(self._fields[name], "FORMAT")]) from None
        return given

    def tree(self, rows: Sequence[Sequence[Any]], wire: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        """The answer and its size in characters. Raises Garbled. Column by column: that is half the time of rows."""
        if len(rows) > self._cap:
            raise Garbled(f"more than {self._cap} rows", code="UPSTREAM_TOO_LARGE")
        columns = [read(values) for read, values in zip(self._readers, zip(*rows, strict=True), strict=bool(rows))]
        joined = "\n".join(chain.from_iterable(columns))
        if len(joined) > BODY_CAP:
            raise Garbled("more text than allowed", code="UPSTREAM_TOO_LARGE")
        checked(joined)
        return self._shaped(self._asked_for(columns, wire), wire), len(joined)

    def _shaped(self, columns: list[Sequence[str]], wire: Mapping[str, str]) -> dict[str, Any]:
        some = bool(columns and columns[0])
        shape: dict[str, Any] = {"found": "some" if some else "none"} if self._judged else {}
        if some:
            shape["row"] = _records(self._alike, dict.fromkeys(self._picked(columns, self._alike)))
        elif self._listed:  # nothing, about whom we asked
            shape["row"] = {each: wire[name] for name, each in self._equal.items() if name in wire}
            shape["row"] = {each: text for each, text in shape["row"].items() if each in self._alike}
        if self._listed:
            shape["rows"] = _records(self._listed, self._picked(columns, self._listed)) if some else []
        return shape

    def _picked(self, columns: list[Sequence[str]], names: Sequence[str]) -> Iterable[tuple[str, ...]]:
        return zip(*(columns[self.names.index(name)] for name in names), strict=True)

    def _asked_for(self, columns: list[Sequence[str]], wire: Mapping[str, str]) -> list[Sequence[str]]:
        """Without the rows that a collation took for the same and that are not (to utf8mb4_general_ci all rare
        characters are one)."""
        for name, position in self._exact if columns else ():
            asked = wire.get(name)
            if asked is not None and set(columns[position]) != {asked}:
                kept = [_same(told, asked) for told in columns[position]]
                columns = [list(compress(values, kept)) for values in columns]
        return columns

    def _select(self, given: tuple[str, ...]) -> Select[Any]:
        chosen = [selected(name, self._columns[name], self._kind) for name in self.names]
        found = select(*chosen).select_from(self._from).limit(self._cap + 1)
        for number, name in enumerate(given):
            each, test = self._look_ups[name]
            facts, left = self._columns[each], typed(each, self._columns[each])
            right = bound(f"p{number}", facts, self._kind)
            found = found.where({"equal": left == right, "at_least": left >= right, "at_most": left <= right}[test])
        for each, kept in self._own["only"].items():
            left, texts = typed(each, self._columns[each]), [text for text in kept if text is not None]
            found = found.where(or_(left.in_(texts), *([left.is_(None)] if None in kept else [])))
        for each in self._own["order"]:
            sorted_by: ColumnElement[Any] = column(each.removeprefix("-"))
            found = found.order_by(sorted_by.desc() if each.startswith("-") else sorted_by)
        return found


def _same(told: str, asked: str) -> bool:
    return told.strip().casefold() == asked.strip().casefold()


def _wrong(name: str, value: Any) -> Garbled:
    return Garbled(f"{name} is a {type(value).__name__}, which its declared type never is")


def _text(name: str, value: Any) -> str:
    if type(value) is str:
        return value
    if value is None:
        return ""
    raise _wrong(name, value)


def _whole(name: str, value: Any) -> str:
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():  # how some databases give every number
        return str(int(value))
    raise _wrong(name, value)


def _decimal(name: str, value: Any) -> str:
    if value is None:
        return ""
    if type(value) is int or (isinstance(value, Decimal) and value.is_finite()):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    raise _wrong(name, value)


def _date(name: str, value: Any) -> str:
    if isinstance(value, str) or value is None:  # MySQL's 0000-00-00 arrives as text (legacy.md Q35)
        return value or ""
    if isinstance(value, datetime):
        if value.time() != datetime.min.time():
            raise _wrong(name, value)
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    raise _wrong(name, value)


def _datetime(name: str, value: Any) -> str:
    if isinstance(value, str) or value is None:
        return value or ""
    if isinstance(value, datetime):
        local = value.astimezone(_ZONE) if value.tzinfo else value
        return local.strftime("%Y-%m-%d %H:%M:%S")
    raise _wrong(name, value)


def _boolean(name: str, value: Any) -> str:
    if value is None:
        return ""
    if value in (0, 1) and isinstance(value, int):
        return str(int(value))
    raise _wrong(name, value)


def _from_gbk(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes | memoryview | bytearray):
        return decode(bytes(value), "gbk")
    raise _wrong(name, value)


_READERS: Mapping[str, Callable[[str, Any], str]] = {
    "text": _text,
    "integer": _whole,
    "decimal": _decimal,
    "date": _date,
    "datetime": _datetime,
    "boolean": _boolean,
}
