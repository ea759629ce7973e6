"""PostgreSQL through SQLAlchemy: the declarative base, the engines and the session. Rooms own their tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from select import POLLIN, POLLOUT, poll
from typing import Any, ClassVar

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    LargeBinary,
    Table,
    column,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.selectable import TableValuedAlias

from hub.errors import Problem

# The server ends what waits for a lock or idles inside a transaction.
_SERVER_OPTIONS = (
    "-c lock_timeout=1s -c idle_in_transaction_session_timeout=5s -c statement_timeout=15s -c timezone=Asia/Shanghai"
)
PATIENCE_S = 2.5  # and nobody tries again at once: a caller is told within 3.5 s that the server is frozen
_FRESH_S = 0.2  # so long after its last use a connection is not asked whether it lives: no server starts anew so fast
_USED = "used_at"
_CROSSED = psycopg.IntegrityError, psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected
_SILENT_S = 1.0  # how long nobody tries a new connection after one gave the server up: one request may ask twice


class Base(DeclarativeBase):
    """Every table of every room; its name starts with the room's name."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
        bytes: LargeBinary,
    }


def plain(row: type[Base]) -> Table:
    """Its table, for statements that are built once and know nothing of objects: a third of the cost of the others."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


def in_json(told: ColumnElement[Any], table: Table, names: Iterable[str]) -> TableValuedAlias:
    """These columns of a row, as they stand in a JSON object: a source for a statement that is built once. To bind each
    value of a row costs more than to write it."""
    columns = [column(name, table.c[name].type) for name in names]
    return func.json_to_record(told).table_valued(*columns).render_derived(with_types=True)


class PatientConnection(psycopg.Connection[Any]):
    """Gives a silent server up. libpq has no read time-out, and the server's own do not run in a frozen server."""

    patience = PATIENCE_S
    gave_up: Callable[[], None] | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout as error:
            raise self.given_up() from error

    def given_up(self) -> psycopg.OperationalError:
        """What to raise: the server does not answer."""
        self.pgconn.finish()
        if self.gave_up:
            self.gave_up()
        return psycopg.OperationalError("the server does not answer")


def patient(connection: Connection, seconds: float) -> None:
    """Let the statements of this connection take longer than a citizen would wait."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, PatientConnection)
    driver.patience = seconds


def away(error: Exception) -> Problem:
    """PostgreSQL cannot be asked now."""
    return Problem("STORE_UNAVAILABLE", origin="hub", retry_after=5, note=type(error).__name__)


class Crossed(Problem):
    """What a statement wanted to write somebody else has written, or is writing: nothing of it is done."""


class Database:
    """One bounded pool per process. `session()` commits at its end, or rolls back; services never commit."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=1.0,
            connect_args={"connect_timeout": 2, "options": _SERVER_OPTIONS},
        )
        self._silent_until = 0.0
        self.steady: list[Steady] = []
        event.listen(self.engine, "do_connect", self._connect)
        event.listen(self.engine, "checkout", self._alive)
        event.listen(self.engine, "checkin", _left)
        self.autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def session(self, patience: float = PATIENCE_S) -> Iterator[Session]:
        """One use-case, one transaction; no statement may be silent for longer than `patience` seconds. Raises
        STORE_UNAVAILABLE when PostgreSQL is away."""
        with self.translated(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            if patience != PATIENCE_S:
                patient(session.connection(), patience)
            yield session

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for single statements, without a transaction: a trip each, where a transaction has two more."""
        with self.translated(), self.autocommit.connect() as connection:
            yield connection

    def _connect(self, _: object, __: object, args: Any, named: Any) -> PatientConnection:
        if time.monotonic() < self._silent_until:
            raise psycopg.OperationalError("the server did not answer just now")
        try:
            connection = PatientConnection.connect(*args, **named)
        except psycopg.errors.ConnectionTimeout:
            self._was_silent()
            raise
        connection.gave_up = self._was_silent
        return connection

    def _alive(self, driver: PatientConnection, entry: ConnectionPoolEntry, _: object) -> None:
        """As the pool would ask before each use, which costs as much as a small statement."""
        if time.monotonic() - entry.info.get(_USED, 0.0) < _FRESH_S:
            return
        try:
            self.engine.dialect.do_ping(driver)  # type: ignore[arg-type]
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    def _was_silent(self) -> None:
        self._silent_until = time.monotonic() + _SILENT_S

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What says that PostgreSQL is away becomes STORE_UNAVAILABLE."""
        try:
            yield
        except (OperationalError, PoolTimeout) as error:
            raise away(error) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Problem("STORE_UNAVAILABLE", origin="hub", retry_after=5, note="connection lost") from error
            raise

    def close(self) -> None:
        for each in self.steady:
            each.close()
        self.engine.dispose()


class Steady:
    """One connection kept for a statement that is asked all the time, by one caller at a time: to borrow one from the
    pool, to see whether it lives and to hand it back takes longer than the statement. It speaks to libpq itself, whose
    cursors would cost several times what they ask: one text out, one text in. $1 is a statement's first value.
    `patience`: so many seconds the server may be silent."""

    def __init__(self, database: Database, patience: float = PATIENCE_S) -> None:
        self._database, self._patience_ms = database, patience * 1000
        self._connection: Connection | None = None
        self._driver: PatientConnection | None = None
        self._prepared: dict[bytes, bytes] = {}
        self._ready = poll()
        database.steady.append(self)

    def ask(self, statement: bytes, values: Sequence[bytes]) -> bytes | None:
        """The one value it answers, as text, outside of a transaction. Where the server was started anew since, it is
        asked twice: what the statement writes must bear that. Raises STORE_UNAVAILABLE, of which Crossed is one, and
        psycopg's DataError."""
        with self._database.translated():
            for again in (False, True):
                try:
                    return self.once(statement, values)
                except _CROSSED as error:
                    raise Crossed("STORE_UNAVAILABLE", retry_after=1, note=type(error).__name__) from error
                except psycopg.OperationalError as error:
                    lost = self._driver is None or self._driver.closed
                    self.close()
                    if again or not lost:
                        raise away(error) from error
        return None

    def once(self, statement: bytes, values: Sequence[bytes]) -> bytes | None:
        """The same for who tries again himself: raises what psycopg and SQLAlchemy raise."""
        driver = self._driver or self._connected()
        name = self._prepared.get(statement)
        if name is None:
            name = b"steady%d" % len(self._prepared)
            driver.pgconn.send_prepare(name, statement)
            self._answer(driver)
            self._prepared[statement] = name
        driver.pgconn.send_query_prepared(name, values)
        answer = self._answer(driver)
        return answer.get_value(0, 0) if answer.ntuples else None

    def close(self) -> None:
        connection, self._connection, self._driver, self._prepared = self._connection, None, None, {}
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _connected(self) -> PatientConnection:
        self._connection = self._database.autocommit.connect()
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, PatientConnection)
        self._driver, self._ready = driver, poll()
        return driver

    def _answer(self, driver: PatientConnection) -> PGresult:
        server = driver.pgconn
        while server.flush():
            self._wait(driver, POLLIN | POLLOUT)
        while server.is_busy():
            self._wait(driver, POLLIN)
        answer = server.get_result()
        while server.get_result() is not None:
            pass
        assert answer is not None
        if answer.status == ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(answer)
        return answer

    def _wait(self, driver: PatientConnection, event: int) -> None:
        """As PatientConnection.wait."""
        self._ready.register(driver.pgconn.socket, event)
        if not self._ready.poll(self._patience_ms):
            raise driver.given_up()
        driver.pgconn.consume_input()


def _left(driver: PatientConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED] = time.monotonic()
    if driver is not None:
        driver.patience = PATIENCE_S


def one_at_a_time(session: Session, *tags: bytes) -> None:
    """Until the transaction ends, nobody else passes here with one of these tags: what a unique column cannot promise
    while two keys tag one value. Whoever needs several asks for all of them at once: they are taken in one order."""
    if tags:
        each = func.unnest(array(sorted({turn(tag) for tag in tags}), type_=BigInteger)).column_valued("each")
        session.execute(select(func.pg_advisory_xact_lock(each)))


def turn(tag: bytes) -> int:
    """The number that one_at_a_time locks, for a statement that locks it by itself."""
    return int.from_bytes(tag[:8], "big", signed=True)
