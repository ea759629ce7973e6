"""Tokens bound to the client's key (DPoP): a copied token is worth nothing without it (features.md D6)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey
from redis import Redis

from adapters.twins.wire import Server
from blueprints import login as doors
from blueprints.frame import build
from hub.demo.personas import PERSONAS, seed
from hub.main import Hub
from tests.login.room import new_code
from tests.login.test_doors import bearer, body


@dataclass
class Device:
    """A client with a key."""

    key: Any
    algorithm: str = "ES256"

    def proof(self, method: str, path: str, token: str = "", **changes: Any) -> str:
        htu, iat = f"https://localhost{path}", int(time.time())
        claims = {"jti": secrets.token_hex(8), "htm": method, "htu": htu, "iat": iat}
        if token:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        header = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.key.as_dict(private=False)}
        header |= changes.pop("header", {})
        told = json.dumps({name: value for name, value in {**claims, **changes}.items() if value is not None})
        return jws.serialize_compact(header, told, self.key, algorithms=["ES256", "EdDSA"])


def curve() -> Device:
    return Device(ECKey.generate_key("P-256"))


def edwards() -> Device:
    return Device(OKPKey.generate_key("Ed25519"), "EdDSA")


@pytest.fixture
def app(light_passwords: None, hub: Hub) -> FlaskClient:
    seed(hub)
    return build(hub, [doors.make]).test_client()


def begin(app: FlaskClient, twin: Server, device: Device) -> dict[str, Any]:
    code = {"code": new_code(twin, PERSONAS[0].openid)}
    answer = app.post("/api/v1/sessions", json=code, headers={"DPoP": device.proof("POST", "/api/v1/sessions")})
    assert answer.status_code == 201, answer.data
    return body(answer)


def me(app: FlaskClient, token: str, proof: str = "", scheme: str = "DPoP") -> tuple[int, str]:
    headers = {"Authorization": f"{scheme} {token}", **({"DPoP": proof} if proof else {})}
    answer = app.get("/api/v1/me", headers=headers)
    return answer.status_code, str(body(answer).get("code", ""))


@pytest.mark.parametrize("make", [curve, edwards])
def test_feat_D6_a_bound_token_works_with_its_key_alone(
    app: FlaskClient, twin: Server, make: Callable[[], Device]
) -> None:
    device, thief = make(), make()
    token = begin(app, twin, device)["access_token"]
    assert me(app, token, device.proof("GET", "/api/v1/me", token)) == (200, "")
    assert me(app, token) == (401, "PROOF_INVALID")
    assert me(app, token, scheme="Bearer") == (401, "PROOF_INVALID")
    assert me(app, token, thief.proof("GET", "/api/v1/me", token)) == (401, "PROOF_INVALID")


def test_feat_D6_a_proof_counts_once_on_every_worker(app: FlaskClient, twin: Server, make_hub: Any) -> None:
    device = curve()
    token = begin(app, twin, device)["access_token"]
    other = build(make_hub(), [doors.make]).test_client()
    proof = device.proof("GET", "/api/v1/me", token)
    assert [me(each, token, proof)[0] for each in (app, other, app)] == [200, 401, 401]


def test_fault_without_redis_a_worker_still_knows_the_proofs_it_saw(
    app: FlaskClient, twin: Server, hub: Hub, redis: str
) -> None:
    device = curve()
    token = begin(app, twin, device)["access_token"]
    proof = device.proof("GET", "/api/v1/me", token)
    with Redis.from_url(redis) as client:
        client.execute_command("CLIENT", "PAUSE", 2000)
        try:
            assert [me(app, token, proof)[0] for _ in range(2)] == [200, 401]
            assert hub.line.away
        finally:
            client.execute_command("CLIENT", "UNPAUSE")


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "POST"}, {"htu": "https://localhost/api/v1/services"}, {"htu": "https://elsewhere/api/v1/me"},
        {"htu": 7}, {"iat": int(time.time()) - 3600}, {"iat": int(time.time()) + 3600}, {"iat": "now"},
        {"ath": "x"}, {"ath": None}, {"jti": None}, {"jti": ""}, {"header": {"typ": "JWT"}},
        {"header": {"jwk": {"kty": "EC", "crv": "P-256"}}}, {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
    ],
)  # fmt: skip
def test_feat_D6_a_proof_for_something_else_is_none(app: FlaskClient, twin: Server, changes: dict[str, Any]) -> None:
    device = curve()
    token = begin(app, twin, device)["access_token"]
    assert me(app, token, device.proof("GET", "/api/v1/me", token, **changes)) == (401, "PROOF_INVALID")


@pytest.mark.parametrize("proof", ["x", "a.b.c", "é", "." * 5000, "e30.e30.e30", "[]"])
def test_rubbish_in_place_of_a_proof(app: FlaskClient, twin: Server, proof: str) -> None:
    token = begin(app, twin, curve())["access_token"]
    assert me(app, token, proof) == (401, "PROOF_INVALID")


def test_a_private_key_in_a_proof_is_refused(app: FlaskClient, twin: Server) -> None:
    device = curve()
    token = begin(app, twin, device)["access_token"]
    proof = device.proof("GET", "/api/v1/me", token, header={"jwk": device.key.as_dict(private=True)})
    assert me(app, token, proof) == (401, "PROOF_INVALID")


def test_feat_D6_refreshing_needs_the_key_and_a_thief_spends_nothing(app: FlaskClient, twin: Server) -> None:
    device, thief, path = curve(), curve(), "/api/v1/sessions/refresh"
    tokens = begin(app, twin, device)
    sent = {"refresh_token": tokens["refresh_token"]}
    for headers in ({}, {"DPoP": thief.proof("POST", path)}):
        answer = app.post(path, json=sent, headers=headers)
        assert (answer.status_code, body(answer)["code"]) == (401, "PROOF_INVALID")
    fresh = app.post(path, json=sent, headers={"DPoP": device.proof("POST", path)})
    assert fresh.status_code == 200
    token = body(fresh)["access_token"]
    assert me(app, token) == (401, "PROOF_INVALID")
    assert me(app, token, device.proof("GET", "/api/v1/me", token)) == (200, "")


def test_who_has_no_key_needs_none(app: FlaskClient, twin: Server) -> None:
    tokens = body(app.post("/api/v1/sessions", json={"code": new_code(twin, PERSONAS[0].openid)}))
    assert app.get("/api/v1/me", headers=bearer(tokens["access_token"])).status_code == 200
