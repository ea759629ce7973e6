"""Alembic migrations: `hub migrate`. One file a change; a room's tables are made by its own files."""
