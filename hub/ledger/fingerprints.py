"""What each row of the ledger is, in 32 bytes, made by PostgreSQL: a sixth of the work of making its leaf here, so
that ten million are gone through in a minute and a half. They are compared with those of rows that once fitted their
leaf; they prove nothing to others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.ledger.sequencer import COLUMNS
from hub.ledger.tiles import BYTES, WIDTH

NONE = bytes(BYTES)  # a row that was never seen
_AT = 8  # bytes: the time of the leaf, then the digest of all else
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Whoever adds a column lets all rows look altered: begin a new file for them.
_ENTRY = (
    "n.at, n.leaf, n.sealed, n.commitments, n.subject_tag, n.supplier, n.user, n.service, n.data_class,"
    " n.sealed_until, n.rows, n.spooled"
)
# Questions within the question: no plan can turn them into a scan of a table, however wrong its statistics are.
_ROW = f"""CASE l.step WHEN 'CLOCK' THEN NULL WHEN 'EXCHANGE' THEN
 (SELECT record_send(ROW({COLUMNS})) FROM ledger_exchange e WHERE e.request_in_at = l.at AND e.id = l.exchange_id)
 ELSE (SELECT record_send(ROW({_ENTRY})) FROM ledger_entry n WHERE n.exchange_id = l.exchange_id AND n.step = l.step)
END"""  # noqa: S608
_RECEIPTS = """CASE l.step WHEN 'DELIVERED' THEN
 (SELECT string_agg(record_send(ROW(r.party, r.signer, r.cose, r.at)), ''::bytea ORDER BY r.party)
 FROM ledger_receipt r WHERE r.exchange_id = l.exchange_id) END"""
_ALL = f"uuid_send(l.exchange_id) || textsend(l.step) || coalesce({_ROW}, '') || coalesce({_RECEIPTS}, '')"
_FINGERPRINTS = text(f"""SELECT l.number / {WIDTH},
 string_agg(timestamptz_send(l.at) || substr(sha256({_ALL}), 1, {BYTES - _AT}), ''::bytea ORDER BY l.number)
FROM ledger_leaf l WHERE l.number >= :first AND l.number < :end GROUP BY 1""")  # noqa: S608


def fingerprints(session: Session, first: int, end: int) -> bytes:
    """Of these leaves' rows; NONE for a whole tile in which a leaf is missing. `first` is the first of a tile."""
    found = {number: bytes(each) for number, each in session.execute(_FINGERPRINTS, {"first": first, "end": end})}
    whole = bytearray()
    for begin in range(first, end, WIDTH):
        length = (min(begin + WIDTH, end) - begin) * BYTES
        tile = found.get(begin // WIDTH, b"")
        whole += tile if len(tile) == length else bytes(length)
    return bytes(whole)


def may_differ(before: bytes, now: bytes, since: datetime) -> bool:
    """Whether the row was never seen, or is so old that it may be gone; its leaf tells the same time as before."""
    at = _EPOCH + timedelta(microseconds=int.from_bytes(now[:_AT], signed=True))
    return before == NONE or (before[:_AT] == now[:_AT] and at < since)
