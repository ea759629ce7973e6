"""The people of a running county: phones, staff and the machine rooms of its departments. HTTP only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.phone import SECONDS, MachineRoom, Phone, eventually

_LOGIN_FOR_S = 600  # an access token lasts 900 s


@dataclass
class Town:
    """`demo` is the content of demo.json."""

    demo: dict[str, Any]
    _phones: dict[str, tuple[float, Phone]] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return str(self.demo["base_url"])

    def twin(self, name: str) -> MachineRoom:
        return MachineRoom(self.demo["twins"][name]["url"])

    def twin_ports(self) -> set[str]:
        return {twin["url"].rpartition(":")[2] for twin in self.demo["twins"].values()}

    def queries(self) -> list[dict[str, Any]]:
        """The examples that run on one system, and that the first persona may ask."""
        whose = self.persona()["name"]
        queries = [each for each in self.demo["examples"] if each["kind"] == "query" and each["persona"] == whose]
        return [each for each in queries if each["system"]]

    def example(self, system: str) -> dict[str, Any]:
        return next(example for example in self.queries() if example["system"] == system)

    def persona(self, level: int = 2) -> dict[str, Any]:
        return next(person for person in self.demo["personas"] if person["level"] == level)

    def asker(self, example: dict[str, Any]) -> Phone:
        """Of whoever is to try this example."""
        return self.phone(next(each["openid"] for each in self.demo["personas"] if each["name"] == example["persona"]))

    def phone(self, openid: str | None = None) -> Phone:
        """Logged in; one login a person while it lasts."""
        openid = openid or self.persona()["openid"]
        since, phone = self._phones.get(openid, (-_LOGIN_FOR_S, None))
        if phone is None or time.monotonic() - since > _LOGIN_FOR_S:
            phone = Phone(self.base_url).login(self.twin("wechat").url, openid)
            self._phones[openid] = (time.monotonic(), phone)
        return Phone(phone.base_url, phone.token)

    def staff(self, role: str) -> Phone:
        """Signed in once a run: a one-time code works once."""
        if role not in self._phones:
            account = next(person for person in self.demo["staff"] if person["role"] == role)
            body = {"username": account["username"], "password": account["password"]}
            phone = Phone(self.base_url)
            answer = phone.post("/staff/sessions", {**body, "totp": one_time(account["totp_secret"])})
            assert answer.status_code == 201, answer.text
            phone.token = answer.json()["access_token"]
            self._phones[role] = (time.monotonic(), phone)
        return Phone(self.base_url, self._phones[role][1].token)

    def heal(self) -> None:
        """Every twin well, and every department reached again by the hub."""
        for twin in self.demo["twins"].values():
            requests.delete(f"{twin['url']}/twin/toxics", timeout=SECONDS)
        for example in {each["system"]: each for each in self.queries()}.values():
            assert eventually(lambda each=example: self._well(each), 60), example["system"]

    def _well(self, example: dict[str, Any]) -> bool:
        answers = [self.phone().call(example["service"], **example["fields"]) for _ in range(4)]
        return all(answer.status_code == 200 and not answer.json()["source"]["stale"] for answer in answers)


def one_time(secret: str, now: float | None = None) -> str:
    """RFC 6238, 30 s, six digits: what the officer's phone shows."""
    counter = struct.pack(">Q", int((now or time.time()) // 30))
    digest = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"
