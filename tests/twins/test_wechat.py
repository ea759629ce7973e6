"""The WeChat twin does what wechat.md says of the platform (twin WT1-WT4, WT6, WT16)."""

from __future__ import annotations

import base64
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from adapters.twins import wechat
from adapters.twins.wire import Server

APPID, SECRET = "wxdemo0123456789", "secret-of-the-mini-program"
OPENID = "oDEMO_Gcapq6IAkj0scfVGPdVn2L"
TEMPLATE = "TPL_case_progress_0001"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "wechat_appid").write_text(APPID, encoding="ascii")
    (tmp_path / "wechat_secret").write_text(SECRET, encoding="ascii")
    running = Server(wechat.make(tmp_path, 1)).start()
    yield running
    running.stop()


def ask(url: str, method: str = "GET", value: object = None, **headers: str) -> Any:
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def admin(server: Server, method: str, path: str, **value: object) -> Any:
    return ask(f"{server.url}/twin/{path}", method, value)


def new_code(server: Server, openid: str = OPENID) -> str:
    return str(admin(server, "POST", "login-codes", openid=openid)["code"])


def session(server: Server, **other: str | None) -> Mapping[str, Any]:
    asked = {"appid": APPID, "secret": SECRET, "js_code": "none", "grant_type": "authorization_code", **other}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return dict(ask(f"{server.address}/sns/jscode2session?{query}"))


def token(server: Server, **other: object) -> Mapping[str, Any]:
    asked = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, **other}
    return dict(ask(f"{server.address}/cgi-bin/stable_token", "POST", asked))


def signed_in(server: Server, openid: str = OPENID) -> str:
    return str(session(server, js_code=new_code(server, openid))["session_key"])


def test_twin_WT1_a_code_gives_a_session_once(server: Server) -> None:
    code = new_code(server)
    first = session(server, js_code=code)
    assert first["openid"] == OPENID and len(base64.b64decode(first["session_key"])) == 16 and "errcode" not in first
    again = session(server, js_code=code)
    assert again["errcode"] == 40029 and again["rid"] and "openid" not in again


def test_twin_WT1_a_code_lives_five_minutes(server: Server) -> None:
    code, late = new_code(server), new_code(server)
    admin(server, "PUT", "clock", ahead_s=299)
    assert session(server, js_code=code)["openid"] == OPENID
    admin(server, "PUT", "clock", ahead_s=301)
    assert session(server, js_code=late)["errcode"] == 40029


@pytest.mark.parametrize(
    ("other", "errcode"),
    [({"appid": None}, 41002), ({"secret": None}, 41004), ({"js_code": None}, 41008), ({"appid": "wx0"}, 40013),
     ({"secret": "wrong"}, 40125), ({"grant_type": "code"}, 40002), ({"js_code": "never given"}, 40029)],
)  # fmt: skip
def test_twin_WT1_wrong_accounts(server: Server, other: dict[str, str | None], errcode: int) -> None:
    assert session(server, **other)["errcode"] == errcode


@pytest.mark.parametrize("errcode", [40013, 40125, 41002, 41004, 41008, 40226, 45011, 45009, -1, 40029])
def test_twin_WT1_every_errcode_on_demand(server: Server, errcode: int) -> None:
    code = new_code(server)
    admin(server, "PUT", "quirks", WT1=errcode)
    assert session(server, js_code=code)["errcode"] == errcode
    admin(server, "PUT", "quirks", WT1=False)
    assert session(server, js_code=code)["openid"] == OPENID  # a refusal of the platform uses no code up


def decrypted(session_key: str, answer: Mapping[str, str]) -> dict[str, Any]:
    key, iv = base64.b64decode(session_key), base64.b64decode(answer["iv"])
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    plain = decryptor.update(base64.b64decode(answer["encryptedData"])) + decryptor.finalize()
    if not 1 <= plain[-1] <= 16:
        raise ValueError("padding")
    return dict(json.loads(plain[: -plain[-1]]))


def encrypted(server: Server, variant: str) -> Mapping[str, str]:
    return dict(
        admin(server, "POST", "encrypted-data", openid=OPENID, data={"phoneNumber": "15400000001"}, variant=variant)
    )


def test_twin_WT2_encrypted_data_is_real_and_can_be_spoiled(server: Server) -> None:
    key = signed_in(server)
    good = decrypted(key, encrypted(server, "good"))
    assert good["phoneNumber"] == "15400000001" and good["watermark"]["appid"] == APPID
    assert decrypted(key, encrypted(server, "foreign_appid"))["watermark"]["appid"] != APPID
    assert decrypted(key, encrypted(server, "old_timestamp"))["watermark"]["timestamp"] < good["watermark"]["timestamp"]
    for variant in ("wrong_key", "broken_padding"):
        with pytest.raises(ValueError):
            decrypted(key, encrypted(server, variant))


def checked(server: Server, path: str, session_key: str, **other: str) -> Mapping[str, Any]:
    asked = {
        "access_token": token(server)["access_token"],
        "openid": OPENID,
        "signature": hmac.new(session_key.encode(), b"", "sha256").hexdigest(),
        "sig_method": "hmac_sha256",
        **other,
    }
    return dict(ask(f"{server.address}/wxa/{path}?{urlencode(asked)}"))


def test_twin_WT2_and_WT3_a_new_login_voids_the_old_session_key(server: Server) -> None:
    old = signed_in(server)
    assert checked(server, "checksession", old)["errcode"] == 0
    new = signed_in(server)
    assert checked(server, "checksession", old)["errcode"] == 87009
    assert checked(server, "checksession", new)["errcode"] == 0


def test_twin_WT3_reset_and_refusals(server: Server) -> None:
    key = signed_in(server)
    assert checked(server, "checksession", key, sig_method="md5")["errcode"] == 87008
    assert checked(server, "checksession", key, access_token="made up")["errcode"] == 40001
    assert checked(server, "checksession", key, openid="nobody")["errcode"] == 40003
    reset = checked(server, "resetusersessionkey", key)["session_key"]
    assert checked(server, "checksession", key)["errcode"] == 87009
    assert checked(server, "checksession", reset)["errcode"] == 0


def test_twin_WT4_one_token_counts_down_and_turns_five_minutes_early(server: Server) -> None:
    first = token(server)
    assert len(first["access_token"]) == 512 and first["expires_in"] <= 7200
    admin(server, "PUT", "clock", ahead_s=6890)
    later = token(server)
    assert later["access_token"] == first["access_token"] and 300 < later["expires_in"] <= 310
    admin(server, "PUT", "clock", ahead_s=6901)
    turned = token(server)
    assert turned["access_token"] != first["access_token"] and turned["expires_in"] > 7000
    key = signed_in(server)
    assert checked(server, "checksession", key, access_token=first["access_token"])["errcode"] == 0  # its last minutes
    admin(server, "PUT", "clock", ahead_s=7201)
    assert checked(server, "checksession", key, access_token=first["access_token"])["errcode"] == 40001


def test_twin_WT4_force_refresh_is_rationed(server: Server) -> None:
    tokens = {token(server, force_refresh=True)["access_token"], token(server, force_refresh=True)["access_token"]}
    assert len(tokens) == 1  # less than 30 s apart
    for number in range(1, 20):
        admin(server, "PUT", "clock", ahead_s=31 * number)
        tokens.add(token(server, force_refresh=True)["access_token"])
    assert len(tokens) == 20
    admin(server, "PUT", "clock", ahead_s=31 * 21)
    assert token(server, force_refresh=True)["errcode"] == 45009


def test_twin_WT4_a_revoked_token_is_refused(server: Server) -> None:
    key, held = signed_in(server), token(server)["access_token"]
    ask(f"{server.url}/twin/tokens", "DELETE")
    assert checked(server, "checksession", key, access_token=held)["errcode"] == 40001
    assert token(server)["access_token"] != held


def send(server: Server, **other: object) -> Mapping[str, Any]:
    held = token(server)["access_token"]
    message = {
        "touser": OPENID, "template_id": TEMPLATE, "page": "pages/case", "miniprogram_state": "formal",
        "lang": "zh_CN", "data": {"thing1": {"value": "办件进度"}}, **other,
    }  # fmt: skip
    return dict(ask(f"{server.address}/cgi-bin/message/subscribe/send?access_token={held}", "POST", message))


def test_twin_WT6_one_consent_is_one_message(server: Server) -> None:
    signed_in(server)
    assert send(server)["errcode"] == 43101
    admin(server, "POST", "consents", openid=OPENID, template_id=TEMPLATE)
    sent = send(server)
    assert sent["errcode"] == 0 and sent["msgid"]
    assert send(server)["errcode"] == 43101
    listed = ask(f"{server.url}/twin/subscribe-messages")["messages"]
    assert [(each["touser"], each["data"]["thing1"]["value"]) for each in listed] == [(OPENID, "办件进度")]


@pytest.mark.parametrize(
    ("other", "errcode"),
    [({"data": {"thing1": {"value": "字" * 21}}}, 47003), ({"data": {"number1": {"value": "1" * 33}}}, 47003),
     ({"data": {"symbol1": {"value": "!" * 6}}}, 47003), ({"data": {"thing1": {"value": ""}}}, 47003),
     ({"data": {}}, 47003), ({"data": {"thing1": "text"}}, 47003), ({"lang": "de_DE"}, 47003),
     ({"template_id": "no"}, 40037), ({"touser": "nobody-at-all"}, 40003)],
)  # fmt: skip
def test_twin_WT6_limits(server: Server, other: dict[str, Any], errcode: int) -> None:
    signed_in(server)
    admin(server, "POST", "consents", openid=OPENID, template_id=TEMPLATE)
    assert send(server, **other)["errcode"] == errcode
    assert send(server)["errcode"] == 0  # the consent was not used up


def test_twin_WT6_without_msgid(server: Server) -> None:
    signed_in(server)
    admin(server, "POST", "consents", openid=OPENID, template_id=TEMPLATE)
    admin(server, "PUT", "quirks", msgid=False)
    assert "msgid" not in send(server)


def test_twin_WT16_toxics_hold_for_it_too(server: Server) -> None:
    admin(server, "PUT", "toxics", status=500)
    with pytest.raises(urllib.error.HTTPError):
        session(server, js_code=new_code(server))
    admin(server, "PUT", "toxics", garbage="html")
    with pytest.raises(ValueError):
        session(server, js_code=new_code(server))


def test_a_planted_session_key_comes_with_the_next_login(server: Server) -> None:
    planted = base64.b64encode(b"sixteen bytes !!").decode()
    admin(server, "POST", "session-keys", openid=OPENID, session_key=planted)
    assert signed_in(server) == planted and signed_in(server) != planted


@pytest.mark.parametrize("openid", ["", "short", "with blank", "x" * 65, None])
def test_a_wrong_openid_gets_no_code(server: Server, openid: object) -> None:
    with pytest.raises(urllib.error.HTTPError) as told:
        admin(server, "POST", "login-codes", openid=openid)
    assert told.value.code == 400
