"""An account for one gate and some hours: it scans there and nothing else, and ends by itself."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.database import Database
from hub.errors import Fault, Problem, invalid
from hub.health_code.models import ShiftRow
from hub.health_code.service import HealthCodes
from hub.identity.passwords import NOBODYS
from hub.identity.service import Identity
from hub.login.sessions import Tokens

ROLE = "gate_verifier"
Begin = Callable[[Session, str, str], Tokens]
"""Makes tokens for a staff account with this role."""


@dataclass(frozen=True, slots=True)
class Shift:
    staff_id: str
    gate_id: str
    ends_at: datetime


class Shifts:
    """One for the process."""

    def __init__(
        self, codes: HealthCodes, identity: Identity, begin: Begin, database: Database, clock: Clock
    ) -> None:
        self._codes, self._identity, self._begin = codes, identity, begin
        self._database, self._clock = database, clock
        self._known: dict[str, Shift | None] = {}

    def open(self, session: Session, gate_id: str, minutes: int, opened_by: str) -> tuple[Shift, Tokens]:
        """Nobody can sign in with it: the tokens are handed over once. Raises CHOICE, RANGE for longer than a shift."""
        configured, now = self._codes.open(), self._clock.now()
        gate = configured.gates.get(gate_id)
        if gate is None:
            raise invalid([Fault("gate_id", "CHOICE")])
        if minutes > configured.limits.shift_hours * 60:
            raise invalid([Fault("minutes", "RANGE")])
        ends = now + timedelta(minutes=minutes)
        name, totp = f"shift.{secrets.token_hex(8)}", base64.b32encode(secrets.token_bytes(20)).decode()
        id = self._identity.open_account(session, name, NOBODYS, totp, ROLE, ends, gate.region)
        session.add(ShiftRow(staff_id=id, gate_id=gate_id, opened_by=opened_by, begins_at=now, ends_at=ends))
        session.flush()
        return Shift(id, gate_id, ends), self._begin(session, id, ROLE)

    def check(self, staff_id: str, roles: tuple[str, ...], gate_id: str = "") -> None:
        """A shift's account is for its own gate and hours; every other verifier may stand anywhere. Raises
        ROLE_REQUIRED and SESSION_REVOKED."""
        if ROLE not in roles:
            return
        shift = self._of(staff_id)
        if shift is None or shift.ends_at <= self._clock.now():
            raise Problem("SESSION_REVOKED")
        if gate_id not in ("", shift.gate_id):
            raise Problem("ROLE_REQUIRED")

    def _of(self, staff_id: str) -> Shift | None:
        """It never changes, so it is asked for once."""
        if staff_id not in self._known:
            with self._database.read() as connection:
                wanted = select(ShiftRow.staff_id, ShiftRow.gate_id, ShiftRow.ends_at)
                row = connection.execute(wanted.where(ShiftRow.staff_id == staff_id)).one_or_none()
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[staff_id] = Shift(row[0], row[1], row[2].astimezone(CHINA)) if row else None
        return self._known[staff_id]
