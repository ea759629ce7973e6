"""The vehicle administration's twin: JSON, HMAC-SHA256 over method, path, timestamp, nonce and body hash, and a token.

A request older or newer than 300 s, a nonce seen before, a wrong signature are refused. A new token makes the one
before it invalid at once. Its own answers are signed too, over timestamp, the request's nonce and the body hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets as chance
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.twins import residents
from adapters.twins.residents import Resident
from adapters.twins.signed_site import HeadSignedSite
from adapters.twins.twin import Answer, Request, Twin, as_json

LICENCE_TYPE, ISSUER = "11360423DEM0000650011", "11360423DEM0000650"
STATES = {"valid": "1", "suspended": "2", "revoked": "3"}
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BRANDS = ["示范牌", "测试牌", "样例牌"]


class VehicleAdministration(HeadSignedSite):
    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("vehicle_administration", secrets, seed)
        self._token = ""
        self.tokens = 0
        self._states: dict[str, str] = {}

    def admin(self, request: Request) -> Answer | None:
        if request.path == "/twin/licences" and request.method == "PUT":  # {id_number: valid | suspended | revoked}
            self._states.update(json.loads(request.body))
            return as_json(self._states)
        if request.path == "/twin/tokens":
            if request.method == "DELETE":
                self._token = ""
            return as_json({"issued": self.tokens})
        return super().admin(request)

    def forget(self) -> None:
        super().forget()
        self._states.clear()
        self._token, self.tokens = "", 0

    def answer(self, request: Request) -> Answer:
        key = next((key for key in self.keys() if self.right(request, key)), None)
        if key is None:
            wrong = {"code": "-1", "msg": "签名错误"}
            return self._json(wrong, request, None, 200 if self.quirk("Q23") else 401)
        refusal = self._refusal(request)
        value = {"code": refusal[0], "msg": refusal[1]} if refusal else self._value(request)
        return self._json(value, request, key)

    def _refusal(self, request: Request) -> tuple[str, str] | None:
        if refused := self.repeated(request):
            return refused
        with self.guard:
            if request.path == "/oauth/token":
                return None
            if not self._token or request.headers.get("x-token") != self._token:
                return "40101", "令牌已失效"
            if self.quirk("Q24") == "token":
                self._token = ""
        return None

    def _value(self, request: Request) -> dict[str, Any]:
        if request.path == "/oauth/token":
            with self.guard:
                self._token = chance.token_hex(16)
                self.tokens += 1
                return {"code": "0", "msg": "OK", "data": {"token": self._token, "expires_in": 7200}}
        pages = {
            "/api/v2/vehicles": self._vehicles,
            "/api/v2/licence": self._licence,
            "/api/v2/e-licences": self._licences,
        }
        page = pages.get(request.path)
        if page is None:
            return {"code": "404", "msg": "no such interface"}
        asked = json.loads(request.body)
        person = self.resident(asked.get("idNo"), asked.get("name"))
        if person is None:
            return {"code": "2001", "msg": "身份信息核验不通过"}
        data = page(person)
        return {"code": "0", "msg": "OK", "data": data} if data else {"code": "2002", "msg": "无驾驶证信息"}

    def _vehicles(self, person: Resident) -> dict[str, Any]:
        luck = residents.luck(self.seed, "vehicle list", person.id_number)
        rows = [
            {
                "plateNo": f"赣G·D{number:04d}",
                "plateType": luck.choice(["01", "02", "52"]),
                "brand": luck.choice(BRANDS),
                "status": luck.choice(["A", "A", "A", "G", "M"]),
                "firstRegistered": f"{luck.randint(2010, 2024)}-{luck.randint(1, 12):02d}-{luck.randint(1, 28):02d}",
                "inspectionUntil": f"2026-{luck.randint(1, 12):02d}-{luck.randint(1, 28):02d}",
                "openViolations": luck.randint(0, 4),
            }
            for number in luck.sample(range(10**4), luck.choice([0, 1, 1, 2, 3]))
        ]
        rows = self.rows(rows, lambda row: {**row, "openViolations": row["openViolations"] + 1})
        return {"idNo": person.id_number, "name": person.name, "count": len(rows), "vehicles": rows}

    def _licence(self, person: Resident) -> dict[str, Any] | None:
        luck = residents.luck(self.seed, "driver", person.id_number)
        if luck.random() < 0.2:
            return None
        return {
            "idNo": person.id_number,
            "name": person.name,
            "class": luck.choice(["C1", "C1", "C2", "B2", "A1"]),
            "status": luck.choice(["A", "A", "A", "B", "H"]),
            "points": luck.choice([0, 0, 3, 6, 9]),
            "firstIssued": f"{luck.randint(1995, 2020)}-{luck.randint(1, 12):02d}-{luck.randint(1, 28):02d}",
            "validUntil": luck.choice(["2030-06-30", "2028-01-15", "9999-12-31"]),
        }

    def _licences(self, person: Resident) -> dict[str, Any]:
        """The electronic form of the driving licence; its id carries the check character of ISO 7064 MOD 37,36."""
        card = self._licence(person)
        rows = [] if card is None else [self._electronic(person, card)]
        rows = self.rows(rows, lambda row: {**row, "status": STATES["revoked"]})
        return {"idNo": person.id_number, "name": person.name, "count": len(rows), "licences": rows}

    def _electronic(self, person: Resident, card: dict[str, Any]) -> dict[str, Any]:
        serial = f"{residents.luck(self.seed, 'serial', person.id_number).randrange(10**11):011d}"
        product = 36
        for character in f"{LICENCE_TYPE}{ISSUER}{serial}001":
            product = 2 * ((product + ALPHABET.index(character)) % 36 or 36) % 37
        return {
            "licenceId": f"1.2.156.3005.2.{LICENCE_TYPE}.{ISSUER}.{serial}.001.{ALPHABET[(37 - product) % 36]}",
            "status": STATES[self._states.get(person.id_number, "valid")],
            "validFrom": card["firstIssued"],
            "validUntil": "2036-06-30",
            "class": card["class"],
            "firstIssued": card["firstIssued"],
        }

    def _json(self, value: Mapping[str, Any], request: Request, key: str | None, status: int = 200) -> Answer:
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        headers = [self.date()]
        if key is not None:
            stamp, nonce = str(int(self.now())), request.headers.get("x-nonce", "")
            text = "\n".join([stamp, nonce, hashlib.sha256(body).hexdigest()])
            signature = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
            headers += [("X-Timestamp", stamp), ("X-Nonce", nonce), ("X-Signature", signature)]
        return Answer(body, status, "application/json; charset=utf-8", headers)


def make(secrets: Path, seed: int) -> Twin:
    return VehicleAdministration(secrets, seed)
