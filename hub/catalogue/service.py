"""The catalogue's use-cases: find, show, keep in step with config, import. Reads open their own connection.

The table is for finding. What a service of config says, and how it stands, is always taken from the configuration and
the switches in force, so that neither waits for the table.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import structlog
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from hub.catalogue import answers, divisions, query
from hub.catalogue.answers import Answer
from hub.catalogue.cursor import Cursors
from hub.catalogue.frequencies import Frequencies
from hub.catalogue.importing import Report, import_published
from hub.catalogue.items import CONFIG, period
from hub.catalogue.misses import Misses
from hub.catalogue.rules import Query, Visitor
from hub.catalogue.search import Found, Position, Search, row_of
from hub.catalogue.standing import GONE, OPEN, SUSPENDED, Moment, Used
from hub.catalogue.step import put_services
from hub.catalogue.writing import lock
from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.settings import Settings
from hub.settings.papers import uploads_for
from hub.settings.shapes import Service, Snapshot
from hub.switches.service import Switches

_LOOK_EVERY_S = 1.0
_FIRST_S = 1
_FRESH_S = 0.5
_FREQUENCIES_S = 60.0
NOBODY = Visitor()
_log = structlog.get_logger("catalogue")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an answer was made of. It holds for half a second at most, and not after any of this changed. A `personal`
    one is right for this visitor and this client only."""

    snapshot: Snapshot
    used: tuple[Used, ...]
    until: float
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries in order."""

    items: Sequence[Answer]
    next_cursor: str | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Detail:
    """One item with its guide."""

    answer: Answer
    stamp: Stamp


class Catalogue:
    """One per process. Keeps itself in step with the configuration from `start` on; until that succeeds (another
    worker may be at it, or the database away), reads try again."""

    def __init__(
        self, settings: Settings, switches: Switches, database: Database, clock: Clock, crypto: Crypto
    ) -> None:
        self._settings = settings
        self._switches = switches
        self._database = database
        self._clock = clock
        self._misses = Misses(crypto)
        self._in_step_with: Snapshot | None = None
        self._first = threading.Lock()
        self._looked_at = float("-inf")
        self._frequencies = Frequencies({})
        self._frequencies_until = float("-inf")
        settings.on_change(self._changed)

    def search(
        self,
        asked: Query,
        language: str,
        visitor: Visitor = NOBODY,
        client: str = "",
        who: Callable[[], str] = lambda: "",
    ) -> Page:
        """One page of what is asked; raises PAGE_INVALID for a cursor that is not of this question. `who` gives the
        id of whoever is signed in, and is asked only when nothing is found."""
        self._keep_in_step()
        moment = self._moment(visitor, client)
        cursors = Cursors(moment.snapshot.hub.token_keys)
        mode, start = _place(cursors, asked)
        with self._database.read() as connection:
            mode, found = self._found(
                Search(connection, asked, moment.now.date(), self._common(connection)), asked.q, mode, start
            )
        if asked.q and not found.items and asked.cursor == "":
            self._misses.note(asked.q, moment.now.date(), who())
        cursor = cursors.write(asked.filters(), _written(mode, found.rest)) if found.rest else None
        entries = [_entry(row, moment, language) for row in found.items]
        return Page(entries, cursor, self._stamp(moment))

    def detail(self, id: str, language: str, visitor: Visitor = NOBODY, client: str = "") -> Detail:
        """Raises NOT_FOUND. A service of config is shown without asking the database."""
        moment = self._moment(visitor, client)
        if id in moment.snapshot.services:
            service, uploads = self.service(id), uploads_for(moment.snapshot, id)
            entry = answers.listed(answers.of_service(service), moment.standing(service), moment.snapshot, language)
            return Detail({**entry, **answers.guide_of_service(service, uploads, language)}, self._stamp(moment))
        with self._database.read() as connection:
            row = row_of(connection, id, moment.now.date())
        answer = {**_entry(row, moment, language), **answers.guide_of_row(row, language)}
        return Detail(answer, self._stamp(moment))

    def service(self, id: str) -> Service:
        """A service of config that is in force today; raises NOT_FOUND for any other id."""
        service = self._settings.now.services.get(id)
        if service is None or not period(service).holds(self._clock.now().date()):
            raise Problem("NOT_FOUND")
        return service

    def departments(self, language: str, page_size: int, cursor: str = "") -> Page:
        found = self._settings.now.departments.values()
        return self._slice("departments", [answers.department(each, language) for each in found], page_size, cursor)

    def themes(self, language: str, page_size: int, cursor: str = "") -> Page:
        found = self._settings.now.themes.values()
        return self._slice("themes", [answers.theme(each, language) for each in found], page_size, cursor)

    def licence_kinds(self, language: str, page_size: int, cursor: str = "") -> Page:
        """The kinds of electronic licences that can be held here: what a mandate may name."""
        found = self._settings.now.licences.values()
        return self._slice("licence_kinds", [answers.licence_kind(each, language) for each in found], page_size, cursor)

    def regions(self, language: str, page_size: int, cursor: str = "", parent: str = "") -> Page:
        """The regions this hub serves; with `parent`, what lies right below it in the whole country."""
        snapshot = self._settings.now
        codes = set(snapshot.regions)
        if parent:
            codes = {code for code in codes if divisions.parent(code) == parent} | set(divisions.below(parent))
        found = [answers.region(code, snapshot, language) for code in sorted(codes)]
        return self._slice(f"regions\0{parent}", found, page_size, cursor)

    def holds(self, stamp: Stamp) -> bool:
        """Whether an answer that was made of this may still be given."""
        if stamp.snapshot is not self._settings.now or self._clock.monotonic() > stamp.until:
            return False
        service, system = self._switches.service, self._switches.system
        return all((service if used.kind == "service" else system)(used.id) is used.switch for used in stamp.used)

    def is_personal(self) -> bool:
        """Whether any service is open to some citizens only, so that it matters who looks."""
        moment = self._moment(NOBODY, "")
        for service in moment.snapshot.services.values():
            moment.standing(service)
        return any(used.personal for used in moment.used)

    def import_published(self, session: Session, source: Path | BinaryIO, scheme: str) -> Report:
        """See importing.py. The caller's transaction takes all of it or nothing."""
        return import_published(session, source, scheme, self._settings.now)

    def synchronise(self) -> bool:
        """Put the services of config into the tables, in one transaction. False when another worker is writing; only
        the first time that is waited for, a second at most: what nobody has written yet nobody can read."""
        snapshot, first = self._settings.now, self._in_step_with is None
        with self._database.session() as session:
            if not lock(session, _FIRST_S if first else 0):
                return False
            put_services(session, snapshot)
        self._in_step_with = snapshot
        return True

    def _changed(self, _: Snapshot) -> None:
        self._looked_at = float("-inf")
        self._keep_in_step()

    def _keep_in_step(self) -> None:
        """Before it was done once, all wait for who does it: the table may be empty."""
        with self._first if self._in_step_with is None else nullcontext():
            self._look()

    def _look(self) -> None:
        """At most once a second, so that a database that is away is not asked by every request."""
        now = self._clock.monotonic()
        if now - self._looked_at < _LOOK_EVERY_S:
            return
        self._looked_at = now
        try:
            if self._in_step_with is not self._settings.now:
                self.synchronise()
            if self._misses.due(now):
                with self._database.session() as session:
                    self._misses.keep(session)
        except Exception as error:  # the tables lag behind; what is read is still right, and the next read tries again
            _log.warning("catalogue_behind", error=type(error).__name__)

    def _common(self, connection: Connection) -> Frequencies:
        """Read again every minute: an import of another worker changes them."""
        now = self._clock.monotonic()
        if now > self._frequencies_until:
            self._frequencies_until = now + _FREQUENCIES_S
            self._frequencies = Frequencies.read(connection)
        return self._frequencies

    def _found(self, search: Search, said: str, mode: str, start: Position | None) -> tuple[str, Found]:
        """By code, else exactly, else closely; a cursor goes on in the mode it began with."""
        if not said:
            return "all", search.page(None, start)
        if mode in ("", "code") and (code := query.code(said)):
            found = search.by_key(code, start)
            if found.items or mode:
                return "code", found
        for tried, condition in (("exact", query.exact(said)), ("close", query.close(said))):
            if condition and mode in ("", tried):
                found = search.page(condition, start)
                if found.items or found.rest or mode:
                    return tried, found
        return "close", Found((), None)

    def _slice(self, name: str, found: Sequence[Answer], page_size: int, cursor: str) -> Page:
        """A page of a short list; the cursor is the position in it."""
        stamp = self._stamp(self._moment(NOBODY, ""))
        cursors = Cursors(stamp.snapshot.hub.token_keys)
        start = int(cursors.read(name, cursor, 1)[0]) if cursor else 0
        end = start + page_size
        more = cursors.write(name, (str(end),)) if end < len(found) else None
        return Page(found[start:end], more, stamp)

    def _moment(self, visitor: Visitor, client: str) -> Moment:
        return Moment(self._settings.now, self._switches, self._clock.now(), visitor, client)

    def _stamp(self, moment: Moment) -> Stamp:
        personal = any(used.personal for used in moment.used)
        return Stamp(moment.snapshot, tuple(moment.used), self._clock.monotonic() + _FRESH_S, personal)


def _entry(row: Mapping[str, Any], moment: Moment, language: str) -> Answer:
    if row["source"] != CONFIG:
        standing = SUSPENDED if row["suspended"] else OPEN
    else:
        service = moment.snapshot.services.get(row["id"])
        standing = moment.standing(service) if service else GONE
    return answers.listed(row, standing, moment.snapshot, language)


def _place(cursors: Cursors, asked: Query) -> tuple[str, Position | None]:
    if not asked.cursor:
        return "", None
    mode, sort, name, region, id = cursors.read(asked.filters(), asked.cursor, 5)
    return mode, Position(sort, int(name), region, id)


def _written(mode: str, rest: Position) -> tuple[str, ...]:
    return mode, rest.sort, str(rest.name), rest.region, rest.id
