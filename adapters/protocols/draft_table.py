"""Drafts a db_view system from a database: the columns of a view as SQLAlchemy sees them. Not one row is read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Boolean, Date, DateTime, Integer, Numeric, create_engine, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from adapters.protocols import guessing
from adapters.protocols.drafting import Draft, Shape, Wishes, Writer, started

_MOST = 200
_KINDS: tuple[tuple[type, str, str], ...] = (
    (Boolean, "boolean", "boolean"),
    (Integer, "integer", "integer"),
    (Numeric, "decimal", "decimal"),
    (DateTime, "datetime", "datetime"),
    (Date, "date", "date"),
)
_NAMES = {"mssql": "sqlserver", "mariadb": "mysql", "dm": "dameng"}  # what an address of ours calls them


def draft(source: str, wishes: Wishes) -> Draft:
    """`source` is a SQLAlchemy URL without the view, then `#view`. Raises ValueError, which never holds the URL."""
    url, _, view = source.partition("#")
    if not view:
        raise ValueError("write the view behind the URL: postgresql+psycopg://host/base#view")
    made = started(wishes, "db_view")
    made.address = _address(url)
    made.secrets = ("username", "password")
    columns = _columns(url, view)
    made.facts["db_view"] = {"views": {view: {"columns": {shape.name: _typed(kind) for shape, kind in columns}}}}
    made.open["db_view",] = "the schema, the most connections, and a column in GBK that says latin1"
    shapes = [shape for shape, _ in columns]
    asked = [shape for shape in shapes if guessing.guess(shape.name).field == "id_number"][:1] or shapes[:1]
    request = [Shape(each.name, each.kind, required=True) for each in asked]
    rows = Shape("rows", many=True, group=True, children=tuple(shapes))
    operation = wishes.operation or f"query_{guessing.named(view) or 'view'}"
    name = Writer(made, wishes)
    placed = name.operation(operation, request, [rows], {"view": view, "rows": 200})
    made.open["operations", placed, "request"] = "what it is looked up by, and in what order the rows come"
    return name.finish()


def _address(url: str) -> str:
    """Without driver, account and options: setting them to nothing would leave them as they are."""
    whole = make_url(url)
    kind = _NAMES.get(whole.get_backend_name(), whole.get_backend_name())
    plain = URL.create(kind, host=whole.host, port=whole.port, database=whole.database)
    return plain.render_as_string()


def _columns(url: str, view: str) -> list[tuple[Shape, str]]:
    try:
        engine = create_engine(url)
        try:
            found = inspect(engine).get_columns(view)[:_MOST]
        finally:
            engine.dispose()
    except (SQLAlchemyError, ModuleNotFoundError, ValueError) as error:
        raise ValueError(f"the view cannot be looked at: {type(error).__name__}") from None
    return [_column(each["name"], each["type"], bool(each.get("nullable", True))) for each in found]


def _column(name: str, kind: Any, nullable: bool) -> tuple[Shape, str]:
    for known, shown, stored in _KINDS:
        if isinstance(kind, known):
            return Shape(name, shown, required=not nullable), stored
    return Shape(name, required=not nullable), "text"


def _typed(kind: str) -> dict[str, str]:
    return {} if kind == "text" else {"type": kind}
