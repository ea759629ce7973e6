"""`hub ledger …`: look whether the record of all exchanges is what it was."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from hub.commands.opening import as_json, opened, print_json


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
def keys() -> None:
    """The public keys of log, witnesses and receipts, to be handed to whoever checks."""
    with opened() as hub:
        click.echo(json.dumps(hub.ledger.public_keys(), indent=1))
