"""`hub leak trace`: what of a leaked file went through the hub, to whom, and what can be shown of it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import click

from hub import trace as tracing
from hub.commands.opening import as_json, opened, print_json
from hub.commands.switching import actor
from hub.ledger import paper
from hub.ledger.canaries import AREA
from hub.ledger.investigation import MOST
from hub.main import Hub
from hub.operations.service import Act, record


@click.group()
def leak() -> None:
    """Find out where leaked records may have come from."""


@leak.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--encoding", type=click.Choice(["utf-8", "gb18030"]), default="utf-8", show_default=True)
@click.option("--pdf", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer there as PDF.")
@as_json
def trace(file: Path, encoding: str, out: Path | None, json_wanted: bool) -> None:
    """Trace the values of FILE: a table (CSV) or one value a line; the first 200 are asked about."""
    try:
        values = values_of(file.read_bytes().decode(encoding))
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not {encoding}: give --encoding.") from error
    with opened() as hub:
        found = traced(hub, values)
    if out:
        out.write_bytes(paper.pdf(found))
    if json_wanted:
        print_json(found)
    else:
        tell(found)


def values_of(text: str) -> list[str]:
    """Every cell once, without blanks and the marks of a BOM: first those that may be canaries, then in their order."""
    cells = (cell.strip() for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) for cell in row)
    return sorted(dict.fromkeys(cell for cell in cells if cell), key=lambda cell: not cell.startswith(AREA))[:MOST]


def traced(hub: Hub, values: list[str]) -> dict[str, Any]:
    """The answer; that somebody asked is on record."""
    act = Act(hub.clock.now(), actor(), ("cli",), "ledger.investigate", f"{len(values)} values", "OK", tracing.new().id)
    with hub.database.session() as session:
        record(session, act)
    return hub.ledger.investigate(values)


def tell(found: dict[str, Any]) -> None:
    click.echo(f"{len(found['found'])} of {found['values']} values went through the hub, "
               f"in {found['exchanges_found']} exchanges.")  # fmt: skip
    for each in found["takers"]:
        click.echo(f"  {each['likelihood']:7.2%}  {each['user']}: had {each['had']} of them")
    for each in found["canaries"]:
        list_of = f"file {each['file']} of {each['officer']}" if each["file"] else "that list"
        click.echo(f"  canary of {each['user']}, made {each['made_at']}: {list_of} was theirs alone")
    for exchange in found["exchanges"]:
        missing = [party for party, state in exchange["receipts"].items() if state == "missing"]
        click.echo(f"  {exchange['at']} {exchange['supplier']} -> {exchange['user']} {exchange['exchange_id']} "
                   f"({', '.join(exchange['fields'])}; receipts missing: {', '.join(missing) or 'none'})")  # fmt: skip
    click.echo("The record is whole." if found["complete"]["intact"] else "The record was tampered with.")
    for line in (*found["liability"], *found["cannot_show"]):
        click.echo(f"  {line}")
