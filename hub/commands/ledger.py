"""`hub ledger …` and `hub witness`: look whether the ledger is what it was; cosign another hub's."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from hub.commands.opening import as_json, opened, print_json
from hub.ledger.note import Key
from hub.ledger.witness import Witness, serving


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


@click.command()
@click.option(
    "--folder", required=True, type=click.Path(path_type=Path), help="Where its key and what it saw are kept."
)
@click.option("--name", required=True, help="What its key is called.")
@click.option("--log", "logs", required=True, multiple=True, help="The log's public key (`hub ledger keys`); several "
              "while it rotates.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8081, show_default=True, type=click.IntRange(0, 65535))
def witness(folder: Path, name: str, logs: tuple[str, ...], host: str, port: int) -> None:
    """Cosign the checkpoints of a hub's ledger, until SIGTERM. Run it where the hub's operator has no access."""
    try:
        watching = Witness(folder, name, [Key.read(each) for each in logs])
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--log") from error
    with serving(watching, host, port) as server:
        click.echo(f"Witness {name} at http://{host}:{server.server_address[1]}, key {watching.key}")
        server.serve_forever()
