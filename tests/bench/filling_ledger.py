"""A ledger of millions of rows in minutes, each leaf the true one of its row; a tenth is shared data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from hub.database import Database
from hub.ledger.sequencer import COLUMNS, EXCHANGE, exchange_leaf
from hub.ledger.tiles import Tiles
from hub.ledger.tree import leaf_hash
from tests.bench.filling import bare, plain

_STEP = 256 * 500
_TABLES = "ledger_exchange", "ledger_entry", "ledger_leaf"
_COPY = "COPY ledger_leaf (number, exchange_id, step, at) FROM STDIN"


def fill(database: Database, size: int) -> None:
    """`size` leaves in an empty ledger, three a second, the last of them a day old."""
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1, seconds=size // 3)
    with psycopg.connect(plain(database.url), autocommit=True) as connection:
        with bare(connection, *_TABLES):
            for first in range(0, size, _STEP):
                rows = _written(connection, {"first": first, "end": min(first + _STEP, size), "since": since})
                with psycopg.connect(plain(database.url)) as other:
                    _place(other, database, first, rows)
        connection.execute("UPDATE ledger_place SET size = %s, taken = pg_current_xact_id()::text::bigint", (size,))
        connection.execute("VACUUM ANALYZE")


def _written(connection: psycopg.Connection[Any], among: dict[str, Any]) -> Iterator[tuple[Any, str, Any, bytes]]:
    """Id, step, time and leaf of each row."""
    with connection.cursor() as cursor:
        for row in cursor.stream(_EXCHANGES, among, binary=True):  # type: ignore[arg-type]
            yield row[-1], EXCHANGE, row[0], exchange_leaf(row)
        yield from cursor.stream(_ENTRIES, among)  # type: ignore[arg-type]


def _place(
    connection: psycopg.Connection[Any], database: Database, first: int, rows: Iterator[tuple[Any, str, Any, bytes]]
) -> None:
    hashes = []
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for number, (id, step, at, leaf) in enumerate(rows, first):
            hashes.append(leaf_hash(leaf))
            copy.write_row((number, id, step, at))
    with database.session(patience=600) as session:
        Tiles(session).append(first, hashes)


_AT = "LATERAL (SELECT %(since)s::timestamptz + n * interval '333 ms' AS at) t"
_EXCHANGES = f"""
INSERT INTO ledger_exchange AS e (request_in_at, id, request_out_at, response_in_at, response_out_at, trace_id, service,
    system, operation, subject_tag, caller_kind, purpose, data_class, outcome, origin, request_bytes, response_bytes,
    attempts, stale, cached)
SELECT at, gen_random_uuid(), at + interval '1 ms', at + interval '20 ms', at + interval '21 ms', md5(n::text),
    'housing-fund-records', 'housing_fund', 'query_records', sha256((n %% 300000)::text::bytea), 'citizen', '本人查询',
    3, 'OK', 'department:housing_fund', 400 + n %% 100, 1900 + n %% 900, 1, false, false
FROM generate_series(%(first)s::int, %(end)s::int - 1) n, {_AT} WHERE n %% 10 > 0 RETURNING {COLUMNS}
"""  # noqa: S608
_ENTRIES = f"""
INSERT INTO ledger_entry (exchange_id, step, at, leaf, sealed, commitments, subject_tag, supplier, "user", service,
    data_class, "rows", spooled)
SELECT md5('e' || n / 20)::uuid, CASE n / 10 %% 2 WHEN 0 THEN 'DECIDED' ELSE 'DELIVERED' END, at,
    sha256(n::text::bytea) || sha256((-n)::text::bytea), repeat(md5(n::text), 16)::bytea, sha256('c'::bytea),
    sha256((n / 20 %% 50000)::text::bytea), 'housing', 'office' || n / 20 %% 53, 'housing-fund-balance', 3, 1, false
FROM generate_series(%(first)s::int, %(end)s::int - 1) n, {_AT} WHERE n %% 10 = 0
RETURNING exchange_id, step, at, leaf
"""  # noqa: S608
