"""Who asks: tokens, levels, permissions, identities of WeChat; and the same key twice. Over a whole hub."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hub.demo.personas import seed
from hub.main import Hub
from tests.conftest import Twins
from tests.door.visitor import bearer, sign_in
from tests.door.wire import Server, Told
from tests.town import one_time

CREATE = "/api/v1/made"


def create(house: Server, token: str, key: str | None, **thing: Any) -> Told:
    return house.post(CREATE, {"text": "a", **thing}, bearer(token, **({"Idempotency_Key": key} if key else {})))


def test_no_token_and_no_good_token(house: Server, token: str) -> None:
    told = house.get("/api/v1/me")
    assert (told.status, told.code, told.body["action"]) == (401, "TOKEN_MISSING", "login")
    assert told.headers["www-authenticate"] == "Bearer"
    for header in (
        "Bearer",
        "Bearer ",
        f"Basic {token}",
        f"Bearer {token} x",
        token,
        f"Bearer {token},Bearer {token}",
        "Bearer a;b",
    ):
        told = house.get("/api/v1/me", {"Authorization": header})
        assert (told.status, told.code) == (401, "TOKEN_INVALID"), header
    told = house.get("/api/v1/me", bearer(token))
    assert (told.status, told.headers["cache-control"]) == (200, "no-store")


def coded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    body = f"{coded(header)}.{coded(claims)}"
    return f"{body}.{coded(hmac.digest(key, body.encode(), hashlib.sha256))}"


def test_row_B66_tokens_that_are_not_ours(house: Server, token: str, hub_home: Path) -> None:
    key = (hub_home / "secrets/token_key").read_bytes()
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    assert house.get("/api/v1/me", bearer(signed(header, claims, key))).status == 200
    now = int(time.time())
    wrong = {
        "alg none": f"{coded({**header, 'alg': 'none'})}.{coded(claims)}.",
        "public key as secret": signed(header, claims, b"-----BEGIN PUBLIC KEY-----"),
        "unknown kid": signed({**header, "kid": "t9"}, claims, key),
        "kid is a path": signed({**header, "kid": "../../dev/null"}, claims, b""),
        "expired": signed(header, {**claims, "iat": now - 7200, "exp": now - 3600}, key),
        "issued in two hours": signed(header, {**claims, "iat": now + 7200, "exp": now + 9000}, key),
        "other audience": signed(header, {**claims, "aud": "hub:110101"}, key),
        "claims changed": f"{coded(header)}.{coded({**claims, 'level': 3})}.{token.split('.')[2]}",
        "no claims": signed(header, {}, key),
        "not JSON": f"{coded(b'{')}.{coded(b'{')}.x",
        "deep": signed(header, claims, key) + "." + "a" * 3000,
    }
    for name, forged in wrong.items():
        told = house.get("/api/v1/me", bearer(forged))
        assert (told.status, told.code, told.body["action"]) == (401, "TOKEN_INVALID", "login"), name


def test_levels_and_permissions(house: Server, token: str) -> None:
    assert house.get("/api/v1/level/0", bearer(token)).body == {"level": 0}
    told = house.get("/api/v1/level/2", bearer(token))
    assert (told.status, told.code) == (403, "LEVEL_REQUIRED")
    told = house.get("/api/v1/permission/switch.read", bearer(token))
    assert (told.status, told.code) == (403, "ROLE_REQUIRED")
    assert house.get("/api/v1/level/0", bearer(token, X_Act_For="m1")).code == "NOT_FOUND"


def test_staff_may_what_their_role_says_and_no_more(house: Server, hub: Hub) -> None:
    operator = next(member for member in seed(hub) if member.role == "operator")
    totp = one_time(operator.totp_secret)
    known = {"username": operator.username, "password": operator.password, "totp": totp}
    told = house.post("/api/v1/staff/sessions", known)
    assert told.status == 201, told.content
    staff = bearer(told.body["access_token"])
    assert house.get("/api/v1/permission/switch.write", staff).body == {"roles": ["operator"]}
    for path in ("/api/v1/permission/audit.read", "/api/v1/permission/none", "/api/v1/level/0"):
        told = house.get(path, staff)
        assert (told.status, told.code) == (403, "ROLE_REQUIRED"), path


@pytest.mark.parametrize("path", ["/api/v1/sessions", "/api/v1/sessions/refresh", CREATE])
def test_threat_T2_row_B64_identities_on_real_routes(house: Server, token: str, path: str) -> None:
    for told in (
        house.post(path, {"code": "x", "openid": "o1"}, bearer(token)),
        house.post(f"{path}?unionid=o1", {"code": "x"}, bearer(token)),
        house.post(path, {"code": "x"}, bearer(token, X_WX_OPENID="o1")),
        house.post(path, {"code": "x"}, bearer(token, Cookie="openid=o1")),
    ):
        assert (told.status, told.code) == (400, "CLIENT_IDENTITY_FORBIDDEN")


def test_row_B68_B69_the_key(house: Server, token: str) -> None:
    told = create(house, token, None)
    assert (told.status, told.code) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    for key in ("k" * 256, "a b", "a\tb", "ключ"):
        told = house.post(CREATE, {"text": "a"}, bearer(token, Idempotency_Key=key.encode().decode("latin-1")))
        assert (told.status, told.code) == (400, "IDEMPOTENCY_KEY_INVALID"), key
    assert (
        house.post(CREATE, {"text": "a"}, bearer(token, Idempotency_Key="\x7f")).status == 400
    )  # by the server itself
    assert create(house, token, "k" * 255).status == 201
    assert house.post(CREATE, {"text": "a"}, {"Idempotency-Key": "k"}).code == "TOKEN_MISSING"
    assert house.post("/api/v1/made-freely", {"text": "a"}, bearer(token)).status == 201


def test_row_B70_same_key_other_body(house: Server, token: str) -> None:
    key = secrets.token_hex(8)
    first = create(house, token, key, text="one")
    told = create(house, token, key, text="two")
    assert (told.status, told.code, told.body["action"]) == (422, "IDEMPOTENCY_KEY_REUSED", "fix")
    again = create(house, token, key, text="one")
    assert (again.status, again.content) == (first.status, first.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    spelt = b'{ "seconds":0 , "text" : "one"}'
    assert house.post(CREATE, b'{"text" : "one"}', bearer(token, Idempotency_Key=key)).content == first.content
    assert house.post(CREATE, spelt, bearer(token, Idempotency_Key=key)).code == "IDEMPOTENCY_KEY_REUSED"


def test_row_B71_still_running(house: Server, token: str) -> None:
    key = secrets.token_hex(8)
    running = threading.Thread(target=create, args=(house, token, key), kwargs={"seconds": 2})
    running.start()
    time.sleep(0.7)
    told = create(house, token, key, seconds=2)
    assert (told.status, told.code, told.body["action"]) == (409, "IDEMPOTENCY_IN_PROGRESS", "wait")
    assert told.body["retry_after"] >= 1
    running.join()
    assert create(house, token, key, seconds=2).status == 201


def test_feat_A4_threat_T22_a_hundred_at_once_make_one(house: Server, token: str, made: Path) -> None:
    key, text = secrets.token_hex(8), secrets.token_hex(8)

    def asked(_: int) -> Told:
        """On a slow machine twenty are too many for the worker or its ten connections: who is told so comes again."""
        told = create(house, token, key, text=text)
        while told.status == 503 and told.code in {"STORE_UNAVAILABLE", "OVERLOADED"}:
            told = create(house, token, key, text=text)
        return told

    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(asked, range(100)))
    assert {each.status for each in told} <= {201, 409}
    assert len({each.content for each in told if each.status == 201}) == 1
    assert made.read_text(encoding="utf-8").split().count(text) == 1


def test_a_failure_frees_the_key_and_nobody_meets_anothers_answer(house: Server, token: str, twins: Twins) -> None:
    key = secrets.token_hex(8)
    assert [create(house, token, key, text="fails").code for _ in range(2)] == ["STATE_CONFLICT"] * 2
    mine = create(house, token, key + "x")
    theirs = create(house, sign_in(house, twins), key + "x")
    assert mine.status == theirs.status == 201
    assert mine.content != theirs.content
