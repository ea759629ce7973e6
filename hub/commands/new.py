"""`hub new adapter`: the folder of a system, drafted from what the department hands out, tried at once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from hub.demo.county import config_folder
from hub.systems import drafted, opening


def adapters_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the adapters' package (HUB_ADAPTERS)."""
    sys.path[:0] = [""] if "" not in sys.path else []
    spec = importlib.util.find_spec(environ.get("HUB_ADAPTERS", "adapters"))
    return Path(next(iter(spec.submodule_search_locations or ())) if spec else "adapters")


@click.group()
def new() -> None:
    """Begin something new."""


@new.command()
@click.argument("name")
@click.option("--from", "source", nargs=2, required=True, metavar="KIND FILE|URL",
              help="wsdl FILE, openapi FILE, sample FILE or table URL.")  # fmt: skip
@click.option(
    "--read", "reads", multiple=True, help="An operation that only asks, by the department's name; repeat it."
)
@click.option("--write", "writes", multiple=True, help="One that changes something; repeat it.")
@click.option("--operation", default="", help="Of a sample or a table: the name of the operation.")
@click.option("--path", default="", help="Of a sample: the path it was asked under.")
@click.option("--encoding", default="", help="The charset of the department's bytes: utf-8, gbk, gb2312, gb18030.")
@click.option("--department", default="", help="Its department's id in departments.yaml, where it has one already.")
@click.option("--address", default="", help="Where the system is: https://… or env/NAME.")
@click.option("--try", "live", default="", metavar="URL", help="Ask the system at this address now: the probe only.")
def adapter(
    name: str,
    source: tuple[str, str],
    reads: tuple[str, ...],
    writes: tuple[str, ...],
    operation: str,
    path: str,
    encoding: str,
    department: str,
    address: str,
    live: str,
) -> None:
    """Write adapters/NAME and its stubs in config/, try it, and say what is left to decide."""
    adapters, config = adapters_folder(), config_folder(os.environ)
    kind, file = source
    try:
        drafted.check_name(name, adapters)
        if kind not in drafted.kinds(adapters):
            raise ValueError(f"no draft is made from {kind!r}; there are {', '.join(drafted.kinds(adapters))}")
        draft = drafted.drafted(
            adapters.name, kind, file, name=name, reads=reads, writes=writes, operation=operation, path=path,
            encoding=encoding, department=department,
        )  # fmt: skip
        written = drafted.write_folder(draft, name, adapters)
        try:
            drafted.write_stubs(draft, name, config, address, written)
        except BaseException:
            shutil.rmtree(adapters / name)
            raise
    except ValueError as error:
        raise click.ClickException(f"{error}") from error
    _tell(name, adapters / name, draft, written)
    _try(adapters / name, live)
    click.echo(f"\nNext: decide each of these, then  hub check  and  hub systems verify {name}.")


def _tell(name: str, folder: Path, draft: drafted.Draft, written: drafted.Written) -> None:
    for path in written.files:
        click.echo(f"wrote {path.relative_to(folder.parent.parent) if path.is_relative_to(folder.parent) else path}")
    for operation, why in draft.unsupported.items():
        click.echo(f"not attached: {operation}: {why}")
    click.echo(f"\nLeft to decide in {name}:")
    for line in written.to_decide:
        click.echo(f"  {line}")


def _try(folder: Path, live: str) -> None:
    click.echo("\nTried:")
    tried = [*opening.try_recordings(folder), *([opening.try_live(folder, live)] if live else [])]
    for each in tried:
        click.echo(f"  {each.what}: {'good' if each.good else 'FAILED'}, {each.said}")
