"""`hub demo`: the whole county, until Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hub.demo.county import County
from hub.demo.places import Refused


@click.command()
@click.option("--port", envvar="HUB_PORT", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", envvar="HUB_WORKERS", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--full", is_flag=True, help="With every system of the county: 53 departments, 124 data classes.")
def demo(port: int, workers: int, full: bool) -> None:
    """Run a whole county on this machine until Ctrl-C: hub, worker, database, Redis, simulated departments."""
    home = Path(os.environ.get("HUB_HOME") or "var")
    try:
        County(home.absolute(), port, workers, dict(os.environ), click.echo, full).run()
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except PermissionError as error:
        raise click.ClickException(
            f"{error.filename} belongs to somebody else: give HUB_HOME another folder."
        ) from error
