"""`hub check` and `hub migrate`: is the configuration right, is the database of this release's shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from hub.commands.opening import as_json, home_folder, hub_of, opened, print_json
from hub.migrations.upgrade import is_current, upgrade
from hub.settings import Complaint, Settings, Unusable

_NO_SERVERS = {"HUB_DATABASE_URL": "postgresql+psycopg://nobody@/none?host=/none", "HUB_REDIS_URL": "unix:///none"}


@click.command()
@as_json
@click.option(
    "--export-schemas", "folder", type=click.Path(path_type=Path), help="Write JSON Schemas for editors here."
)
def check(json_wanted: bool, folder: Path | None) -> None:
    """Check the configuration as it is on the disk, and the systems' folders. Exit 1 on any complaint."""
    if folder:
        for path in _write_schemas(folder):
            click.echo(path)
        return
    complaints = _complaints()
    if json_wanted:
        print_json([asdict(complaint) for complaint in complaints])
    else:
        for complaint in complaints:
            click.echo(str(complaint))
        if not complaints:
            click.echo("The configuration is right.")
        if any(" is not there" in complaint.text for complaint in complaints):
            click.echo(f"What is not there belongs to the home {home_folder()}: hub demo makes it, or put yours there.")
    if complaints:
        raise SystemExit(1)


def _complaints() -> list[Complaint]:
    """Needs no database: none is asked."""
    try:
        hub = hub_of(home_folder(), _NO_SERVERS)
    except Unusable as error:
        return list(error.complaints)
    try:
        return [*hub.settings.check(), *hub.systems.complaints()]
    finally:
        hub.close()


def _write_schemas(folder: Path) -> Iterable[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for pattern, schema in Settings.json_schemas().items():
        name = pattern.replace("/*", "").removesuffix(".yaml")
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        yield path


@click.command()
@as_json
def migrate(json_wanted: bool) -> None:
    """Bring the database to this release's shape. May be run at any time, by several at once."""
    with opened() as hub:
        was_current = is_current(hub.database)
        upgrade(hub.database)
    if json_wanted:
        print_json({"changed": not was_current})
    else:
        click.echo("The database was of this release's shape." if was_current else "The database is migrated.")
