"""COSE_Sign1 (RFC 9052) as the EU certificates use it: unpacked, and its signature tried against one certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509 import Certificate

from hub.recognition import cbor
from hub.recognition.refusal import Refused

_ALG, _CRIT, _KID = 1, 2, 4
_SIGN1, _CWT = 18, 61
ES256, PS256 = -7, -37


@dataclass(frozen=True, slots=True)
class Signed:
    algorithm: int
    kid: str  # hexadecimal
    protected: bytes
    payload: bytes
    signature: bytes

    def is_by(self, certificate: Certificate) -> bool | None:
        """None: a key of another kind than the algorithm."""
        public, text = certificate.public_key(), self._text()
        try:
            if self.algorithm == ES256 and isinstance(public, ec.EllipticCurvePublicKey):
                if len(self.signature) != 64 or not isinstance(public.curve, ec.SECP256R1):
                    return False
                r, s = (int.from_bytes(half, "big") for half in (self.signature[:32], self.signature[32:]))
                public.verify(encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))
                return True
            if self.algorithm == PS256 and isinstance(public, rsa.RSAPublicKey):
                if public.key_size < 2048:
                    return False
                salt = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
                public.verify(self.signature, text, salt, hashes.SHA256())
                return True
        except InvalidSignature:
            return False
        return None

    def _text(self) -> bytes:
        return cbor2.dumps(["Signature1", self.protected, b"", self.payload])


def unpacked(raw: bytes) -> Signed:
    """Raises Refused."""
    parts = _parts(cbor.read(raw))
    protected, unprotected, payload, signature = parts
    if not (isinstance(protected, bytes) and isinstance(unprotected, dict) and isinstance(signature, bytes)):
        raise Refused("COSE_SHAPE")
    if not isinstance(payload, bytes) or not payload:
        raise Refused("COSE_PAYLOAD")
    head = cbor.read(protected) if protected else {}
    if not isinstance(head, dict):
        raise Refused("COSE_HEADER")
    if _CRIT in head:
        raise Refused("COSE_CRITICAL")
    if _ALG not in head:  # an unprotected one is no promise of the signer
        raise Refused("COSE_ALGORITHM_MISSING")
    if head[_ALG] not in (ES256, PS256):
        raise Refused("COSE_ALGORITHM")
    kid = head.get(_KID, unprotected.get(_KID))
    if not isinstance(kid, bytes) or not kid:
        raise Refused("COSE_KID_MISSING")
    return Signed(head[_ALG], kid.hex(), protected, payload, signature)


def _parts(value: Any) -> Sequence[Any]:
    if isinstance(value, cbor.Tag) and value.number == _CWT:
        value = value.value
    if isinstance(value, cbor.Tag):
        if value.number != _SIGN1:
            raise Refused("COSE_TAG")
        value = value.value
    if not isinstance(value, list) or len(value) != 4:
        raise Refused("COSE_SHAPE")
    return value
