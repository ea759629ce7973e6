"""Mandates: offered, accepted, ended by either side, and looked at for every call that is made under one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, RowMapping, func, select, update
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto, mask_id, mask_name
from hub.errors import Problem
from hub.gateway.orders import ActsFor
from hub.identity.rules import level_required
from hub.identity.service import Identity, Registered
from hub.ledger.exchange import Exchange
from hub.ledger.service import acted
from hub.mandates import rules
from hub.mandates.companies import Companies, Company, Role
from hub.mandates.fresh import Fresh
from hub.mandates.models import MandateRow

Kind = Literal["child", "parent", "company"]
KINDS: tuple[Kind, ...] = ("child", "parent", "company")
OWN_OFFICE = "own_office"  # the legal representative's own: it ends with the office
SUBJECT, HOLDER, _PERSON = "mandates.subject", "mandates.holder", "mandates.number"


Ended = Callable[[Session, Sequence[str]], None]
"""Told which mandates have ended, in the transaction in which they end."""


def nobody_minds(session: Session, mandates: Sequence[str]) -> None:
    """Where nothing was made under mandates."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is to be represented: a person by number and name, or a company by its credit code and name."""

    id_number: str = ""
    name: str = ""
    credit_code: str = ""


@dataclass(frozen=True, slots=True)
class Mandate:
    """As one of its sides sees it: the other's name is masked. `side` is mine: holder (I act) or represented."""

    mandate_id: str
    kind: str
    side: str
    state: rules.State
    holder_name: str
    subject_name: str
    subject_number: str
    scope: Sequence[str]
    proof: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """What a call needs to know of a mandate, kept in memory."""

    holder: str
    accepted_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    expires_at: datetime
    acts_for: ActsFor


class Mandates:
    """Takes a session and never commits; `acting` alone looks for itself."""

    def __init__(
        self, crypto: Crypto, clock: Clock, identity: Identity, fresh: Fresh, ended: Ended = nobody_minds
    ) -> None:
        self._ended = ended
        self._crypto = crypto
        self._clock = clock
        self._identity = identity
        self._fresh = fresh
        self.companies = Companies(crypto, clock)

    def acting(self, mandate_id: str, holder: str) -> ActsFor:
        """For whom this citizen may act under it. Another person's mandate looks like none: NOT_FOUND; the own one
        that is not in force: MANDATE_NOT_IN_FORCE. Raises STORE_UNAVAILABLE."""
        held = self._look(mandate_id)
        if held is None or held.holder != holder:
            raise Problem("NOT_FOUND")
        now = self._clock.now()
        if rules.state(held.created_at, held.accepted_at, held.ended_at, held.expires_at, now) != "in_force":
            raise Problem("MANDATE_NOT_IN_FORCE")
        return held.acts_for

    def represented(self, mandate_id: str) -> ActsFor | None:
        """Whom it is about, also when it has ended; that it allows nothing then. Raises STORE_UNAVAILABLE."""
        held = self._look(mandate_id)
        return held.acts_for if held else None

    def number_of(self, session: Session, represented: str) -> str | None:
        """The ID number or credit code of whom this id stands for, in a case or a record: somebody represented, known
        as a citizen or not. None where nobody ever acted for such a one."""
        about = select(MandateRow).where(MandateRow.represented == represented, MandateRow.accepted_at.is_not(None))
        row = session.scalars(about.limit(1)).one_or_none()
        return (subject := self._subject(row)).credit_code or subject.id_number if row else None

    def offer(
        self,
        session: Session,
        holder: str,
        kind: Kind,
        subject: Subject,
        scope: Sequence[str],
        until: datetime,
        guardian: bool = False,
    ) -> Mandate:
        """One to be accepted by who is to be represented, or by the company's legal representative. It looks the same
        whether that person is known here or not. A child's is in force at once: `guardian` says that the register
        proved it. Raises RATE_LIMITED when too many are open, GUARDIANSHIP_UNPROVEN, LEVEL_REQUIRED."""  # fmt: skip
        own = self._registered(session, holder)
        now, tag = self._clock.now(), self._tag(subject)
        if kind == "child" and not guardian:
            raise Problem("GUARDIANSHIP_UNPROVEN")
        if own.id_number == subject.id_number:
            raise Problem("STATE_CONFLICT", note="nobody acts for oneself")
        self._leave_room(session, holder)
        led = kind == "company" and tag in self.companies.led_by(session, own.id_number)
        company = self.companies.named(session, tag) if led else None
        id = "m" + secrets.token_hex(16)
        row = MandateRow(
            mandate_id=id, kind=kind, holder=holder, scope=list(scope), subject_tag=tag,
            holder_sealed=self._crypto.seal(own.name.encode(), f"{HOLDER}:{id}"),
            represented="", subject_sealed=b"", proof="", created_at=now, expires_at=until,
        )  # fmt: skip
        self._put_subject(session, row, Subject("", company.name, company.credit_code) if company else subject)
        if guardian or led:
            row.accepted_at, row.proof = now, "household_register" if guardian else OWN_OFFICE
        session.add(row)
        self._fresh.changed(session, f"mandate:{id}")
        return self._shown(row, "holder")

    def accept(self, session: Session, mandate_id: str, citizen_id: str) -> Mandate:
        """By the represented person, whose registered name must be the one that was offered, or by the company's
        legal representative. Raises NOT_FOUND, STATE_CONFLICT."""
        own = self._registered(session, citizen_id)
        row = self._represented_row(session, mandate_id, own)
        if self._state(row) != "offered":
            raise Problem("STATE_CONFLICT", extra={"status": self._state(row)})
        row.accepted_at = self._clock.now()
        if row.kind == "company":
            row.proof = "legal_representative"
            company = self.companies.named(session, row.subject_tag)
            clerk = self._identity.registered(session, row.holder)
            if company and clerk:
                self._put_subject(session, row, Subject("", company.name, company.credit_code))
                self.companies.appoint(session, company, clerk.id_number, "clerk", "legal_representative")
        else:
            row.proof, row.represented = "acceptance", citizen_id
            self._put_subject(session, row, Subject(own.id_number, own.name))
        self._fresh.changed(session, f"mandate:{mandate_id}")
        return self._shown(row, "represented")

    def end(self, session: Session, mandate_id: str, citizen_id: str) -> None:
        """By either side. Ending what has ended changes nothing. Raises NOT_FOUND."""
        row, side = self._mine(session, mandate_id, citizen_id)
        session.execute(
            update(MandateRow)
            .where(MandateRow.mandate_id == row.mandate_id, MandateRow.ended_at.is_(None))
            .values(ended_at=self._clock.now(), ended_by=side)
        )
        self._ended(session, [mandate_id])
        self._fresh.changed(session, f"mandate:{mandate_id}")

    def leave(self, session: Session, citizen_id: str) -> list[str]:
        """This person is going: whatever is offered or in force on either side ends. The rows stay as evidence. Gives
        those, of all times, under which something was done by this person or about this person (no company's)."""
        mine = self.of(session, citizen_id)
        for mandate in mine:
            if mandate.state in ("offered", "in_force"):
                self.end(session, mandate.mandate_id, citizen_id)
        return [each.mandate_id for each in mine if each.kind != "company" or each.side == "holder"]

    def appoint(self, session: Session, company: Company, id_number: str, role: Role, source: str) -> None:
        """A person in a role of a company. With a new legal representative ends what the old one held by office."""
        self.companies.appoint(session, company, id_number, role, source)
        if role != "legal_representative":
            return
        ended = session.scalars(
            update(MandateRow)
            .where(
                MandateRow.subject_tag == self.companies.tag(company.credit_code),
                MandateRow.proof == OWN_OFFICE,
                MandateRow.ended_at.is_(None),
            )
            .values(ended_at=self._clock.now(), ended_by="office")
            .returning(MandateRow.mandate_id)
        ).all()
        self._ended(session, ended)
        self._fresh.changed(session, *(f"mandate:{id}" for id in ended))

    def of(self, session: Session, citizen_id: str) -> list[Mandate]:
        """Both those the citizen holds and those by which others act for this citizen; newest first."""
        held = session.scalars(select(MandateRow).where(MandateRow.holder == citizen_id)).all()
        own = self._identity.registered(session, citizen_id)
        about = [row for row in self._about(session, own) if self._may_see(row, own)] if own else []
        shown = [*(self._shown(row, "holder") for row in held), *(self._shown(row, "represented") for row in about)]
        return sorted(shown, key=lambda mandate: mandate.created_at, reverse=True)

    def log(self, session: Session, mandate_id: str, citizen_id: str) -> Sequence[Exchange]:
        """What was asked under it, newest first; both sides see it. Raises NOT_FOUND for everybody else."""
        row, _ = self._mine(session, mandate_id, citizen_id)
        represented, holder = (self._crypto.lookup(who, "ledger.subject") for who in (row.represented, row.holder))
        return acted(session, represented, holder, row.created_at, row.ended_at)

    def is_guardian(self, session: Session, holder: str, members: Sequence[Mapping[str, Any]], child: Subject) -> bool:
        """Whether the household register, as it was answered to the holder, proves it. Raises LEVEL_REQUIRED."""
        own, today = self._registered(session, holder), self._clock.now().date()
        return rules.is_guardian(members, own.id_number, child.id_number, child.name, today)

    def _mine(self, session: Session, mandate_id: str, citizen_id: str) -> tuple[MandateRow, str]:
        row = session.get(MandateRow, mandate_id)
        if row is not None and row.holder == citizen_id:
            return row, "holder"
        own = self._identity.registered(session, citizen_id)
        if own is None:
            raise Problem("NOT_FOUND")
        return self._represented_row(session, mandate_id, own), "represented"

    def _represented_row(self, session: Session, mandate_id: str, own: Registered) -> MandateRow:
        about = select(MandateRow).where(MandateRow.mandate_id == mandate_id, self._is_about(session, own))
        row = session.scalars(about.with_for_update()).one_or_none()
        if row is None or not self._may_see(row, own):
            raise Problem("NOT_FOUND")
        return row

    def _about(self, session: Session, own: Registered) -> Sequence[MandateRow]:
        return session.scalars(select(MandateRow).where(self._is_about(session, own))).all()

    def _is_about(self, session: Session, own: Registered) -> ColumnElement[bool]:
        led = self.companies.led_by(session, own.id_number)
        return MandateRow.subject_tag.in_([self._tag(Subject(own.id_number)), *led])

    def _may_see(self, row: MandateRow, own: Registered) -> bool:
        """A number with another name was a guess: whose number it is hears nothing of it."""
        return row.kind == "company" or self._subject(row).name == own.name

    def _registered(self, session: Session, citizen_id: str) -> Registered:
        own = self._identity.registered(session, citizen_id)
        if own is None:
            standing = self._identity.standing(session, "citizen", citizen_id)
            raise level_required(2, standing.level if standing else 0)
        return own

    def _leave_room(self, session: Session, holder: str) -> None:
        open_ = select(func.count()).where(
            MandateRow.holder == holder,
            MandateRow.accepted_at.is_(None),
            MandateRow.ended_at.is_(None),
            MandateRow.created_at > self._clock.now() - rules.OFFER_LASTS,
        )
        if (session.scalar(open_) or 0) >= rules.MOST_OPEN:
            raise Problem("RATE_LIMITED", retry_after=3600)

    def _put_subject(self, session: Session, row: MandateRow, subject: Subject) -> None:
        plain = orjson.dumps([subject.id_number, subject.name, subject.credit_code])
        row.subject_sealed = self._crypto.seal(plain, f"{SUBJECT}:{row.mandate_id}")
        if not row.represented:
            known = self._identity.citizen_of(session, subject.id_number) if subject.id_number else None
            row.represented = known or f"{'k' if subject.credit_code else 'p'}{row.subject_tag.hex()[:32]}"

    def _subject(self, row: MandateRow) -> Subject:
        return Subject(*orjson.loads(self._crypto.open(row.subject_sealed, f"{SUBJECT}:{row.mandate_id}")))

    def _tag(self, subject: Subject) -> bytes:
        if subject.credit_code:
            return self.companies.tag(subject.credit_code)
        return self._crypto.lookup(subject.id_number, _PERSON)

    def _state(self, row: MandateRow) -> rules.State:
        return rules.state(row.created_at, row.accepted_at, row.ended_at, row.expires_at, self._clock.now())

    def _look(self, mandate_id: str) -> _Held | None:
        wanted = select(*_COLUMNS).where(MandateRow.mandate_id == mandate_id)
        return self._fresh.get(
            f"mandate:{mandate_id}",
            lambda connection: self._held(connection.execute(wanted).mappings().one_or_none()),
        )

    def _held(self, row: RowMapping | None) -> _Held | None:
        if row is None:
            return None
        id, scope = row["mandate_id"], frozenset(row["scope"])
        subject = Subject(*orjson.loads(self._crypto.open(row["subject_sealed"], f"{SUBJECT}:{id}")))
        number, name, code = subject.id_number, subject.name, subject.credit_code
        acts_for = ActsFor(id, row["represented"], scope, number, name, code, row["expires_at"])
        moments = row["accepted_at"], row["ended_at"], row["created_at"], row["expires_at"]
        return _Held(row["holder"], *moments, acts_for)

    def _shown(self, row: MandateRow, side: str) -> Mandate:
        subject = self._subject(row)
        holder = self._crypto.open(row.holder_sealed, f"{HOLDER}:{row.mandate_id}").decode()
        company = bool(subject.credit_code)
        return Mandate(
            row.mandate_id, row.kind, side, self._state(row), mask_name(holder),
            subject.name if company else mask_name(subject.name),
            subject.credit_code if company else mask_id(subject.id_number),
            tuple(row.scope), row.proof, row.created_at, row.expires_at, row.accepted_at, row.ended_at, row.ended_by,
        )  # fmt: skip


_COLUMNS = (
    MandateRow.mandate_id, MandateRow.holder, MandateRow.represented, MandateRow.subject_sealed, MandateRow.scope,
    MandateRow.created_at, MandateRow.accepted_at, MandateRow.ended_at, MandateRow.expires_at,
)  # fmt: skip
