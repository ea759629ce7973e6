"""Showing and checking: a code for minutes under which chosen fields may be seen, and the record of who looked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

import orjson
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.credentials import codes
from hub.credentials.acting import named
from hub.credentials.desk import Desk, Kept
from hub.credentials.models import CheckRow, CopyRow, ShownRow
from hub.credentials.registry import Registries
from hub.credentials.rules import Held, State, state_now
from hub.crypto import Crypto, token_hash
from hub.database import Database, Steady
from hub.errors import Problem
from hub.gateway.orders import ActsFor, Caller, Registered
from hub.looks import Looks
from hub.settings.shapes import Licence, Snapshot
from hub.trace import Trace

# Finds what is shown under each code and notes the checks, in one statement: nothing is told that is not on record.
# One text in, one text out for any number of checks: to bind and to read each value cost more than all the rest.
_LOOK = b"""
WITH asked AS (
    SELECT * FROM json_to_recordset(CAST($1 AS json)) AS a (place int, code text, by text, may boolean)
), found AS MATERIALIZED (
    SELECT asked.place, asked.by, shown.licence_id, shown.type, shown.citizen_id, shown.level, shown.fields,
           shown.until <= told.now AS over, shown.mandate_id, shown.version AS shown_version, held.id, held.version,
           held.state, held.valid_from, held.valid_until, held.key_id, encode(held.body_sealed, 'hex') AS body,
           EXISTS (SELECT 1 FROM credentials_revocation gone WHERE gone.confirmed_at IS NOT NULL
                   AND ((gone.kind = 'key' AND gone.target IN (shown.key_id, held.key_id))
                        OR (gone.kind = 'batch' AND gone.target = held.batch AND held.batch <> ''))) AS taken_back,
           told.now, asked.may OR shown.type = ANY(told.public) AS may
    FROM asked JOIN credentials_shown shown ON shown.code_hash = decode(asked.code, 'hex')
    CROSS JOIN (SELECT CAST($2 AS timestamptz) AS now, CAST($3 AS text[]) AS public) told
    LEFT JOIN credentials_licence held ON held.id = shown.licence_id
), noted AS (
    INSERT INTO credentials_check (licence_id, citizen_id, by, fields, at, mandate_id)
    SELECT licence_id, citizen_id, by, fields, now, mandate_id FROM found WHERE may AND NOT over
)
SELECT CAST(json_agg(json_build_array(
    place, licence_id, type, citizen_id, level, fields, over, mandate_id, shown_version, taken_back, id, version, state,
    valid_from, valid_until, key_id, body
)) AS text) FROM found
"""
_LANES = 2
"""While one asks, another gathers: waiting for PostgreSQL costs nobody else's time."""


class _Found(NamedTuple):
    """What is shown under a code, and the desk's licence as it is kept; the latter is None where a registry has it."""

    place: int
    licence_id: str
    type: str
    citizen_id: str
    level: int
    fields: list[str]
    over: bool
    mandate_id: str
    shown_version: int
    taken_back: bool
    id: str | None
    version: int
    state: str
    valid_from: str
    valid_until: str
    key_id: str
    body: str


@dataclass(frozen=True, slots=True)
class _Look:
    """What one check asks. `by` is a staff account, None for a passer-by."""

    code: bytes
    by: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A code and until when it is good."""

    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Checked:
    """What somebody who checks a licence gets: its state of now, and the fields its holder chose."""

    state: State
    type: Licence
    fields: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """What the holder sees of one check. `by` is a staff account's id, empty for a passer-by; `mandate_id` where
    somebody else had shown it."""

    at: datetime
    by: str
    fields: tuple[str, ...]
    mandate_id: str


class Checking:
    def __init__(
        self,
        database: Database,
        crypto: Crypto,
        desk: Desk,
        registries: Registries,
        registered: Callable[[str], Registered | None],
        represented: Callable[[str], ActsFor | None],
        now: Callable[[], Snapshot],
        clock: Clock,
    ) -> None:
        self._crypto, self._desk, self._registries = crypto, desk, registries
        self._registered, self._represented, self._now, self._clock = registered, represented, now, clock
        lanes = [partial(self._looked, Steady(database)) for _ in range(_LANES)]
        self._looks: Looks[_Look, _Found | None] = Looks(lanes)

    def show(
        self, session: Session, held: Held, caller: Caller, fields: Sequence[str], until: datetime, key_id: str = ""
    ) -> Shown:
        """A code for these fields. `key_id` is that of a copy's signature: the code ends with the key. What is shown
        under a mandate ends with it, a copy does not: it was given away while the mandate was in force."""
        code, acting = codes.make(self._crypto), caller.acts_for
        if acting and acting.until and not key_id:
            until = min(until, acting.until.astimezone(CHINA))
        session.add(
            ShownRow(
                code_hash=token_hash(code),
                licence_id=held.id,
                type=held.type.id,
                version=held.version,
                citizen_id=caller.whose,
                level=caller.level,
                fields=list(fields),
                key_id=key_id,
                until=until,
                mandate_id=acting.mandate_id if acting else "",
            )
        )
        return Shown(code, until)

    def check(self, code: str, by: str | None, refuse: Callable[[], None], trace: Trace) -> Checked:
        """The state of now. `by` is the verifier's staff account, None for others: they may check public licences only,
        else `refuse` raises. Raises QR_INVALID, NOT_FOUND, QR_EXPIRED, and what the issuer's registry answers."""
        codes.check(self._crypto, code)
        now = self._clock.now()
        row = self._looks.one(_Look(token_hash(code), by))
        type = self._now().licences.get(row.type) if row else None
        if row is None or type is None:
            raise Problem("NOT_FOUND")
        if by is None and not type.public:
            refuse()
        if row.over:
            raise Problem("QR_EXPIRED")
        held = self._held(row, type, trace)
        if held is None:
            raise Problem("NOT_FOUND")
        state = state_now(held, row.shown_version, now.date(), taken_back=row.taken_back)
        return Checked(state, type, held.shown(row.fields), now)

    def _looked(self, steady: Steady, looks: Sequence[_Look]) -> list[_Found | None]:
        public = ",".join(id for id, type in self._now().licences.items() if type.public)
        asked = [
            {"place": place, "code": each.code.hex(), "by": each.by or "", "may": each.by is not None}
            for place, each in enumerate(looks)
        ]
        now = self._clock.now().isoformat()
        told = steady.ask(_LOOK, (orjson.dumps(asked), now.encode(), f"{{{public}}}".encode()))
        found = {row[0]: _Found(*row) for row in orjson.loads(told or "[]")}  # a check noted twice is still true
        return [found.get(place) for place in range(len(looks))]

    def checks(
        self, session: Session, licence_id: str, caller: Caller, before: int | None, limit: int
    ) -> list[tuple[int, Check]]:
        """Who checked a person's licence, the newest first, each with the number to go on from. Who acts for somebody
        sees what was checked of that which was shown under this mandate."""
        query = select(CheckRow).where(CheckRow.licence_id == licence_id, CheckRow.citizen_id == caller.whose)
        if caller.acts_for is not None:
            query = query.where(CheckRow.mandate_id == caller.acts_for.mandate_id)
        if before is not None:
            query = query.where(CheckRow.id < before)
        rows = session.scalars(query.order_by(CheckRow.id.desc()).limit(limit))
        return [(row.id, Check(row.at, row.by, tuple(row.fields), row.mandate_id)) for row in rows]

    def ended(self, session: Session, mandates: Sequence[str]) -> None:
        """These mandates end now: so do the codes shown under them; copies that were given away stay."""
        if mandates:
            ours = ShownRow.mandate_id.in_(mandates) & (ShownRow.key_id == "")
            session.execute(update(ShownRow).where(ours).values(until=func.least(ShownRow.until, self._clock.now())))

    def leave(self, session: Session, citizen_id: str) -> None:
        """This person is going: nothing that was shown can be checked any more, and copies are gone. Who checked what
        stays, by opaque ids; so do licences of the desk, which are the issuer's register."""
        session.execute(delete(ShownRow).where(ShownRow.citizen_id == citizen_id))
        session.execute(delete(CopyRow).where(CopyRow.citizen_id == citizen_id))

    def sweep(self, session: Session, before: datetime) -> None:
        """Forget codes and copies that ended before this moment."""
        session.execute(delete(ShownRow).where(ShownRow.until < before))
        session.execute(delete(CopyRow).where(CopyRow.until < before))

    def _held(self, row: _Found, type: Licence, trace: Trace) -> Held | None:
        if not type.system:
            return self._opened(row) if row.id else None
        person = self._whose(row)
        if person is None:
            return None
        held = self._registries.held(type, person, Caller(row.citizen_id, row.level), trace)
        return next((each for each in held if each.id == row.licence_id), None)

    def _opened(self, row: _Found) -> Held | None:
        first, last = date.fromisoformat(row.valid_from), date.fromisoformat(row.valid_until)
        kept = Kept(row.licence_id, row.type, row.version, row.state, first, last, row.key_id, bytes.fromhex(row.body))
        return self._desk.opened(kept, taken_back=row.taken_back)

    def _whose(self, row: _Found) -> Registered | None:
        """Of whom somebody else had shown it, the mandate knows number and name: a child is not registered here."""
        acting = self._represented(row.mandate_id) if row.mandate_id else None
        return named(acting) if acting else self._registered(row.citizen_id)
