"""`python -m adapters.twins.whole write FOLDER CONFIG` writes the county's package and config into FOLDER;
`… serve FOLDER --out FILE --secrets DIR [--seed N]` starts the twins of all its systems.

FILE is as in adapters.twins. HUB_DATABASE_URL names the PostgreSQL that the database departments open views in.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from secrets import token_hex

from adapters.twins import rabbitmq
from adapters.twins.__main__ import announce, until_told
from adapters.twins.rabbitmq import Account, Broker
from adapters.twins.twin import Twin
from adapters.twins.whole.bringing import DropOffice, QueueOffice, RabbitOffice, account
from adapters.twins.whole.facts_delivered import over_amqp
from adapters.twins.whole.package import PACKAGE, write
from adapters.twins.whole.plan import Planned
from adapters.twins.whole.rows import SEED
from adapters.twins.whole.sites import office
from adapters.twins.whole.systems import county_systems
from adapters.twins.whole.views import gates
from adapters.twins.wire import Server


def servers(folder: Path, secrets: Path, seed: int, database: str, broker: Broker | None) -> dict[str, Server]:
    """All twins by system, listening. Raises what the database raises."""
    planned = county_systems()
    views = [each for each in planned if each.protocol == "db_view"]
    found: dict[str, Server] = {gate.twin.system: gate for gate in gates(database, views, secrets, seed)}
    for system in planned:
        if system.name not in found:
            found[system.name] = Server(_twin(system, folder, secrets, seed, broker))
    return {name: server.start() for name, server in found.items()}


def _twin(system: Planned, folder: Path, secrets: Path, seed: int, broker: Broker | None) -> Twin:
    if system.protocol == "file_drop":
        return DropOffice(system, secrets, seed)
    if broker and over_amqp(system):
        return RabbitOffice(system, secrets, seed, broker)
    if system.protocol == "message_queue":
        return QueueOffice(system, secrets, seed)
    return office(system, secrets, seed, folder / PACKAGE / system.name)


def _serve(folder: Path, out: Path, secrets: Path, seed: int) -> None:
    wait = until_told()
    with _broker(secrets) as broker:
        running = servers(folder, secrets, seed, os.environ["HUB_DATABASE_URL"], broker)
        announce(out, running)
        wait()
        for server in running.values():
            server.stop()


def _broker(secrets: Path) -> AbstractContextManager[Broker | None]:
    """A real one for those who want one, with their accounts; the departments' own password nobody else knows."""
    accounts = [account(each, secrets) for each in county_systems() if over_amqp(each)]
    return rabbitmq.running(Account("departments", token_hex(16)), accounts) if accounts else nullcontext()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m adapters.twins.whole", description=__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    writing = acts.add_parser("write")
    writing.add_argument("folder", type=Path)
    writing.add_argument("config", type=Path)
    serving = acts.add_parser("serve")
    serving.add_argument("folder", type=Path)
    serving.add_argument("--out", type=Path, required=True)
    serving.add_argument("--secrets", type=Path, required=True)
    serving.add_argument("--seed", type=int, default=SEED)
    wanted = parser.parse_args()
    if wanted.act == "write":
        write(wanted.folder, wanted.config)
        real = [each.name for each in county_systems() if over_amqp(each)]
        twins = "Message queues: twins that speak STOMP (RabbitMQ is not installed)."
        sys.stdout.write(f"Message queues: a real RabbitMQ for {', '.join(real)}, twins else.\n" if real else twins)
    else:
        _serve(wanted.folder, wanted.out, wanted.secrets, wanted.seed)


if __name__ == "__main__":
    main()
