"""A department that opens a view of its database: a real PostgreSQL behind a gate that shows faults on the wire.

It has no `make`, as it needs a server to make its database in: `served(url, …)` serves it.
Q37  the view takes a minute, inside the server
Q40  what became of the view: false, "lost_column", "types" or "twice" (a row twice, with different values)
Toxics on the wire: latency_ms, hang, down, drip, truncate_at, garbage, accept_then_drop; in the view: duplicate and
charset.
`GET /twin/records` shows the exchange table, `GET /twin/connections` how many are open and were at most.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from adapters.twins.db_view_data import TABLES, VIEWS, jabs, pupils, view
from adapters.twins.relay import relay
from adapters.twins.toxics import Toxics
from adapters.twins.twin import Answer, Request, Twin, as_json
from adapters.twins.wire import Server


class Views(Twin):
    """The database and its two accounts: one that reads the views, one that may also mark exchange rows as taken."""

    def __init__(self, url: str, password: str, seed: int) -> None:
        super().__init__("views", "db_view", seed, "utf-8", {"Q37": False, "Q40": False})
        self._server = make_url(url)
        self._changing = threading.Lock()
        mark = secrets.token_hex(4)
        self.database, self.reader, self.marker = f"views_{mark}", f"reader_{mark}", f"marker_{mark}"
        self.open, self.most = 0, 0
        self._fill(password)

    @property
    def place(self) -> tuple[int, Any]:
        """Where the real server listens: a socket family and its address."""
        url = self._server
        host, port = url.query.get("host", url.host) or "localhost", url.port or 5432
        if str(host).startswith("/"):
            return socket.AF_UNIX, f"{host}/.s.PGSQL.{port}"
        return socket.AF_INET, (host, port)

    def url(self, role: str, password: str) -> URL:
        """Where one of its accounts finds it, past the gate."""
        return self._server.set(username=role, password=password, database=self.database)

    def connect(self, database: str = "") -> psycopg.Connection[Any]:
        """As its owner, past the gate."""
        url = self._server.set(drivername="postgresql", database=database or self.database)
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)

    def set_toxics(self, wanted: Toxics) -> None:
        super().set_toxics(wanted)
        self._write_views()

    def admin(self, request: Request) -> Answer | None:
        if request.path == "/twin/connections":
            return as_json({"open": self.open, "most": self.most})
        if request.path == "/twin/records":
            with self.connect() as connection:
                rows = connection.execute("SELECT to_jsonb(t) FROM up_pro_accept t ORDER BY row_guid").fetchall()
            return as_json({"records": [row for (row,) in rows], "calls": self.calls})
        return None

    def forget(self) -> None:
        with self.connect() as connection:
            connection.execute("TRUNCATE up_pro_accept")
        self._write_views()

    def came(self, one: int) -> None:
        with self._lock:
            self.open += one
            self.most = max(self.most, self.open)

    def close(self) -> None:
        with self.connect(self._server.database or "postgres") as connection:
            name = sql.Identifier(self.database)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            for role in (self.reader, self.marker):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))

    def _show(self, wanted: Mapping[str, Any]) -> None:
        super()._show(wanted)
        self._write_views()

    def _fill(self, password: str) -> None:
        with self.connect(self._server.database or "postgres") as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(self.database)))
            for role in (self.reader, self.marker):
                told = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
                connection.execute(told)
        with self.connect() as connection:
            connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            connection.execute(TABLES)
            for table, rows in (("pupil", pupils(self.seed)), ("jab", jabs(self.seed))):
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    for row in rows:
                        copy.write_row(row)
            reader, marker = sql.Identifier(self.reader), sql.Identifier(self.marker)
            connection.execute(sql.SQL("GRANT SELECT ON up_pro_accept TO {}, {}").format(reader, marker))
            connection.execute(sql.SQL("GRANT UPDATE (is_sync) ON up_pro_accept TO {}").format(marker))
        self._write_views()

    def _write_views(self) -> None:
        drift = self.quirk("Q40") or ""
        duplicate = "contradict" if drift == "twice" else self.toxics.duplicate
        with self._changing, self.connect() as connection, connection.transaction():
            for name in VIEWS:
                connection.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(sql.Identifier(name)))
                connection.execute(view(name, duplicate, self.toxics.charset, drift, bool(self.quirk("Q37"))))
                readers = sql.SQL(", ").join(map(sql.Identifier, (self.reader, self.marker)))
                connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(name), readers))


class Gate(Server):
    """Its service door carries bytes to and from the real server, and shows the wire's toxics on the way back."""

    twin: Views

    def __init__(self, twin: Views) -> None:
        super().__init__(twin)
        self.address = f"postgresql://127.0.0.1:{self._service.port}/{twin.database}"

    def stop(self) -> None:
        super().stop()
        self.twin.close()

    def _converse(self, guest: socket.socket) -> None:
        if guest.getsockname()[1] != self._service.port:
            super()._converse(guest)
            return
        family, address = self.twin.place
        self.twin.came(1)
        try:
            with socket.socket(family) as server:
                server.connect(address)
                relay(self.twin, guest, server)
        finally:
            self.twin.came(-1)


def served(url: str, password: str, seed: int = 1) -> Gate:
    """The twin, listening, in a new database of the server at `url`. `stop()` drops it again."""
    gate = Gate(Views(url, password, seed))
    gate.start()
    return gate
