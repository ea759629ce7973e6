"""The two routes of calls, over a whole hub."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from blueprints import gateway
from blueprints.frame import build
from hub.identity.service import Known, Standing
from hub.ledger.service import find
from hub.login.sessions import Sessions
from hub.main import Hub
from tests.gateway.conftest import SERVICES
from tests.gateway.office import Office
from tests.gateway.world import PACKAGE, service, write_config

Post = Callable[..., TestResponse]
ANNA_ID = "360423199001011239"


@pytest.fixture
def hub(tmp_path: Path, fresh_database: str, redis: str, offices: dict[str, Office]) -> Iterator[Hub]:
    to_file = service("to-file", "alpha", kind="application", call={"system": "alpha", "operation": "file"})
    write_config(tmp_path / "config", offices, [*SERVICES, to_file])
    environ = {
        "HUB_CONFIG": str(tmp_path / "config"), "HUB_ADAPTERS": PACKAGE, "HUB_DATABASE_URL": fresh_database,
        "HUB_REDIS_URL": redis, "KEY": os.urandom(20).hex(), "PASSWORD": "right",
    }  # fmt: skip
    opened = Hub.open(tmp_path, environ)
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
def app(hub: Hub) -> Flask:
    return build(hub, [gateway.make])


@pytest.fixture
def post(hub: Hub, app: Flask) -> Post:
    """As 安娜, level 2."""
    with hub.database.session() as session:
        known = Known(ANNA_ID, "安娜", "13800000000", 2, "360423", "test")
        citizen_id = hub.identity.register_known(session, known)
        sessions = Sessions(hub.settings, hub.database, hub.clock, hub.identity)
        token = sessions.begin(session, "citizen", citizen_id, Standing(2, "360423")).access_token
    client = app.test_client()

    def send(path: str, body: Any, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        signed_in = {"Authorization": f"Bearer {token}", "Host": "localhost"}
        return client.post(f"/api/v1/services/{path}", json=body, headers=signed_in | named)

    return send


def code(answer: TestResponse) -> str:
    return str(answer.get_json()["code"])


def test_a_call_answers_with_its_source(hub: Hub, post: Post) -> None:
    answer = post("balance/calls", {"fields": {"year": 2025}})
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert set(body) == {"fields", "source"}
    assert body["fields"]["id_number"] == ANNA_ID
    assert set(body["source"]) == {"system", "at", "stale"}
    assert body["source"]["system"] == "alpha" and body["source"]["stale"] is False
    assert body["source"]["at"].endswith("+08:00")
    assert answer.headers["X-Origin"] == "department:alpha"
    with hub.database.session() as session:
        (record,) = find(session, answer.headers["X-Trace-Id"])
    assert record.outcome == "OK"


def test_feat_A2_the_trace_of_the_phone_goes_through(hub: Hub, post: Post, offices: dict[str, Office]) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    offices["alpha"].says(error="unavailable")
    answer = post("balance/calls", {"fields": {}}, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (503, "DEPARTMENT_UNAVAILABLE")
    assert problem["origin"] == answer.headers["X-Origin"] == "department:alpha"
    assert problem["trace_id"] == answer.headers["X-Trace-Id"] == trace
    assert problem["action"] == "wait" and problem["retry_after"] == int(answer.headers["Retry-After"])
    assert offices["alpha"].headers[-1]["traceparent"].startswith(f"00-{trace}-")
    assert "00f067aa0ba902b7" not in offices["alpha"].headers[-1]["traceparent"]


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({}, 422, "REQUIRED"),
        ({"fields": []}, 422, "TYPE"),
        ({"fields": {}, "more": 1}, 422, "UNKNOWN_FIELD"),
        ({"fields": {"year": "2025"}}, 422, "TYPE"),
        ({"fields": {"is_admin": True}}, 422, "UNKNOWN_FIELD"),
        ({"fields": {"id_number": "36042319900101123"}}, 422, "ID_FORMAT"),
        ({"fields": {"id_number": "110101199003074477"}}, 404, "NOT_FOUND"),
        ({"fields": {"openid": "x"}}, 400, "CLIENT_IDENTITY_FORBIDDEN"),
    ],
)
def test_what_is_wrong_is_told_and_not_sent_on(
    post: Post, offices: dict[str, Office], body: Any, status: int, expected: str
) -> None:
    answer = post("balance/calls", body)
    assert (answer.status_code, code(answer)) == (status, expected), answer.text
    assert not offices["alpha"].seen


def test_faults_name_the_place_in_the_body(post: Post) -> None:
    errors = post("balance/calls", {"fields": {"year": "2025", "x_y": 1}}).get_json()["errors"]
    told = {(each["path"], each["code"]) for each in errors}
    assert told == {("fields.year", "TYPE"), ("fields.x_y", "UNKNOWN_FIELD")}


@pytest.mark.parametrize("id", ["nowhere", "to-file", "BALANCE"])
def test_what_takes_no_call_is_not_found(post: Post, id: str) -> None:
    assert post(f"{id}/calls", {"fields": {}}).status_code == 404


def test_nobody_without_a_token(app: Flask) -> None:
    answer = app.test_client().post("/api/v1/services/balance/calls", json={"fields": {}})
    assert (answer.status_code, code(answer)) == (401, "TOKEN_MISSING")


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "键"])
def test_row_B69_a_key_that_is_none(post: Post, key: str) -> None:
    answer = post("balance/calls", {"fields": {}}, Idempotency_Key=key.encode().decode("latin-1"))
    assert (answer.status_code, code(answer)) == (400, "IDEMPOTENCY_KEY_INVALID")


def test_feat_A4_with_a_key_the_same_answer_again(post: Post, offices: dict[str, Office]) -> None:
    first = post("balance/calls", {"fields": {"year": 2025}}, Idempotency_Key="k1")
    assert first.status_code == 200
    assert post("balance/calls", {"fields": {"year": 2025}}, Idempotency_Key="k1").data == first.data
    assert len(offices["alpha"].seen) == 1
    assert code(post("balance/calls", {"fields": {"year": 2024}}, Idempotency_Key="k1")) == "IDEMPOTENCY_KEY_REUSED"


def test_feat_A9_parts_in_one_answer(post: Post, offices: dict[str, Office]) -> None:
    offices["beta"].down()
    answer = post("records/calls", {"fields": {}})
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["fields"] == {} and "X-Origin" not in answer.headers
    assert [(part["service"], part["status"]) for part in body["parts"]] == [
        ("balance", 200), ("pension", 503), ("fund", 200)
    ]  # fmt: skip
    problem = body["parts"][1]["body"]
    assert problem["origin"] == "department:beta" and problem["trace_id"] == answer.headers["X-Trace-Id"]
    assert body["parts"][0]["body"]["source"]["system"] == "alpha"


def test_batch_of_calls(post: Post, offices: dict[str, Office]) -> None:
    offices["gamma"].hang()
    calls = [
        {"service": "balance", "fields": {}},
        {"service": "pension", "fields": {"year": "x"}},
        {"service": "nowhere", "fields": {}},
        {"service": "fund", "fields": {}},
    ]
    started = time.monotonic()
    answer = post("batch", {"calls": calls})
    assert time.monotonic() - started < 8
    assert answer.status_code == 207
    parts = answer.get_json()["parts"]
    assert [(part["service"], part["status"]) for part in parts] == [
        ("balance", 200), ("pension", 422), ("nowhere", 404), ("fund", 504)
    ]  # fmt: skip
    assert parts[1]["body"]["errors"][0]["path"] == "fields.year"


@pytest.mark.parametrize(
    ("calls", "expected"), [([], "TOO_SHORT"), ([{"service": "balance", "fields": {}}] * 11, "TOO_LONG"), ("x", "TYPE")]
)
def test_batch_takes_one_to_ten(post: Post, calls: Any, expected: str) -> None:
    answer = post("batch", {"calls": calls})
    assert (answer.status_code, code(answer)) == (422, expected)


def test_levels_budgets_and_switches_are_told(hub: Hub, post: Post) -> None:
    answers = [post("limited/calls", {"fields": {}}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert code(answers[-1]) == "RATE_LIMITED" and answers[-1].headers["Retry-After"]
    with hub.database.session() as session:
        notice = {"zh": "今晚升级", "en": "Upgrade tonight"}
        hub.switches.change(session, "service", "pension", {"enabled": False, "notice": notice}, "test", "t")
    hub.switches.refresh()
    answer = post("pension/calls", {"fields": {}}, Accept_Language="en")
    assert (answer.status_code, answer.get_json()["notice"]) == (503, "Upgrade tonight")


def test_openapi_knows_both(app: Flask) -> None:
    paths = app.extensions["openapi"]["paths"]
    assert {"200", "404", "422", "429", "502", "503", "504"} <= set(
        paths["/api/v1/services/{service_id}/calls"]["post"]["responses"]
    )
    assert "207" in paths["/api/v1/services/batch"]["post"]["responses"]
