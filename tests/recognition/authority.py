"""A test authority: signs EU certificates, good ones and such as are broken in one named way, and trust lists."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import base45
import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID, ObjectIdentifier

from hub.clock import CHINA
from hub.recognition.trust import LIST_KIND, Issuer, Key, Trust, keys_of, together
from hub.signing import Signing

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=CHINA)
ARC = "1.3.6.1.4.1.1847.2021.1."
VACCINATION: dict[str, Any] = {
    "tg": "840539006", "vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-100030215", "dn": 2, "sd": 2,
    "dt": "2026-09-01", "co": "AT", "is": "Ministry of Health",
    "ci": "URN:UVCI:01:AT:10807843F94AEE0EE5093FBC254BD813#B",
}  # fmt: skip
TEST: dict[str, Any] = {
    "tg": "840539006", "tt": "LP6464-4", "sc": "2026-11-25T10:00:00Z", "tr": "260415000", "tc": "Test centre 1",
    "co": "AT", "is": "Ministry of Health", "ci": "URN:UVCI:01:AT:71EE2559DE38C6BF7304FB65A1A451EC#3",
}  # fmt: skip
RECOVERY: dict[str, Any] = {
    "tg": "840539006", "fr": "2026-08-20", "co": "AT", "is": "Ministry of Health", "df": "2026-09-01",
    "du": "2027-02-01", "ci": "URN:UVCI:01:AT:858CC18CFCF5965EF82F60E493349AA5#K",
}  # fmt: skip
NAME = {"fn": "Musterfrau-Gößinger", "fnt": "MUSTERFRAU<GOESSINGER", "gn": "Gabriele", "gnt": "GABRIELE"}
Spoil = Callable[[Any], Any]


def content(**groups: Any) -> dict[str, Any]:
    return {"ver": "1.3.0", "nam": NAME, "dob": "1998-02-26", **(groups or {"v": [VACCINATION]})}


@dataclass
class Signer:
    """One document signer of a country: `kind` ec or rsa; `uses` are the last arcs of what its key is for."""

    country: str = "AT"
    kind: str = "ec"
    uses: tuple[str, ...] = ()
    begins: datetime = NOW - timedelta(days=100)
    ends: datetime = NOW + timedelta(days=20_000)
    kid: bytes = b""
    key: Any = field(init=False)

    def __post_init__(self) -> None:
        made = ec.generate_private_key(ec.SECP256R1()) if self.kind == "ec" else rsa.generate_private_key(65537, 2048)
        self.key = made
        self.kid = self.kid or hashlib.sha256(self.der).digest()[:8]

    @cached_property
    def der(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, self.country[:2])])
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(self.begins.astimezone(UTC))
            .not_valid_after(self.ends.astimezone(UTC))
        )  # fmt: skip
        if self.uses:
            oids = [ObjectIdentifier(ARC + use) for use in self.uses]
            builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    @property
    def entry(self) -> dict[str, str]:
        return {"kid": self.kid.hex(), "x509": base64.b64encode(self.der).decode()}

    def claims(self, document: Any = None, **other: Any) -> dict[Any, Any]:
        """The claims of a CWT; `iss`, `iat`, `exp` as given, left out where they are None."""
        named = {1: other.get("iss", self.country), 6: other.get("iat", int(NOW.timestamp()) - 60),
                 4: other.get("exp", int(NOW.timestamp()) + 86400)}  # fmt: skip
        health = {1: content() if document is None else document}
        return {**{name: value for name, value in named.items() if value is not None}, -260: health}

    def signed(self, payload: bytes, head: Any = None, open_head: Any = None, tag: int | None = 18) -> bytes:
        algorithm = -7 if self.kind == "ec" else -37
        protected = (
            head if isinstance(head, bytes) else cbor2.dumps({1: algorithm, 4: self.kid} if head is None else head)
        )
        parts = [
            protected,
            open_head or {},
            payload,
            self.signature(cbor2.dumps(["Signature1", protected, b"", payload])),
        ]
        return cbor2.dumps(parts if tag is None else cbor2.CBORTag(tag, parts))

    def signature(self, text: bytes) -> bytes:
        if self.kind == "rsa":
            return bytes(self.key.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()))
        r, s = decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def certificate(self, document: Any = None, **other: Any) -> str:
        """A good certificate, or one whose claims are as named."""
        return text(self.signed(cbor2.dumps(self.claims(document, **other))))


def text(signed: bytes) -> str:
    return packed(zlib.compress(signed, 9))


def packed(raw: bytes) -> str:
    return "HC1:" + base45.b45encode(raw).decode()


def trust(*signers: Signer, revoked: tuple[str, ...] = (), sets: Any = None) -> Trust:
    """Each signer's country as an issuer of its own."""
    keys: list[Key] = []
    for signer in signers:
        keys += keys_of(Issuer(signer.country, "dcc"), {"keys": [signer.entry]})
    return together(Trust(value_sets=sets or {}), keys, revoked)


def listed(signing: Signing, version: int, issuers: list[dict[str, Any]], until: datetime, **more: Any) -> str:
    """A signed trust list."""
    claims = {"version": version, "expires_at": until.isoformat(), "issuers": issuers, **more}
    return signing.sign(claims, LIST_KIND)
