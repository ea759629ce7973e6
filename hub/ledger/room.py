"""Puts the room together, so that hub/main.py wires one thing; and the threads `hub work` gives it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.ledger.access import AccessLog
from hub.ledger.canaries import Canaries
from hub.ledger.checkpoints import OLDEST, QUORUM, Checkpoints, Made, Witness, newest
from hub.ledger.countersigning import Countersigning
from hub.ledger.evidence import Evidence
from hub.ledger.four_eyes import Orders
from hub.ledger.investigation import Investigations, Named
from hub.ledger.models import CheckpointRow
from hub.ledger.note import Key
from hub.ledger.orders import Looks, Tell
from hub.ledger.proofs import Proofs
from hub.ledger.receipts import Signer, party_signer, public_keys
from hub.ledger.sequencer import Sequencer
from hub.ledger.spool import Spool
from hub.ledger.stamping import Authority
from hub.ledger.tracing import Tracing
from hub.ledger.verifying import LATE_S, Verifier
from hub.ledger.volumes import Watch
from hub.ledger.writer import Exchanges
from hub.settings.shapes import Snapshot

_SOON = timedelta(days=30)
_MOST_LEAVES = 1 << 63
_SCRIPT = Path(__file__).with_name("checking_proofs.py")


@dataclass(frozen=True, slots=True)
class State:
    """One thing about the ledger; `note` says how bad it is where it is."""

    about: str
    code: str
    bad: bool
    note: str


def origin(region: str) -> str:
    """What this hub's log is called."""
    return f"xiantong/{region}"


def signer_of(region: str, keys: Mapping[str, str]) -> Signer:
    """The ledger's own key, made of the first secret of a key ring."""
    name, secret = next(iter(keys.items()))
    return Signer(f"{origin(region)}/{name}", secret.encode())


class Ledger:
    """One per process."""

    def __init__(
        self, home: Path, database: Database, crypto: Crypto, clock: Clock, now: Callable[[], Snapshot]
    ) -> None:
        hub = now().hub
        self._now, self._database, self._clock, self._crypto = now, database, clock, crypto
        self.signer = signer_of(hub.region, hub.sign_keys or hub.seal_keys)
        self._made: tuple[Mapping[str, Mapping[str, str]], Mapping[str, Signer]] = ({}, {})
        self.sequencer = Sequencer(database, clock)
        self.checkpoints = Checkpoints(
            database, clock, self.sequencer, origin(hub.region), self.signer, self._witnesses, self._authority
        )
        self.evidence = Evidence(
            database,
            crypto,
            clock,
            self.signer,
            Spool(home / "ledger", crypto),
            hub.suite,
            self.checkpoints.unwitnessed,
            self._signers,
        )
        self.orders = Orders(clock)
        self.proofs = Proofs(self.evidence)
        self.access = AccessLog(self.evidence, clock)
        self.verifier = Verifier(database, clock, home, self.checkpoints.key)
        self.countersigning = Countersigning(self.checkpoints.origin, clock, self._parties)
        self.canaries = Canaries(crypto, clock)
        self._volumes = Watch(database, clock)
        self._investigations = Investigations(
            database,
            self.evidence,
            Tracing(self.evidence, crypto, hub.suite),
            self.canaries,
            self.verifier.round,
            clock,
        )

    def looks(self, exchanges: Exchanges, tell: Tell) -> Looks:
        """For rooms that look at what the hub itself holds."""
        return Looks(self._crypto, exchanges, self.evidence, self._clock, self.orders, tell)

    def threads(self, stop: threading.Event) -> list[threading.Thread]:
        """Not yet started; they end when `stop` is set."""
        parts = {"sequencer": self.sequencer.run, "checkpoints": self.checkpoints.run, "verifier": self.verifier.run}
        return [
            threading.Thread(target=run, args=(stop,), name=f"ledger-{name}", daemon=True)
            for name, run in parts.items()
        ]

    def standing(self) -> list[State]:
        """How it stands, and what the verifier's thread has found. Raises STORE_UNAVAILABLE."""
        with suppress(Problem):  # what waits because PostgreSQL is away goes on waiting
            self.evidence.replay()
        waiting, faults = self.evidence.waiting(), self.verifier.faults
        with self._database.session() as session:
            last = newest(session)
        age = self._clock.now() - last.at if last else None
        cosigned, wanted = len(last.cosigned) if last else 0, max(QUORUM, len(self._witnesses()))
        refused = "; ".join(f"{name}: {why}" for name, why in self.checkpoints.refused.items())
        lacks_stamp = self._now().hub.stamping is not None and (last is None or not last.stamp)
        unstamped, ends = self.checkpoints.unstamped or "nobody is asked for one", self.checkpoints.stamps_end
        ends_soon = ends is not None and ends - self._clock.now() < _SOON
        told = "; ".join(f"{fault.kind} at {fault.place}: {fault.about}" for fault in faults[:5])
        many, unseen_s = self._volumes.today(), self.verifier.unseen_s
        whose = "; ".join(f"{each.user} about {each.people} people, usually {each.usual}" for each in many[:5])
        return [
            State("checkpoint", "CHECKPOINT_LATE", age is None or age > OLDEST, f"the last is {age} old"),
            State("witnesses", "WITNESS_MISSING", cosigned < wanted, f"{cosigned} of {wanted} cosign; {refused}"),
            State("stamp", "STAMP_MISSING", lacks_stamp or bool(self.checkpoints.unstamped), unstamped),
            State("stamp_certificate", "STAMP_ENDS", ends_soon, f"on {ends}"),
            State("spool", "EVIDENCE_WAITS", waiting is not None, f"for {waiting} in the file"),
            State("tree", "TAMPERED", bool(faults), told),
            State("turn", "VERIFYING_LATE", unseen_s > LATE_S, f"a part was not looked at for {unseen_s:.0f} s"),
            State("volume", "VOLUME_UNCOMMON", bool(many), whose),
        ]

    def checkpoint(self, session: Session) -> Made:
        """The last one. Raises PROOF_PENDING before there is any."""
        made = newest(session)
        if made is None:
            raise Problem("PROOF_PENDING", origin="hub", retry_after=60)
        return made

    def stamp(self, session: Session, size: int) -> bytes:
        """What the time stamping authority answered about the checkpoint of so many leaves. Raises NOT_FOUND."""
        kept = session.get(CheckpointRow, size) if size < _MOST_LEAVES else None
        if kept is None or kept.stamp is None:
            raise Problem("NOT_FOUND")
        return kept.stamp

    def public_keys(self) -> dict[str, Any]:
        """What whoever checks needs."""
        parties = [public_keys(*each) for each in self._now().hub.signers.items()]
        receipts = dict(item for ring in ({self.signer.name: self.signer.public}, *parties) for item in ring.items())
        return {
            "origin": self.checkpoints.origin,
            "log": str(self.checkpoints.key),
            "witnesses": {name: str(each.key) for name, each in self._witnesses().items()},
            "receipts": {name: key.hex() for name, key in receipts.items()},
        }

    def investigate(
        self, values: Sequence[str], since: datetime | None = None, until: datetime | None = None
    ) -> dict[str, Any]:
        """Where values that leaked may have come from."""
        now = self._now()

        def name(department: str) -> str:
            known = now.departments.get(department)
            return known.name["zh"] if known else department

        return self._investigations.investigate(values, Named(name, now.hub.name["zh"], now.hub.hotline), since, until)

    @staticmethod
    def script() -> str:
        """The program that checks proofs with public keys only."""
        return _SCRIPT.read_text(encoding="utf-8")

    def _signers(self) -> Mapping[str, Signer]:
        """The departments' own, made once for each configuration."""
        told, made = self._made
        if told is not self._now().hub.signers:
            told = self._now().hub.signers
            made = {department: party_signer(department, keys) for department, keys in told.items()}
            self._made = told, made
        return made

    def _parties(self) -> dict[str, Key]:
        """Of whom the key can be read."""
        found = {}
        for department, told in self._now().hub.parties.items():
            with suppress(ValueError):
                found[department] = Key.read(told)
        return found

    def _authority(self) -> Authority | None:
        told = self._now().hub.stamping
        try:
            return Authority.read(told["address"], told["roots"]) if told else None
        except ValueError:
            return None  # as one that is not set up: the ledger says that there is no stamp

    def _witnesses(self) -> dict[str, Witness]:
        found = {}
        for name, told in self._now().hub.witnesses.items():
            try:
                found[name] = Witness(told["address"], Key.read(told["key"]))
            except ValueError:
                continue  # as one that is not set up: the ledger says that it lacks one
        return found
