"""The household register of the police: SOAP of 2006, GBK that nobody declares, escaped XML inside one element.

User and password stand in the body. What is filed keeps the number of the office that sent it (WBBH); the same number
twice is two applications, and only asking for it shows them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.twins.calling import Calling
from adapters.twins.residents import Resident, luck
from adapters.twins.soap_site import Fault, SoapSite, secret, xml
from adapters.twins.twin import Answer, Request, as_json

RELATIONS = {("head", "M"): "02", ("head", "F"): "02", ("spouse", "M"): "10", ("spouse", "F"): "10"}
RELATIONS |= {("child", "M"): "20", ("child", "F"): "30", ("sibling", "M"): "73", ("sibling", "F"): "73"}
KINDS = ("11", "12")

Body = Mapping[str, Any]


def digits(day: str) -> str:
    return day.replace("-", "")


class HouseholdRegistration(SoapSite):
    namespace = "http://hjgl.ga.example/"
    wsdl = Path(__file__).parents[1] / "household_registration" / "service.wsdl"
    declared = None

    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("household_registration", seed, {"Q3": True, "Q7": True})
        self._account = secret(secrets, f"{self.system}_username"), secret(secrets, f"{self.system}_password")
        self._calling = Calling(self.system, lambda: secret(secrets, f"{self.system}_callback_key"))
        self._by_person: Mapping[str, Callable[[Resident], Body]] = {
            "queryPerson": self._person,
            "queryMembers": self._members,
            "queryResidence": self._residence,
        }

    def admin(self, request: Request) -> Answer | None:
        """What has become of an application is told by themselves: `POST /twin/events {"SJ": [{"YWLSH": …}]}`; where
        to, `PUT /twin/events {"url": …}`."""
        if request.path != "/twin/events":
            return super().admin(request)
        if request.method == "PUT":
            self._calling.url = str(json.loads(request.body)["url"])
        if request.method == "POST":
            self._calling.tell(json.dumps(json.loads(request.body), ensure_ascii=False).encode("gb18030"))
        return as_json({"url": self._calling.url})

    def account(self) -> tuple[str, str]:
        return self._account

    def operate(self, name: str, request: Any) -> str:
        outer = {element.tag: element.text or "" for element in request}
        if (outer.get("user"), outer.get("password")) != self._account:
            raise Fault("Client.Denied", "用户名或密码错误")
        document = etree.fromstring(outer["xml"].encode("gb18030"))  # it declares GBK itself
        asked = {element.tag: element.text or "" for element in document}
        if any(trap in text.encode("gb18030") for text in asked.values() for trap in b"'\\"):
            raise Fault("Server", "java.sql.SQLException: ORA-01756: quoted string not properly terminated")
        code, text, data = self._answered(name, asked)
        inner = '<?xml version="1.0" encoding="GBK"?>' + xml({"RESPONSE": {"CODE": code, "MSG": text, "DATA": data}})
        return xml({"return": inner})

    def _answered(self, name: str, asked: Mapping[str, str]) -> tuple[str, str, Body | None]:
        if name == "checkAlive":
            return "1", "正常", None
        if name == "queryApplication":
            return "1", "查询成功", self._applications(asked["WBBH"])
        person = self.resident(asked.get("GMSFHM", ""))
        if person is None:
            return "0", "查无此人", None
        if name == "verifyIdentity":
            if person.name != asked.get("XM"):
                return "3", "不一致", None
            return "1", "一致", {"GMSFHM": person.id_number}
        if name == "submitApplication":
            if asked.get("SQLX") not in KINDS:
                return "2", "申请类型错误", None
            return "1", "受理成功", self._filed(person, asked)
        return "1", "查询成功", self._by_person[name](person)

    def _person(self, person: Resident) -> Body:
        return {
            "GMSFHM": person.id_number,
            "XM": person.name,
            "XB": "1" if person.sex == "M" else "2",
            "CSRQ": digits(person.birth_date),
            "MZ": person.ethnicity_code,
            "RYZT": "0",
        }

    def _members(self, person: Resident) -> Body:
        home = self.county.households[person.household]
        everybody = list(self.county.residents.values())
        members = self.listed(
            [self._member(member) for member in self.county.members(home.number)],
            lambda position: self._member(everybody[position]),
            lambda row: {**row, "CSRQ": "19000101"},
        )
        data = {"GMSFHM": person.id_number, "HH": home.number, "ZZ": home.address, "CYS": str(len(members))}
        # no list element at all when there is nobody: what the county calls its Q09
        return {**data, "CYLB": {"CY": members} if members else None}

    def _member(self, member: Resident) -> Body:
        whole = self._person(member)
        known = {name: whole[name] for name in ("GMSFHM", "XM", "XB", "CSRQ")}
        return {**known, "YHZGX": RELATIONS[member.relation, member.sex]}

    def _residence(self, person: Resident) -> Body:
        home = self.county.households[person.household]
        draw = luck(self.seed, "residence", person.id_number)
        return {
            "GMSFHM": person.id_number,
            "XM": person.name,
            "ZZ": home.address,
            "XZJD": home.town,
            "HH": home.number,
            "QRRQ": f"{draw.randrange(1950, 2020)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}",
            "ZMBH": f"HJ{draw.randrange(10**9, 10**10)}",
        }

    def _filed(self, person: Resident, asked: Mapping[str, str]) -> Body:
        application = {
            "WBBH": asked.get("WBBH", ""),
            "GMSFHM": person.id_number,
            "SQLX": asked["SQLX"],
            "SQLY": asked.get("SQLY", ""),
            "BLZT": "0",
        }
        number = self.records.add({**application, "external_number": application["WBBH"]})
        told = {name: application[name] for name in ("GMSFHM", "WBBH", "BLZT")}
        return {**told, "YWLSH": f"HJSQ{number:08d}"}

    def _applications(self, external: str) -> Body:
        found = [
            {"YWLSH": f"HJSQ{record['number']:08d}"}
            | {name: record[name] for name in ("WBBH", "GMSFHM", "SQLX", "BLZT")}
            for record in self.records.visible()
            if record["WBBH"] == external
        ]
        listed = self.rows(found, lambda row: {**row, "BLZT": "3"})
        return {"SQS": str(len(listed)), "SQLB": {"SQ": listed} if listed else None}

    def drift(self, kind: str) -> tuple[str, str]:
        # what stands inside the one element is escaped
        return {
            "element": ("&lt;GMSFHM&gt;", "&lt;XJB&gt;1&lt;/XJB&gt;&lt;GMSFHM&gt;"),
            "missing": ("ZZ&gt;", "ZZDZ&gt;"),
            "code": ("XB&gt;2&lt;", "XB&gt;9&lt;"),
        }[kind]


def make(secrets: Path, seed: int) -> HouseholdRegistration:
    return HouseholdRegistration(secrets, seed)
