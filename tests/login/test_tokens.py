"""Access tokens: what is refused (row_B66), how keys rotate, and that nothing but TOKEN_INVALID comes of any text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from hub.errors import Problem
from hub.login.tokens import AccessTokens, Principal
from tests.login.room import MovableClock, Platform, Room, copied_config

CLAIMS = ("iss", "aud", "sub", "iat", "exp", "jti", "sid", "kind", "level", "region", "roles")
ME = Principal("c1", 2, "360423001", "s1", "citizen")
NO_DATABASE = "postgresql+psycopg://nobody@/nothing?host=/nonexistent"


@pytest.fixture
def room(tmp_path: Path, hub_home: Path) -> Room:
    return Room(NO_DATABASE, hub_home, copied_config(tmp_path / "config"), Platform())


@pytest.fixture
def tokens(room: Room) -> AccessTokens:
    return AccessTokens(room.settings, room.clock)


def key_of(room: Room) -> str:
    return room.settings.now.hub.token_keys["t1"]


def claims(**other: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": "hub:360423", "aud": "hub:360423", "sub": "c1", "iat": now, "exp": now + 900, "jti": "j", "sid": "s1",
        "kind": "citizen", "level": 2, "region": "360423001", "roles": [],
    }  # fmt: skip
    return {name: value for name, value in {**good, **other}.items() if value is not None}


def signed(room: Room, kid: str | None = "t1", **other: Any) -> str:
    header = {"alg": "HS256"} | ({"kid": kid} if kid else {})
    return jwt.encode(header, claims(**other), OctKey.import_key(key_of(room)), algorithms=["HS256"])


def refused(tokens: AccessTokens, token: str) -> bool:
    try:
        tokens.verify(token)
    except Problem as problem:
        return problem.code == "TOKEN_INVALID"
    return False


def test_its_own_token_is_good(tokens: AccessTokens, room: Room) -> None:
    began = time.monotonic()
    verified = tokens.verify(tokens.make(ME, 900))
    took = time.monotonic() - began
    assert verified.principal == ME and 898 - took < verified.seconds <= 900
    assert tokens.verify(signed(room)).principal == ME


@pytest.mark.parametrize(
    "other",
    [
        {"aud": "hub:110101"}, {"iss": "hub:110101"}, {"exp": "9999999999"}, {"sub": 7}, {"kind": "root"},
        {"roles": "operator"}, {"roles": [1]}, {"level": "3"},
        *({name: None} for name in CLAIMS),
    ],
    ids=str,
)  # fmt: skip
def test_row_B66_claims(tokens: AccessTokens, room: Room, other: Mapping[str, Any]) -> None:
    assert refused(tokens, signed(room, **other))


def test_row_B66_time(tokens: AccessTokens, room: Room) -> None:
    """Issued in the future: refused beyond the leeway between our own machines."""
    now = int(time.time())
    assert refused(tokens, signed(room, exp=now - 1))
    assert refused(tokens, signed(room, iat=now + 7200, exp=now + 8000))
    assert refused(tokens, signed(room, iat=now + 95))
    assert not refused(tokens, signed(room, iat=now + 80))


def _public(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    return pem


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_row_B66_other_algorithms_and_keys(tokens: AccessTokens, room: Room) -> None:
    rsa_key, ed_key = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    header, secret = {"kid": "t1"}, OctKey.import_key(key_of(room))
    forged = {
        "none": _none_token(),
        "none with our signature": _none_token() + signed(room).rpartition(".")[2],
        "RS256": jwt.encode(
            {**header, "alg": "RS256"}, claims(), RSAKey.import_key(rsa_key.private_bytes(*pem)), algorithms=["RS256"]
        ),
        "EdDSA": jwt.encode(
            {**header, "alg": "EdDSA"}, claims(), OKPKey.import_key(ed_key.private_bytes(*pem)), algorithms=["EdDSA"]
        ),
        "HS256 with a public key": _hmac_token(_public(rsa_key)),
        "HS512 with our key": jwt.encode({**header, "alg": "HS512"}, claims(), secret, algorithms=["HS512"]),
        "unknown kid": signed(room, kid="t9"),
        "no kid": signed(room, kid=None),
        "another key": _hmac_token(b"k" * 43),
    }
    assert [name for name, token in forged.items() if not refused(tokens, token)] == []


def _none_token() -> str:
    return f"{_encoded({'alg': 'none', 'kid': 't1'})}.{_encoded(claims())}."


def _hmac_token(key: bytes) -> str:
    text = f"{_encoded({'alg': 'HS256', 'kid': 't1'})}.{_encoded(claims())}"
    return f"{text}.{_base64(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def _encoded(value: Any) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_one_changed_bit_is_refused(tokens: AccessTokens) -> None:
    token = tokens.make(ME, 900)
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(0, len(token) - 1, 3)]
    assert [each for each in changed if not refused(tokens, each)] == []


HEADERS = [
    b"[" * 2900, b'{"alg":"HS256","kid":' + b"[" * 400, b'{"alg":"HS256","kid":"t1","x":' + b"1" * 450 + b"}", b"5",
    b"null", b"\xff", b'{"alg":["HS256"],"kid":"t1"}', b'{"alg":"HS256","kid":["t1"]}', b'{"alg":"HS256","kid":{}}',
    b'{"alg":"HS256","kid":"t1","crit":["b64"],"b64":false}', b'{"alg":"HS256","kid":"t1","crit":5}',
    b'{"alg":"dir","enc":"A128GCM","kid":"t1"}',
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
@pytest.mark.parametrize("rest", [".e30.AAAA", ".e30.", "..", ".e30.AAAA.AAAA.AAAA", ""])
def test_odd_headers_are_refused(tokens: AccessTokens, header: bytes, rest: str) -> None:
    assert refused(tokens, _base64(header) + rest)


TEXTS = st.text(max_size=200) | st.text(string.ascii_letters + string.digits + "._-=", max_size=300)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(TEXTS)
def test_no_text_breaks_the_reader(tokens: AccessTokens, text: str) -> None:
    assert refused(tokens, text)


def test_keys_rotate_by_config_without_a_restart(room: Room, hub_home: Path, tokens: AccessTokens) -> None:
    """security T27: the first key signs, every key verifies; a dropped key is good for nothing."""
    file = room.config / "hub.yaml"
    text = file.read_text(encoding="utf-8")
    (hub_home / "secrets" / "token_key_2").write_text("n" * 43, encoding="ascii")
    before = tokens.make(ME, 900)

    file.write_text(text.replace("token_keys: {t1:", "token_keys: {t2: file/secrets/token_key_2, t1:"), "utf-8")
    room.settings.reload()
    after = tokens.make(ME, 900)
    assert tokens.verify(before).principal == tokens.verify(after).principal == ME
    assert json.loads(base64.urlsafe_b64decode(after.split(".")[0] + "=="))["kid"] == "t2"

    file.write_text(text.replace("{t1: file/secrets/token_key}", "{t2: file/secrets/token_key_2}"), "utf-8")
    room.settings.reload()
    assert refused(tokens, before) and not refused(tokens, after)


def test_a_token_ends_by_the_clock(room: Room, tokens: AccessTokens) -> None:
    token = tokens.make(ME, 900)
    assert isinstance(room.clock, MovableClock)
    room.clock.ahead = 899
    assert not refused(tokens, token)
    room.clock.ahead = 901
    assert refused(tokens, token)
