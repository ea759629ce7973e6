"""The hub's own desk: issues licences, changes their state, takes back a batch or what a key signed. All sealed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, and_, exists, or_, select
from sqlalchemy import Sequence as SerialNumbers
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.credentials.licence_id import LicenceId, read
from hub.credentials.models import ChangeRow, LicenceRow, RevocationRow
from hub.credentials.rules import ALWAYS, Held, after, checked_fields, state_of
from hub.crypto import Crypto
from hub.errors import Fault, Problem, invalid
from hub.offices import sees
from hub.settings.shapes import Snapshot
from hub.signing import Signing

SIGNED_KIND = "licence"
_SERIAL = SerialNumbers("credentials_serial")
TAKEN_BACK = exists().where(
    RevocationRow.confirmed_at.is_not(None),
    or_(
        and_(RevocationRow.kind == "key", RevocationRow.target == LicenceRow.key_id),
        and_(RevocationRow.kind == "batch", RevocationRow.target == LicenceRow.batch, LicenceRow.batch != ""),
    ),
)


@dataclass(frozen=True, slots=True)
class Application:
    """What a licence is issued on; `days` is its term where it is not the kind's own. Of a company `id_number` is its
    credit code."""

    type: str
    id_number: str
    name: str
    fields: Mapping[str, Any]
    reason: str
    days: int | None = None
    batch: str = ""
    is_company: bool = False


@dataclass(frozen=True, slots=True)
class Revocation:
    """A batch or a key (`kind`) taken back, or asked to be: in force once `confirmed_at` is there."""

    id: str
    kind: str
    target: str
    reason: str
    asked_by: str
    asked_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None


class Kept(NamedTuple):
    """A licence as the desk's table has it."""

    id: str
    type: str
    version: int
    state: str
    valid_from: date
    valid_until: date
    key_id: str
    body_sealed: bytes


class Desk:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, signing: Signing, now: Callable[[], Snapshot], clock: Clock) -> None:
        self._crypto, self._signing, self._now, self._clock = crypto, signing, now, clock

    def issue(self, session: Session, application: Application, actor: str, office: str = "") -> Held:
        """A new licence. Raises CHOICE for a kind the desk or this office does not issue, or not to companies; the 422
        that lists what its fields lack."""
        type = self._now().licences.get(application.type)
        if type is None or type.system or not sees(office, type.department):
            raise invalid([Fault("type", "CHOICE")])
        if application.is_company and not type.companies:
            raise invalid([Fault("type", "CHOICE")])
        fields = checked_fields(type, application.fields)
        if application.batch and self._is_revoked(session, "batch", application.batch):
            raise Problem("STATE_CONFLICT")
        today = self._clock.now().date()
        number = session.scalar(_SERIAL.next_value())
        issuer = self._now().departments[type.department].credit_code
        licence_id = str(LicenceId(type.type_code, issuer, f"{today.year}{number:07d}"))
        held = Held(
            "l" + secrets.token_hex(16), type, licence_id, 1, "valid", today,
            today + timedelta(days=application.days or type.days), application.name, application.id_number, fields,
        )  # fmt: skip
        row = LicenceRow(id=held.id, type=type.id, batch=application.batch, holder_tag=self._tag(held.id_number))
        return self._written(session, row, held, "issue", actor, application.reason)

    def change(
        self, session: Session, id: str, act: str, actor: str, reason: str, days: int | None = None, office: str = ""
    ) -> Held:
        """Suspend, resume, renew (a new version and term from today) or revoke. Raises NOT_FOUND, for a licence that
        another department issues too; STATE_CONFLICT."""
        row = session.get(LicenceRow, id, with_for_update=True)
        held = self.find(session, id)
        if row is None or held is None or not sees(office, held.type.department):
            raise Problem("NOT_FOUND")
        today = self._clock.now().date()
        state = after(act, state_of(held.state, held.valid_from, held.valid_until, today))
        version, licence_id, until = held.version, held.licence_id, held.valid_until
        if act == "renew":
            renewed = read(licence_id).renewed()
            version, licence_id = renewed.version, str(renewed)
            until = today + timedelta(days=days or held.type.days)
        changed = Held(
            id, held.type, licence_id, version, state, held.valid_from, until, held.name, held.id_number, held.fields,
        )  # fmt: skip
        return self._written(session, row, changed, act, actor, reason)

    def find(self, session: Session | Connection, id: str) -> Held | None:
        found = self._rows(session, LicenceRow.id == id)
        return found[0] if found else None

    def of_holder(self, session: Session | Connection, id_number: str) -> list[Held]:
        return self._rows(session, LicenceRow.holder_tag == self._tag(id_number))

    def opened(self, row: Any, *, taken_back: bool) -> Held | None:
        """A row (as Kept) with its body opened; None when its kind is no longer configured."""
        type = self._now().licences.get(row.type)
        if type is None:
            return None
        body = orjson.loads(self._crypto.open(row.body_sealed, f"credentials.body:{row.id}"))
        state = "revoked" if taken_back else row.state
        return Held(
            row.id, type, body["licence_id"], row.version, state, row.valid_from, row.valid_until, body["name"],
            body["id_number"], body["fields"], row.key_id, body["proof"],
        )  # fmt: skip

    def ask_revocation(self, session: Session, kind: str, target: str, reason: str, actor: str) -> Revocation:
        """Nothing happens until somebody else confirms it."""
        row = RevocationRow(
            id="r" + secrets.token_hex(16), kind=kind, target=target, reason=reason, asked_by=actor,
            asked_at=self._clock.now(), confirmed_by=None, confirmed_at=None,
        )  # fmt: skip
        session.add(row)
        return _revocation(row)

    def confirm_revocation(self, session: Session, id: str, actor: str) -> Revocation:
        """In force from now on. Raises NOT_FOUND, SECOND_PERSON_REQUIRED, STATE_CONFLICT when it is already."""
        row = session.get(RevocationRow, id, with_for_update=True)
        if row is None:
            raise Problem("NOT_FOUND")
        if row.asked_by == actor:
            raise Problem("SECOND_PERSON_REQUIRED")
        if row.confirmed_at is not None:
            raise Problem("STATE_CONFLICT")
        row.confirmed_by, row.confirmed_at = actor, self._clock.now()
        return _revocation(row)

    def revocations(self, session: Session) -> Sequence[Revocation]:
        """The newest 100."""
        query = select(RevocationRow).order_by(RevocationRow.asked_at.desc()).limit(100)
        return [_revocation(row) for row in session.scalars(query)]

    def revoked_keys(self, session: Session | Connection) -> list[tuple[str, datetime]]:
        query = select(RevocationRow.target, RevocationRow.confirmed_at).where(
            RevocationRow.kind == "key", RevocationRow.confirmed_at.is_not(None)
        )
        return [(name, at) for name, at in session.execute(query) if at]

    def usable_key(self, session: Session | Connection) -> str:
        """The key that signs now. Raises KEY_UNAVAILABLE when it was taken back: the ring needs another first."""
        key = self._signing.key_id
        if key in {name for name, _ in self.revoked_keys(session)}:
            raise Problem("KEY_UNAVAILABLE", origin="hub", note=f"{key} signs and is revoked; put another key first")
        return key

    def _written(self, session: Session, row: LicenceRow, held: Held, act: str, actor: str, reason: str) -> Held:
        now = self._clock.now()
        if act in ("issue", "renew"):
            row.key_id = self.usable_key(session)
            proof = self._signing.sign({**held.shown([*ALWAYS, *held.type.fields]), "type": held.type.id}, SIGNED_KIND)
            body = {"licence_id": held.licence_id, "name": held.name, "id_number": held.id_number, "proof": proof,
                    "fields": dict(held.fields)}  # fmt: skip
            row.body_sealed = self._crypto.seal(orjson.dumps(body), f"credentials.body:{held.id}")
        row.version, row.state, row.changed_at = held.version, held.state, now
        row.valid_from, row.valid_until = held.valid_from, held.valid_until
        session.add(row)
        session.add(ChangeRow(licence_id=held.id, act=act, state=held.state, actor=actor, reason=reason, at=now))
        session.flush()
        return held

    def _rows(self, session: Session | Connection, which: Any) -> list[Held]:
        query = select(*LicenceRow.__table__.columns, TAKEN_BACK.label("taken_back"))
        rows = session.execute(query.where(which).order_by(LicenceRow.changed_at.desc()).limit(200))
        found = (self.opened(row, taken_back=row.taken_back) for row in rows)
        return [held for held in found if held is not None]

    def _is_revoked(self, session: Session, kind: str, target: str) -> bool:
        confirmed = RevocationRow.confirmed_at.is_not(None)
        query = select(exists().where(RevocationRow.kind == kind, RevocationRow.target == target, confirmed))
        return bool(session.scalar(query))

    def _tag(self, id_number: str) -> bytes:
        return self._crypto.lookup(id_number, "credentials.holder")


def _revocation(row: RevocationRow) -> Revocation:
    return Revocation(
        row.id, row.kind, row.target, row.reason, row.asked_by, row.asked_at, row.confirmed_by, row.confirmed_at
    )
