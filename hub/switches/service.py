"""Switches of services and systems: config below, what operations set above, in memory on every worker.

Looking is a dictionary look-up. A thread asks the database twice a second whether anything changed; while PostgreSQL is
away the last known switches stay.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

import structlog
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.settings import Settings
from hub.settings.edit import switched
from hub.settings.reader import Document, parse
from hub.settings.shapes import Snapshot, Switch
from hub.switches.form import checked, checked_reason, differing, limits_of, merged
from hub.switches.models import SwitchChange, SwitchOverride

Kind = Literal["service", "system"]
Key = tuple[str, str]

_LOCK = 360423004  # one change at a time, so that ids are committed in their order and none is overlooked
_NOTHING: Switch = Switch()


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the history. `before` and `after` are overrides; None means the configuration counted."""

    id: int
    kind: str
    target: str
    act: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str
    actor: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """One service or system whose override says something else than its file. `place` is file and line."""

    kind: str
    target: str
    place: str
    config: Switch
    override: Mapping[str, Any]
    change_id: int
    limits: Mapping[str, Any]


class Switches:
    """The switches in force. `start` keeps them fresh until `stop`."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._log = structlog.get_logger()
        self._building = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._blind = False
        self._newest: int | None = -1  # never the id of a change: the first look always reads
        self._overrides: dict[Key, tuple[Mapping[str, Any], int]] = {}
        self._services: dict[str, Switch] = {}
        self._systems: dict[str, Switch] = {}
        self._now = settings.now
        self._build(settings.now)
        settings.on_change(self._build)

    def service(self, id: str) -> Switch:
        return self._services.get(id, _NOTHING)

    def system(self, id: str) -> Switch:
        return self._systems.get(id, _NOTHING)

    @property
    def now(self) -> Snapshot:
        """The configuration in force, with the limits that operations set for systems."""
        return self._now

    def start(self, interval: float = 0.4) -> None:
        """The first look is made before this returns."""
        self._look()
        self._thread = threading.Thread(target=self._watch, args=(interval,), name="switches", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join(5)

    def refresh(self) -> None:
        """Look now; raises STORE_UNAVAILABLE when PostgreSQL is away."""
        with self._database.read() as connection:
            newest = connection.scalar(select(func.max(SwitchChange.id)))
            if newest == self._newest:
                return
            rows = connection.execute(
                select(SwitchOverride.kind, SwitchOverride.target, SwitchOverride.fields, SwitchOverride.change_id)
            ).all()
        # An override that was written back must not vanish before the file it went to is in force.
        self._settings.reload()
        with self._building:
            self._overrides = {(kind, target): (fields, change) for kind, target, fields, change in rows}
            self._newest = newest
        self._build(self._settings.now)

    def differences(self) -> list[Difference]:
        """Every override in force, beside what the file says."""
        found = []
        for (kind, target), (fields, change_id) in sorted(self._overrides.items()):
            config = self._configured(self._settings.now, kind, target)
            if config is not None:
                place, limits = self.place(kind, target), self._limits(kind, target)
                found.append(Difference(kind, target, place, config, fields, change_id, limits))
        return found

    def difference(self, kind: Kind, target: str) -> Difference | None:
        return next((each for each in self.differences() if (each.kind, each.target) == (kind, target)), None)

    def place(self, kind: str, id: str) -> str:
        """File and line of the configuration's switch."""
        file, entry = _file(kind, id)
        return self._settings.place(file, *entry, "switch")

    def change(
        self, session: Session, kind: Kind, target: str, patch: Mapping[str, Any], reason: str, actor: str
    ) -> Change:
        """Sets the given fields over the configuration. What equals the configuration is no override any more."""
        reason, config = checked_reason(reason), self._config(kind, target)
        fields = checked(patch, self._settings.now.regions, kind)
        before = self._locked(session, kind, target)
        if fields.get("limits") is not None:
            fields["limits"] = {**((before or {}).get("limits") or {}), **fields["limits"]}
        after = differing(config, self._limits(kind, target), {**(before or {}), **fields})
        return self._record(session, Change(0, kind, target, "change", before, after, reason, actor, self._clock.now()))

    def rollback(
        self,
        session: Session,
        change_id: int,
        reason: str,
        actor: str,
        to: Literal["before", "after"] = "before",
    ) -> Change:
        """Puts the override back as it was before (or after) an entry of the history, whatever came later."""
        reason = checked_reason(reason)
        entry = session.get(SwitchChange, change_id)
        if entry is None:
            raise Problem("NOT_FOUND")
        kind, target = entry.kind, entry.target
        fields = (entry.before if to == "before" else entry.after) or {}
        config = self._config(kind, target)
        before = self._locked(session, kind, target)
        after = differing(config, self._limits(kind, target), fields)
        change = Change(0, kind, target, "rollback", before, after, reason, actor, self._clock.now())
        return self._record(session, change)

    def write_back(self, session: Session, kind: Kind, target: str, reason: str, actor: str) -> Change:
        """Writes the override into the YAML file and takes it away. Raises STATE_CONFLICT where there is none."""
        reason = checked_reason(reason)
        self._config(kind, target)
        before = self._locked(session, kind, target)
        if not before:
            raise Problem("STATE_CONFLICT", note="no override to write back")
        file, entry = _file(kind, target)
        self._settings.amend(file, lambda document: switched(document, entry, before))
        change = Change(0, kind, target, "write_back", before, None, reason, actor, self._clock.now())
        return self._record(session, change)

    def export(self) -> dict[str, str]:
        """Every file with its overrides written in, for those who keep the files elsewhere. Nothing is changed."""
        found: dict[str, list[Difference]] = {}
        for each in self.differences():
            found.setdefault(_file(each.kind, each.target)[0], []).append(each)
        return {file: self._settings.edited(file, partial(_all_switched, found[file])) for file in found}

    @staticmethod
    def history(
        session: Session,
        kind: str | None = None,
        target: str | None = None,
        before: int | None = None,
        limit: int = 20,
    ) -> Sequence[Change]:
        """Newest first; `before` is the id to go on from."""
        query = select(SwitchChange).order_by(SwitchChange.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(SwitchChange.kind == kind)
        if target is not None:
            query = query.where(SwitchChange.target == target)
        if before is not None:
            query = query.where(SwitchChange.id < before)
        return [_change(row) for row in session.scalars(query)]

    def _watch(self, interval: float) -> None:
        while not self._stopped.wait(interval):
            self._look()

    def _look(self) -> None:
        """Whatever goes wrong, the last known switches stay and the thread goes on."""
        try:
            self.refresh()
        except Exception as error:
            if not self._blind:
                self._log.warning("switches_not_refreshed", error=type(error).__name__)
            self._blind = True
        else:
            self._blind = False

    def _build(self, snapshot: Snapshot) -> None:
        with self._building:
            self._services = {id: self._effective(snapshot, "service", id) for id in snapshot.services}
            self._systems = {id: self._effective(snapshot, "system", id) for id in snapshot.systems}
            self._now = self._limited(snapshot)

    def _limited(self, snapshot: Snapshot) -> Snapshot:
        limited = {
            target: replace(snapshot.systems[target], **fields["limits"])
            for (kind, target), (fields, _) in self._overrides.items()
            if kind == "system" and target in snapshot.systems and fields.get("limits")
        }
        return replace(snapshot, systems={**snapshot.systems, **limited}) if limited else snapshot

    def _limits(self, kind: str, id: str) -> dict[str, Any]:
        system = self._settings.now.systems.get(id) if kind == "system" else None
        return limits_of(system) if system else {}

    def _effective(self, snapshot: Snapshot, kind: str, id: str) -> Switch:
        config = self._configured(snapshot, kind, id) or _NOTHING
        fields, _ = self._overrides.get((kind, id), ({}, 0))
        return replace(merged(config, fields) if fields else config, draw=f"{kind}:{id}")

    @staticmethod
    def _configured(snapshot: Snapshot, kind: str, id: str) -> Switch | None:
        entry = (snapshot.services if kind == "service" else snapshot.systems).get(id)
        return entry.switch if entry else None

    def _config(self, kind: str, id: str) -> Switch:
        found = self._configured(self._settings.now, kind, id)
        if found is None:
            raise Problem("NOT_FOUND")
        return found

    @staticmethod
    def _locked(session: Session, kind: str, target: str) -> dict[str, Any] | None:
        """The override as it is now, and nobody else changes any until this transaction ends."""
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        row = session.get(SwitchOverride, (kind, target))
        return dict(row.fields) if row else None

    @staticmethod
    def _record(session: Session, change: Change) -> Change:
        row = SwitchChange(
            kind=change.kind,
            target=change.target,
            act=change.act,
            before=change.before or None,
            after=change.after or None,
            reason=change.reason,
            actor=change.actor,
            changed_at=change.changed_at,
        )
        session.add(row)
        session.flush()
        if change.after:
            values = {"fields": dict(change.after), "change_id": row.id}
            key = {"kind": change.kind, "target": change.target}
            put = insert(SwitchOverride).values(**key, **values)
            session.execute(put.on_conflict_do_update(index_elements=["kind", "target"], set_=values))
        else:
            here = (SwitchOverride.kind == change.kind) & (SwitchOverride.target == change.target)
            session.execute(delete(SwitchOverride).where(here))
        return _change(row)


def _all_switched(differences: Sequence[Difference], document: Document) -> str:
    for each in differences:
        _, entry = _file(each.kind, each.target)
        document = parse(document.file, switched(document, entry, each.override))
    return document.text


def _change(row: SwitchChange) -> Change:
    return Change(row.id, row.kind, row.target, row.act, row.before, row.after, row.reason, row.actor, row.changed_at)


def _file(kind: str, id: str) -> tuple[str, tuple[str, ...]]:
    """The file an entry stands in, and where in it."""
    return (f"services/{id}.yaml", ()) if kind == "service" else ("systems.yaml", (id,))
