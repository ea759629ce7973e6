"""`python -m tests.db_view.taker ADDRESS USER INBOX`: takes what waits into an inbox, as the hub's worker does, until
nothing waits. The inbox is a table (id, digest, raw) in a database of its own: stored first, then settled."""

from __future__ import annotations

import hashlib
import sys
import time

import psycopg

from adapters.protocols.db_view import Adapter
from tests.db_view.cases import exchange_facts
from tests.db_view.rooms import opened

INBOX = "CREATE TABLE IF NOT EXISTS inbox (id text, digest bytea, raw bytea, seq serial, PRIMARY KEY (id, digest))"


def take(adapter: Adapter, inbox: psycopg.Connection[tuple[object, ...]], slow_s: float = 0.0) -> int:
    """How many deliveries came."""
    number = 0
    for delivery in adapter.collect(time.monotonic() + 60):
        number += 1
        digest = hashlib.sha256(delivery.raw).digest()
        inbox.execute(
            "INSERT INTO inbox (id, digest, raw) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (delivery.id, digest, delivery.raw),
        )
        time.sleep(slow_s)  # where a crash hurts most: stored, not yet settled
        adapter.settle(delivery)
    return number


def main() -> None:
    address, user, url = sys.argv[1:]
    adapter = opened(address, exchange_facts(rows=7), user, mark=True)
    with psycopg.connect(url, autocommit=True) as inbox:
        while take(adapter, inbox, 0.02):
            print("taken", flush=True)
    adapter.close()


if __name__ == "__main__":
    main()
