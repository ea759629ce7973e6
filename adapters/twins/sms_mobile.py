"""The twin of the mobile SMS platform: JSON, signed with HMAC-SHA256 in headers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.twins.sms import SmsSite
from adapters.twins.twin import Answer, Request, Twin, as_json


class SmsMobile(SmsSite):
    numbers_refused = "2001"

    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("sms_mobile", secrets, seed, "utf-8")

    def answer(self, request: Request) -> Answer:
        if request.method != "POST" or request.path not in ("/sms/v2/send", "/sms/v2/balance"):
            return as_json({"code": "404", "msg": "接口不存在"}, 404)
        if not self._signed(request):
            return as_json({"code": "1001", "msg": "签名错误"})
        if not self.timely(float(request.headers["x-time"])):
            return as_json({"code": "1002", "msg": "时间戳过期"})
        if request.path == "/sms/v2/balance":
            return as_json({"code": "0", "msg": "查询成功，余量为可发送的短信条数（虚构）", "balance": 1_000_000})
        asked = json.loads(request.body)
        phone, text = str(asked.get("mobile", "")), str(asked.get("content", ""))
        if code := self.refusal(phone, text):
            return as_json({"code": code, "msg": "拒绝"})
        return as_json({"code": "0", "msg": "ok", "msgId": self.taken(phone, text, str(asked.get("customId")))})

    def receipt(self, phone: str, reference: str, delivered: bool) -> Mapping[str, Any]:
        done = (datetime.now(UTC) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
        status = "DELIVRD" if delivered else "UNDELIV"
        return {"customId": reference, "status": status, "doneTime": done, "mobile": phone}

    def _signed(self, request: Request) -> bool:
        headers = request.headers
        names = headers.get("x-time", ""), headers.get("x-nonce", "")
        text = "\n".join((request.method, request.path, *names, hashlib.sha256(request.body).hexdigest()))
        given, known = headers.get("x-sign", ""), headers.get("x-account") == self.secret("username")
        return (
            known
            and names[0].isdigit()
            and any(
                hmac.compare_digest(hmac.new(key.encode(), text.encode(), "sha256").hexdigest(), given)
                for key in self.keys()
            )
        )


def make(secrets: Path, seed: int) -> Twin:
    return SmsMobile(secrets, seed)
