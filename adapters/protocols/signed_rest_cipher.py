"""Bodies that a department wants encrypted: SM4 in CBC mode (GB/T 32907), as Base64, by a rule in system.yaml.

It hides a body from what lies between and proves nothing: whether a body is genuine its signature alone says.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from marshmallow import validate

from adapters.protocols.facts import Strict, Words, unusable
from adapters.protocols.json_answer import read_json
from hub.port import Garbled

BLOCK = 16
_HEX = re.compile(r"[0-9A-Fa-f]{32}", re.ASCII)


class CipherFacts(Strict):
    """`key` and `iv` name secrets: 32 hex digits, or 16 letters. Without `iv` each body has its own, in front of it.
    `member` is the one member of a JSON object that holds the text; without it the body is nothing but the text."""

    algorithm = Words(required=True, validate=validate.OneOf(["sm4_cbc"]))
    key = Words(required=True)
    iv = Words(load_default="")
    member = Words(load_default="", validate=validate.Regexp(r"[^.\s]*\Z", error="is not one name"))


@dataclass(frozen=True, slots=True)
class BodyCipher:
    """`iv` is b"" where each body brings its own."""

    key: bytes
    iv: bytes
    member: str

    @classmethod
    def declared(cls, facts: Mapping[str, Any], secrets: Mapping[str, str]) -> BodyCipher:
        """Raises CONFIG_INVALID for a secret that is missing or of another length."""
        iv = _sixteen(secrets, facts["iv"]) if facts["iv"] else b""
        return cls(_sixteen(secrets, facts["key"]), iv, facts["member"])

    @property
    def media_type(self) -> str:
        return "application/json" if self.member else "text/plain"

    def sealed(self, body: bytes) -> bytes:
        iv, padder = self.iv or os.urandom(BLOCK), PKCS7(BLOCK * 8).padder()
        encryptor = Cipher(algorithms.SM4(self.key), modes.CBC(iv)).encryptor()
        raw = encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()
        text = base64.b64encode(raw if self.iv else iv + raw)
        return json.dumps({self.member: text.decode("ascii")}).encode("ascii") if self.member else text

    def opened(self, body: bytes) -> bytes:
        """Raises Garbled for what is not encrypted like this, in clear too."""
        try:
            raw = base64.b64decode(self._text(body), validate=True)
            iv, raw = (self.iv, raw) if self.iv else (raw[:BLOCK], raw[BLOCK:])
            decryptor, unpadder = (
                Cipher(algorithms.SM4(self.key), modes.CBC(iv)).decryptor(),
                PKCS7(BLOCK * 8).unpadder(),
            )
            plain = unpadder.update(decryptor.update(raw) + decryptor.finalize())
            return plain + unpadder.finalize()
        except (binascii.Error, ValueError):
            raise Garbled("the body is not encrypted as agreed") from None

    def _text(self, body: bytes) -> str:
        text = body.decode("ascii").strip()
        if not self.member:
            return text
        found = read_json(text).get(self.member)
        if not isinstance(found, str):
            raise Garbled("the body is not encrypted as agreed")
        return found


def _sixteen(secrets: Mapping[str, str], name: str) -> bytes:
    text = secrets.get(name, "")
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if len(text) != BLOCK or not text.isascii():
        raise unusable(f"the secret {name} is neither 32 hex digits nor 16 letters")
    return text.encode("ascii")
