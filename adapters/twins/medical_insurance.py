"""The medical insurance settlement system: SOAP, GBK declared rightly, user token with digest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from adapters.twins.residents import Resident, luck
from adapters.twins.soap_site import SoapSite, secret, xml

HOSPITALS = ("县人民医院（示范）", "县中医院（示范）", "豫宁街道卫生服务中心", "惠民大药房（测试）")
LAST_YEAR = 2025


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


class MedicalInsurance(SoapSite):
    namespace = "http://ybj.example/service"
    wsdl = Path(__file__).parents[1] / "medical_insurance" / "service.wsdl"

    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("medical_insurance", seed, {"Q9": True})
        self._account = secret(secrets, "medical_insurance_username"), secret(secrets, "medical_insurance_password")

    def account(self) -> tuple[str, str]:
        return self._account

    def operate(self, name: str, request: Any) -> str:
        asked = {element.tag.rpartition("}")[2]: element.text or "" for element in request}
        if name == "ping":
            return self._result("0000", "成功", None)
        person = self.resident(asked.get("aac002", ""))
        if person is None:
            return self._result("1001", "未查询到参保信息", None)
        if name == "queryBalance":
            return self._balance(person, int(asked.get("aae001") or LAST_YEAR))
        return self._payments(person, asked.get("aae030", ""), asked.get("aae031", "") or "99999999")

    def _result(self, code: str, text: str, body: Mapping[str, Any] | None) -> str:
        tree = xml({"Head": {"RetCode": code, "RetMsg": text}, "Body": body})
        return tree.replace("<", "<m:").replace("<m:/", "</m:")  # every element is qualified

    def _balance(self, person: Resident, year: int) -> str:
        if not 2010 <= year <= LAST_YEAR:
            return self._result("1002", "该年度未开放", None)
        draw = luck(self.seed, "balance", person.id_number, str(year))
        income, spent = draw.randrange(20_000, 600_000), draw.randrange(0, 300_000)
        body = {
            "aac002": person.id_number,
            "aac003": person.name,
            "aae001": str(year),
            "akc087": yuan(draw.randrange(0, 2_000_000)),
            "akc252": yuan(income),
            "akc253": yuan(spent),
            "aac008": draw.choice(["1", "1", "1", "2"]),
            "aac031": draw.choice(["310", "390"]),
            "aae036": f"{year}1231",
        }
        return self._result("0000", "成功", body)

    def _payments(self, person: Resident, first: str, last: str) -> str:
        draw = luck(self.seed, "payments", person.id_number)
        rows = [self._payment(draw, person, position) for position in range(draw.randrange(0, 8))]
        rows = sorted((row for row in rows if first <= row["aae036"] <= last), key=lambda row: row["aae036"])
        more = luck(self.seed, "more payments", person.id_number)
        listed = self.listed(
            rows, lambda position: self._payment(more, person, 90 + position), lambda row: {**row, "akc264": "0.01"}
        )
        body = {"aac002": person.id_number, "Total": str(len(listed)), "Rows": {"Row": listed}}
        return self._result("0000", "成功", body)

    def _payment(self, draw: Random, person: Resident, position: int) -> dict[str, str]:
        fund, account, own = (draw.randrange(0, 80_000) for _ in range(3))
        day = f"{draw.randrange(2023, LAST_YEAR + 1)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
        return {
            "ykc700": f"{day}{person.number[1:]}{position:02d}",
            "aae036": day,
            "akb021": draw.choice(HOSPITALS),
            "aka130": draw.choice(["11", "21", "41"]),
            "akc264": yuan(fund + account + own),
            "akc260": yuan(fund),
            "akc255": yuan(account),
            "akc261": yuan(own),
        }

    def drift(self, kind: str) -> tuple[str, str]:
        return {
            "element": ("<m:aac002>", "<m:aac999>new</m:aac999><m:aac002>"),
            "missing": ("m:akc087>", "m:akc088>"),
            "code": ("<m:aac008>", "<m:aac008>9"),
        }[kind]


def make(secrets: Path, seed: int) -> MedicalInsurance:
    return MedicalInsurance(secrets, seed)
