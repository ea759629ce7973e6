"""The twins that open a view: one database of the real server for all of them, an account and a gate for each.

The gate shows the wire's toxics (db_view.py); the data stays what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from adapters.twins.db_view import Gate, Views
from adapters.twins.toxics import Toxics
from adapters.twins.twin import Answer, Request, Twin
from adapters.twins.whole.facts_delivered import view
from adapters.twins.whole.plan import Planned, Question
from adapters.twins.whole.rows import rows_of, written

DATABASE = "county_views"


class ViewOffice(Views):
    """One department's views, below its own account's name."""

    def __init__(self, url: URL, system: Planned, secrets: Path, seed: int) -> None:
        Twin.__init__(self, system.name, "db_view", seed, "utf-8", {}, system.name)
        self._server, self._plan = url, system
        self.database, self.open, self.most = DATABASE, 0, 0
        self.reader, self._password = (
            (secrets / f"{system.name}_{name}").read_text(encoding="utf-8").strip() for name in ("username", "password")
        )
        self._fill(self._password)

    def set_toxics(self, wanted: Toxics) -> None:
        Twin.set_toxics(self, wanted)

    def admin(self, request: Request) -> Answer | None:
        return None if request.path == "/twin/records" else super().admin(request)

    def forget(self) -> None:
        """Its data never changes."""

    def close(self) -> None:
        """The database goes with the server."""

    def _show(self, wanted: Any) -> None:
        Twin._show(self, wanted)

    def _fill(self, password: str) -> None:
        account = sql.Identifier(self.reader)
        with self.connect() as connection, connection.transaction():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(account, sql.Literal(password)))
            for question in self._plan.questions:
                self._fill_view(connection, question)
                name = sql.Identifier(view(self._plan, question))
                connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(name, account))

    def _fill_view(self, connection: psycopg.Connection[Any], question: Question) -> None:
        name = view(self._plan, question)
        table = sql.Identifier(f"of_{name}")
        columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(each.wire)) for each in question.fields)
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, columns))
        with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
            for row in rows_of(question, self.seed):
                copy.write_row([written(each, row[each.name]) for each in question.fields])
        connection.execute(sql.SQL("CREATE VIEW {} AS SELECT * FROM {}").format(sql.Identifier(name), table))


def gates(url: str, systems: Sequence[Planned], secrets: Path, seed: int) -> list[Gate]:
    """Their database is made anew, and the accounts of an earlier run go with the old one."""
    server = make_url(url)
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    accounts = [(secrets / f"{each.name}_username").read_text(encoding="utf-8").strip() for each in systems]
    with psycopg.connect(plain, autocommit=True) as connection:
        name = sql.Identifier(DATABASE)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        for each in accounts:
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(each)))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    with psycopg.connect(make_url(plain).set(database=DATABASE).render_as_string(hide_password=False)) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    return [Gate(ViewOffice(server, each, secrets, seed)) for each in systems]
