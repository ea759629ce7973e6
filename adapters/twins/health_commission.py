"""The health commission's twin: JSON, HMAC-SHA256 over method, path, timestamp, nonce and body hash.

Everybody of the county has the status 0 until `PUT /twin/statuses {id_number: "1"}` says otherwise. A request older or
newer than 300 s, a nonce seen before, a wrong signature are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.twins.signed_site import HeadSignedSite
from adapters.twins.twin import Answer, Request, Twin, as_json

PATH = "/epidemic/v1/status"


class HealthCommission(HeadSignedSite):
    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("health_commission", secrets, seed)
        self._statuses: dict[str, str] = {}

    def admin(self, request: Request) -> Answer | None:
        if request.path != "/twin/statuses":
            return super().admin(request)
        if request.method == "PUT":
            self._statuses.update(json.loads(request.body))
        return as_json(self._statuses)

    def forget(self) -> None:
        super().forget()
        self._statuses.clear()

    def answer(self, request: Request) -> Answer:
        if not any(self.right(request, key) for key in self.keys()):
            return self._json({"code": "-1", "msg": "签名错误"}, 200 if self.quirk("Q23") else 401)
        refusal = self.repeated(request)
        return self._json({"code": refusal[0], "msg": refusal[1]} if refusal else self._value(request))

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
