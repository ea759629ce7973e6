"""PostgreSQL through SQLAlchemy: the declarative base, the engines and the session. Rooms own their tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Engine, LargeBinary, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from hub.errors import Problem

# libpq has no read time-out; the server ends what waits for a lock or idles inside a transaction.
_SERVER_OPTIONS = "-c lock_timeout=1s -c idle_in_transaction_session_timeout=5s -c statement_timeout=15s -c timezone=Asia/Shanghai"


class Base(DeclarativeBase):
    """Every table of every room; its name starts with the room's name."""

    type_annotation_map = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
        bytes: LargeBinary,
    }


class Database:
    """One bounded pool per process. `session()` commits at its end, or rolls back; services never commit."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=1.0,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 2, "options": _SERVER_OPTIONS},
        )
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One use-case, one transaction. Raises STORE_UNAVAILABLE when PostgreSQL is away."""
        with self._translated(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for single reads, without a transaction."""
        with self._translated(), self._autocommit.connect() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, PoolTimeout) as error:
            raise Problem("STORE_UNAVAILABLE", origin="hub", retry_after=5, note=type(error).__name__) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Problem("STORE_UNAVAILABLE", origin="hub", retry_after=5, note="connection lost") from error
            raise

    def close(self) -> None:
        self.engine.dispose()
