"""`python -m adapters.twins --out FILE --secrets DIR [--only a,b] [--seed N]`: every twin on a free port of loopback.

FILE names them all, `{name: {url, address, system, protocol}}`, and appears when the last one listens: `address` is
where a hub calls, `url` where toxics and quirks are set. Runs until SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import adapters.twins
from adapters.twins.twin import Twin
from adapters.twins.wire import Server


def found(secrets: Path, seed: int, only: Collection[str] = ()) -> Iterator[tuple[str, Twin]]:
    """Every module of this folder that can make a twin: the file is the registration."""
    for entry in pkgutil.iter_modules(adapters.twins.__path__):
        if entry.name.startswith("_") or (only and entry.name not in only):
            continue
        module = importlib.import_module(f"adapters.twins.{entry.name}")
        if hasattr(module, "make"):
            yield entry.name, module.make(secrets, seed)


def announce(out: Path, servers: dict[str, Server]) -> None:
    entries = {
        name: {
            "url": server.url,
            "address": server.address,
            "system": server.twin.system,
            "protocol": server.twin.protocol,
        }
        for name, server in servers.items()
    }
    part = out.with_name(out.name + ".part")
    part.write_text(json.dumps(entries, indent=1), encoding="utf-8")
    part.replace(out)


def until_told() -> Callable[[], None]:
    """From now on SIGTERM and SIGINT are the end; what is given back waits for it. It looks every second: Python acts
    on a signal only when it runs, and one that comes just as it lies down to wait would not be seen."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def wait() -> None:
        while not stop.wait(1):
            pass

    return wait


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m adapters.twins", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="file that names the twins once all listen")
    parser.add_argument("--secrets", type=Path, required=True, help="folder with the accounts the hub uses")
    parser.add_argument("--only", default="", help="names, comma separated")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    wait = until_told()
    only = [name for name in wanted.only.split(",") if name]
    servers = {name: Server(twin).start() for name, twin in found(wanted.secrets, wanted.seed, only)}
    missing = set(only) - servers.keys()
    if missing:
        parser.error(f"no such twin: {', '.join(sorted(missing))}")
    announce(wanted.out, servers)
    wait()
    for server in servers.values():
        server.stop()


if __name__ == "__main__":
    main()
