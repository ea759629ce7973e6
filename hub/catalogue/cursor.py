"""Where a list goes on, as a text that only we can make: a forged one, or one of another question, is refused."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

from hub.errors import Problem

_MAC = 10
_BETWEEN = "\x1f"


class Cursors:
    """Signs with the first key and reads with every key of the ring. `question` is what the cursor belongs to."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = [hmac.digest(key.encode(), b"cursor", "sha256") for key in keys.values()]

    def write(self, question: str, place: Sequence[str]) -> str:
        body = _BETWEEN.join(place).encode()
        return base64.urlsafe_b64encode(_mac(self._keys[0], question, body) + body).decode().rstrip("=")

    def read(self, question: str, cursor: str, parts: int) -> list[str]:
        """The place again; raises PAGE_INVALID."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            mac, body = raw[:_MAC], raw[_MAC:]
            place = body.decode().split(_BETWEEN)
        except (binascii.Error, ValueError):
            raise Problem("PAGE_INVALID") from None
        ours = any(hmac.compare_digest(mac, _mac(key, question, body)) for key in self._keys)
        if not ours or len(place) != parts:
            raise Problem("PAGE_INVALID")
        return place


def _mac(key: bytes, question: str, body: bytes) -> bytes:
    return hmac.digest(key, question.encode() + b"\0" + body, "sha256")[:_MAC]
