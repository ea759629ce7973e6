"""A real PostgreSQL for a test run, from the same wheel as the demo's; each test has a migrated database of its own."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from hub.database import Database
from hub.demo.child import Mark, start
from hub.demo.embedded import postgres
from hub.migrations.upgrade import upgrade
from tests.county import county_home
from tests.reuse import Reused, execute, hasty


class Server:
    """`mark` is its process, to be ended or stopped by a test."""

    def __init__(self, home: Path) -> None:
        made = postgres(home, lambda _: None)
        self._embedded = replace(made, program=hasty(made.program))
        self._log = home / "postgres.log"
        self.url = self._embedded.url
        self.mark: Mark
        self.start()
        self._admin = make_url(self.url).set(database="postgres").render_as_string(hide_password=False)
        self.databases = Reused(self._copy, partial(execute, self._admin))

    def start(self) -> None:
        _, self.mark = start(self._embedded.program, self._log)
        end = time.monotonic() + 60
        while not self._embedded.program.ready():
            assert time.monotonic() < end, self._log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def _copy(self) -> str:
        url, name = make_url(self.url), f"test_{secrets.token_hex(6)}"
        execute(self._admin, f"CREATE DATABASE {name} TEMPLATE {url.database}")
        return url.set(database=name).render_as_string(hide_password=False)


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
    url = server.databases.take()
    database = Database(url, pool_size=6)
    try:
        yield database
    finally:
        database.close()
        server.databases.give_back(url)
