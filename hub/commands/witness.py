"""`hub witness`: cosigns the checkpoints of a hub's ledger. Loads nothing of the hub but that."""

from __future__ import annotations

from pathlib import Path

import click

from hub.ledger.note import Key
from hub.ledger.witness import Witness, serving


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
