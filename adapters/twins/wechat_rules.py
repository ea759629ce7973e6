"""What WeChat's platform decides by itself: error texts, limits of a subscribe message, encryptedData. No sockets."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ERRORS: Mapping[int, str] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    43101: "user refuse to accept the msg",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
    47003: "argument invalid!",
    87008: "invalid sig_method",
    87009: "invalid signature",
}
# A field's name is its type and a number: thing1, character_string2.
LIMITS: Mapping[str, int] = {"thing": 20, "number": 32, "letter": 32, "character_string": 32, "symbol": 5}
LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")
STATES = ("developer", "trial", "formal")
VARIANTS = ("good", "foreign_appid", "old_timestamp", "wrong_key", "broken_padding")


def acceptable(message: Mapping[str, Any]) -> bool:
    """Whether the data of a subscribe message keeps to the limits."""
    data = message.get("data")
    if not isinstance(data, dict) or not data:
        return False
    if message.get("lang", "zh_CN") not in LANGUAGES or message.get("miniprogram_state", "formal") not in STATES:
        return False
    return all(_fits(name, entry) for name, entry in data.items())


def _fits(name: str, entry: Any) -> bool:
    value = entry.get("value") if isinstance(entry, dict) else None
    limit = LIMITS.get(name.rstrip("0123456789"))
    return isinstance(value, str) and value != "" and (limit is None or len(value) <= limit)


def encrypted(session_key: str, appid: str, data: Mapping[str, Any], variant: str, now: float) -> dict[str, str]:
    """encryptedData and iv as the client would hand them over, good or spoiled in one way."""
    stamp = int(now) - (30 * 86_400 if variant == "old_timestamp" else 0)
    owner = "wx0000000000000000" if variant == "foreign_appid" else appid
    plain = json.dumps({**data, "watermark": {"timestamp": stamp, "appid": owner}}, ensure_ascii=False).encode()
    short = 16 - len(plain) % 16
    padding = bytes([99 if variant == "broken_padding" else short]) * short
    key = os.urandom(16) if variant == "wrong_key" else base64.b64decode(session_key)
    iv = os.urandom(16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    body = encryptor.update(plain + padding) + encryptor.finalize()
    return {"encryptedData": base64.b64encode(body).decode(), "iv": base64.b64encode(iv).decode()}
