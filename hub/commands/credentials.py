"""`hub credentials verify`: is this copy of a licence what the hub signed. Needs two files and the public keys: no
network, no database, no home."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from hub.clock import Clock
from hub.commands.opening import as_json, print_json
from hub.credentials.service import COPY_KIND
from hub.signing import verified


@click.group()
def credentials() -> None:
    """Check a copy of a licence with public keys only."""


@credentials.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--proof", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="The signed text that came with the PDF.")  # fmt: skip
@click.option("--keys", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="What /.well-known/hub-keys.json answered.")  # fmt: skip
@as_json
def verify(file: Path, proof: Path, keys: Path, json_wanted: bool) -> None:
    """Check the PDF in FILE. Exit 1 when it was changed, when its term is over, or when its key was taken back."""
    try:
        claims = checked(file.read_bytes(), proof.read_text(encoding="ascii"), json.loads(keys.read_bytes()))
    except ValueError as error:
        raise click.ClickException(f"Not good: {error}.") from None
    if json_wanted:
        print_json(claims)
        return
    click.echo(f"Good: signed by the hub, for the purpose “{claims['purpose']}”, until {claims['until']}.")
    for name, value in claims["fields"].items():
        click.echo(f"  {name}: {value}")
    click.echo(f"This was so at {claims['made_at']}; what holds now is told by the QR in it.")


def checked(pdf: bytes, proof: str, published: dict[str, Any]) -> dict[str, Any]:
    """What the signature vouches for. Raises ValueError, and says why not."""
    gone = {each["kid"] for each in published.get("revoked", [])}
    claims = verified(proof, [key for key in published["keys"] if key["kid"] not in gone], COPY_KIND)
    if hashlib.sha256(pdf).hexdigest() != claims["pdf_sha256"]:
        raise ValueError("this PDF is not the one that was signed")
    if Clock().now() > datetime.fromisoformat(claims["until"]):
        raise ValueError("its term is over")
    return claims
