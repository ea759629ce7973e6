"""What the mini-program hands over sealed under the session key (encryptedData, iv): opened, and believed only when it
is ours and of now. Everything that is wrong with it is one refusal."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from hub.errors import Problem

FRESH_S = 300
_LEEWAY_S = 90  # between WeChat's clock and ours


def opened(encrypted_data: str, iv: str, session_key: str, appid: str, now: datetime) -> Mapping[str, Any]:
    """Raises PHONE_PROOF_INVALID."""
    try:
        value = json.loads(_plain(encrypted_data, iv, session_key).decode("utf-8"))
        check_watermark(value["watermark"]["appid"], value["watermark"]["timestamp"], appid, now)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Problem("PHONE_PROOF_INVALID", note=type(error).__name__) from None
    found: Mapping[str, Any] = value
    return found


def check_watermark(owner: Any, stamp: Any, appid: str, now: datetime) -> None:
    """Raises PHONE_PROOF_INVALID for another app's data, or for what is older than five minutes or of tomorrow."""
    if owner != appid:
        raise Problem("PHONE_PROOF_INVALID", note="of another app")
    if not isinstance(stamp, int) or not -_LEEWAY_S <= now.timestamp() - stamp <= FRESH_S:
        raise Problem("PHONE_PROOF_INVALID", note="not of now")


def _plain(encrypted_data: str, iv: str, session_key: str) -> bytes:
    key, start, body = (base64.b64decode(each, validate=True) for each in (session_key, iv, encrypted_data))
    decryptor = Cipher(algorithms.AES128(key), modes.CBC(start)).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(body) + decryptor.finalize()) + unpadder.finalize()
