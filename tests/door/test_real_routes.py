"""The bad-input rows on the routes that are there, and what operations switch off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from blueprints.app import create_app
from hub.main import Hub
from tests.door.visitor import bearer
from tests.door.wire import Server
from tests.phone import eventually

CALL = "/api/v1/services/medical-insurance-balance/calls"
ESTIMATE = "/api/v1/services/housing-fund-withdrawal-estimate/calls"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("page_size=-1", "PAGE_INVALID"),
        ("page_size=1000000000", "PAGE_INVALID"),
        ("cursor=forged", "PAGE_INVALID"),
        ("cursor=eyJhIjoxfQ", "PAGE_INVALID"),
        ("sort=password", "PARAM_INVALID"),
        ("fields=*", "PARAM_INVALID"),
        ("kind=anything", "PARAM_INVALID"),
        ("region=36042", "PARAM_INVALID"),
        ("q=%00", "PARAM_INVALID"),
        ("q=a&q=b", "PARAM_DUPLICATE"),
        ("openid=o1", "CLIENT_IDENTITY_FORBIDDEN"),
    ],
)
def test_row_B79_B80_B81_on_the_catalogue(house: Server, query: str, code: str) -> None:
    told = house.get(f"/api/v1/services?{query}")
    assert (told.status, told.code) == (400, code)


@pytest.mark.parametrize(
    "text", ["%7B%7B7*7%7D%7D", "$%7B7*7%7D", "%25s", "%27%20OR%201%3D1%20--", "%F0%A0%AE%B7", "a" * 50]
)
def test_any_text_may_be_looked_for(house: Server, text: str) -> None:
    told = house.get(f"/api/v1/services?q={text}")
    assert told.status == 200
    assert isinstance(told.body["items"], list)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "BODY_EMPTY"),
        (b"[]", 400, "JSON_NOT_OBJECT"),
        (b'{"fields": {}, "fields": {}}', 400, "JSON_DUPLICATE_KEY"),
        ({}, 422, "REQUIRED"),
        ({"fields": []}, 422, "TYPE"),
        ({"fields": {}, "is_admin": True}, 422, "UNKNOWN_FIELD"),
        ({"fields": {"is_admin": True}}, 422, "UNKNOWN_FIELD"),
        ({"fields": {"__proto__": {}}}, 422, "UNKNOWN_FIELD"),
        ({"fields": {"a": {"openid": "x"}}}, 400, "CLIENT_IDENTITY_FORBIDDEN"),
        (b'{"fields": {"year": 1E+999999}}', 400, "JSON_NUMBER"),
    ],
)
def test_rows_on_a_call(house: Server, token: str, body: Any, status: int, code: str) -> None:
    told = house.post(CALL, body, bearer(token))
    assert (told.status, told.code) == (status, code)


def test_row_B75_an_unknown_service(house: Server, token: str) -> None:
    for id in ("none", "../me", "medical-insurance-balance%20"):
        told = house.post(f"/api/v1/services/{id}/calls", {"fields": {}}, bearer(token))
        assert (told.status, told.code) in {(404, "NOT_FOUND"), (400, "PATH_INVALID")}


def test_row_B75_a_service_that_is_off_says_why(house: Server, hub: Hub, token: str) -> None:
    ask = lambda: house.post(CALL, {"fields": {}}, bearer(token))  # noqa: E731
    _switch(hub, {"enabled": False, "notice": {"zh": "周末检修", "en": "Closed for the weekend"}})
    try:
        assert eventually(lambda: ask().status == 503, 20)
        told = ask()
        assert (told.status, told.code) == (503, "SERVICE_DISABLED")
        assert told.body["action"] == "wait"
        assert "周末检修" in told.body["detail"]
        assert told.body["retry_after"] >= 1
        english = house.post(CALL, {"fields": {}}, bearer(token, Accept_Language="en"))
        assert english.body["notice"] == "Closed for the weekend"
    finally:
        _switch(hub, {"enabled": True})
    assert eventually(lambda: ask().status == 403, 20)
    told = ask()
    assert (told.status, told.code) == (403, "LEVEL_REQUIRED")


def _switch(hub: Hub, patch: dict[str, Any]) -> None:
    with hub.database.session() as session:
        hub.switches.change(session, "service", "medical-insurance-balance", patch, "row B75", "test")


def test_readyz_names_what_is_missing(hub_home: Path, hub_environ: dict[str, str], fresh_database: str) -> None:
    gone = {"HUB_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none", "HUB_REDIS_URL": "redis://127.0.0.1:9"}
    problem = _ready(hub_home, {**hub_environ, **gone}, 503)
    assert (problem["code"], problem["missing"]) == ("STORE_UNAVAILABLE", ["database"])
    assert {"what": "redis"} in problem["degraded"]
    with psycopg.connect(fresh_database.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    problem = _ready(hub_home, {**hub_environ, "HUB_DATABASE_URL": fresh_database}, 503)
    assert problem["missing"] == ["migrations"]


def test_readyz_names_a_system_that_did_not_start(hub_home: Path, hub_environ: dict[str, str]) -> None:
    without = {name: value for name, value in hub_environ.items() if name != "CIVIL_AFFAIRS_ADDRESS"}
    told = _ready(hub_home, without, 200)
    assert [lack["id"] for lack in told["degraded"]] == ["civil_affairs"]
    assert "systems.yaml:" in told["degraded"][0]["problem"]


def _ready(home: Path, environ: dict[str, str], status: int) -> dict[str, Any]:
    opened = Hub.open(home, environ)
    try:
        told = create_app(opened).test_client().get("/readyz")
    finally:
        opened.close()
    assert told.status_code == status
    body: dict[str, Any] = told.json
    return body


def test_the_hub_is_ready_and_says_what_is_degraded(house: Server) -> None:
    assert house.get("/healthz").body == {"status": "alive"}
    told = house.get("/readyz")
    assert (told.status, told.body["status"], told.body["missing"]) == (200, "ready", [])
    assert {lack["what"] for lack in told.body["degraded"]} <= {"system"}
    assert b"hub_http_requests_total" in house.get("/metrics").content


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("1E+999999", "AMOUNT_RANGE"),
        ("-0.001", "AMOUNT_RANGE"),
        ("0", "AMOUNT_RANGE"),
        ("0.001", "AMOUNT_SCALE"),
        ("1000000.01", "AMOUNT_RANGE"),
        (0.1 + 0.2, "TYPE"),
        (1200, "TYPE"),
        ("一百元", "FORMAT"),
    ],
)
def test_row_B38_B39_B40_money_in_a_form(house: Server, token: str, amount: Any, code: str) -> None:
    told = house.post(ESTIMATE, {"fields": {"amount": amount}}, bearer(token))
    assert (told.status, told.code) == (422, code)
    assert [fault["path"] for fault in told.body["errors"]] == ["fields.amount"]
