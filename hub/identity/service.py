"""Persons and staff accounts. What is registered of a person is sealed with the person's id; nothing here speaks to
WeChat; consents and mandates have a room of their own."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto, mask_address, mask_id, mask_name, mask_phone
from hub.database import one_at_a_time
from hub.errors import Problem
from hub.identity import rules
from hub.identity.accounts import TOTP
from hub.identity.attempts import Attempts
from hub.identity.companies import Companies
from hub.identity.faces import Faces
from hub.identity.models import FaceCheck, Person, StaffAccount
from hub.identity.passwords import Passwords
from hub.identity.sealing import ADDRESS, ID_NUMBER, NAME, PHONE, Sealing

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
    address: Prefilled


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff account as sign-in needs it."""

    staff_id: str
    password_hash: str
    totp_secret: str
    role: str
    usable: bool
    office: str = ""


class Identity:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock) -> None:
        self._crypto = crypto
        self._clock = clock
        self._sealing = Sealing(crypto)
        self.passwords = Passwords()
        self.attempts = Attempts(crypto, clock)
        self.companies = Companies(crypto, clock)
        self.faces = Faces(crypto, clock)

    def new_citizen_id(self) -> str:
        """Says nothing about the person and cannot be guessed."""
        return "c" + secrets.token_hex(16)

    def register_visitor(self, session: Session, citizen_id: str) -> None:
        """Somebody whom only WeChat knows: level 0."""
        session.execute(insert(Person).values(citizen_id=citizen_id, level=0, region="", created_at=self._clock.now()))

    def register_known(self, session: Session, known: Known) -> str:
        """Puts a person in, unless one with this number is there already; returns the citizen id."""
        if (holder := self.holder(session, known.id_number)) is not None:
            return holder
        person = Person(citizen_id=self.new_citizen_id(), region=known.region, created_at=self._clock.now())
        self._put_name(person, known.id_number, known.name, known.source)
        self._put_phone(person, known.phone, known.source)
        person.level = known.level
        session.add(person)
        session.flush()
        return person.citizen_id

    def holder(self, session: Session, id_number: str) -> str | None:
        """Who has this number. Until the transaction ends nobody else can come by it."""
        one_at_a_time(session, self._crypto.lookup(id_number, ID_NUMBER))
        return self.citizen_of(session, id_number)

    def set_phone(self, session: Session, citizen_id: str, phone: str, source: str) -> None:
        """A number that was proved to be the person's: level 1 at least."""
        person = self._locked(session, citizen_id)
        self._put_phone(person, phone, source)
        person.level = max(person.level, 1)

    def set_name(self, session: Session, citizen_id: str, id_number: str, name: str, source: str) -> None:
        """Number and name that the state says belong together, of a person who has none yet: level 2 at least."""
        person = self._locked(session, citizen_id)
        self._put_name(person, id_number, name, source)
        person.level = max(person.level, 2)

    def in_region(self, session: Session, region: str, after: str = "", limit: int = 500) -> list[str]:
        """Citizens of a region and all below it, by their ids from `after` on."""
        wanted = self.living_in(region).where(Person.citizen_id > after).order_by(Person.citizen_id).limit(limit)
        return list(session.scalars(wanted))

    @staticmethod
    def living_in(region: str) -> Select[str]:
        """The same as a part of another room's query."""
        return select(Person.citizen_id).where(Person.region.startswith(region, autoescape=True))

    def count_in_region(self, session: Session, region: str) -> int:
        wanted = select(func.count()).where(Person.region.startswith(region, autoescape=True))
        return session.scalar(wanted) or 0

    def set_face(self, session: Session, citizen_id: str) -> None:
        """The face was found to be that of the registered person: level 3."""
        self._locked(session, citizen_id).level = 3

    def set_address(self, session: Session, citizen_id: str, address: str, source: str) -> None:
        person = self._locked(session, citizen_id)
        person.address_sealed = self._sealing.box(person).seal(address, f"{ADDRESS}:{citizen_id}")
        person.address_source, person.address_at = source, self._clock.now()

    def same_phone(self, session: Session, one: str, other: str) -> bool:
        """Whether both proved the same number to be theirs."""
        phones = [self._sealing.opened(self._locked(session, each)).get("phone") for each in (one, other)]
        return phones[0] is not None and phones[0] == phones[1]

    def registered(self, session: Session | Connection, citizen_id: str) -> Registered | None:
        """Number and name as the state has them; None when the person has not been made sure of."""
        row = session.execute(
            select(Person.key_sealed, Person.id_number_sealed, Person.name_sealed).where(
                Person.citizen_id == citizen_id
            )
        ).one_or_none()
        if row is None or row[1] is None or row[2] is None:
            return None
        opened = self._sealing.open
        return Registered(opened(row[0], row[1], ID_NUMBER, citizen_id), opened(row[0], row[2], NAME, citizen_id))

    def citizen_of(self, session: Session, id_number: str) -> str | None:
        """The citizen who is registered with this number."""
        tags = self._crypto.tags(id_number, ID_NUMBER)
        return session.scalars(select(Person.citizen_id).where(Person.id_number_tag.in_(tags))).one_or_none()

    def number_by_phone(self, session: Session, phone: str, name: str) -> str | None:
        """The ID number of the one who proved this phone to be theirs and has this name; None where that is not one."""
        rows = session.scalars(select(Person.citizen_id).where(Person.phone_tag.in_(self._crypto.tags(phone, PHONE))))
        people = [person for id in rows if (person := self.registered(session, id)) and person.name == name]
        return people[0].id_number if len(people) == 1 else None

    def people(self, session: Session, id_numbers: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Of those who are citizens here: who they are and where they live, by ID number."""
        tags = {tag: number for number in id_numbers for tag in self._crypto.tags(number, ID_NUMBER)}
        rows = session.execute(
            select(Person.id_number_tag, Person.citizen_id, Person.region).where(Person.id_number_tag.in_(tags))
        )
        return {tags[tag]: (citizen_id, region) for tag, citizen_id, region in rows if tag is not None}

    def profile(self, session: Session, citizen_id: str) -> Profile | None:
        """Masked."""
        person = session.get(Person, citizen_id)
        if person is None:
            return None
        masks = {"name": mask_name, "id_number": mask_id, "phone": mask_phone, "address": mask_address}
        return _profile(person, {name: masks[name](value) for name, value in self._sealing.opened(person).items()})

    def copy(self, session: Session, citizen_id: str) -> Profile | None:
        """The same in clear: only for the person, who has a right to it."""
        person = session.get(Person, citizen_id)
        return _profile(person, self._sealing.opened(person)) if person else None

    def erase(self, session: Session, citizen_id: str) -> None:
        """Everything that is kept of this person here, and with the data key whatever a copy may still hold sealed."""
        session.execute(delete(Person).where(Person.citizen_id == citizen_id))
        session.execute(delete(FaceCheck).where(FaceCheck.citizen_id == citizen_id))

    def standing(
        self, session: Session | Connection, kind: Literal["citizen", "staff"], subject: str
    ) -> Standing | None:
        """None when there is no such person, or the account may not be used any more."""
        if kind == "citizen":
            row = session.execute(select(Person.level, Person.region).where(Person.citizen_id == subject)).one_or_none()
            return Standing(row[0], row[1]) if row else None
        account = session.execute(
            select(StaffAccount.role, StaffAccount.enabled, StaffAccount.expires_at, StaffAccount.office).where(
                StaffAccount.staff_id == subject
            )
        ).one_or_none()
        if account is None or not rules.is_usable(account[1], account[2], self._clock.now()):
            return None
        return Standing(region=account[3], roles=(account[0],))

    def open_account(
        self,
        session: Session,
        username: str,
        password_hash: str,
        totp_secret: str,
        role: str,
        expires_at: datetime,
        office: str = "",
    ) -> str:
        """A staff account, or new credentials for the one of this name; returns its id."""
        fresh = {
            "password_hash": password_hash, "role": role, "enabled": True, "expires_at": expires_at, "office": office,
        }  # fmt: skip
        first = {"staff_id": "s" + secrets.token_hex(16), "username": username, "created_at": self._clock.now()}
        sealed = self._crypto.seal(totp_secret.encode(), f"{TOTP}:{username}")
        put = insert(StaffAccount).values(**first, **fresh, totp_sealed=sealed, totp_step=0)
        put = put.on_conflict_do_update(index_elements=[StaffAccount.username], set_={**fresh, "totp_sealed": sealed})
        staff_id: str = session.scalars(put.returning(StaffAccount.staff_id)).one()
        return staff_id

    def staff(self, session: Session, username: str) -> Staff | None:
        account = session.scalars(select(StaffAccount).where(StaffAccount.username == username)).one_or_none()
        if account is None:
            return None
        secret = self._crypto.open(account.totp_sealed, f"{TOTP}:{username}").decode()
        usable = rules.is_usable(account.enabled, account.expires_at, self._clock.now())
        return Staff(account.staff_id, account.password_hash, secret, account.role, usable, account.office)

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

    def _locked(self, session: Session, citizen_id: str) -> Person:
        person = session.get(Person, citizen_id, with_for_update=True)
        if person is None:
            raise Problem("SESSION_REVOKED", note="a person who is not there any more")
        return person

    def _put_name(self, person: Person, id_number: str, name: str, source: str) -> None:
        box = self._sealing.box(person)
        person.id_number_tag = self._crypto.tag(id_number, ID_NUMBER)
        person.id_number_sealed = box.seal(id_number, f"{ID_NUMBER}:{person.citizen_id}")
        person.name_sealed = box.seal(name, f"{NAME}:{person.citizen_id}")
        person.registered_source, person.registered_at = source, self._clock.now()

    def _put_phone(self, person: Person, phone: str, source: str) -> None:
        person.phone_tag = self._crypto.tag(phone, PHONE)
        person.phone_sealed = self._sealing.box(person).seal(phone, f"{PHONE}:{person.citizen_id}")
        person.phone_source, person.phone_at = source, self._clock.now()


def _profile(person: Person, values: Mapping[str, str]) -> Profile:
    registered = person.registered_source, person.registered_at
    origins = {
        "name": registered,
        "id_number": registered,
        "phone": (person.phone_source, person.phone_at),
        "address": (person.address_source, person.address_at),
    }
    told = {name: Prefilled(values[name], *origin) if name in values else _UNKNOWN for name, origin in origins.items()}
    return Profile(person.level, **told)


_UNKNOWN = Prefilled(None, None, None)
