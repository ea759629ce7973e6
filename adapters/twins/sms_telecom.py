"""The twin of the telecom SMS gateway: forms in GBK signed with MD5, JSON in GBK back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from adapters.twins.sms import SmsSite
from adapters.twins.twin import Answer, Request, Twin

_CHINA = timezone(timedelta(hours=8))


class SmsTelecom(SmsSite):
    numbers_refused = "-20"

    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("sms_telecom", secrets, seed, "gbk")

    def answer(self, request: Request) -> Answer:
        if request.method != "POST" or request.path not in ("/gateway/submit.do", "/gateway/balance.do"):
            return self._json({"result": 404, "desc": "接口不存在"}, 404)
        text = request.body.decode("ascii", "replace")
        form = dict(parse_qsl(text, keep_blank_values=True, encoding="gbk", errors="replace"))
        if form.get("account") != self.secret("username") or not self._signed(form):
            return self._json({"result": -1, "desc": "签名错误"})
        if not self.timely(_moment(form.get("ts", ""))):
            return self._json({"result": -2, "desc": "时间超出允许范围"})
        if request.path == "/gateway/balance.do":
            return self._json({"result": 0, "desc": "查询成功，余量为可发送的短信条数（虚构）", "count": 500_000})
        phone, content = form.get("dest", ""), form.get("content", "")
        if code := self.refusal(phone, content):
            return self._json({"result": int(code), "desc": "拒绝"})
        number = self.taken(phone, content, form.get("extno", ""))
        return self._json({"result": 0, "desc": "成功", "taskid": number})

    def receipt(self, phone: str, reference: str, delivered: bool) -> Mapping[str, Any]:
        done = datetime.now(UTC).astimezone(_CHINA).strftime("%Y%m%d%H%M%S")
        return {"extno": reference, "stat": "0" if delivered else "1", "time": done, "dest": phone}

    def _signed(self, form: Mapping[str, str]) -> bool:
        items = sorted((name, value) for name, value in form.items() if name != "sign" and value)
        text = "&".join(f"{name}={value}" for name, value in items)
        return any(
            hashlib.md5(f"{text}&key={key}".encode("gbk"), usedforsecurity=False).hexdigest().upper()
            == form.get("sign")
            for key in self.keys()
        )

    def _json(self, value: Mapping[str, Any], status: int = 200) -> Answer:
        return Answer(json.dumps(value, ensure_ascii=False).encode("gbk"), status, "application/json", [self.date()])


def _moment(stamp: str) -> float:
    try:
        return datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=_CHINA).timestamp()
    except ValueError:
        return 0.0


def make(secrets: Path, seed: int) -> Twin:
    return SmsTelecom(secrets, seed)
