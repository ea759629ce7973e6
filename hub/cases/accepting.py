"""Applications that come at the same time are kept by one statement and one commit: case, timeline, filing, message and
answer of each, or nothing of it. What cannot be kept so is handed in by itself (intake.py), which says why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import BigInteger, ColumnElement, Text, column, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import JSON, insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from hub.cases.models import CaseRow, EventRow
from hub.cases.views import Receipt
from hub.database import Crossed, Database, Steady, in_json, plain
from hub.filings.service import Filings
from hub.gateway.idempotency import Running
from hub.looks import Looks
from hub.messages.service import Messages

_LANES = 2
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_CASE, _LINE = plain(CaseRow), plain(EventRow)
OF_CASE = tuple(each.key for each in _CASE.columns if each.key != "id")
_EMPTY = {"id": None, **{each.key: None for each in _CASE.columns if each.nullable}}
OF_LINE = tuple(each.key for each in _LINE.columns if each.key not in ("id", "case_id"))


@dataclass(frozen=True, slots=True)
class Made:
    """An application that has to be kept: `rows` by what they are, as the statement below reads them."""

    receipt: Receipt
    rows: Mapping[str, Any]


def unmapped(**values: Any) -> CaseRow:
    """A case that never is in a session: to let the mapper watch each of its values costs more than to make it."""
    return cast("CaseRow", SimpleNamespace(**_EMPTY, **values))


class Sent(NamedTuple):
    receipt_no: str
    rows: bytes


def _statement() -> bytes:
    """The receipt numbers of those that were kept, as JSON. Left out, for a way of its own: whose key is not new, where
    somebody else is at the same thing (`turn`), or has it. Who waited for none of that can still cross somebody: then
    the whole statement fails, and each goes its own way."""
    rows = (column(name, JSON) for name in ("case", "line", "filing", "message", "submission"))
    sent: list[ColumnElement[Any]] = [column("receipt_no", Text), column("turn", BigInteger), *rows]
    asked = func.json_to_recordset(literal_column("CAST($1 AS json)")).table_valued(*sent)
    asked = asked.render_derived(with_types=True)
    mine = or_(asked.c.turn.is_(None), func.pg_try_advisory_xact_lock(asked.c.turn))
    given = select(*asked.c).where(Running.fresh(asked.c.submission), mine).cte("given")
    case = in_json(given.c.case, _CASE, OF_CASE)
    cases = insert(_CASE).from_select(list(OF_CASE), select(*case.c).select_from(given.join(case, true())))
    cases = cases.on_conflict_do_nothing(index_elements=["once_tag"])
    begun = cases.returning(_CASE.c.id.label("case_id"), _CASE.c.receipt_no).cte("begun")
    kept = select(begun.c.case_id, *given.c).join(given, given.c.receipt_no == begun.c.receipt_no).cte("kept")
    told = in_json(kept.c.line, _LINE, OF_LINE)
    lines = select(kept.c.case_id, *told.c).select_from(kept.join(told, true()))
    line = insert(_LINE).from_select(["case_id", *OF_LINE], lines).cte("line")
    filed, ring_filing = Filings.placing(kept)
    message, ring_message = Messages.telling(kept)
    numbers = func.json_agg(kept.c.receipt_no).cast(Text)
    whole = select(select(numbers).scalar_subquery(), ring_filing, ring_message)
    whole = whole.add_cte(line, filed, message, Running.keeping(kept))
    compiled = whole.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
    return str(compiled).encode()


_KEPT = _statement()


class Accepting:
    """One for the process."""

    def __init__(self, database: Database) -> None:
        self._looks: Looks[Sent, bool] = Looks([partial(self.together, Steady(database)) for _ in range(_LANES)])

    def keep(self, made: Made, submission: Mapping[str, Any]) -> bool:
        """It is kept, with the answer that is stored for it. False: nothing of it is done. Raises STORE_UNAVAILABLE."""
        return self._looks.one(sent(made, submission))

    @staticmethod
    def together(steady: Steady, sent: Sequence[Sent]) -> list[bool]:
        try:
            told = steady.ask(_KEPT, (b"[%b]" % b",".join(each.rows for each in sent),))
        except Crossed:
            return [False] * len(sent)
        kept = frozenset(orjson.loads(told or "[]"))
        return [each.receipt_no in kept for each in sent]


def sent(made: Made, submission: Mapping[str, Any]) -> Sent:
    """As the statement reads it."""
    rows = orjson.dumps({**made.rows, "submission": submission}, default=_hex)
    return Sent(made.receipt.receipt_no, rows)


def _hex(value: bytes) -> str:
    return "\\x" + value.hex()
