"""A log with its parts, over a database of its own, and witnesses that listen."""

from __future__ import annotations

import contextlib
import http.server
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.demo import stamping
from hub.ledger.checkpoints import Checkpoints, Witness
from hub.ledger.evidence import Evidence
from hub.ledger.note import Key, log_key
from hub.ledger.receipts import Signer
from hub.ledger.sequencer import Sequencer
from hub.ledger.spool import Spool
from hub.ledger.stamping import Authority
from hub.ledger.verifying import Verifier
from hub.ledger.witness import Witness as Watching
from hub.ledger.witness import serving
from hub.ledger.writer import Exchanges
from tests.ledger.statements import ROWS, statement

ORIGIN = "xiantong/360423"
SECRET = secrets.token_bytes(32)


@pytest.fixture
def store(fresh_database: str) -> Iterator[Database]:
    """For tests that leave the server alone; those of conftest kill it."""
    made = Database(fresh_database)
    yield made
    made.close()


def signer() -> Signer:
    return Signer(ORIGIN, SECRET)


@dataclass
class Log:
    store: Database
    home: Path
    clock: Clock
    evidence: Evidence
    sequencer: Sequencer
    checkpoints: Checkpoints
    verifier: Verifier

    @classmethod
    def over(cls, store: Database, home: Path, witnesses: Mapping[str, Witness] | None = None, **more: Any) -> Log:
        clock = more.get("clock") or Clock()
        crypto = more.get("crypto") or Crypto({"s1": SECRET})
        sequencer = Sequencer(store, clock)
        authority = more.get("authority")
        checkpoints = Checkpoints(
            store, clock, sequencer, ORIGIN, signer(), lambda: witnesses or {}, lambda: authority
        )
        evidence = Evidence(store, crypto, clock, signer(), Spool(home, crypto), unwitnessed=checkpoints.unwitnessed)
        return cls(store, home, clock, evidence, sequencer, checkpoints, Verifier(store, clock, home, checkpoints.key))

    def shared(self, **changes: Any) -> Any:
        """One exchange of shared data, delivered; its id."""
        one = statement(**changes)
        self.evidence.decide(one)
        self.evidence.deliver(one.exchange_id, ROWS)
        return one.exchange_id

    def key(self) -> Key:
        return log_key(ORIGIN, signer().public)


@contextlib.contextmanager
def witness(folder: Path, name: str) -> Iterator[tuple[Watching, Witness]]:
    """One that listens; and how the hub knows it."""
    watching = Watching(folder, name, [log_key(ORIGIN, signer().public)])
    with listening(serving(watching, "127.0.0.1", 0)) as address:
        yield watching, Witness(address, watching.key)


@contextlib.contextmanager
def authority(folder: Path) -> Iterator[Authority]:
    """One that stamps times, as the hub knows it."""
    made = stamping.Authority(folder)
    with listening(stamping.serving(made, 0)) as address:
        yield Authority.read(f"{address}/", (folder / "roots.pem").read_text())


@contextlib.contextmanager
def listening(server: http.server.HTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


__all__ = ["Exchanges", "Log", "authority", "listening", "witness"]
