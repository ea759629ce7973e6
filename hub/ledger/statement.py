"""What is attested of one exchange of data: the statement, its canonical bytes, and the salted commitments to the
values that were given. Pure. No personal value is in a statement, and without the salt none is found by trying.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives import hashes

from hub.clock import CHINA

VERSION = 1
Op = Literal["READ", "SUBMIT", "PUSH", "BULK"]
Step = Literal["DECIDED", "DELIVERED", "FAILED"]


@dataclass(frozen=True, slots=True)
class Statement:
    """Who asks whom for which fields of whom, why and by what right. `supplier` and `user` are departments,
    `officer_ref` a pseudonym, `subject_tag` what `Evidence.subject_tag` gives, `basis` an article of law,
    `req_digest` what `Evidence.digest` gives of the question. `sealed_until`: the citizen sees the entry from then on.
    """

    exchange_id: UUID
    at: datetime
    supplier: str
    user: str
    system: str
    officer_ref: str
    service: str
    service_version: str
    op: Op
    subject_tag: bytes
    basis: str
    purpose: str
    fields: tuple[str, ...]
    data_class: int
    req_digest: bytes
    policy_version: str
    config_version: str
    case_no: str = ""
    consent_id: str = ""
    sealed_until: datetime | None = None
    suite: str = "intl"
    v: int = VERSION

    def packed(self) -> bytes:
        """Canonical CBOR (RFC 8949, 4.2): one statement has one spelling. Times are microseconds since 1970."""
        values: dict[str, Any] = {**asdict(self), "exchange_id": self.exchange_id.bytes, "fields": list(self.fields)}
        values["at"] = micros(self.at)
        values["sealed_until"] = micros(self.sealed_until) if self.sealed_until else None
        return canonical(values)

    @classmethod
    def unpacked(cls, packed: bytes) -> Statement:
        values = cbor2.loads(packed)
        sealed = values["sealed_until"]
        return cls(
            **{
                **values,
                "exchange_id": UUID(bytes=values["exchange_id"]),
                "at": moment(values["at"]),
                "fields": tuple(values["fields"]),
                "sealed_until": moment(sealed) if sealed is not None else None,
            }
        )


def canonical(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


def micros(at: datetime) -> int:
    whole = at.astimezone(CHINA).replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + at.microsecond


def moment(number: int) -> datetime:
    seconds, rest = divmod(number, 1_000_000)
    return datetime.fromtimestamp(seconds, CHINA).replace(microsecond=rest)


def digest(suite: str, *parts: bytes) -> bytes:
    """SHA-256, or SM3 in the suite `sm`."""
    if suite == "sm":
        made = hashes.Hash(hashes.SM3())
        for part in parts:
            made.update(part)
        return made.finalize()
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_of(step: str, exchange_id: UUID, at: datetime, *what: Any) -> bytes:
    """The bytes that go into the tree for one step of an exchange."""
    return canonical(["xiantong/1", step, exchange_id.bytes, micros(at), *what])


def salt_of(seed: bytes, number: int) -> bytes:
    """The salt of value `number` of a delivery: one kept seed instead of a thousand salts."""
    return hmac.digest(seed, number.to_bytes(4, "big"), "sha256")[:16]


def commitment(suite: str, salt: bytes, name: str, value: str) -> bytes:
    return digest(suite, salt, name.encode(), b"\0", value.encode())


def commitments(suite: str, seed: bytes, answers: Sequence[Mapping[str, str]]) -> list[bytes]:
    """One for each value, row by row, the names of a row in their order."""
    values = [(name, row[name]) for row in answers for name in sorted(row)]
    return [commitment(suite, salt_of(seed, place), name, value) for place, (name, value) in enumerate(values)]


def names_of(answers: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Which names each row had: with them a commitment finds its place again."""
    return [sorted(row) for row in answers]
