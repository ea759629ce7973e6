"""`hub keys`: under which keys people and logins are sealed, and bringing them under the one that seals now.

Every batch is a transaction of its own and every row says under which key it is: stopped at any moment, begun again, or
run twice at once, nothing is lost. What docs/operations.md names besides stays under the key it came with.
"""

from __future__ import annotations

import click

from hub.cases.resealing import Resealing as Cases
from hub.commands.opening import as_json, opened, print_json
from hub.health_code import resealing as health_code
from hub.identity.service import Identity
from hub.ledger import resealing as ledger
from hub.login.service import Login
from hub.main import Hub
from hub.materials.service import Materials
from hub.messages.service import Messages
from hub.recognition import resealing as recognition
from hub.resealing import Resealing
from hub.tracing import resealing as tracing

_BATCH = 100


@click.group()
def keys() -> None:
    """Look at the sealing keys, and reseal under the first of them."""


@keys.command()
@as_json
def status(json_wanted: bool) -> None:
    """The key that seals now, and how much is still under others."""
    with opened() as hub:
        told = {"sealing": hub.crypto.head.decode().strip("."), "under_other_keys": left(hub)}
    if json_wanted:
        print_json(told)
    else:
        click.echo(f"Sealing under {told['sealing']}; under other keys: {told['under_other_keys']}")


@keys.command()
def reseal() -> None:
    """Bring what is kept sealed under the first key. May be stopped and run again."""
    with opened() as hub:
        done = reseal_all(hub)
        click.echo(f"Resealed {done}; under other keys: {left(hub)}")


def reseal_all(hub: Hub) -> int:
    """How many rows it were."""
    done = 0
    while True:
        with hub.database.session() as session:
            batch = sum(room.reseal(session, _BATCH) for room in _rooms(hub))
        if not batch:
            return done
        done += batch


def left(hub: Hub) -> int:
    with hub.database.session() as session:
        return sum(room.under_other_keys(session) for room in _rooms(hub))


def _rooms(hub: Hub) -> tuple[Identity, Login, Messages, Materials, Cases, Resealing]:
    others = Resealing(hub.crypto, (*health_code.SEALED, *tracing.SEALED, *recognition.SEALED, *ledger.SEALED))
    return hub.identity, hub.login, hub.messages, hub.materials, hub.cases.resealing, others
