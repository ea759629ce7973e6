"""The health commission's twin: JSON, HMAC-SHA256 over method, path, timestamp, nonce and body hash.

Everybody of the county has the status 0 until `PUT /twin/statuses {id_number: "1"}` says otherwise. A request older or
newer than 300 s, a nonce seen before, a wrong signature are refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.twins.signed_site import SignedSite
from adapters.twins.twin import Answer, Request, Twin, as_json

WINDOW = 300
PATH = "/epidemic/v1/status"


class HealthCommission(SignedSite):
    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("health_commission", secrets, seed, "utf-8", {})
        self._guard = threading.Lock()
        self._nonces: set[str] = set()
        self._statuses: dict[str, str] = {}

    def admin(self, request: Request) -> Answer | None:
        if request.path != "/twin/statuses":
            return super().admin(request)
        if request.method == "PUT":
            self._statuses.update(json.loads(request.body))
        return as_json(self._statuses)

    def forget(self) -> None:
        super().forget()
        self._nonces.clear()
        self._statuses.clear()

    def answer(self, request: Request) -> Answer:
        if not any(self._right(request, key) for key in self.keys()):
            return self._json({"code": "-1", "msg": "签名错误"}, 200 if self.quirk("Q23") else 401)
        refusal = self._refusal(request)
        return self._json({"code": refusal[0], "msg": refusal[1]} if refusal else self._value(request))

    def _right(self, request: Request, key: str) -> bool:
        head = request.headers
        digest = hashlib.sha256(request.body).hexdigest()
        text = "\n".join([request.method, request.path, head.get("x-timestamp", ""), head.get("x-nonce", ""), digest])
        expected = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, head.get("x-signature", ""))

    def _refusal(self, request: Request) -> tuple[str, str] | None:
        head = request.headers
        if not head["x-timestamp"].isdigit() or abs(self.now() - int(head["x-timestamp"])) > WINDOW:
            return "-2", "请求时间超出允许范围"
        with self._guard:
            if head["x-nonce"] in self._nonces:
                return "-3", "请求重复"
            self._nonces.add(head["x-nonce"])
        return None

    def _value(self, request: Request) -> dict[str, Any]:
        if request.path != PATH:
            return {"code": "404", "msg": "no such interface"}
        asked = json.loads(request.body)
        person = self.resident(asked.get("idNo"), asked.get("name"))
        if person is None:
            return {"code": "2001", "msg": "身份信息核验不通过"}
        status = self._statuses.get(person.id_number, "0")
        data = {"idNo": person.id_number, "name": person.name, "status": status}
        return {"code": "0", "msg": "OK", "data": {**data, "since": "2026-01-04"} if status != "0" else data}

    def _json(self, value: Mapping[str, Any], status: int = 200) -> Answer:
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return Answer(body, status, "application/json; charset=utf-8", [self.date()])


def make(secrets: Path, seed: int) -> Twin:
    return HealthCommission(secrets, seed)
