"""What a worker believes and asks right now: issuers, revocations, rules; looked at anew every two seconds.

While PostgreSQL is away the last look stays good for some hours (recognition.yaml: snapshot_hours), then nothing is
decided any more. A signed list says itself when it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.recognition.models import ChangeRow, ListRow, RevocationRow, RuleRow
from hub.recognition.rules import Rule, read
from hub.recognition.trust import Issuer, Key, Trust, Way, read_keys, signed_list, signers, together
from hub.settings.recognition_shapes import Recognition
from hub.settings.shapes import Snapshot

DOUBTED = "recheck.refuted"
_EVERY_S = 2.0
_DOUBTED_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Stand:
    """`pinned` is the trust of the configuration alone. `offline`: the last look did not succeed. `unread`: issuers
    whose keys cannot be read, and `list` where the stored list does not hold. `doubted`: issuers one of whose facts was
    looked at again and is not so, and when last."""

    settings: Recognition
    region: str
    trust: Trust = field(default_factory=Trust)
    pinned: Trust = field(default_factory=Trust)
    rules: tuple[Rule, ...] = ()
    looked_at: datetime | None = None
    offline: bool = False
    unread: tuple[str, ...] = ()
    doubted: Mapping[str, datetime] = field(default_factory=dict)

    def doubts(self, now: datetime) -> list[str]:
        """Issuers doubted within the last month; doubt ends by itself."""
        return sorted(id for id, at in self.doubted.items() if now - at < _DOUBTED_FOR)

    def is_stale(self, now: datetime) -> bool:
        return self.looked_at is None or now - self.looked_at > timedelta(hours=self.settings.snapshot_hours)

    def list_is_stale(self, now: datetime) -> bool:
        """Also where a list is meant to be and never came."""
        ends = self.trust.expires_at
        return bool(self.settings.signers) and (ends is None or ends < now)

    def believed(self, now: datetime) -> Trust:
        return self.pinned if self.list_is_stale(now) else self.trust


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database holds, read once for each change."""

    change: int
    signed: str
    rules: tuple[Rule, ...]
    revoked: frozenset[str]
    doubted: Mapping[str, datetime] = field(default_factory=dict)


class Standing:
    """One per process."""

    def __init__(self, database: Database, clock: Clock, now: Callable[[], Snapshot]) -> None:
        self._database, self._clock, self._settings = database, clock, now
        self._lock = threading.Lock()
        self._stored = _Stored(-1, "", (), frozenset())
        self._due, self._said = float("-inf"), Recognition()
        self._stand: Stand | None = None

    def now(self) -> Stand:
        """Never raises; what is away shows in the stand."""
        settings = self._settings()
        stand = self._stand
        is_due = stand is None or self._clock.monotonic() >= self._due or settings.recognition is not self._said
        if is_due and self._lock.acquire(blocking=stand is None):
            try:
                stand = self._stand = self._look(settings)
            finally:
                self._lock.release()
        assert stand is not None
        return stand

    def forget(self) -> None:
        """The next question looks anew."""
        self._due = float("-inf")

    def _look(self, settings: Snapshot) -> Stand:
        self._due = self._clock.monotonic() + _EVERY_S
        before, last = self._stored, self._stand
        looked_at, offline = (last.looked_at, True) if last else (None, True)
        try:
            with self._database.read() as connection:
                self._stored = _stored(connection, before)
            looked_at, offline = self._clock.now(), False
        except Problem:
            pass
        if last is not None and self._stored is before and settings.recognition is self._said:
            return replace(last, looked_at=looked_at, offline=offline)
        self._said = settings.recognition
        return replace(_built(settings, self._stored), looked_at=looked_at, offline=offline)


def _stored(connection: Connection, before: _Stored) -> _Stored:
    newest = connection.scalar(select(func.max(ChangeRow.id))) or 0
    if newest == before.change:
        return before
    signed = connection.scalar(select(ListRow.signed).order_by(ListRow.version.desc()).limit(1)) or ""
    documents = connection.scalars(select(RuleRow.document).where(RuleRow.state == "admitted")).all()
    revoked = connection.scalars(select(RevocationRow.digest)).all()
    doubted = connection.execute(
        select(ChangeRow.target, func.max(ChangeRow.at)).where(ChangeRow.act == DOUBTED).group_by(ChangeRow.target)
    )
    return _Stored(
        newest, signed, tuple(read(each) for each in documents), frozenset(revoked), {id: at for id, at in doubted}
    )


def _built(settings: Snapshot, stored: _Stored) -> Stand:
    said, unread = settings.recognition, list[str]()
    keys = list[Key]()
    for id, issuer in said.issuers.items():
        way: Way = "dcc" if issuer.way == "dcc" else "facts"
        try:
            keys += read_keys(Issuer(id, way, issuer.scope), issuer.keys)
        except ValueError:
            unread.append(id)
    listed = Trust()
    try:
        if stored.signed and said.signers:
            listed = signed_list(stored.signed, signers(said.signers))
    except ValueError:
        unread.append("list")
    pinned = together(Trust(revoked=listed.revoked, value_sets=listed.value_sets), keys, stored.revoked)
    return Stand(
        settings=said, region=said.region or settings.hub.region, trust=together(listed, keys, stored.revoked),
        pinned=pinned, rules=stored.rules, unread=tuple(unread), doubted=stored.doubted,
    )  # fmt: skip
