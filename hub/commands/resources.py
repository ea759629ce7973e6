"""`hub resources import`: the county's list of data classes into the catalogue of data resources."""

from __future__ import annotations

from pathlib import Path

import click

from hub.commands.opening import as_json, opened, print_json

_TOLD = 20


@click.group()
def resources() -> None:
    """The catalogue of data that departments share."""


@resources.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def import_(file: Path, json_wanted: bool) -> None:
    """Take the data classes in FILE (JSON) into the catalogue. Exit 1 when anything of it was refused."""
    with opened() as hub:
        try:
            with hub.database.session(patience=60) as session:
                taken, refused = hub.sharing.resources.take(session, file, hub.settings.now.departments)
        except ValueError as error:
            raise click.ClickException(f"{file}: {error}") from error
    if json_wanted:
        print_json({"taken": taken, "refused": refused})
    else:
        click.echo(f"{taken} data resources taken, {len(refused)} refused.")
        for line in refused[:_TOLD]:
            click.echo(f"  refused: {line}")
    if refused:
        raise SystemExit(1)
