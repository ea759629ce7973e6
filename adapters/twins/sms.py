"""The twin of a short-message provider: takes a template message with its key, keeps it, sends nothing.

refuse  the code it refuses every message with (true: TEMPLATE_REFUSED)
Messages are what `GET /twin/records` lists.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.twins.twin import Answer, Request, Twin, as_json

_PHONE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)


class ShortMessages(Twin):
    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("sms", "signed_rest", seed, "utf-8", {"refuse": False})
        self._key = secrets / "sms_key"

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) != ("POST", "/v1/messages"):
            return as_json({"code": "NO_SUCH_PATH"}, 404)
        if not self._known(request.headers.get("authorization", "")):
            return as_json({"code": "KEY_INVALID"}, 401)
        try:
            message = json.loads(request.body)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            return as_json({"code": "FORMAT"}, 400)
        if refusal := self._refusal(message):
            return as_json({"code": refusal})
        number = self.records.add({name: message.get(name) for name in ("phone", "template", "params")})
        return as_json({"code": "OK", "message_id": f"sms-{number}"})

    def _refusal(self, message: Mapping[str, Any]) -> str:
        if refuse := self.quirk("refuse"):
            return "TEMPLATE_REFUSED" if refuse is True else str(refuse)
        if not _PHONE.fullmatch(str(message.get("phone"))):
            return "PHONE_INVALID"
        return "" if message.get("template") else "TEMPLATE_MISSING"

    def _known(self, header: str) -> bool:
        if not self._key.exists():
            return False
        key = self._key.read_text(encoding="utf-8").strip()
        return hmac.compare_digest(header.encode(), f"Bearer {key}".encode())


def make(secrets: Path, seed: int) -> Twin:
    return ShortMessages(secrets, seed)
