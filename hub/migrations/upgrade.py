"""Bring the database to this release's shape. Safe to call at every start; two callers wait for each other."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from hub.database import Database, patient

_LOCK = 360423001  # any number nobody else locks
_LONGEST_S = 600.0


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(database: Database) -> None:
    config = _config()
    with database.engine.connect() as guard:
        patient(guard, _LONGEST_S)
        guard.execute(text("SET lock_timeout = '60s'"))
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        guard.commit()
        with database.engine.connect() as connection:
            patient(connection, _LONGEST_S)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()


def is_current(database: Database) -> bool:
    """True when every migration of this release is in the database."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_heads() == tuple(
            ScriptDirectory.from_config(_config()).get_heads()
        )
