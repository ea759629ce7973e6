"""A database that a test has left, emptied for the next one: a copy of 800 files takes 0.3 s, emptying a tenth of that.

What a test did to more than rows (a table renamed, a setting, a closed door) is not mended: that one is dropped.
Each gets a new name, so that nobody who was left behind by an earlier test comes in again.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import make_url

from hub.demo.child import Program
from hub.errors import Problem

_FILLED = """SELECT relname, pg_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0"""
_SEQUENCES = """SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE last_value IS NOT NULL"""
_OTHERS = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_SHAPE = """SELECT d.datconnlimit, (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = d.oid),
(SELECT ARRAY[count(*), max(xmin::text::bigint)] FROM pg_class),
(SELECT ARRAY[count(*), max(xmin::text::bigint)] FROM pg_attribute),
(SELECT ARRAY[count(*), max(xmin::text::bigint)] FROM pg_constraint),
(SELECT ARRAY[count(*), max(xmin::text::bigint)] FROM pg_trigger),
(SELECT ARRAY[count(*), max(xmin::text::bigint)] FROM pg_proc)
FROM pg_database d WHERE datname = current_database()"""
_MUCH = 1 << 18  # bytes; a table that was so full is made anew


class Reused:
    """`take` a migrated, empty database and `give_back` what is left of it."""

    def __init__(self, make: Callable[[], str], execute: Callable[[str], None]) -> None:
        self._make, self._execute = make, execute
        self._spare: list[str] = []
        self._shapes: dict[str, object] = {}
        self._first: dict[str, list[Any]] = {}

    def take(self) -> str:
        return self._renamed(self._spare.pop()) if self._spare else self._made()

    def give_back(self, url: str) -> None:
        try:
            with _connected(url) as connection:
                connection.execute(_OTHERS)
                fit = _shape(connection) == self._shapes[url]
                if fit:
                    self._empty(connection)
            if fit:
                with _connected(url) as connection:
                    self._shapes[url] = _shape(connection)
                self._spare.append(url)
                return
        except psycopg.Error:
            pass
        with suppress(psycopg.Error, Problem):  # a test may have ended the server
            self._drop(url)

    def end(self) -> None:
        while self._spare:
            self._drop(self._spare.pop())

    def _made(self) -> str:
        url = self._make()
        with _connected(url) as connection:
            self._shapes[url] = _shape(connection)
            self._first = self._first or {name: _rows(connection, name) for name, _ in connection.execute(_FILLED)}
        return url

    def _renamed(self, url: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        self._execute(f"ALTER DATABASE {make_url(url).database} RENAME TO {name}")
        new = make_url(url).set(database=name).render_as_string(hide_password=False)
        self._shapes[new] = self._shapes.pop(url)
        return new

    def _drop(self, url: str) -> None:
        del self._shapes[url]
        self._execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def _empty(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute("SET LOCAL session_replication_role = replica")  # no trigger, no order of the tables
        for name, size in connection.execute(_FILLED).fetchall():
            how = sql.SQL("TRUNCATE {} CASCADE" if size > _MUCH else "DELETE FROM {}")
            connection.execute(how.format(sql.Identifier(name)))
        connection.execute(_SEQUENCES)
        put = sql.SQL("INSERT INTO {0} SELECT * FROM jsonb_populate_recordset(NULL::{0}, %s)")
        for name, rows in self._first.items():
            connection.execute(put.format(sql.Identifier(name)), [Jsonb(rows)])


def execute(server: str, statement: str) -> None:
    """Outside of a transaction."""
    plain = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def hasty(postgres: Program) -> Program:
    """It cares for no power cut and ends without tidying up; what survives a power cut is tested on others. The hubs
    of many rooms are open until the session ends, each with connections of its own."""
    argv = (*postgres.argv, "--fsync=off", "--full_page_writes=off", "--max_connections=400")
    return replace(postgres, argv=argv, stop_signal=signal.SIGQUIT)


def _connected(url: str) -> psycopg.Connection[Any]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, connect_timeout=10)


def _shape(connection: psycopg.Connection[Any]) -> object:
    """The same as long as nothing but rows has changed."""
    return connection.execute(_SHAPE).fetchone()


def _rows(connection: psycopg.Connection[Any], name: str) -> list[Any]:
    return [row for (row,) in connection.execute(sql.SQL("SELECT to_jsonb(t) FROM {} t").format(sql.Identifier(name)))]
