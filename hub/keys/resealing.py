"""Brings what rooms keep sealed under the key that seals now, and counts what is under which. What a room has is its
`SEALED`. Nothing that is opened here is logged or told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, func, literal, select, tuple_
from sqlalchemy.orm import Session

from hub.crypto import LOOK_UP, Crypto
from hub.database import Database, plain
from hub.errors import Problem
from hub.keys.models import LookUpKeyRow

Row = Any
Key = tuple[Any, ...]
_ALL = literal(True)
_SEEN_AT_ONCE, _ROUNDS = 5000, 5


def _as_it_is(_: Crypto, __: Row, ___: bytes) -> None:
    return


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed column. `purpose` is what a row's value was sealed for; `anew` changes what hangs on the key that seals
    now besides (tags, what is in a box), from the opened value. `at_once`: rows of a batch; few where they are large.
    Empty values were never sealed."""

    row: type[Row]
    column: str
    purpose: Callable[[Row], str]
    anew: Callable[[Crypto, Row, bytes], None] = _as_it_is
    at_once: int = 100
    where: ColumnElement[bool] = _ALL

    @property
    def name(self) -> str:
        return f"{self.row.__tablename__}.{self.column}"


class Resealing:
    """Every batch is a transaction of its own, and every value says under which key it is: stopped at any moment, begun
    again, or run twice at once, nothing is lost. Rows that somebody else holds are left for the next round."""

    def __init__(self, database: Database, crypto: Crypto, columns: Sequence[Sealed]) -> None:
        self._database, self._crypto, self._columns = database, crypto, columns
        self._log = structlog.get_logger()

    def run(self, tell: Callable[[str, int], None] = lambda *_: None) -> int:
        """Until there is nothing more to do, or somebody goes on sealing under another key; how many values it were.
        `tell` hears of each batch: column and count."""
        done = 0
        for _ in range(_ROUNDS):
            done += (count := sum(self._column(each, tell) for each in self._columns))
            if not count:
                break
        return done

    def under(self) -> dict[str, Counter[str]]:
        """How many values of which column are under a key that does not seal now: by key id."""
        found: dict[str, Counter[str]] = {}
        for each in self._columns:
            for page in self._stale(each):
                for head in page.values():
                    found.setdefault(_key(head), Counter())[each.name] += 1
        return found

    def _column(self, each: Sealed, tell: Callable[[str, int], None]) -> int:
        done = 0
        for keys in map(list, self._stale(each)):
            for start in range(0, len(keys), each.at_once):
                with self._database.session() as session:
                    done += (count := self._batch(session, each, keys[start : start + each.at_once]))
                tell(each.name, count)
        return done

    def _batch(self, session: Session, each: Sealed, keys: Sequence[Key]) -> int:
        """Locked, and looked at again: what a writer has changed since is not touched."""
        column = getattr(each.row, each.column)
        stale = (column != b"") & (_head(each) != self._crypto.head) & each.where
        wanted = select(each.row).where(_keys(each).in_(keys), stale).with_for_update(skip_locked=True)
        rows = session.scalars(wanted).all()
        return sum(self._row(session, each, row) for row in rows)

    def _row(self, session: Session, each: Sealed, row: Row) -> bool:
        try:
            value = self._crypto.open(getattr(row, each.column), each.purpose(row))
            setattr(row, each.column, self._crypto.seal(value, each.purpose(row)))
            each.anew(self._crypto, row, value)
        except Problem as problem:
            session.expire(row)
            self._log.error("not_resealed", place=each.name, code=problem.code)
            return False
        return True

    def _stale(self, each: Sealed) -> Iterator[dict[Key, bytes]]:
        """The rows that are not under the key that seals now, by primary key: what they begin with. Read page by page,
        so that no statement and no transaction lasts."""
        columns, head, last = list(plain(each.row).primary_key), self._crypto.head, None
        wanted = select(*columns, _head(each)).where(each.where).order_by(*columns).limit(_SEEN_AT_ONCE)
        while True:
            page = wanted if last is None else wanted.where(tuple_(*columns) > tuple_(*map(literal, last)))
            with self._database.read() as connection:
                rows = connection.execute(page).all()
            yield {tuple(row[:-1]): bytes(row[-1]) for row in rows if row[-1] and bytes(row[-1]) != head}
            if len(rows) < _SEEN_AT_ONCE:
                return
            last = rows[-1][:-1]


def _keys(each: Sealed) -> Any:
    return tuple_(*plain(each.row).primary_key)


def _head(each: Sealed) -> Any:
    """Suite, dot, key id, dot."""
    column = getattr(each.row, each.column)
    return func.substring(column, 1, func.pg_catalog.position(func.substring(column, 3), b".") + 2)


def _key(head: bytes) -> str:
    return head.split(b".")[1].decode(errors="replace")


SEALED = (Sealed(LookUpKeyRow, "key_sealed", lambda _: LOOK_UP),)
