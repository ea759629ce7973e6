"""The connections to one department's database: no more than it bears, and what goes wrong told as the port's errors.

A driver's own time-outs are not trusted (legacy.md Q32, Q33); what they leave undone the gateway's thread bears.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import URL, Connection, Engine, Select, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.sql import Executable

from adapters.protocols.db_view_kinds import KINDS, Kind, Patient
from adapters.protocols.facts import unusable
from adapters.protocols.target import resolve
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Setting, Unavailable

Rows = Sequence[Sequence[Any]]
_DATABASE = re.compile(r"/[^/?#]*")
_RECYCLE_S = 300  # older than what a firewall between us lets stand idle


def kind_of(address: str) -> Kind:
    """By the scheme of the address."""
    kind = KINDS.get(urlsplit(address).scheme)
    if kind is None:
        raise unusable(f"the system's address begins with none of {', '.join(sorted(KINDS))}")
    return kind


# one statement is one transaction: nothing to begin, to end or to undo, and no word more on the wire than the question
_AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True, "pool_reset_on_return": None}


class Line:
    """Speaks to one database. `writes` is for the one account that marks exchange rows as taken."""

    def __init__(self, setting: Setting, kind: Kind, own: Mapping[str, Any], *, writes: bool = False) -> None:
        self._kind = kind
        self._statement_s: float = own["statement_s"]
        self._writes = writes
        most = 1 if writes else own["max_connections"]
        self._places = threading.BoundedSemaphore(most)
        self._engine = self._made(_url(setting, kind), most)
        self._plain: dict[Executable, tuple[str, Mapping[str, Any]]] | None = (
            {} if kind.grants in ("postgresql", "mysql") and not writes else None
        )

    @property
    def schema(self) -> str:
        """Where names without a schema are looked for; known once a connection was opened."""
        return str(self._engine.dialect.default_schema_name or "")

    def fetch(self, statement: Executable, parameters: Mapping[str, Any], deadline: float) -> Rows:
        """The rows of one question, by `deadline` (monotonic). Raises the port's errors."""
        with self._place(deadline):
            try:
                return self._asked(statement, parameters, deadline)
            except _Stale:  # the server had ended a kept connection; all of them are forgotten now
                return self._asked(statement, parameters, deadline)

    def ask(self, statement: Select[Any], parameters: Mapping[str, Any], deadline: float) -> Rows:
        """The same for a statement that is asked again and again: it is made into SQL once, and its driver asked by
        ourselves. SQLAlchemy's way from there to the rows takes as long as all the rest of a call."""
        if self._plain is not None and statement not in self._plain:
            made = statement.compile(dialect=self._engine.dialect, compile_kwargs={"render_postcompile": True})
            self._plain[statement] = str(made), made.params
        return self.fetch(statement, parameters, deadline)

    def change(self, statements: Sequence[tuple[Executable, Mapping[str, Any]]]) -> None:
        """All of them in one transaction, or none."""
        deadline = time.monotonic() + self._statement_s + 2
        with self._place(deadline), self._opened(deadline) as connection, self._told(connection), connection.begin():
            for statement, parameters in statements:
                connection.execute(statement, parameters)

    def close(self) -> None:
        self._engine.dispose()

    def _made(self, url: URL, most: int) -> Engine:
        kind = self._kind
        options: dict[str, Any] = {} if kind.begin or self._writes else dict(_AUTOCOMMIT)
        if kind.module == "psycopg":
            options["use_native_hstore"] = False
        try:
            engine = create_engine(
                url, pool_size=most, max_overflow=0, pool_timeout=1, pool_recycle=_RECYCLE_S, hide_parameters=True,
                connect_args=dict(kind.arguments(self._statement_s, self._writes)), **options,
            )  # fmt: skip
        except (ImportError, NoSuchModuleError) as error:  # the driver, or SQLAlchemy's dialect for it
            extra = f"install xiantong[{kind.extra}]" if kind.extra else "install xiantong anew"
            raise Unavailable(f"the driver {kind.module} for {kind.name} is not there: {extra}") from error
        if kind.module == "psycopg":
            event.listen(engine, "do_connect", lambda _, __, args, named: Patient.connect(*args, **named))
        event.listen(engine, "connect", self._begin)
        return engine

    def _begin(self, driver: Any, _: object) -> None:
        statements = self._kind.first(driver, self._statement_s)
        for statement in statements:
            cursor = driver.cursor()
            cursor.execute(statement)
            cursor.close()

    @contextmanager
    def _place(self, deadline: float) -> Iterator[None]:
        """A stuck call keeps its place, so that a hanging department never gets more connections than it bears."""
        if not self._places.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise Unavailable("all its connections are in use", code="DEPARTMENT_BUSY", retry_after=2)
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def _opened(self, deadline: float) -> Iterator[Connection]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unavailable("no time was left to connect")
        with self._told(None):
            connection = self._engine.connect()
        with connection:
            driver = connection.connection.dbapi_connection
            self._kind.limit(driver, min(deadline - time.monotonic(), self._statement_s + 1))
            yield connection

    def _asked(self, statement: Executable, parameters: Mapping[str, Any], deadline: float) -> Rows:
        with self._opened(deadline) as connection, self._told(connection, connection.info.get("worked", False)):
            if self._kind.begin:
                connection.exec_driver_sql(self._kind.begin)
            made = self._plain.get(statement) if self._plain else None
            if made is None:
                rows: Rows = connection.execute(statement, parameters).fetchall()
            else:
                rows = self._asked_plainly(connection, made[0], {**made[1], **parameters})
            connection.info["worked"] = True
            return rows

    def _asked_plainly(self, connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Rows:
        dialect, driver = self._engine.dialect, connection.connection
        cursor = driver.cursor()
        try:
            cursor.execute(statement, parameters)
            return cursor.fetchall()
        except dialect.loaded_dbapi.Error as error:
            gone = dialect.is_disconnect(error, driver.dbapi_connection, cursor)
            if gone:
                connection.invalidate(error)
                self._engine.dispose()  # the others that were kept have the same end
            raise DBAPIError.instance(
                None, None, error, dialect.loaded_dbapi.Error, connection_invalidated=gone, dialect=dialect
            ) from error

    @contextmanager
    def _told(self, connection: Connection | None, worked: bool = False) -> Iterator[None]:
        """Whatever a driver raises, as one of the port's errors, without a word of the database's text. `worked`: the
        connection did before, so that its end may be an old one."""
        try:
            yield
        except PortError:
            raise
        except DBAPIError as error:
            told = _error(self._kind, error, connecting=connection is None)
            stale = worked and error.connection_invalidated and isinstance(told, Unavailable)
            raise _Stale(told.note) if stale else told from error
        except Exception as error:  # a driver dies in many ways of bytes it does not understand
            if connection is not None:
                with suppress(Exception):
                    connection.invalidate()
            raise _breakage(error, connecting=connection is None) from error


class _Stale(Unavailable):
    """A connection that worked before was ended meanwhile."""


def _error(kind: Kind, error: DBAPIError, *, connecting: bool) -> PortError:
    code = kind.code(error.orig) if error.orig is not None else ""
    note = f"{kind.name} {code or type(error.orig).__name__}"
    meaning = kind.codes.get(code)
    if meaning == "denied":
        return Denied(note)
    if meaning == "changed":
        return Garbled(f"the view is not what it was: {note}")
    if meaning == "charset":
        return Garbled(note, code="UPSTREAM_CHARSET")
    if connecting:
        return Unavailable(f"connect: {note}")
    if meaning == "slow":
        return OutcomeUnknown(f"no answer in time: {note}")
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return Unavailable(note)
    return Garbled(note)


def _breakage(error: Exception, *, connecting: bool) -> PortError:
    note = f"the driver broke: {type(error).__name__}"
    if isinstance(error, OSError):
        timed_out = isinstance(error, TimeoutError) and not connecting
        return OutcomeUnknown(note) if timed_out else Unavailable(f"connect: {note}" if connecting else note)
    return Garbled(note)


def _url(setting: Setting, kind: Kind) -> URL:
    parts = urlsplit(setting.address)
    account = {name: setting.secrets.get(name, "") for name in ("username", "password")}
    if not account["username"]:
        raise unusable("no secret username")
    if parts.username is not None or parts.query or not _DATABASE.fullmatch(parts.path or "/"):
        raise unusable(f"the system's address is not {kind.name}://host:port/database")
    port = parts.port or kind.port
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    target = resolve(f"http://{host}:{port}", setting.allow_private)  # one rule for what may be reached at all
    return kind.url(target.address, port, unquote(parts.path.lstrip("/")), account)
