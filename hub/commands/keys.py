"""`hub keys`: under which keys something is sealed, and bringing it under the one that seals now. A key may be taken
out of the ring when nothing is under it any more; what says so is counted, never remembered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import click

from hub.appeals import resealing as appeals
from hub.cases import resealing as cases
from hub.commands.opening import as_json, opened, print_json
from hub.credentials import resealing as credentials
from hub.crypto import GRACE_S
from hub.exchange import resealing as exchange
from hub.filings import resealing as filings
from hub.gateway import resealing as gateway
from hub.health_code import resealing as health_code
from hub.identity import resealing as identity
from hub.inbox import resealing as inbox
from hub.keys import resealing as look_ups
from hub.keys.resealing import Resealing
from hub.ledger import resealing as ledger
from hub.legs import resealing as legs
from hub.login import resealing as login
from hub.main import Hub
from hub.mandates import resealing as mandates
from hub.matching import resealing as matching
from hub.materials import resealing as materials
from hub.messages import resealing as messages
from hub.recognition import resealing as recognition
from hub.tasks import resealing as tasks
from hub.tracing import resealing as tracing

# The hub's own look-up key is the last: until a whole round was done, something is under the key before.
ROOMS = (
    identity, login, mandates, credentials, materials, messages, cases, tasks, appeals, filings, exchange, matching,
    inbox, legs, gateway, health_code, tracing, recognition, ledger, look_ups,
)  # fmt: skip
SEALED = tuple(each for room in ROOMS for each in room.SEALED)


@click.group()
def keys() -> None:
    """Look at the sealing keys, and reseal under the first of them."""


@keys.command()
@as_json
def status(json_wanted: bool) -> None:
    """The key that seals now, what is still under others, and which of them may be taken out of the ring."""
    with opened() as hub:
        told = standing(hub)
    if json_wanted:
        print_json(told)
    else:
        _tell(told)


@keys.command()
@click.pass_context
def reseal(context: click.Context) -> None:
    """Bring what is kept sealed under the first key. May be stopped and run again."""
    with opened() as hub:
        time.sleep(2 * GRACE_S)  # by then every worker opens with the new key, and seals with it
        done = reseal_all(hub, lambda column, count: click.echo(f"{column}: {count}"))
        told = standing(hub)
    click.echo(f"Resealed {done}.")
    _tell(told)
    if told["under_other_keys"]:
        context.exit(1)


def reseal_all(hub: Hub, tell: Callable[[str, int], None] = lambda *_: None) -> int:
    """How many values it were."""
    return resealing(hub).run(tell) + hub.health_code.ending.archive.reseal()


def resealing(hub: Hub) -> Resealing:
    return Resealing(hub.database, hub.crypto, SEALED)


def standing(hub: Hub) -> dict[str, Any]:
    """`other_keys`: by key id how many values of which column are under it, of every key of the ring that does not seal
    and of those that are in no ring any more."""
    under = {**hub.health_code.ending.archive.under()}
    for name, of in resealing(hub).under().items():
        under[name] = under.get(name, Counter()) + of
    ring = [name for name in hub.settings.now.hub.seal_keys if name != hub.crypto.key_id]
    names = [*ring, *sorted(set(under) - set(ring))]
    other: dict[str, Mapping[str, int]] = {name: under.get(name, {}) for name in names}
    if hub.ledger.evidence.waiting() is not None:  # in a file, under whatever key sealed then
        other = {name: {**of, "ledger/spool": 1} for name, of in other.items()}
    return {
        "sealing": hub.crypto.head.decode().strip("."), "other_keys": other,
        "under_other_keys": sum(sum(each.values()) for each in other.values()),
        "may_go": [name for name in ring if not other[name]],
    }  # fmt: skip


def _tell(told: Mapping[str, Any]) -> None:
    click.echo(f"Sealing under {told['sealing']}.")
    for name, under in told["other_keys"].items():
        if under:
            columns = ", ".join(f"{column} {count}" for column, count in sorted(under.items()))
            click.echo(f"{name}: must be in the ring, {sum(under.values())} are under it: {columns}.")
        else:
            click.echo(f"{name}: nothing is under it any more; it may be taken out of the ring.")
