"""A WeChat user's openid and session key as they are kept: sealed for the tag that the openid is found by."""

from __future__ import annotations

from hub.crypto import Crypto
from hub.login.models import Binding

OPENID, SESSION_KEY = "login.openid", "login.session_key"


def put(crypto: Crypto, binding: Binding, openid: str, session_key: str | None) -> None:
    """Sealed and tagged under the key that seals now."""
    tag = crypto.tag(openid, OPENID)
    binding.openid_tag, binding.openid_sealed = tag, crypto.seal(openid.encode(), f"{OPENID}:{tag.hex()}")
    sealed = crypto.seal(session_key.encode(), f"{SESSION_KEY}:{tag.hex()}") if session_key else None
    binding.session_key_sealed = sealed


def opened(crypto: Crypto, binding: Binding) -> tuple[str, str | None]:
    """openid and session key."""
    tag, key = binding.openid_tag.hex(), binding.session_key_sealed
    openid = crypto.open(binding.openid_sealed, f"{OPENID}:{tag}").decode()
    return openid, crypto.open(key, f"{SESSION_KEY}:{tag}").decode() if key else None
