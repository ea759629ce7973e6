"""A security server of X-Road as its client sees it, and an invented service behind. No `make`: tests start it.

Q56  true | missing | short   the hash of the request is another one, none, or no hash at all
Q57  a type such as Server.ServerProxy.NetworkError: made on the way, under `X-Road-Error`; or 403, 404, 500 …: passed
     on from the service, with a body that pretends to be such an error
Q58  missing | other | two    the answer's X-Road-Id
Q12  element | missing | code an update of the service that nobody announced
B96  true                     somebody else's record
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from adapters.twins.residents import Resident, county, luck
from adapters.twins.twin import Answer, Request, Twin

SERVICE = "CN-TEST/GOV/360423/RESIDENTS/persons"
HASHED = ("X-Road-Client", "X-Road-Id", "X-Road-UserId", "X-Road-Request-Id")
QUIRKS = ("Q12", "Q56", "Q57", "Q58", "B96")
_STATES = ("0", "1")


class SecurityServer(Twin):
    def __init__(self, seed: int = 1) -> None:
        super().__init__("residents_by_xroad", "xroad_rest", seed, "utf-8", dict.fromkeys(QUIRKS, False))
        self.county = county()
        self.asked: Request | None = None

    def answer(self, request: Request) -> Answer:
        self.asked = request
        if "x-road-client" not in request.headers:
            return self._made("Client.MissingHeader", 400)
        if not request.path.startswith(f"/r1/{SERVICE}"):
            return self._made("Server.ServerProxy.UnknownService", 500)
        quirk = str(self.quirk("Q57") or "")
        if quirk and not quirk.isdigit():
            return self._made(quirk, 400 if quirk.startswith("Client.") else 500)
        if quirk:
            body = {"type": "Server.ServerProxy.NetworkError", "message": "内部错误 java.lang", "status": int(quirk)}
            return self._passed_on(request, body, int(quirk))
        status, value = self._served(request, request.path.removeprefix(f"/r1/{SERVICE}"))
        return self._passed_on(request, value, status)

    # -- the service behind

    def _served(self, request: Request, path: str) -> tuple[int, Any]:
        asked = json.loads(request.body) if request.body else {}
        match request.method, path:
            case "POST", "/v1/persons/search":
                person = self.county.residents.get(asked.get("id", ""))
                return (404, {"error": "not found"}) if person is None else (200, self._drifted(self._person(person)))
            case "GET", "/v1/status":
                return 200, {"status": "up"}
            case "POST", "/v1/moves":
                number = self.records.add({**asked, "issue": request.headers.get("x-road-issue", "")})
                return 201, {"number": f"YD{number:06d}", "id": asked["id"]}
            case "GET", _ if path.startswith("/v1/moves/"):
                return 200, [row for row in self.records.visible() if row["issue"] == unquote(path[10:])]
            case _:
                return 404, {"error": "no such path"}

    def _person(self, person: Resident) -> dict[str, Any]:
        if self.quirk("B96"):
            person = next(other for other in self.county.residents.values() if other is not person)
        draw = luck(self.seed, "xroad", person.id_number)
        permits = [
            {"no": f"JZ{person.number[1:]}{n}", "from": f"20{n + 10}-01-01"} for n in range(draw.randrange(1, 4))
        ]
        permits = self.rows(permits, lambda row: {**row, "from": "1999-01-01"})
        state = draw.choice(_STATES)
        return {"id": person.id_number, "name": person.name, "state": state, "count": len(permits), "permits": permits}

    def _drifted(self, answer: dict[str, Any]) -> dict[str, Any]:
        match self.quirk("Q12"):
            case False:
                return answer
            case "missing":
                return {name: value for name, value in answer.items() if name != "name"}
            case "code":
                return {**answer, "state": "7"}
            case _:
                return {**answer, "added": "new"}

    # -- the road

    def _made(self, kind: str, status: int) -> Answer:
        body = {"type": kind, "message": "Connect to 10.1.2.3 failed", "detail": str(uuid.uuid4())}
        return Answer(json.dumps(body).encode(), status, "application/json;charset=utf-8", [("X-Road-Error", kind)])

    def _passed_on(self, request: Request, value: Any, status: int) -> Answer:
        number, request_id = request.headers.get("x-road-id", ""), str(uuid.uuid4())
        told = {"X-Road-Client": request.headers["x-road-client"], "X-Road-Service": SERVICE}
        headers = [*told.items(), ("X-Road-Request-Id", request_id), *self._number(number)]
        headers += self._hash(request, request_id)
        return Answer(json.dumps(value, ensure_ascii=False).encode(), status, "application/json;charset=utf-8", headers)

    def _number(self, number: str) -> Sequence[tuple[str, str]]:
        other = ("X-Road-Id", str(uuid.uuid4()))
        match self.quirk("Q58"):
            case "missing":
                return []
            case "two":
                return [("X-Road-Id", number), other]
            case False:
                return [("X-Road-Id", number)]
            case _:
                return [other]

    def _hash(self, request: Request, request_id: str) -> Sequence[tuple[str, str]]:
        lines = [request.method, request.path, request.query]
        values = {**request.headers, "x-road-request-id": request_id}
        lines += [f"{name}:{values.get(name.lower(), '')}" for name in HASHED]
        digest = hashlib.sha512("".join(f"{line}\r\n" for line in lines).encode()).digest()
        if request.body:
            digest = hashlib.sha512(digest + hashlib.sha512(request.body).digest()).digest()
        match self.quirk("Q56"):
            case "missing":
                return []
            case "short":
                digest = digest[:32]
            case True:
                digest = hashlib.sha512(digest).digest()
        return [("X-Road-Request-Hash", base64.b64encode(digest).decode())]
