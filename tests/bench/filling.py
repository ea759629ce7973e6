"""Tables of ten million rows in minutes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
from sqlalchemy import make_url

_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype IN ('p', 'u') AND conrelid::regclass::text = ANY(%s)
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text = ANY(%s)
"""


def plain(url: str) -> str:
    """For psycopg itself: the hub's own connections have a time limit."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextlib.contextmanager
def bare(connection: psycopg.Connection[Any], *tables: str) -> Iterator[None]:
    """Without keys and indexes meanwhile: to make them afterwards takes a tenth of the time."""
    keys = connection.execute(_KEYS, (list(tables),)).fetchall()
    for table, name, _ in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    others = connection.execute(_INDEXES, (list(tables),)).fetchall()
    for name, _ in others:
        connection.execute(f"DROP INDEX {name}")
    yield
    connection.execute("SET maintenance_work_mem = '512MB'")
    for table, name, told in keys:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {told}")
    for _, told in others:
        connection.execute(told)
