"""What is proven before a database is asked anything: its account can write nothing, its views are what we were told.

An account that could write is refused, whatever it is used for; a view that lost a column or changed a type is too.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import String, column, select, table, text

from adapters.protocols.db_view_kinds import Kind
from adapters.protocols.db_view_line import Line
from hub.port import Denied, Garbled, OutcomeUnknown

HOLDS_S = 900.0  # a proof is renewed after this, and by every probe
Rights = Iterator[tuple[str, str]]
"""What an account may change: (object, right)."""

_FAMILIES: Mapping[str, str] = {
    "text": r"(n|long|medium|tiny|bp)?(var)?(char|text|clob)2?|character( varying)?|enum|long|name",
    "integer": r"(tiny|small|medium|big)?int|integer|int[248]|number|numeric|decimal",
    "decimal": r"numeric|decimal|number|money|smallmoney|(tiny|small|medium|big)?int|integer|int[248]",
    "date": r"date",
    "datetime": r"(small)?datetime2?|timestamp.*|date",
    "boolean": r"bool(ean)?|bit|tinyint|(small)?int|number|numeric",
}
_POSTGRESQL = text("""
SELECT n.nspname || '.' || c.relname, p.deed
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN pg_roles r
CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p(deed)
WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
AND pg_has_role(r.oid, 'MEMBER')
AND CASE WHEN p.deed IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(r.oid, c.oid, p.deed)
    ELSE has_table_privilege(r.oid, c.oid, p.deed) END
UNION SELECT 'schema ' || n.nspname, 'CREATE' FROM pg_namespace n CROSS JOIN pg_roles r
WHERE n.nspname NOT LIKE 'pg\\_%' AND pg_has_role(r.oid, 'MEMBER') AND has_schema_privilege(r.oid, n.oid, 'CREATE')
UNION SELECT 'role ' || r.rolname, 'SUPERUSER' FROM pg_roles r
WHERE pg_has_role(r.oid, 'MEMBER') AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb)
""")
_ORACLE = text("""
SELECT 'the account' AS object, privilege FROM session_privs
UNION SELECT owner || '.' || table_name, privilege FROM user_tab_privs_recd
UNION SELECT owner || '.' || table_name, privilege FROM role_tab_privs
UNION SELECT table_name, 'OWNER' FROM user_tables
""")
_SQLSERVER = text("""
SELECT 'the database', permission_name FROM fn_my_permissions(NULL, 'DATABASE')
UNION SELECT s.name + '.' + o.name, p.permission_name FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
CROSS APPLY fn_my_permissions(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT') p WHERE o.type IN ('U', 'V')
""")
_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<object>\S+) TO (?P<rest>.+)", re.DOTALL)
_READS = frozenset(
    {"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "CONNECT", "VIEW DEFINITION", "READ", "CREATE SESSION",
     "ALTER SESSION", "SELECT ANY TABLE", "READ ANY TABLE", "SELECT ANY DICTIONARY", "SELECT ANY SEQUENCE",
     "CONNECT SQL", "VIEW ANY COLUMN ENCRYPTION KEY DEFINITION", "VIEW ANY COLUMN MASTER KEY DEFINITION",
     "REFERENCES", "SHOW_ROUTINE"}
)  # fmt: skip


class Proof:
    """Of one database. `marked` are the exchange tables whose rows may be marked as taken: there, and only there, the
    account may UPDATE."""

    def __init__(self, line: Line, kind: Kind, own: Mapping[str, Any], marked: frozenset[str]) -> None:
        self._line, self._kind, self._marked = line, kind, frozenset(name.casefold() for name in marked)
        self._schema: str = own["schema"]
        self._tables: dict[str, Mapping[str, Any]] = {name: each["columns"] for name, each in own["views"].items()}
        self._tables |= {each["table"]: each["columns"] for each in own["exchange"].values()}
        self._proven_at = float("-inf")
        self._lock = threading.Lock()

    def require(self, deadline: float) -> None:
        """Prove it, unless that was done lately. Raises Denied or Garbled, or why the database could not be asked."""
        if time.monotonic() - self._proven_at > HOLDS_S:
            self.renew(deadline)

    def renew(self, deadline: float) -> None:
        asked_at = time.monotonic()
        if not self._lock.acquire(timeout=max(0.0, deadline - asked_at)):
            raise OutcomeUnknown("the database is still being looked at")
        try:
            if self._proven_at < asked_at:  # nobody did while we waited
                self._prove(deadline)
                self._proven_at = time.monotonic()
        finally:
            self._lock.release()

    def forget(self) -> None:
        self._proven_at = float("-inf")

    def _prove(self, deadline: float) -> None:
        may = [
            f"{right} on {name}"
            for name, right in _RIGHTS[self._kind.grants](self._line, deadline)
            if not (right == "UPDATE" and _last(name) in self._marked)
        ]
        if may:
            raise Denied(f"the account can write, so it is not used; take away {', '.join(sorted(set(may))[:5])}")
        for name, columns in self._tables.items():
            self._compare(name, columns, deadline)

    def _compare(self, name: str, columns: Mapping[str, Any], deadline: float) -> None:
        found = self._columns(name, deadline)
        lost = [each for each in columns if each.casefold() not in found]
        if lost:
            raise Garbled(f"{name} has no column {', '.join(lost)}" if found else f"there is no view {name}")
        for each, facts in columns.items():
            told = found[each.casefold()]
            if not re.fullmatch(_FAMILIES[facts["type"]], re.sub(r"\(.*\)| unsigned", "", told)):
                raise Garbled(f"{name}.{each} is {told} where {facts['type']} is declared")

    def _columns(self, name: str, deadline: float) -> dict[str, str]:
        oracle = self._kind.catalogue == "all_tab_columns"
        source = table(self._kind.catalogue) if oracle else table("columns", schema=self._kind.catalogue)
        places = {"table_name": name, "owner" if oracle else "table_schema": self._schema or self._line.schema}
        asked = select(column("column_name", String), column("data_type", String)).select_from(source)
        for each, value in places.items():  # Oracle keeps names without quotes in capitals
            asked = asked.where(column(each, String).in_([value, value.upper()] if oracle else [value]))
        return {str(each).casefold(): str(kind).casefold() for each, kind in self._line.fetch(asked, {}, deadline)}


def _postgresql(line: Line, deadline: float) -> Rights:
    yield from ((str(name), str(right)) for name, right in line.fetch(_POSTGRESQL, {}, deadline))


def _mysql(line: Line, deadline: float) -> Rights:
    """SHOW GRANTS; a line that is not understood (a role, a proxy) counts as a right to write."""
    for (grant,) in line.fetch(text("SHOW GRANTS"), {}, deadline):
        match = _GRANT.match(str(grant))
        if match is None or "GRANT OPTION" in match["rest"]:
            yield "the account", "a role or GRANT OPTION"
            continue
        for right in re.sub(r"\s*\([^)]*\)", "", match["rights"]).split(","):
            if right.strip() not in _READS:
                yield match["object"].replace("`", ""), right.strip()


def _listed(statement: Any) -> Callable[[Line, float], Rights]:
    def rights(line: Line, deadline: float) -> Rights:
        for name, right in line.fetch(statement, {}, deadline):
            if str(right) not in _READS:
                yield str(name), str(right)

    return rights


_RIGHTS: Mapping[str, Callable[[Line, float], Rights]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "oracle": _listed(_ORACLE),
    "sqlserver": _listed(_SQLSERVER),
}


def _last(name: str) -> str:
    return name.rpartition(".")[2].casefold()
