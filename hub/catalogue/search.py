"""Finding items in the tables: which plan for which question, and the SQL of each. Reads only.

Two plans, both in the same order (sort of the title, region, id). A question that names a small part of the catalogue
(a county, a department …) starts from its items; any other one starts from the titles, of which there are ten times
less, takes as many as a page needs, and then their items. How much one question may look at is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, literal, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import BigInteger, Text

from hub.catalogue.divisions import prefix
from hub.catalogue.frequencies import Frequencies
from hub.catalogue.items import COLUMNS
from hub.catalogue.models import ItemRow, NameRow
from hub.catalogue.query import Condition, Way
from hub.catalogue.rules import Query
from hub.errors import Problem

_MANY, _WALKED = 0.005, 30_000
_CHUNKS = (200, 2_000)
_SHOWN = [column for column in COLUMNS if column not in ("keys", "words", "sounds", "body", "digest")]
_COLUMNS = [getattr(ItemRow, column) for column in _SHOWN]
_SMALL_REGION = 4
_ORDER = (NameRow.sort, NameRow.id)

Item = dict[str, Any]
"""The columns of a list, by name."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the sort and number of the title, the region and id of the item."""

    sort: str
    name: int
    region: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Items in order, and where to go on; `rest` is None at the end."""

    items: tuple[Item, ...]
    rest: Position | None


class Search:
    """One question to the tables on one connection; `today` decides which versions are in force."""

    def __init__(self, connection: Connection, query: Query, today: date, frequencies: Frequencies) -> None:
        self._connection = connection
        self._frequencies = frequencies
        self._limit = query.page_size + 1
        self._filters = _filters(query, today)
        self._small = _is_small(query)
        self._in_region = bool(query.region)

    def page(self, condition: Condition | None, start: Position | None) -> Found:
        """The items of the titles that meet the condition, after `start`."""
        if self._small:
            return self._cut(self._from_items(condition, start), None)
        return self._from_names(condition, start)

    def by_key(self, key: str, start: Position | None) -> Found:
        """The items that have this official or local code."""
        self._filters.append(ItemRow.keys.contains([key]))
        return self._cut(self._from_items(None, start), None)

    def _from_items(self, condition: Condition | None, start: Position | None) -> list[Item]:
        place = (ItemRow.sort, ItemRow.name_id, ItemRow.region, ItemRow.id)
        statement = select(*_COLUMNS).where(*self._filters)
        if condition:
            statement = statement.where(_matching(condition, ItemRow))
        if start:
            statement = statement.where(tuple_(*place) > tuple_(start.sort, start.name, start.region, start.id))
        return self._items(statement.order_by(*place).limit(self._limit))

    def _from_names(self, condition: Condition | None, start: Position | None) -> Found:
        """Titles in growing chunks until a page is full. The last chunk bounds the work. When a region offers hardly
        any of the titles, its own items are gone through for what is left; else the page ends there, not full."""
        items: list[Item] = []
        after = start
        for number in (self._limit, *_CHUNKS):
            names = self.names(condition, after, number)
            items += self._items(self._items_of([name for _, name in names], after, self._limit - len(items)))
            if len(items) >= self._limit or len(names) < number:
                return self._cut(items, None)
            sort, name = names[-1]
            after = Position(sort, name, "\x7f")  # behind every item of that title
        if self._in_region:
            return self._cut([*items, *self._from_items(condition, after)][: self._limit], None)
        return self._cut(items, after)

    def _cut(self, items: list[Item], rest: Position | None) -> Found:
        if len(items) < self._limit:
            return Found(tuple(items), rest)
        last = items[self._limit - 2]
        return Found(
            tuple(items[: self._limit - 1]), Position(last["sort"], last["name_id"], last["region"], last["id"])
        )

    def _items(self, statement: Select[Any]) -> list[Item]:
        return [dict(zip(_SHOWN, row, strict=True)) for row in self._connection.execute(statement)]

    def _items_of(self, names: Sequence[int], start: Position | None, limit: int) -> Select[Any]:
        numbers = bindparam("names", list(names), type_=ARRAY(BigInteger))
        wanted = func.unnest(numbers).table_valued("id", with_ordinality="place", name="wanted").render_derived()
        here = [ItemRow.name_id == wanted.c.id, *self._filters]
        if start:
            behind = tuple_(ItemRow.region, ItemRow.id) > tuple_(start.region, start.id)
            here.append(or_(wanted.c.id != start.name, behind))
        item = select(*_COLUMNS).where(*here).order_by(ItemRow.region, ItemRow.id).limit(limit).lateral("item")
        order = (wanted.c.place, item.c.region, item.c.id)
        return select(item).join_from(wanted, item, true()).order_by(*order).limit(limit)

    def names(self, condition: Condition | None, start: Position | None, number: int) -> list[tuple[str, int]]:
        """Sort and number of the next titles in order. The token index gives matches in no order, all of them; where
        there are many, going through the titles in order meets enough sooner, as a rule. (Of 300,000 titles, 10,000
        are gone through in 3 ms; the index takes 3 ms for 2,000 matches and 30 ms for 80,000.)"""
        if condition is None:
            return self._rows(_from(select(*_ORDER), start).order_by(*_ORDER).limit(number))
        met = self._walked(condition, start, number) if self._frequencies.share(condition) > _MANY else []
        return met if len(met) == number else self._indexed(condition, start, number)

    def _indexed(self, condition: Condition, start: Position | None, number: int) -> list[tuple[str, int]]:
        match = _from(select(*_ORDER), start).where(_narrowed(condition), _matching(condition, NameRow))
        found = match.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
        return self._rows(select(found).order_by(found.c.sort, found.c.id).limit(number))

    def _walked(self, condition: Condition, start: Position | None, number: int) -> list[tuple[str, int]]:
        first = _from(select(*_ORDER, NameRow.words, NameRow.sounds), start).order_by(*_ORDER).limit(_WALKED)
        near = first.subquery("near")
        return self._rows(select(near.c.sort, near.c.id).where(_matching(condition, near.c)).limit(number))

    def _rows(self, statement: Select[Any]) -> list[tuple[str, int]]:
        return [(sort, id) for sort, id in self._connection.execute(statement)]


def row_of(connection: Connection, id: str, today: date) -> dict[str, Any]:
    """The version of an item that is in force today, with all its columns; raises NOT_FOUND."""
    statement = select(ItemRow.__table__).where(ItemRow.id == id, *_in_force(today))
    row = connection.execute(statement).mappings().first()
    if row is None:
        raise Problem("NOT_FOUND")
    return dict(row)


def _in_force(today: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ItemRow.effective_from <= today, or_(ItemRow.effective_until.is_(None), ItemRow.effective_until >= today)


def _from(statement: Select[*tuple[Any, ...]], start: Position | None) -> Select[Any]:
    """From the title of `start` on: it may have more items."""
    return statement.where(tuple_(*_ORDER) >= tuple_(start.sort, start.name)) if start else statement


def _is_small(query: Query) -> bool:
    named = query.department or query.theme or (query.kind and query.kind != "link")
    return bool(named) or len(prefix(query.region)) >= _SMALL_REGION


def _filters(query: Query, today: date) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = [*_in_force(today), ItemRow.superseded.is_(False)]
    if query.region:
        start = prefix(query.region)
        filters.append(and_(ItemRow.region >= start, ItemRow.region < f"{start}:"))  # ":" follows "9"
    if query.department:
        filters.append(ItemRow.department == query.department)
    if query.theme:
        filters.append(and_(ItemRow.themes.contains([query.theme]), ItemRow.themes != []))
    if query.kind:
        filters.append(and_(ItemRow.kind == query.kind, *_not_link(query.kind)))
    if query.audience:
        filters.append(ItemRow.audience.in_([query.audience, "both"]))
    return filters


def _not_link(kind: str) -> Iterator[ColumnElement[bool]]:
    """Said once more in plain text, so that the index of the few that are no links can be used."""
    if kind != "link":
        yield ItemRow.kind != literal("link", literal_execute=True)


def _narrowed(condition: Condition) -> ColumnElement[bool]:
    """What the token index is asked."""
    return or_(*(and_(*(or_(*(_tokens(way) for way in ways)) for ways in runs)) for runs in condition))


def _tokens(way: Way) -> ColumnElement[bool]:
    tests = [NameRow.tokens.overlap(_texts(sorted(choice))) for choice in way.choices]
    if way.tokens:
        tests.append(NameRow.tokens.contains(_texts(sorted(way.tokens))))
    return and_(*tests)


def _texts(values: list[str]) -> ColumnElement[Any]:
    return literal(values, ARRAY(Text))


def _matching(condition: Condition, name: Any) -> ColumnElement[bool]:
    """What decides. `name` has the columns `words` and `sounds`."""

    def met(way: Way) -> ColumnElement[bool]:
        column = name.words if way.by.startswith("words") else name.sounds
        tested: ColumnElement[bool] = (
            column.op("~")(way.pattern) if way.by.endswith("expression") else column.like(way.pattern)
        )
        return tested

    return or_(*(and_(*(or_(*(met(way) for way in ways)) for ways in runs)) for runs in condition))
