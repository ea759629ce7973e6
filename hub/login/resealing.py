"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.crypto import Crypto
from hub.keys.resealing import Sealed
from hub.login.binding import OPENID, SESSION_KEY, opened, put
from hub.login.models import Binding


def _tag(crypto: Crypto, row: Binding, _: bytes) -> None:
    put(crypto, row, *opened(crypto, row))


SEALED = (
    Sealed(Binding, "session_key_sealed", lambda row: f"{SESSION_KEY}:{row.openid_tag.hex()}"),
    Sealed(Binding, "openid_sealed", lambda row: f"{OPENID}:{row.openid_tag.hex()}", _tag),
)
