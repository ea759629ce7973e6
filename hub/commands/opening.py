"""What every verb shares: where the home is, the hub opened from it, one sentence for what went wrong, and --json."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from hub import logs
from hub.errors import Problem
from hub.main import Hub
from hub.settings import Unusable
from hub.settings.secrets import Missing

Verb = TypeVar("Verb", bound=Callable[..., Any])
_FROM_HOME = ("HUB_DATABASE_URL", "HUB_REDIS_URL")


def home_folder() -> Path:
    return Path(os.environ.get("HUB_HOME") or "var").resolve()


def environment(home: Path) -> dict[str, str]:
    """Ours, and where the running demo of this home has its database and Redis, unless ours says otherwise."""
    return {**{name: value for name, value in _written(home / "env") if name in _FROM_HOME}, **os.environ}


def _written(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        name, separator, value = line.strip().partition("=")
        if separator and not name.startswith("#"):
            yield name, value


def hub_of(home: Path, servers: Mapping[str, str] | None = None) -> Hub:
    """The hub without its threads; `servers` where none is named. Its log goes to stderr. Raises Unusable, Missing."""
    logs.configure()
    return Hub.open(home, {**(servers or {}), **environment(home)})


@contextmanager
def opened() -> Iterator[Hub]:
    """The hub without its threads. What goes wrong becomes one sentence and exit 1."""
    home = home_folder()
    try:
        hub = hub_of(home)
        try:
            yield hub
        finally:
            hub.close()
    except Unusable as error:
        raise click.ClickException(f"The configuration cannot be used: {error}") from error
    except Missing as error:
        raise click.ClickException(f"{error}. Start hub demo in this HUB_HOME ({home}), or set it.") from error
    except Problem as problem:
        raise click.ClickException(sentence(problem)) from problem


def sentence(problem: Problem) -> str:
    """A problem as the terminal tells it: code, sentence, what is wrong where, the inner note."""
    lines = [f"{problem.code}: {problem.kind.title['en']}"]
    lines += [f"  {fault.path}: {fault.code} {fault.message or ''}".rstrip() for fault in problem.faults]
    if problem.notice:
        lines.append(f"  {problem.notice}")
    if problem.note:
        lines.append(f"  ({problem.note})")
    return "\n".join(lines)


def as_json(verb: Verb) -> Verb:
    """The option --json."""
    return click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")(verb)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """`columns` is heading by key; what a row lacks stays empty. A pipe gets it unbroken."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(str(row.get(key, "")) for key in columns))
    if not console.is_terminal:
        console.width = 200
    console.print(table)
