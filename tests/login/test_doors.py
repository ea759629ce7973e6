"""The doors of signing in: paths, statuses and bodies of the contract."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.twins.wire import Server
from blueprints import login as doors
from blueprints.frame import build
from hub.demo.personas import PERSONAS, seed
from hub.identity.rules import one_time_code, step_of
from hub.main import Hub
from tests.login.room import new_code

FORBIDDEN = ("openid", "unionid")


@pytest.fixture
def app(hub: Hub) -> FlaskClient:
    return build(hub, [doors.make]).test_client()


def body(answer: TestResponse) -> dict[str, Any]:
    value = json.loads(answer.data)
    assert isinstance(value, dict)
    return value


def sign_in(app: FlaskClient, twin: Server, persona: int = 0) -> dict[str, Any]:
    answer = app.post("/api/v1/sessions", json={"code": new_code(twin, PERSONAS[persona].openid)})
    assert answer.status_code == 201, answer.data
    return body(answer)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_session_from_its_beginning_to_its_end(app: FlaskClient, hub: Hub, twin: Server) -> None:
    seed(hub)
    tokens = sign_in(app, twin)
    assert tokens.keys() == {"access_token", "refresh_token", "expires_in", "citizen_id", "level"}
    assert (tokens["level"], tokens["expires_in"]) == (2, 900)
    again = app.post("/api/v1/sessions/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert again.status_code == 200 and body(again).keys() == tokens.keys()
    headers = bearer(body(again)["access_token"])
    assert app.get("/api/v1/me", headers=headers).status_code == 200
    assert app.delete("/api/v1/sessions/current", headers=headers).status_code == 204
    ended = app.get("/api/v1/me", headers=headers)
    assert (ended.status_code, body(ended)["code"], body(ended)["action"]) == (401, "SESSION_REVOKED", "login")


def test_feat_D5_me_is_masked_and_says_what_is_unavailable(app: FlaskClient, hub: Hub, twin: Server) -> None:
    seed(hub)
    me = body(app.get("/api/v1/me", headers=bearer(sign_in(app, twin)["access_token"])))
    assert me.keys() == {"citizen_id", "level", "name", "id_number", "phone", "mandates"}
    assert me["name"]["value"] == "韩*福" and me["id_number"]["value"] == "362*************32"
    assert me["phone"]["value"] == "154****0001" and me["mandates"] == []
    for name in ("name", "id_number", "phone"):
        assert me[name].keys() == {"value", "source", "updated_at", "classification", "unavailable"}
        assert not me[name]["unavailable"] and me[name]["updated_at"].endswith("+08:00")

    stranger = body(app.get("/api/v1/me", headers=bearer(sign_in(app, twin, persona=5)["access_token"])))
    assert stranger["level"] == 0
    assert all(stranger[name]["value"] is None and stranger[name]["unavailable"] for name in ("name", "id_number"))

    half = body(app.get("/api/v1/me", headers=bearer(sign_in(app, twin, persona=4)["access_token"])))
    assert half["level"] == 1 and half["name"]["unavailable"] and not half["phone"]["unavailable"]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_row_B64_an_identity_from_the_client_is_refused(app: FlaskClient, twin: Server, name: str) -> None:
    answer = app.post("/api/v1/sessions", json={"code": new_code(twin), name: "oDEMO_1"})
    assert (answer.status_code, body(answer)["code"]) == (400, "CLIENT_IDENTITY_FORBIDDEN")
    assert app.post(f"/api/v1/sessions?{name}=oDEMO_1", json={"code": new_code(twin)}).status_code == 400


@pytest.mark.parametrize(
    ("sent", "code"),
    [({}, "REQUIRED"), ({"code": ""}, "REQUIRED"), ({"code": 7}, "TYPE"), ({"code": None}, "REQUIRED"),
     ({"code": "x" * 129}, "TOO_LONG"), ({"code": "a\r\nb"}, "TEXT_CONTROL"),
     ({"code": "x", "is_admin": True}, "UNKNOWN_FIELD")],
)  # fmt: skip
def test_a_wrong_form_is_422_and_wechat_is_not_asked(
    app: FlaskClient, twin: Server, sent: dict[str, Any], code: str
) -> None:
    answer = app.post("/api/v1/sessions", json=sent)
    assert (answer.status_code, body(answer)["code"]) == (422, code)
    assert twin.twin.calls == 0


def test_odd_but_allowed_codes_reach_wechat_whole(app: FlaskClient, twin: Server) -> None:
    """Whatever a phone sends is one parameter of the question, never more of them (security T15)."""
    for code in ("a&appid=wx0", "中文", "%00", "a=b;c", "{{7*7}}"):
        answer = app.post("/api/v1/sessions", json={"code": code})
        assert (answer.status_code, body(answer)["code"]) == (401, "LOGIN_CODE_EXPIRED")


def test_nobody_without_a_token(app: FlaskClient) -> None:
    for answer in (app.get("/api/v1/me"), app.delete("/api/v1/sessions/current")):
        assert (answer.status_code, body(answer)["code"]) == (401, "TOKEN_MISSING")


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIiwia2lkIjoidDEifQ.e30.", "." * 400, "é"])
def test_row_B66_a_forged_token_is_401(app: FlaskClient, token: str) -> None:
    answer = app.get("/api/v1/me", headers=bearer(token))
    assert (answer.status_code, body(answer)["code"], body(answer)["action"]) == (401, "TOKEN_INVALID", "login")


def test_staff_sign_in_and_are_no_citizens(app: FlaskClient, hub: Hub) -> None:
    member = next(each for each in seed(hub) if each.role == "operator")
    form = {"username": member.username, "password": member.password, "totp": _code(hub, member.totp_secret)}
    answer = app.post("/api/v1/staff/sessions", json=form)
    assert answer.status_code == 201, answer.data
    tokens = body(answer)
    assert tokens.keys() == {"access_token", "refresh_token", "expires_in", "staff_id", "roles"}
    assert tokens["roles"] == ["operator"]
    me = app.get("/api/v1/me", headers=bearer(tokens["access_token"]))
    assert (me.status_code, body(me)["code"]) == (403, "ROLE_REQUIRED")
    again = app.post("/api/v1/sessions/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert body(again)["roles"] == ["operator"]
    with hub.database.read() as connection:
        acts = connection.exec_driver_sql("SELECT actor, act, outcome FROM operations_act").all()
    assert [tuple(each) for each in acts] == [(tokens["staff_id"], "session.begin", "OK")]
    wrong = app.post("/api/v1/staff/sessions", json={**form, "password": "wrong"})
    assert (wrong.status_code, body(wrong)["code"]) == (401, "LOGIN_FAILED")


def _code(hub: Hub, secret: str) -> str:
    return one_time_code(base64.b32decode(secret), step_of(hub.clock.now()))
