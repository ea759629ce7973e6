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
from hub.catalogue.items import COLUMNS
from hub.catalogue.models import ItemRow, NameRow
from hub.catalogue.query import Condition, Way, is_short
from hub.catalogue.rules import Query
from hub.errors import Problem

_WALKED = 2000
_CHUNKS = (200, 2_000, 10_000, 50_000, 250_000)
_SHOWN = (*(column for column in COLUMNS if column not in ("keys", "body", "digest")),)
_SMALL_REGION = 4

Item = dict[str, Any]
"""The columns of a list, by name, and the title's `sort`."""


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

    def __init__(self, connection: Connection, query: Query, today: date) -> None:
        self._connection = connection
        self._limit = query.page_size + 1
        self._filters = _filters(query, today)
        self._small = _is_small(query)

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
        near = select(ItemRow).where(*self._filters).cte("near").prefix_with("MATERIALIZED", dialect="postgresql")
        # OFFSET keeps the planner from reading every title of the country for the few of a county.
        name = (
            select(NameRow.sort, NameRow.words, NameRow.sounds)
            .where(NameRow.id == near.c.name_id)
            .offset(literal(0))
            .lateral("name")
        )
        statement = select(name.c.sort, *(near.c[column] for column in _SHOWN)).join_from(near, name, true())
        if condition:
            statement = statement.where(_matching(condition, name.c.words, name.c.sounds))
        if start:
            place = tuple_(name.c.sort, near.c.name_id, near.c.region, near.c.id)
            statement = statement.where(place > tuple_(start.sort, start.name, start.region, start.id))
        order = (name.c.sort, near.c.name_id, near.c.region, near.c.id)
        return self._items(statement.order_by(*order).limit(self._limit))

    def _from_names(self, condition: Condition | None, start: Position | None) -> Found:
        """Titles in growing chunks until a page is full. The last chunk bounds the work: what is left then is told as
        the rest, even when the page is not full."""
        items: list[Item] = []
        after = start
        for number in (self._limit, *_CHUNKS):
            names = self.names(condition, after, number)
            items += self._items(self._items_of([name for _, name in names], after, self._limit - len(items)))
            if len(items) >= self._limit or len(names) < number:
                return self._cut(items, None)
            sort, name = names[-1]
            after = Position(sort, name, "\x7f")  # behind every item of that title
        return self._cut(items, after)

    def _cut(self, items: list[Item], rest: Position | None) -> Found:
        if len(items) < self._limit:
            return Found(tuple(items), rest)
        last = items[self._limit - 2]
        return Found(
            tuple(items[: self._limit - 1]), Position(last["sort"], last["name_id"], last["region"], last["id"])
        )

    def _items(self, statement: Select[Any]) -> list[Item]:
        return [dict(row) for row in self._connection.execute(statement).mappings()]

    def _items_of(self, names: Sequence[int], start: Position | None, limit: int) -> Select[Any]:
        numbers = bindparam("names", list(names), type_=ARRAY(BigInteger))
        wanted = func.unnest(numbers).table_valued("id", with_ordinality="place", name="wanted").render_derived()
        here = [ItemRow.name_id == wanted.c.id, *self._filters]
        if start:
            behind = tuple_(ItemRow.region, ItemRow.id) > tuple_(start.region, start.id)
            here.append(or_(wanted.c.id != start.name, behind))
        item = (
            select(*(getattr(ItemRow, column) for column in _SHOWN))
            .where(*here)
            .order_by(ItemRow.region, ItemRow.id)
            .limit(limit)
            .lateral("item")
        )
        sort = select(NameRow.sort).where(NameRow.id == wanted.c.id).scalar_subquery().label("sort")
        order = (wanted.c.place, item.c.region, item.c.id)
        return select(sort, item).join_from(wanted, item, true()).order_by(*order).limit(limit)

    def names(self, condition: Condition | None, start: Position | None, number: int) -> list[tuple[str, int]]:
        """Sort and number of the next titles in order. Where a large part of all may match, the first ones are looked through before the
        index is asked, because it would give all of them."""
        if condition is None:
            return self._rows(_behind(select(NameRow.sort, NameRow.id), start).limit(number))
        if is_short(condition) and number < _WALKED:
            first = _behind(select(NameRow), start).limit(_WALKED).subquery()
            matching = _matching(condition, first.c.words, first.c.sounds)
            met = self._rows(
                select(first.c.sort, first.c.id).where(matching).order_by(first.c.sort, first.c.id).limit(number)
            )
            if len(met) == number:
                return met
        every = select(NameRow).where(_narrowed(condition)).offset(literal(0)).subquery()
        statement = select(every.c.sort, every.c.id).where(_matching(condition, every.c.words, every.c.sounds))
        if start:
            statement = statement.where(tuple_(every.c.sort, every.c.id) >= tuple_(start.sort, start.name))
        return self._rows(statement.order_by(every.c.sort, every.c.id).limit(number))

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


def _behind(statement: Select[*tuple[Any, ...]], start: Position | None) -> Select[Any]:
    """From the title of `start` on: it may have more items."""
    if start:
        statement = statement.where(tuple_(NameRow.sort, NameRow.id) >= tuple_(start.sort, start.name))
    return statement.order_by(NameRow.sort, NameRow.id)


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


def _matching(condition: Condition, words: ColumnElement[str], sounds: ColumnElement[str]) -> ColumnElement[bool]:
    """What decides."""

    def met(way: Way) -> ColumnElement[bool]:
        return sounds.op("~")(way.pattern) if way.sounds else words.like(way.pattern)

    return or_(*(and_(*(or_(*(met(way) for way in ways)) for ways in runs)) for runs in condition))
