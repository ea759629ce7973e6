"""`hub serve` and `hub work`: the two processes of a hub."""

from __future__ import annotations

import contextlib
import gc
import os
import pkgutil
import resource
import shutil
import signal
import sys
import threading
from pathlib import Path

import click

from hub.commands.opening import environment, home_folder, opened
from hub.commands.rounds import Rounds
from hub.commands.server import DRAIN_S, serve_until_told
from hub.demo.places import Refused
from hub.demo.ports import free_or_refused
from hub.demo.preparation import prepare
from hub.jobs.worker import Worker
from hub.main import Hub

ROOT = Path(__file__).parents[2]
_THREADS = 256
FIGURES = "PROMETHEUS_MULTIPROC_DIR"


@click.command()
@click.option("--host", envvar="HUB_HOST", default="127.0.0.1", show_default=True)
@click.option("--port", envvar="HUB_PORT", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", envvar="HUB_WORKERS", default=os.cpu_count() or 1, show_default="one per core", type=int)
@click.option(
    "--listener",
    type=click.Choice(["public", "operations"]),
    default="public",
    show_default=True,
    help="`operations` serves /ops/v1 too, where hub.yaml says `ops_listener: own`.",
)
@click.option("--prepare", "people", type=click.Path(path_type=Path), hidden=True, help="Used by hub demo.")
def serve(host: str, port: int, workers: int, listener: str, people: Path | None) -> None:
    """Serve the HTTP interface until SIGTERM; what is in progress then has 25 s to end."""
    home = home_folder()
    os.environ.update(environment(home), HUB_HOME=str(home), HUB_LISTENER=listener)
    figures = str(home / "run" / f"metrics-{listener}")
    if os.environ.get(FIGURES) != figures:
        # The library decides while it is imported whether the workers' figures are added up: begin again, told so.
        os.execve(sys.executable, [sys.executable, "-m", "hub", *sys.argv[1:]], {**os.environ, FIGURES: figures})
    try:
        free_or_refused(port, host)
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    _empty(Path(figures))
    _many_sockets()
    with opened() as hub:  # what is wrong with the configuration is told here, in a sentence, not by each worker
        if people:
            prepare(hub, people)
    # Loaded once and shared by the workers, who are forked from here.
    pkgutil.resolve_name("blueprints.app:create_app")
    gc.freeze()
    serve_until_told(f"{ROOT / 'wsgi.py'}:app", host, port, workers, _THREADS)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)


def _many_sockets() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@click.command()
def work() -> None:
    """Do what must be done regularly, until SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with opened() as hub:
        work_until(stop, hub)


def work_until(stop: threading.Event, hub: Hub) -> None:
    """What `hub work` does, each thing in a thread of its own, until `stop`."""
    hub.start()
    inbox = threading.Thread(target=hub.inbox.collecting.run, args=(stop,), name="inbox", daemon=True)
    filings = threading.Thread(target=hub.outbox.runner.run, args=(stop,), name="filings", daemon=True)
    flow = threading.Thread(target=hub.flow.run, args=(stop,), name="flow", daemon=True)
    worker = Worker(hub.jobs)
    ledger = hub.ledger.threads(stop)
    for thread in (inbox, filings, flow, *ledger):
        thread.start()
    worker.start()
    try:
        Rounds(hub).run(stop)
    finally:
        worker.stop()
        inbox.join(DRAIN_S)
        for thread in (filings, flow, *ledger):
            thread.join(DRAIN_S)
