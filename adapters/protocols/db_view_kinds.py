"""The kinds of database: driver, address, time-outs, and what the vendor's error codes mean.

PostgreSQL and MySQL/MariaDB are proven against real servers. Oracle, SQL Server, Dameng and Kingbase are proven as far
as a silent or refusing listener and, for Kingbase, a PostgreSQL go; their real servers have not been seen.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import URL, Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.default import DefaultDialect

CONNECT_S = 2

Limit = Callable[[Any, float], None]
"""Tells a driver's open connection how many seconds its next statement may be silent."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of database. `arguments` are what its driver is told for a statement time-out in seconds; `first` are
    the statements a new connection begins with, `begin` the one before each question where that is needed.
    `codes` say what a vendor's code means (denied, changed, slow, charset); `grants` how its account is proven."""

    name: str
    driver: str
    module: str
    extra: str
    port: int
    grants: str
    arguments: Callable[[float, bool], Mapping[str, Any]]
    code: Callable[[BaseException], str]
    first: Callable[[Any, float], list[str]] = lambda _, __: []
    begin: str = ""
    limit: Limit = lambda _, __: None
    codes: Mapping[str, str] = field(default_factory=dict)
    catalogue: str = "information_schema"

    def url(self, host: str, port: int, database: str, account: Mapping[str, str]) -> URL:
        service = {"service_name": database} if self.name == "oracle" else {}
        name = None if service else database
        return URL.create(self.driver, account["username"], account["password"], host, port, name, service)


class Patient(psycopg.Connection[Any]):
    """Gives a silent server up: libpq has no read time-out, and the server's own do not run in a frozen server."""

    patience = 5.0

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise TimedOut from error


class TimedOut(psycopg.OperationalError):
    """No answer within our patience."""


class Kingbase(PGDialect_psycopg):
    """Speaks PostgreSQL's protocol and says another name and number when asked for its version."""

    supports_statement_cache = True

    def _get_server_version_info(self, connection: Connection) -> tuple[int, ...]:  # noqa: ARG002
        return (12,)


class Dameng(DefaultDialect):
    """Plain SQL over the vendor's driver, which brings no dialect of its own."""

    name, driver = "dameng", "dmPython"
    supports_statement_cache = True
    default_paramstyle = "qmark"
    max_identifier_length = 128

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        return importlib.import_module("dmPython")

    def create_connect_args(self, url: URL) -> Any:
        told = {"user": url.username, "password": url.password, "server": url.host, "port": url.port}
        return [], told

    def _get_default_schema_name(self, connection: Connection) -> str:
        return str(connection.exec_driver_sql("SELECT SYS_CONTEXT('USERENV','CURRENT_SCHEMA')").scalar())


registry.register("kingbase.psycopg", __name__, "Kingbase")
registry.register("dameng.dmPython", __name__, "Dameng")


_NOT_LET_IN = re.compile("authentication failed|role .* does not exist|pg_hba.conf|认证失败|角色.*不存在", re.DOTALL)


def _sqlstate(error: BaseException) -> str:
    """A refused login has no state of its own, only words."""
    if isinstance(error, TimedOut):
        return "time"
    state = str(getattr(error, "sqlstate", None) or "")
    return "28000" if not state and _NOT_LET_IN.search(str(error)) else state


def _number(error: BaseException) -> str:
    """MySQL: 2013 is a lost connection, of which a time-out is only told in words."""
    number = str(error.args[0]) if error.args else ""
    return "time" if number in ("2013", "2003") and "timed out" in str(error.args[1:]) else number


def _oracle_code(error: BaseException) -> str:
    return str(getattr(error.args[0] if error.args else None, "full_code", ""))


def _tds_code(error: BaseException) -> str:
    return "time" if isinstance(error, TimeoutError) else str(getattr(error, "number", "") or "")


def _dameng_code(error: BaseException) -> str:
    found = re.search(r"CODE:(-?\d+)", str(error))
    return found.group(1) if found else ""


def _postgresql_arguments(statement_s: float, writes: bool) -> Mapping[str, Any]:
    milliseconds = int(statement_s * 1000)
    settings = f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c timezone=Asia/Shanghai"
    return {
        "connect_timeout": CONNECT_S,
        "application_name": "xiantong",
        "options": settings + ("" if writes else " -c default_transaction_read_only=on"),
    }


def _mysql_first(connection: Any, statement_s: float) -> list[str]:
    maria = "MariaDB" in connection.get_server_info()
    return [
        f"SET SESSION max_statement_time = {statement_s}"
        if maria
        else f"SET SESSION max_execution_time = {int(statement_s * 1000)}",
        "SET SESSION time_zone = '+08:00'",
    ]


def _mysql_arguments(statement_s: float, writes: bool) -> Mapping[str, Any]:
    once = {} if writes else {"init_command": "SET SESSION TRANSACTION READ ONLY"}
    waits = {"connect_timeout": CONNECT_S, "read_timeout": statement_s + 1, "write_timeout": statement_s + 1}
    return {"charset": "utf8mb4", **waits, **once}


def _patience(connection: Any, seconds: float) -> None:
    connection.patience = seconds


def _read_timeout(connection: Any, seconds: float) -> None:
    connection._read_timeout = seconds


def _call_timeout(connection: Any, seconds: float) -> None:
    connection.call_timeout = max(1, int(seconds * 1000))


def _codes(**meanings: str) -> Mapping[str, str]:
    return {code: meaning for meaning, codes in meanings.items() for code in codes.split()}


_SQLSTATES = _codes(
    denied="28000 28P01 42501 3D000",
    changed="42703 42P01 42883 42804 3F000",
    slow="57014 55P03 time",
    charset="22021 22P05",
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "postgresql", "postgresql+psycopg", "psycopg", "", 5432, "postgresql", _postgresql_arguments, _sqlstate,
            limit=_patience, codes=_SQLSTATES,
        ),
        Kind(
            "kingbase", "kingbase+psycopg", "psycopg", "", 54321, "postgresql", _postgresql_arguments, _sqlstate,
            limit=_patience, codes=_SQLSTATES,
        ),
        Kind(
            "mysql", "mysql+pymysql", "pymysql", "mysql", 3306, "mysql", _mysql_arguments, _number,
            first=_mysql_first, limit=_read_timeout,
            codes=_codes(
                denied="1044 1045 1142 1143 1227 1370 1698 1820", changed="1054 1146 1356", slow="1317 1969 3024 time"
            ),
        ),
        Kind(
            "oracle", "oracle+oracledb", "oracledb", "oracle", 1521, "oracle",
            lambda _, __: {"tcp_connect_timeout": CONNECT_S}, _oracle_code,
            begin="SET TRANSACTION READ ONLY", limit=_call_timeout, catalogue="all_tab_columns",
            codes=_codes(
                denied="ORA-01017 ORA-01031 ORA-01045 ORA-28000 ORA-28001", changed="ORA-00904 ORA-00942 ORA-04063",
                slow="DPY-4024 ORA-03136",
            ),
        ),
        Kind(
            "sqlserver", "mssql+pytds", "sqlalchemy_pytds", "sqlserver", 1433, "sqlserver",
            lambda seconds, writes: {"login_timeout": CONNECT_S, "timeout": seconds, "readonly": not writes},
            _tds_code, codes=_codes(denied="229 230 916 4060 18456", changed="207 208", slow="time"),
        ),
        Kind(
            "dameng", "dameng+dmPython", "dmPython", "dameng", 5236, "oracle",
            lambda seconds, writes: {
                "login_timeout": CONNECT_S, "connection_timeout": int(seconds) + 1, "access_mode": 0 if writes else 1,
            },
            _dameng_code, catalogue="all_tab_columns",
            codes=_codes(denied="-2501 -5515 -5567", changed="-2106 -2111", slow="-6007"),
        ),
    )
}  # fmt: skip
