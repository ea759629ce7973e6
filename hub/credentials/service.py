"""A person's licences, wherever they are kept; copies with purpose and term; the keys anyone checks them with."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.credentials import paper
from hub.credentials.acting import Acted, kinds, named
from hub.credentials.checking import Check, Checking, Shown
from hub.credentials.desk import Desk
from hub.credentials.models import CopyRow
from hub.credentials.registry import Registries
from hub.credentials.rules import Held, State, chosen, is_holder, state_of
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.gateway.orders import ActsFor, Caller, Registered
from hub.gateway.service import Gateway
from hub.identity.rules import level_required
from hub.ledger.writer import Exchanges
from hub.settings.shapes import Licence, Snapshot
from hub.signing import Signing
from hub.trace import Trace

COPY_KIND = "licence-copy"
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a licence. `proof` is signed over its fields, purpose, term and the digest of `pdf`."""

    id: str
    purpose: str
    until: datetime
    proof: str
    pdf: bytes


class Credentials:
    """One for the process."""

    def __init__(
        self,
        *,
        database: Database,
        crypto: Crypto,
        signing: Signing,
        gateway: Gateway,
        exchanges: Exchanges,
        registered: Callable[[str], Registered | None],
        represented: Callable[[str], ActsFor | None],
        now: Callable[[], Snapshot],
        clock: Clock,
    ) -> None:
        self._database, self._crypto, self._signing = database, crypto, signing
        self._registered, self._now, self._clock = registered, now, clock
        self._registries = Registries(gateway, crypto)
        self.desk = Desk(crypto, signing, now, clock)
        self._acted = Acted(exchanges, crypto, clock)
        self.checking = Checking(database, crypto, self.desk, self._registries, registered, represented, now, clock)

    def mine(self, caller: Caller, trace: Trace) -> tuple[list[Held], list[tuple[str, Problem]]]:
        """What a person holds, and which kinds could not be asked for; under a mandate of what it names. Raises
        LEVEL_REQUIRED for whom nobody knows, MANDATE_SCOPE."""
        wanted, person = kinds(self._now().licences, caller), self._person(caller)
        held, missing = self._kept_elsewhere(wanted, person, caller, trace)
        self._acted.note(caller, "list", trace)
        return [*(each for each in self._of_desk(person) if each.type.id in wanted), *held], missing

    def one(self, caller: Caller, id: str, trace: Trace) -> Held:
        """Raises NOT_FOUND, MANDATE_SCOPE; what a registry answers that could not be asked, when it may be the one that
        holds it."""
        return self._one(caller, id, "read", trace)

    def state(self, held: Held) -> State:
        return state_of(held.state, held.valid_from, held.valid_until, self._clock.now().date())

    def present(self, caller: Caller, id: str, fields: Sequence[str] | None, minutes: int, trace: Trace) -> Shown:
        """A code under which these fields may be seen for so many minutes. Raises NOT_FOUND, CHOICE."""
        held = self._one(caller, id, "present", trace)
        names = chosen(held.type, fields)
        with self._database.session() as session:
            until = self._clock.now() + timedelta(minutes=minutes)
            return self.checking.show(session, held, caller, names, until)

    def copy(
        self, caller: Caller, id: str, fields: Sequence[str] | None, purpose: str, days: int, trace: Trace
    ) -> Copy:
        """A signed copy for one purpose, good for so many days and no longer than the licence. Raises NOT_FOUND,
        STATE_CONFLICT for a licence that is not valid, KEY_UNAVAILABLE."""
        held = self._one(caller, id, "copy", trace)
        if self.state(held) != "valid":
            raise Problem("STATE_CONFLICT")
        names = chosen(held.type, fields)
        last = datetime.combine(held.valid_until, time(23, 59, 59), CHINA)
        until = min(self._clock.now() + timedelta(days=days), last)
        with self._database.session() as session:
            key = self.desk.usable_key(session)
            shown = self.checking.show(session, held, caller, names, until, key)
            copy = self._made(held, names, purpose, shown)
            session.add(
                CopyRow(
                    id=copy.id,
                    licence_id=id,
                    citizen_id=caller.whose,
                    until=until,
                    mandate_id=caller.acts_for.mandate_id if caller.acts_for else "",
                    purpose_sealed=self._seal(copy.id, "purpose", purpose.encode()),
                    pdf_sealed=self._seal(copy.id, "pdf", copy.pdf),
                    proof_sealed=self._seal(copy.id, "proof", copy.proof.encode()),
                )
            )
        return copy

    def found_copy(self, caller: Caller, id: str, copy_id: str) -> Copy:
        """A copy made before, to be fetched again by its holder; under a mandate what was made under it. Raises
        NOT_FOUND, MANDATE_SCOPE."""
        kinds(self._now().licences, caller)
        with self._database.session() as session:
            row = session.get(CopyRow, copy_id)
        if row is None or (row.citizen_id, row.licence_id) != (caller.whose, id):
            raise Problem("NOT_FOUND")
        if caller.acts_for is not None and row.mandate_id != caller.acts_for.mandate_id:
            raise Problem("NOT_FOUND")
        purpose, proof, pdf = (
            self._crypto.open(sealed, f"credentials.{what}:{copy_id}")
            for what, sealed in (("purpose", row.purpose_sealed), ("proof", row.proof_sealed), ("pdf", row.pdf_sealed))
        )
        return Copy(copy_id, purpose.decode(), row.until.astimezone(CHINA), proof.decode(), pdf)

    def checks(
        self, session: Session, id: str, caller: Caller, before: int | None, limit: int
    ) -> list[tuple[int, Check]]:
        """Who checked it (checking.py). Raises MANDATE_SCOPE."""
        kinds(self._now().licences, caller)
        return self.checking.checks(session, id, caller, before, limit)

    def public_keys(self) -> dict[str, Any]:
        """What anyone needs to check signatures: the keys (JWK), and those that were taken back since when."""
        with self._database.session() as session:
            revoked = self.desk.revoked_keys(session)
        return {
            "keys": self._signing.public(),
            "revoked": [{"kid": name, "at": at.astimezone(CHINA).isoformat()} for name, at in revoked],
        }

    def sweep(self) -> None:
        """Forget codes and copies a month after their end."""
        with self._database.session() as session:
            self.checking.sweep(session, self._clock.now() - _KEPT)

    def _made(self, held: Held, names: Sequence[str], purpose: str, shown: Shown) -> Copy:
        labels = {**_LABELS, **{name: text["zh"] for name, text in held.type.fields.items()}}
        values = held.shown(names)
        lines = {labels[name]: value for name, value in values.items()}
        pdf = paper.pdf(f"{held.type.title['zh']}（副本）", lines, purpose, shown.until, shown.code)
        claims = {
            "type": held.type.id,
            "fields": values,
            "purpose": purpose,
            "until": shown.until.isoformat(),
            "made_at": self._clock.now().isoformat(),
            "pdf_sha256": hashlib.sha256(pdf).hexdigest(),
        }
        proof = self._signing.sign(claims, COPY_KIND)
        return Copy("p" + secrets.token_hex(16), purpose, shown.until, proof, pdf)

    def _one(self, caller: Caller, id: str, act: str, trace: Trace) -> Held:
        """One to do something with; that it is done under a mandate is on record before."""
        wanted, person = kinds(self._now().licences, caller), self._person(caller)
        held = next((each for each in self._of_desk(person) if each.id == id), None)
        if held is None:
            elsewhere, missing = self._kept_elsewhere(wanted, person, caller, trace)
            held = next((each for each in elsewhere if each.id == id), None)
            if held is None:
                raise missing[0][1] if missing else Problem("NOT_FOUND")
        if held.type.id not in wanted:
            raise Problem("MANDATE_SCOPE")
        self._acted.note(caller, act, trace, held.type)
        return held

    def _kept_elsewhere(
        self, wanted: Mapping[str, Licence], person: Registered, caller: Caller, trace: Trace
    ) -> tuple[list[Held], list[tuple[str, Problem]]]:
        held, missing = list[Held](), list[tuple[str, Problem]]()
        for type in wanted.values():
            if type.system:
                try:
                    held += self._registries.held(type, person, caller, trace)
                except Problem as problem:
                    missing.append((type.id, problem))
        return held, missing

    def _of_desk(self, person: Registered) -> list[Held]:
        """Number and name have to be the person's before anything of it is told."""
        with self._database.read() as connection:
            held = self.desk.of_holder(connection, person.id_number)
        return [each for each in held if is_holder(each.name, each.id_number, person)]

    def _person(self, caller: Caller) -> Registered:
        if caller.acts_for is not None:
            return named(caller.acts_for)
        person = self._registered(caller.subject)
        if person is None:
            raise level_required(2, caller.level)
        return person

    def _seal(self, owner: str, what: str, value: bytes) -> bytes:
        return self._crypto.seal(value, f"credentials.{what}:{owner}")


_LABELS = {
    "licence_id": "证照标识",
    "name": "持证人",
    "id_number": "证件号码",
    "valid_from": "有效期自",
    "valid_until": "有效期至",
}
