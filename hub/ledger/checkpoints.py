"""Signs how large the tree is and under which root, at least once a minute, asks the witnesses to cosign and the time
stamping authority to stamp it.

No two checkpoints have one size or one time. They are asked while no transaction is open; one that refuses or is away
is passed over, and told of by `standing`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.ledger import note as notes
from hub.ledger.asking import Asked, Refused, ask
from hub.ledger.models import CheckpointRow, PlaceRow
from hub.ledger.note import Checkpoint, Key
from hub.ledger.receipts import Signer
from hub.ledger.sequencer import Sequencer
from hub.ledger.stamping import Authority, stamped
from hub.ledger.tiles import Tiles
from hub.ledger.tree import consistency, root

EVERY_S = 30.0
OLDEST = timedelta(seconds=60)
QUORUM = 2
_REMEMBERED_S = 5.0


@dataclass(frozen=True, slots=True)
class Witness:
    """One that runs elsewhere: where it is asked, and the key it cosigns with."""

    address: str
    key: Key


@dataclass(frozen=True, slots=True)
class Made:
    """One checkpoint as it is kept."""

    size: int
    at: datetime
    note: str
    cosigned: tuple[str, ...]
    stamp: bytes | None = None


class Checkpoints:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        sequencer: Sequencer,
        origin: str,
        signer: Signer,
        witnesses: Callable[[], Mapping[str, Witness]],
        authority: Callable[[], Authority | None] = lambda: None,
    ) -> None:
        self._database, self._clock, self._sequencer = database, clock, sequencer
        self.origin, self._signer, self.witnesses, self._authority = origin, signer, witnesses, authority
        self.refused: dict[str, str] = {}  # which witness did not cosign the last one, and why
        self.unstamped = ""  # why the last one has no stamp, or none to rely on
        self.stamps_end: datetime | None = None  # with the authority's certificate
        self._began = clock.now()
        self._seen: dict[str, int] = {}
        self._alone: tuple[float, timedelta | None] = (-_REMEMBERED_S, None)
        self._log = structlog.get_logger()

    @property
    def key(self) -> Key:
        return notes.log_key(self.origin, self._signer.public)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                self.make()
            except Problem as problem:
                self._log.warning("checkpoint_waits", code=problem.code)
            except Exception as error:  # one bad round must not end the others
                self._log.error("checkpoint_failed", error=type(error).__name__)
            stop.wait(EVERY_S)

    def make(self) -> Made:
        """One more. Raises STORE_UNAVAILABLE."""
        now = self._clock.now()
        with self._database.session() as session:
            last = newest(session)
        if last is not None:
            now = max(now, last.at + timedelta(microseconds=1))
        self._sequencer.round(tick=now)
        with self._database.session() as session:
            made = self._whole(session)
            written = notes.signed(made.text(), self.origin, self._signer)
        cosigned = {name: line for name, each in self.witnesses().items() if (line := self._ask(name, each, written))}
        note = written + "".join(cosigned.values())
        kept = Made(made.size, now, note, tuple(cosigned), self._stamped(note))
        with self._database.session() as session:
            row = CheckpointRow(size=kept.size, at=now, note=note, cosigned=list(cosigned), stamp=kept.stamp)
            session.add(row)
        return kept

    def unwitnessed(self, now: datetime) -> timedelta | None:
        """For how long no checkpoint was cosigned by enough and stamped; None where neither witness nor authority is
        configured. Where none ever was, as after either is new, since this process began. Looked up again after some
        seconds."""
        looked, alone = self._alone
        if time.monotonic() - looked > _REMEMBERED_S:
            alone = self._lookup(now)
            self._alone = time.monotonic(), alone
        return alone

    def _lookup(self, now: datetime) -> timedelta | None:
        wanted, is_stamped = min(QUORUM, len(self.witnesses())), self._authority() is not None
        if not wanted and not is_stamped:
            return None
        with self._database.session() as session:
            last = newest(session, wanted, stamped=is_stamped)
        return max(timedelta(), now - (last.at if last else self._began))

    def _whole(self, session: Session) -> Checkpoint:
        """Of all there is: other leaves may have come since ours, and are in it."""
        size = tree_size(session)  # first: tiles only grow
        return Checkpoint(self.origin, size, root(Tiles(session).at, size))

    def _stamped(self, note: str) -> bytes | None:
        """What the authority answered about it. A stamp with another time than ours is kept: it is evidence too."""
        authority = self._authority()
        if authority is None:
            self.unstamped, self.stamps_end = "", None
            return None
        try:
            stamp = stamped(authority, note)
        except Refused as refusal:
            self.unstamped = str(refusal)
            self._log.error("stamp_refused", note=self.unstamped)
            return None
        self.unstamped, self.stamps_end = stamp.apart(self._clock.now()), stamp.ends
        return stamp.answer

    def _ask(self, name: str, witness: Witness, written: str) -> str | None:
        """Its line under the note; a witness that knows another size than we thought says so, and is asked again."""
        try:
            answer = self._asked(name, witness, written)
            if isinstance(answer, int):
                self._seen[name] = answer
                answer = self._asked(name, witness, written)
            if isinstance(answer, int):
                raise Refused(f"it has seen {answer} leaves")
            size = Checkpoint.read(written).size
            if name_of(witness.key, written + answer) is None:
                raise Refused("its signature is wrong")
        except Refused as refusal:
            self.refused[name] = str(refusal)
            self._log.error("witness_refused", witness=name, note=str(refusal))
            return None
        self._seen[name] = size
        self.refused.pop(name, None)
        return answer

    def _asked(self, name: str, witness: Witness, written: str) -> Asked:
        old, size = self._seen.get(name, 0), Checkpoint.read(written).size
        if old > size:
            raise Refused(f"it has seen {old} leaves, and there are {size}: some were taken away")
        with self._database.session() as session:
            path = consistency(Tiles(session).at, old, size)
        return ask(witness.address, old, path, written)


def name_of(key: Key, note: str) -> str | None:
    return key.name if key.name in notes.signers(note, [key]) else None


def tree_size(session: Session) -> int:
    """How many leaves there are."""
    return session.scalar(select(PlaceRow.size)) or 0


def newest(session: Session, cosigned: int = 0, above: int = -1, stamped: bool = False) -> Made | None:
    """The last checkpoint of more leaves than `above`, of those that so many cosigned; of those with a stamp."""
    query = select(CheckpointRow).where(CheckpointRow.size > above).order_by(CheckpointRow.size.desc())
    if cosigned:
        query = query.where(func.jsonb_array_length(CheckpointRow.cosigned) >= cosigned)
    if stamped:
        query = query.where(CheckpointRow.stamp.is_not(None))
    row = session.scalars(query.limit(1)).first()
    return _made(row) if row else None


def _made(row: CheckpointRow) -> Made:
    return Made(row.size, row.at, row.note, tuple(row.cosigned), row.stamp)
