"""Asks a time stamping authority (RFC 3161) to sign that a checkpoint was there, so that its time is believed without
the hub's clock or its witnesses'. The digest is SHA-256 in both suites: whoever checks needs no more than openssl.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from hub.ledger.asking import Refused, post

_QUERY = "application/timestamp-query"
_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Authority:
    """Where it is asked, and the certificates its own is checked against."""

    address: str
    roots: tuple[Certificate, ...]

    @classmethod
    def read(cls, address: str, roots: str) -> Authority:
        """`roots` is PEM. Raises ValueError."""
        return cls(address, tuple(load_pem_x509_certificates(roots.encode())))


@dataclass(frozen=True, slots=True)
class Stamp:
    """`answer` is the authority's whole answer (DER), as `openssl ts -verify -in` reads it; `at` is its time, `ends`
    when the first of its certificates ends."""

    answer: bytes
    at: datetime
    ends: datetime

    def apart(self, now: datetime) -> str:
        """What is to be told where its clock and ours differ by more than five minutes; else empty."""
        return f"its clock is {self.at - now} from ours" if abs(self.at - now) > _APART else ""


def stamped(authority: Authority, note: str) -> Stamp:
    """Takes up to three seconds. Raises Refused."""
    text = note.encode()
    asked = TimestampRequestBuilder().data(text).hash_algorithm(HashAlgorithm.SHA256).build()
    status, answer = post(authority.address, asked.as_bytes(), _QUERY)
    if status != 200:
        raise Refused(f"it answers {status}")
    try:
        told = decode_timestamp_response(answer)
        VerifierBuilder(nonce=asked.nonce, roots=list(authority.roots)).build().verify_message(told, text)
    except (VerificationError, ValueError) as error:
        raise Refused(f"its stamp does not hold: {error}") from error
    certificates = (*authority.roots, *map(load_der_x509_certificate, told.signed_data.certificates))
    ends = min(each.not_valid_after_utc for each in certificates)
    return Stamp(answer, told.tst_info.gen_time, ends)
