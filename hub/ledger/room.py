"""Puts the room together, so that hub/main.py wires one thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.ledger.evidence import Evidence
from hub.ledger.receipts import Signer
from hub.ledger.spool import Spool
from hub.settings.shapes import Snapshot


class Ledger:
    """One per process."""

    def __init__(
        self, home: Path, database: Database, crypto: Crypto, clock: Clock, now: Callable[[], Snapshot]
    ) -> None:
        hub = now().hub
        name, secret = next(iter((hub.sign_keys or hub.seal_keys).items()))
        self.signer = Signer(f"{hub.region}/ledger/{name}", secret.encode())
        self.evidence = Evidence(database, crypto, clock, self.signer, Spool(home / "ledger", crypto), hub.suite)
