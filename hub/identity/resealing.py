"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.crypto import Crypto
from hub.identity.accounts import OIDC, TOTP
from hub.identity.models import Company, Person, StaffAccount
from hub.identity.sealing import COLUMNS, COMPANY_KEY, KEY, Sealing
from hub.keys.resealing import Sealed


def _person(crypto: Crypto, row: Person, _: bytes) -> None:
    Sealing(crypto).renew(row)


def _company(crypto: Crypto, row: Company, _: bytes) -> None:
    sealing = Sealing(crypto)
    sealing.put_company(row, sealing.opened_company(row))


def _subject(crypto: Crypto, row: StaffAccount, value: bytes) -> None:
    row.oidc_tag = crypto.tag(value.decode(), OIDC)


def _keyless(column: str, purpose: str) -> Sealed:
    """Of people from before each had a data key: they get one."""
    none = Person.key_sealed.is_(None)
    return Sealed(Person, column, lambda row: f"{purpose}:{row.citizen_id}", _person, where=none)


SEALED = (
    Sealed(Person, "key_sealed", lambda row: f"{KEY}:{row.citizen_id}", _person),
    *(_keyless(column, purpose) for column, purpose in COLUMNS.items()),
    Sealed(Company, "key_sealed", lambda row: f"{COMPANY_KEY}:{row.company_id}", _company),
    Sealed(StaffAccount, "totp_sealed", lambda row: f"{TOTP}:{row.username}"),
    Sealed(StaffAccount, "oidc_sealed", lambda row: f"{OIDC}:{row.username}", _subject),
)
