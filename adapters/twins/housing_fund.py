"""The housing fund's twin: GBK forms in, GBK JSON out, signed with MD5 over the GBK bytes, upper-case hex.

Amounts are texts in yuan for the account and integers in fen for the records; pages of the records count from 0 and
their total is a text.

Q20  true: the signed text is GBK; false: UTF-8
Q21  true: empty fields are left out of it; false: they stand in it
Q22  true: the key is appended; false: prepended
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from adapters.twins import residents
from adapters.twins.residents import Resident
from adapters.twins.signed_site import SignedSite
from adapters.twins.twin import Answer, Request, Twin

CHINA = timezone(timedelta(hours=8))
WINDOW = 300
STATES = ["01", "01", "01", "02", "03"]
KINDS = {"1001": 1, "2001": -1, "3001": 1}


class HousingFund(SignedSite):
    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("housing_fund", secrets, seed, "gb18030", {"Q20": True, "Q21": True, "Q22": True})

    def answer(self, request: Request) -> Answer:
        pages = {
            "/gjj/api/account": self._account,
            "/gjj/api/records": self._records,
            "/gjj/api/withdrawal-estimate": self._estimate,
        }
        page = pages.get(request.path)
        if page is None or request.method != "POST":
            return self._json({"code": "404", "msg": "接口不存在"}, 404)
        text = request.body.decode("ascii")
        form = dict(parse_qsl(text, keep_blank_values=True, encoding="gb18030", errors="replace"))
        if not self._signed(form):
            return self._json({"code": "-1", "msg": "签名错误"}, 200 if self.quirk("Q23") else 401)
        if not self._timely(form.get("timestamp", "")):
            return self._json({"code": "-2", "msg": "请求时间超出允许范围"})
        person = self.resident(form.get("sfzh"), form.get("xm"))
        if person is None:
            return self._json({"code": "1001", "msg": "未查询到该职工的公积金账户"})
        return self._json({"code": "0", "msg": "成功", "data": page(person, form)})

    def _signed(self, form: Mapping[str, str]) -> bool:
        keep = not self.quirk("Q21")
        items = sorted((name, value) for name, value in form.items() if name != "sign" and (value or keep))
        text = "&".join(f"{name}={value}" for name, value in items)
        charset = "gb18030" if self.quirk("Q20") else "utf-8"
        return any(
            hashlib.md5(signed.encode(charset), usedforsecurity=False).hexdigest().upper() == form.get("sign")
            for key in self.keys()
            for signed in [f"{text}&key={key}" if self.quirk("Q22") else f"{key}&key={text}"]
        )

    def _timely(self, stamp: str) -> bool:
        try:
            sent = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=CHINA).timestamp()
        except ValueError:
            return False
        return abs(self.now() - sent) <= WINDOW

    def _account(self, person: Resident, _: Mapping[str, str]) -> dict[str, Any]:
        luck = residents.luck(self.seed, "housing fund", person.id_number)
        monthly = luck.randrange(40_000, 300_000)
        return {
            "sfzh": person.id_number,
            "xm": person.name,
            "grzh": f"360423{luck.randrange(10**6):06d}",
            "dwmc": f"示范县第{luck.randint(1, 40)}单位（虚构）",
            "yjce": _yuan(monthly),
            "ye": _yuan(monthly * luck.randint(3, 120)),
            "zt": luck.choice(STATES),
            "khrq": f"{luck.randint(2001, 2019)}{luck.randint(1, 12):02d}{luck.randint(1, 28):02d}",
        }

    def _estimate(self, person: Resident, form: Mapping[str, str]) -> dict[str, Any]:
        """Nine tenths of the balance may be taken out, of an account in the normal state."""
        account = self._account(person, {})
        most = _fen(account["ye"]) * 9 // 10 if account["zt"] == "01" else 0
        return {
            "sfzh": person.id_number,
            "xm": person.name,
            "sqje": form.get("sqje", ""),
            "kt": "1" if _fen(form.get("sqje", "0.00")) <= most else "0",
            "ktje": _yuan(most),
            "gzr": "3",
        }

    def _records(self, person: Resident, form: Mapping[str, str]) -> dict[str, Any]:
        luck = residents.luck(self.seed, "housing fund records", person.id_number)
        balance = luck.randrange(100_000, 5_000_000)
        rows: list[dict[str, Any]] = []
        for number in range(36):
            day = f"{2023 + number // 12}{number % 12 + 1:02d}15"
            kind = luck.choice(["1001", "1001", "1001", "2001", "3001"])
            amount = luck.randrange(10_000, 90_000)
            balance += KINDS[kind] * amount
            rows.append({"xh": f"{number + 1:04d}", "rq": day, "ywlx": kind, "je": amount, "ye": balance})
        first, last = form.get("ksrq") or "00000000", form.get("jsrq") or "99999999"
        rows = [row for row in rows if first <= row["rq"] <= last]
        rows = self.rows(rows, lambda row: {**row, "je": row["je"] + 1})
        page, size = int(form.get("pageNo") or 0), int(form.get("pageSize") or 10)
        return {
            "sfzh": person.id_number,
            "xm": person.name,
            "total": str(len(rows)),
            "pageNo": page,
            "rows": rows[page * size : (page + 1) * size],
        }

    def _json(self, value: Mapping[str, Any], status: int = 200) -> Answer:
        body = json.dumps(value, ensure_ascii=False).encode("gb18030")
        return Answer(body, status, "application/json", [self.date()])


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _fen(yuan: str) -> int:
    return int(yuan.replace(".", ""))


def make(secrets: Path, seed: int) -> Twin:
    return HousingFund(secrets, seed)
