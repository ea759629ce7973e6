"""Face checks that were begun: each belongs to one citizen and counts once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.identity.models import FaceCheck

_VERIFY_ID = "identity.verify_id"


class Faces:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock) -> None:
        self._crypto, self._clock = crypto, clock

    def begin(self, session: Session, citizen_id: str, verify_id: str, sequence: str, until: datetime) -> None:
        tag = self._crypto.lookup(verify_id, _VERIFY_ID)
        session.add(FaceCheck(verify_tag=tag, citizen_id=citizen_id, sequence=sequence, until=until))

    def sequence(self, session: Session, citizen_id: str, verify_id: str) -> str | None:
        """Our number of this citizen's check; None when there is none any more."""
        tag = self._crypto.lookup(verify_id, _VERIFY_ID)
        mine = FaceCheck.verify_tag == tag, FaceCheck.citizen_id == citizen_id, FaceCheck.until > self._clock.now()
        return session.scalars(select(FaceCheck.sequence).where(*mine)).one_or_none()

    def spend(self, session: Session, citizen_id: str, verify_id: str) -> bool:
        """True for the first who comes with it."""
        tag = self._crypto.lookup(verify_id, _VERIFY_ID)
        mine = FaceCheck.verify_tag == tag, FaceCheck.citizen_id == citizen_id
        return session.scalars(delete(FaceCheck).where(*mine).returning(FaceCheck.citizen_id)).one_or_none() is not None
