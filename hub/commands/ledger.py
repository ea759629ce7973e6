"""`hub ledger …`: look whether the record of all exchanges is what it was."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from hub.commands.leak import tell, traced
from hub.commands.opening import as_json, opened, print_json
from hub.ledger import paper
from hub.ledger.investigation import MOST


@click.group()
def ledger() -> None:
    """The record of all exchanges: verify it, investigate a leak."""


@ledger.command()
@as_json
def verify(json_wanted: bool) -> None:
    """Look at every row, leaf and checkpoint. Exit 1 and a line for each that is not what it was."""
    with opened() as hub:
        faults = hub.ledger.verifier.round(whole=True)
    if json_wanted:
        print_json([asdict(fault) for fault in faults])
    for fault in () if json_wanted else faults:
        click.echo(f"{fault.kind} at {fault.place}: {fault.about}")
    if faults:
        raise SystemExit(1)
    if not json_wanted:
        click.echo("Every row is where it was, and what it was.")


@ledger.command()
@click.argument("values", nargs=-1, required=True)
@click.option("--pdf", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer there as PDF.")
@as_json
def investigate(values: tuple[str, ...], out: Path | None, json_wanted: bool) -> None:
    """Say which exchanges gave these VALUES, and to whom. Of a file: `hub leak trace`."""
    with opened() as hub:
        found = traced(hub, list(values)[:MOST])
    if out:
        out.write_bytes(paper.pdf(found))
    if json_wanted:
        print_json(found)
    else:
        tell(found)


@ledger.command()
@click.argument("department")
@click.option("--count", default=5, show_default=True, type=click.IntRange(1, 20))
@click.option("--phone", required=True, help="A telephone of the audit office.")
def canaries(department: str, count: int, phone: str) -> None:
    """Make people who do not exist, for the lists that DEPARTMENT takes. Only the auditor reads who they are."""
    with opened() as hub:
        if department not in hub.settings.now.departments:
            raise click.BadParameter("no such department", param_hint="DEPARTMENT")
        with hub.database.session() as session:
            made = hub.ledger.canaries.make(session, department, count, phone)
    for each in made:
        click.echo(f"{each.id_number} {each.name}")


@ledger.command()
def keys() -> None:
    """The public keys of log, witnesses and receipts, to be handed to whoever checks."""
    with opened() as hub:
        click.echo(json.dumps(hub.ledger.public_keys(), indent=1))
