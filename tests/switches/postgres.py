"""A real PostgreSQL for a test run, from the same wheel as the demo's; each test has a migrated database of its own."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url, text

from hub.database import Database
from hub.demo.child import Mark, start
from hub.demo.embedded import postgres
from hub.migrations.upgrade import upgrade
from tests.county import county_home

_numbers = itertools.count(1)


class Server:
    """`mark` is its process, to be ended or stopped by a test."""

    def __init__(self, home: Path) -> None:
        self._embedded = postgres(home, lambda _: None)
        self._log = home / "postgres.log"
        self.url = self._embedded.url
        self.mark: Mark
        self.start()

    def start(self) -> None:
        _, self.mark = start(self._embedded.program, self._log)
        end = time.monotonic() + 30
        while not self._embedded.program.ready():
            assert time.monotonic() < end, self._log.read_text(encoding="utf-8")
            time.sleep(0.05)


@contextmanager
def serving() -> Iterator[Server]:
    """Ended with the test run; its first database is the migrated one that the others are copies of."""
    with county_home() as home:
        server = Server(home)
        try:
            first = Database(server.url, pool_size=2)
            upgrade(first)
            first.close()
            yield server
        finally:
            server.mark.end(1)


@contextmanager
def fresh(server: Server) -> Iterator[Database]:
    url, name = make_url(server.url), f"test_{next(_numbers)}"
    admin = Database(url.set(database="postgres").render_as_string(hide_password=False), pool_size=1)
    with admin.read() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
    admin.close()
    database = Database(url.set(database=name).render_as_string(hide_password=False), pool_size=6)
    try:
        yield database
    finally:
        database.close()
