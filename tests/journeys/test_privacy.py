"""T3 T26: a canary goes through every route, with good and bad input and sick departments; no trace of it is left."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.canary import Canary, memory, tables
from tests.county import County
from tests.phone import SECONDS, Phone, eventually
from tests.town import Town

SESSION_KEY = base64.b64encode(b"canary-sing-sing").decode()
# One after the other, fewer than open a breaker.
ILLS: tuple[dict[str, Any], ...] = (
    {"garbage": True}, {"charset": "utf-8"}, {"truncate_at": 120}, {"duplicate": "contradict"},
)  # fmt: skip
OWN = ("/calls", "/services/batch", "/api/v1/me", "/api/v1/demo/people")  # the last: a demo says whom one can play


@dataclass(frozen=True)
class Said:
    """An answer: a response would keep its socket open as long as somebody keeps it. `own`: to the canary itself."""

    label: str
    headers: bytes
    content: bytes
    own: bool


@dataclass
class Heard:
    """Every answer that was given."""

    answers: list[Said] = field(default_factory=list)

    def note(self, answer: requests.Response, own: bool = False) -> requests.Response:
        label = f"{answer.request.method} {answer.request.path_url[:80]} -> {answer.status_code}"
        headers, own = str(answer.headers).encode(), own and answer.status_code < 300
        self.answers.append(Said(label, headers, answer.content, own))
        return answer


@pytest.fixture(scope="module")
def canary(county: County, town: Town) -> Canary:
    person = town.persona()
    return Canary({
        "name": person["name"], "id_number": person["id_number"], "phone": person["phone"], "openid": person["openid"],
        "session_key": SESSION_KEY, "access_token": _wechat_token(county, town),
    })  # fmt: skip


@pytest.fixture(scope="module")
def heard(county: County, town: Town, canary: Canary) -> Heard:
    """The whole walk."""
    heard = Heard()
    phone = _signed_in(town, heard)
    _use_everything(town, phone, heard)
    _try_every_route(town, phone, canary, heard)
    _meet_sick_departments(town, phone, heard)
    _sign_in_badly(town, heard)
    for arguments in (("systems", "probe", "wechat"), ("doctor",), ("call", "my-records", "--as", "韩山福", "--trace")):
        county.hub(*arguments)
    heard.note(phone._ask("DELETE", "/sessions/current", None, {}))
    return heard


def test_T26_nothing_is_left_in_logs_and_figures(county: County, town: Town, canary: Canary, heard: Heard) -> None:
    logs = list((county.home / "log").iterdir())
    assert {path.stem for path in logs} >= {"serve", "work", "postgres", "redis", "twins"}
    assert "trace_id" in (county.home / "log" / "serve.log").read_text(encoding="utf-8")
    found = [hit for path in logs for hit in canary.found(str(path), path.read_bytes())]
    found += canary.found("/metrics", Phone(town.base_url).get("/metrics").content)
    assert not found, found


def test_T3_nothing_lies_open_in_the_stores(county: County, canary: Canary, heard: Heard) -> None:
    environ = _environ(county)
    stored = dict(tables(environ["HUB_DATABASE_URL"]))
    assert len(stored["public.login_session"]) > 100
    kept = list(memory(environ["HUB_REDIS_URL"], county.home / "redis"))
    assert len(kept) > 5
    found = [hit for where, data in [*stored.items(), *kept] for hit in canary.found(where, data)]
    assert not found, found


def test_T26_no_answer_tells_more_than_the_persons_own(canary: Canary, heard: Heard) -> None:
    """Problem documents, headers and public answers name nobody; what WeChat gave is in no answer at all."""
    secret = Canary({name: canary.values[name] for name in ("openid", "session_key", "access_token")})
    assert len(heard.answers) > 500
    assert sum(said.own for said in heard.answers) > 10
    found = []
    for said in heard.answers:
        found += canary.found(f"{said.label} headers", said.headers)
        found += (secret if said.own else canary).found(said.label, said.content)
    assert not found, found[:20]


def _wechat_token(county: County, town: Town) -> str:
    """The one that the hub uses: asked again in the ordinary way WeChat gives the same."""
    account = {name: (county.home / "secrets" / f"wechat_{name}").read_text().strip() for name in ("appid", "secret")}
    asked = {"grant_type": "client_credential", **account}
    address = _environ(county)["WECHAT_ADDRESS"]
    return str(requests.post(f"{address}/cgi-bin/stable_token", json=asked, timeout=SECONDS).json()["access_token"])


def _environ(county: County) -> dict[str, str]:
    lines = (county.home / "env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _signed_in(town: Town, heard: Heard) -> Phone:
    wechat, openid = town.twin("wechat").url, town.persona()["openid"]
    planted = {"openid": openid, "session_key": SESSION_KEY}
    requests.put(f"{wechat}/twin/session-keys", json=planted, timeout=SECONDS).raise_for_status()
    code = requests.post(f"{wechat}/twin/login-codes", json={"openid": openid}, timeout=SECONDS).json()["code"]
    phone = Phone(town.base_url)
    answer = heard.note(phone.post("/sessions", {"code": code}))
    assert answer.status_code == 201
    heard.note(phone.post("/sessions", {"code": code}))
    phone.token = answer.json()["access_token"]
    return phone


def _agree(phone: Phone, service: str, asked: dict[str, Any]) -> None:
    sent = {"service": service, "version": asked["version"], "sha256": asked["sha256"]["zh"]}
    assert phone.post("/me/consents", sent).status_code == 201
    assert eventually(lambda: phone.call(service).status_code == 200, 10)


def _use_everything(town: Town, phone: Phone, heard: Heard) -> None:
    own = [each for each in town.demo["examples"] if each["kind"] != "data_query"]
    for number, example in enumerate(own):
        fields = {"fields": example["fields"]}
        applied, declared = (example["kind"] == kind for kind in ("application", "health_declaration"))
        path = f"/services/{example['service']}/{'cases' if applied else 'calls'}"
        path = "/health-code/declarations" if declared else path
        answer = heard.note(phone.post(path, fields, Idempotency_Key=f"canary-{number}"), own=True)
        if answer.status_code == 403:
            _agree(phone, example["service"], answer.json()["consent"])
            continue
        assert answer.status_code == (202 if applied else 201 if declared else 200)
        heard.note(phone.post(path, fields, Idempotency_Key=f"canary-{number}"), own=True)
    calls = [{"service": each["service"], "fields": each["fields"]} for each in town.queries()][:10]
    heard.note(phone.post("/services/batch", {"calls": calls}), own=True)
    heard.note(phone.get("/me"), own=True)
    person = town.persona()
    repeated = {"id_number": person["id_number"], "name": "林美梅"}
    heard.note(phone.call("medical-insurance-balance", **repeated), own=True)


def _try_every_route(town: Town, phone: Phone, canary: Canary, heard: Heard) -> None:
    """A value in each place of each route where a caller can put something; over the routes each meets each place."""
    document = phone.get("/openapi.json").json()
    operator, auditor = town.staff("operator"), town.staff("auditor")
    with ThreadPoolExecutor(4) as pool:
        jobs, values = [], list(canary.values.values())
        for path, operations in document["paths"].items():
            for method in operations.keys() & {"get", "post", "patch", "put", "delete"}:
                if method == "delete":
                    continue  # the session is needed until the end
                visitor = phone if not path.startswith("/ops/") else auditor if path.endswith("audit") else operator
                turned = values[len(jobs) % len(values) :] + values[: len(jobs) % len(values)]
                jobs.append(pool.submit(_try_route, visitor, method, path, operations[method], turned, heard))
        for job in jobs:
            job.result()


def _try_route(
    visitor: Phone, method: str, path: str, operation: dict[str, Any], values: list[str], heard: Heard
) -> None:
    own, attempts = path.endswith(OWN), zip(*(_attempts(path, operation, value) for value in values), strict=True)
    for number, each in enumerate(attempts):
        address, headers, body = each[number % len(values)]
        sent = {"Authorization": f"Bearer {visitor.token}", "Content-Type": "application/json", **headers}
        answer = requests.request(
            method, visitor.base_url + address, headers=sent, data=body, timeout=SECONDS, allow_redirects=False
        )
        heard.note(answer, own)


def _attempts(path: str, operation: dict[str, Any], value: str) -> Iterator[tuple[str, dict[str, Any], bytes | None]]:
    good = path.replace("{service_id}", "vehicle-list").replace("{id}", "vehicle-list").replace("{asset}", "none")
    escaped, raw = quote(value, safe=""), value.encode()
    has_body = "requestBody" in operation
    everywhere = dict.fromkeys(("code", "name", "username", "password", "refresh_token", "kind", "id", "notice"), value)
    told = json.dumps({**everywhere, "fields": {value: value, "id_number": value}, "reason": "canary"}).encode()
    yield good, {}, b"{}" if has_body else None
    if "{" in path:
        yield "/".join(escaped if part.startswith("{") else part for part in path.split("/")), {}, None
    # A word searched for in vain is counted, unless it has a digit: a name alone would be kept, linked to nobody.
    yield f"{good}?q={escaped}7", {}, b"{}" if has_body else None
    for parameter in ("page_size", "cursor", "region", "trace_id", "actor", "target", "id", escaped):
        yield f"{good}?{parameter}={escaped}", {}, b"{}" if has_body else None
    for name in ("Idempotency-Key", "traceparent", "Accept-Language", "User-Agent", "X-Act-For", "X-Client-Version",
                 "If-None-Match", "X-Forwarded-For", "Cookie", "X-Request-Id"):  # fmt: skip
        yield good, {name: raw}, told if has_body else None
    yield good, {"Authorization": b"Bearer " + raw}, b"{}" if has_body else None
    if has_body:
        yield good, {}, told
        yield good, {}, json.dumps({"fields": {"id_number": value}}).encode()
        yield good, {}, json.dumps({"calls": [{"service": "vehicle-list", "fields": {value: value}}]}).encode()
        yield good, {}, json.dumps({"username": value, "password": value, "totp": "123456"}).encode()
        yield good, {}, b'{"name": "' + raw  # cut off
        yield good, {}, b'{"name": "' + value.encode("gb18030") + b'"}'
        yield good, {"Content-Type": b"text/" + raw}, raw


def _meet_sick_departments(town: Town, phone: Phone, heard: Heard) -> None:
    examples = list({example["system"]: example for example in town.queries()}.values())
    for ill in ILLS:
        for example in examples:
            other = "charset" in ill and example["system"] == "vehicle_administration"  # the one that speaks UTF-8
            with town.twin(example["system"]).sick(**({"charset": "gb18030"} if other else ill)):
                heard.note(phone.call(example["service"], **example["fields"]), own=True)


def _sign_in_badly(town: Town, heard: Heard) -> None:
    """WeChat's answer holds openid and session key: what is kept of a spoiled one is sealed."""
    wechat, openid = town.twin("wechat"), town.persona()["openid"]
    for ill in ({"truncate_at": {"at": 60, "framing": "close"}}, {"truncate_at": 60}, {"status": 500}):
        planted = {"openid": openid, "session_key": SESSION_KEY}
        requests.put(f"{wechat.url}/twin/session-keys", json=planted, timeout=SECONDS).raise_for_status()
        code = requests.post(f"{wechat.url}/twin/login-codes", json={"openid": openid}, timeout=SECONDS).json()["code"]
        with wechat.sick(**ill):
            heard.note(Phone(town.base_url).post("/sessions", {"code": code}))
