"""Persons and staff accounts. What is registered of a person is sealed with the person's id; nothing here speaks to
WeChat, and consents and mandates are not kept yet."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto, mask_id, mask_name, mask_phone
from hub.identity import rules
from hub.identity.models import Person, StaffAccount
from hub.identity.passwords import Passwords

_NAME, _ID_NUMBER, _PHONE, _TOTP = "identity.name", "identity.id_number", "identity.phone", "identity.totp"
_CLASSIFICATION = 3  # name, number and phone identify a person (security.md 6)


@dataclass(frozen=True, slots=True)
class Registered:
    """What the state has registered of a person; it fills the subject fields of a call."""

    id_number: str
    name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person, or an account, may be taken for at this moment."""

    level: int = 0
    region: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a trustworthy source says of a person, in clear."""

    id_number: str
    name: str
    phone: str
    level: int
    region: str
    source: str


@dataclass(frozen=True, slots=True)
class Prefilled:
    """One masked value and where it comes from; no value means that it is not known."""

    value: str | None
    source: str | None
    updated_at: datetime | None
    classification: int = _CLASSIFICATION


@dataclass(frozen=True, slots=True)
class Profile:
    """What a citizen sees of the own record."""

    level: int
    name: Prefilled
    id_number: Prefilled
    phone: Prefilled


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff account as sign-in needs it."""

    staff_id: str
    password_hash: str
    totp_secret: str
    role: str
    usable: bool


class Identity:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock) -> None:
        self._crypto = crypto
        self._clock = clock
        self.passwords = Passwords()

    def new_citizen_id(self) -> str:
        """Says nothing about the person and cannot be guessed."""
        return "c" + secrets.token_hex(16)

    def register_visitor(self, session: Session, citizen_id: str) -> None:
        """Somebody whom only WeChat knows: level 0."""
        session.execute(insert(Person).values(citizen_id=citizen_id, level=0, region="", created_at=self._clock.now()))

    def register_known(self, session: Session, known: Known) -> str:
        """Puts a person in, unless one with this number is there already; returns the citizen id."""
        tag = self._crypto.lookup(known.id_number, _ID_NUMBER)
        citizen_id = self.new_citizen_id()
        put = insert(Person).values(citizen_id=citizen_id, id_number_tag=tag, **self._sealed(citizen_id, known))
        session.execute(put.on_conflict_do_nothing(index_elements=[Person.id_number_tag]))
        return session.scalars(select(Person.citizen_id).where(Person.id_number_tag == tag)).one()

    def set_phone(self, session: Session, citizen_id: str, phone: str, source: str) -> None:
        """A number that was proved to be the person's: level 1 at least."""
        values = {**self._sealed_phone(citizen_id, phone, source), "level": func.greatest(Person.level, 1)}
        session.execute(update(Person).where(Person.citizen_id == citizen_id).values(**values))

    def registered(self, session: Session | Connection, citizen_id: str) -> Registered | None:
        """Number and name as the state has them; None when the person has not been made sure of."""
        row = session.execute(
            select(Person.id_number_sealed, Person.name_sealed).where(Person.citizen_id == citizen_id)
        ).one_or_none()
        if row is None or row[0] is None or row[1] is None:
            return None
        return Registered(self._open(row[0], _ID_NUMBER, citizen_id), self._open(row[1], _NAME, citizen_id))

    def citizen_of(self, session: Session, id_number: str) -> str | None:
        """The citizen who is registered with this number."""
        tag = self._crypto.lookup(id_number, _ID_NUMBER)
        return session.scalars(select(Person.citizen_id).where(Person.id_number_tag == tag)).one_or_none()

    def profile(self, session: Session, citizen_id: str) -> Profile | None:
        person = session.get(Person, citizen_id)
        if person is None:
            return None
        at, source = person.registered_at, person.registered_source
        known = {
            purpose: self._open(sealed, purpose, citizen_id) if sealed else None
            for purpose, sealed in (
                (_NAME, person.name_sealed),
                (_ID_NUMBER, person.id_number_sealed),
                (_PHONE, person.phone_sealed),
            )
        }
        name, id_number, phone = known[_NAME], known[_ID_NUMBER], known[_PHONE]
        return Profile(
            person.level,
            Prefilled(mask_name(name), source, at) if name else _UNKNOWN,
            Prefilled(mask_id(id_number), source, at) if id_number else _UNKNOWN,
            Prefilled(mask_phone(phone), person.phone_source, person.phone_at) if phone else _UNKNOWN,
        )

    def standing(
        self, session: Session | Connection, kind: Literal["citizen", "staff"], subject: str
    ) -> Standing | None:
        """None when there is no such person, or the account may not be used any more."""
        if kind == "citizen":
            row = session.execute(select(Person.level, Person.region).where(Person.citizen_id == subject)).one_or_none()
            return Standing(row[0], row[1]) if row else None
        account = session.execute(
            select(StaffAccount.role, StaffAccount.enabled, StaffAccount.expires_at).where(
                StaffAccount.staff_id == subject
            )
        ).one_or_none()
        if account is None or not rules.is_usable(account[1], account[2], self._clock.now()):
            return None
        return Standing(roles=(account[0],))

    def open_account(
        self, session: Session, username: str, password_hash: str, totp_secret: str, role: str, expires_at: datetime
    ) -> str:
        """A staff account, or new credentials for the one of this name; returns its id."""
        fresh = {"password_hash": password_hash, "role": role, "enabled": True, "expires_at": expires_at}
        first = {"staff_id": "s" + secrets.token_hex(16), "username": username, "created_at": self._clock.now()}
        sealed = self._crypto.seal(totp_secret.encode(), f"{_TOTP}:{username}")
        put = insert(StaffAccount).values(**first, **fresh, totp_sealed=sealed, totp_step=0)
        put = put.on_conflict_do_update(index_elements=[StaffAccount.username], set_={**fresh, "totp_sealed": sealed})
        staff_id: str = session.scalars(put.returning(StaffAccount.staff_id)).one()
        return staff_id

    def staff(self, session: Session, username: str) -> Staff | None:
        account = session.scalars(select(StaffAccount).where(StaffAccount.username == username)).one_or_none()
        if account is None:
            return None
        secret = self._open(account.totp_sealed, _TOTP, username)
        usable = rules.is_usable(account.enabled, account.expires_at, self._clock.now())
        return Staff(account.staff_id, account.password_hash, secret, account.role, usable)

    def username(self, session: Session, staff_id: str) -> str | None:
        """The name of a staff account, for those whom it dealt with."""
        return session.scalars(select(StaffAccount.username).where(StaffAccount.staff_id == staff_id)).one_or_none()

    def spend_code(self, session: Session, staff_id: str, step: int) -> bool:
        """True for the first who comes with the code of this time step, or of none before it."""
        spent = (
            update(StaffAccount)
            .where(StaffAccount.staff_id == staff_id, StaffAccount.totp_step < step)
            .values(totp_step=step)
            .returning(StaffAccount.staff_id)
        )
        return session.scalars(spent).one_or_none() is not None

    def _sealed(self, citizen_id: str, known: Known) -> dict[str, object]:
        return {
            "level": known.level,
            "region": known.region,
            "id_number_sealed": self._seal(known.id_number, _ID_NUMBER, citizen_id),
            "name_sealed": self._seal(known.name, _NAME, citizen_id),
            "registered_source": known.source,
            "registered_at": self._clock.now(),
            "created_at": self._clock.now(),
            **self._sealed_phone(citizen_id, known.phone, known.source),
        }

    def _sealed_phone(self, citizen_id: str, phone: str, source: str) -> dict[str, object]:
        return {
            "phone_tag": self._crypto.lookup(phone, _PHONE),
            "phone_sealed": self._seal(phone, _PHONE, citizen_id),
            "phone_source": source,
            "phone_at": self._clock.now(),
        }

    def _seal(self, value: str, purpose: str, owner: str) -> bytes:
        return self._crypto.seal(value.encode(), f"{purpose}:{owner}")

    def _open(self, sealed: bytes, purpose: str, owner: str) -> str:
        return self._crypto.open(sealed, f"{purpose}:{owner}").decode()


_UNKNOWN = Prefilled(None, None, None)
