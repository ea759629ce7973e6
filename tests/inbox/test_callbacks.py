"""`POST /api/v1/inbound/{system}/events`: who may, how old, how large, and that it is stored before it is answered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from flask.testing import FlaskClient

from blueprints import inbound, login
from blueprints.frame import build
from hub.main import Hub
from tests.configuration import written
from tests.gateway.office import Office, office
from tests.inbox.world import ENVIRON, PACKAGE, eventually, shelf

HOST = "http://localhost"
PATH = "/api/v1/inbound/calling/events"
EVENT = {"events": [{"no": "A1", "xm": "韩山福", "zt": "1", "seq": "1"}]}


@pytest.fixture
def department() -> Iterator[Office]:
    with office() as opened:
        yield opened


@pytest.fixture
def hub(tmp_path: Path, empty_database: str, redis: str, department: Office) -> Iterator[Hub]:
    calling = {
        "address": department.address,
        "allow_private": True,
        "secrets": {"callback_key": "env/CALLBACK", "callback_key_old": "env/CALLBACK_OLD"},
    }
    written(tmp_path / "config", {"calling": calling, "press": shelf(tmp_path, "press")})
    opened = Hub.open(tmp_path, {
        **ENVIRON, "HUB_CONFIG": str(tmp_path / "config"), "HUB_ADAPTERS": PACKAGE,
        "HUB_DATABASE_URL": empty_database, "HUB_REDIS_URL": redis,
    })  # fmt: skip
    opened.switches.refresh()
    yield opened
    opened.close()


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    return build(hub, [login.make, inbound.make]).test_client()


def signature(key: str, event: str, sent: str, raw: bytes) -> str:
    """Written from the department's own paper, not with our code."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(raw)
    mac = HMAC(key.encode(), hashes.SM3())
    mac.update(f"{event}\n{sent}\n{digest.finalize().hex()}".encode("ascii"))
    return mac.finalize().hex()


def encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode("gb18030")


def send(
    client: FlaskClient, raw: bytes, event: str = "e1", key: str = "c" * 32, ago_s: int = 0, path: str = PATH,
    **headers: str,
) -> tuple[int, str]:  # fmt: skip
    sent = str(int(time.time()) - ago_s)
    signed = {"X-Event": event, "X-Time": sent, "X-Sign": signature(key, event, sent, raw)}
    told = client.post(path, base_url=HOST, data=raw, headers={"Content-Type": "text/plain", **signed, **headers})
    body = json.loads(told.data)
    return told.status_code, body.get("code") or body["status"]


def stored(hub: Hub) -> list[tuple[str, int]]:
    with hub.database.session() as session:
        return [(each.message_id, each.times) for each in hub.inbox.page(session, None, None, None, 100)]


def known(hub: Hub) -> list[dict[str, Any]]:
    return [dict(each) for each in hub.inbox.records("calling").find("events", "name", "韩山福")[0]]


def test_feat_C4_a_signed_callback_is_stored_then_processed(hub: Hub, client: FlaskClient) -> None:
    assert send(client, encoded(EVENT)) == (200, "stored")
    assert stored(hub) == [("e1", 1)]
    assert known(hub) == []  # nothing was done with it yet
    while hub.inbox.processing.one("calling"):
        pass
    assert known(hub) == [{"no": "A1", "name": "韩山福", "state": "open", "seq": "1"}]


def test_feat_C4_twice_late_and_out_of_order(hub: Hub, client: FlaskClient) -> None:
    later = {"events": [{**EVENT["events"][0], "zt": "2", "seq": "2"}]}
    for raw, event in ((encoded(later), "e2"), (encoded(EVENT), "e1"), (encoded(EVENT), "e1"), (encoded(later), "e2")):
        assert send(client, raw, event) == (200, "stored")
    while hub.inbox.processing.one("calling"):
        pass
    assert sorted(stored(hub)) == [("e1", 2), ("e2", 2)]
    assert [each["state"] for each in known(hub)] == ["closed"]


def test_feat_C4_two_keys_while_rotating(hub: Hub, client: FlaskClient) -> None:
    assert send(client, encoded(EVENT), "e1", key="c" * 32) == (200, "stored")
    assert send(client, encoded(EVENT), "e2", key="o" * 32) == (200, "stored")
    assert send(client, encoded(EVENT), "e3", key="x" * 32) == (403, "CALLBACK_FORGED")
    assert len(stored(hub)) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Sign": ""}, {"X-Sign": "0" * 64}, {"X-Event": "other"}, {"X-Event": ""}, {"X-Time": "1"}, {"X-Time": ""},
        {"X-Sign": "签名".encode().decode("latin-1")},
    ],
)  # fmt: skip
def test_feat_C4_threat_T21_a_forged_callback_is_refused_and_not_stored(
    hub: Hub, client: FlaskClient, headers: dict[str, str]
) -> None:
    assert send(client, encoded(EVENT), **headers) == (403, "CALLBACK_FORGED")
    assert stored(hub) == []


def test_feat_C4_another_body_under_a_good_signature(hub: Hub, client: FlaskClient) -> None:
    sent, raw = str(int(time.time())), encoded(EVENT)
    signed = {"X-Event": "e1", "X-Time": sent, "X-Sign": signature("c" * 32, "e1", sent, raw)}
    told = client.post(PATH, base_url=HOST, data=raw.replace(b"A1", b"A2"), headers=signed)
    assert (told.status_code, json.loads(told.data)["code"]) == (403, "CALLBACK_FORGED")
    assert stored(hub) == []


@pytest.mark.parametrize("ago_s", [310, 3600, -310])
def test_feat_C4_a_stale_callback_is_refused_and_not_stored(hub: Hub, client: FlaskClient, ago_s: int) -> None:
    assert send(client, encoded(EVENT), ago_s=ago_s) == (403, "CALLBACK_STALE")
    assert send(client, encoded(EVENT), ago_s=ago_s, key="x" * 32) == (403, "CALLBACK_FORGED")
    assert stored(hub) == []


@pytest.mark.parametrize("system", ["nobody", "press", "alpha"])
def test_row_B75_an_unknown_system_or_one_that_does_not_call(hub: Hub, client: FlaskClient, system: str) -> None:
    assert send(client, encoded(EVENT), path=f"/api/v1/inbound/{system}/events") == (404, "NOT_FOUND")
    assert stored(hub) == []


def test_feat_C2_a_system_that_is_off_is_told_to_come_again(hub: Hub, client: FlaskClient) -> None:
    switch(hub, False)
    assert send(client, encoded(EVENT)) == (503, "SERVICE_DISABLED")
    assert stored(hub) == []
    switch(hub, True)
    assert send(client, encoded(EVENT)) == (200, "stored")


def switch(hub: Hub, enabled: bool) -> None:
    with hub.database.session() as session:
        hub.switches.change(session, "system", "calling", {"enabled": enabled}, "a test", "tester")
    hub.switches.refresh()


@pytest.mark.parametrize(
    ("raw", "headers", "told"),
    [
        (b"\x00" * (1024 * 1024 + 1), {}, (413, "BODY_TOO_LARGE")),
        (encoded(EVENT), {"Content-Encoding": "gzip"}, (415, "CONTENT_ENCODING")),
        (b"", {}, (200, "stored")),  # signed, and nothing in it: set aside in time
        (b'{"a": 1, "a": 2}', {"Content-Type": "application/json"}, (200, "stored")),  # not for us to judge here
        (b"\xff\xfe<x/>", {"Content-Type": "application/xml"}, (200, "stored")),
        (b"a" * 1024 * 1024, {"Content-Type": "application/octet-stream"}, (200, "stored")),
    ],
)  # fmt: skip
def test_row_B1_B10_bodies_of_any_form(
    hub: Hub, client: FlaskClient, raw: bytes, headers: dict[str, str], told: tuple[int, str]
) -> None:
    assert send(client, raw, **headers) == told
    assert len(stored(hub)) == (told[0] == 200)


def test_nothing_is_answered_200_that_is_not_in_the_database(hub: Hub, client: FlaskClient) -> None:
    with hub.database.engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE inbox_delivery IN ACCESS EXCLUSIVE MODE")
        assert send(client, encoded(EVENT)) == (503, "STORE_UNAVAILABLE")
    assert stored(hub) == []
    assert send(client, encoded(EVENT)) == (200, "stored")


def test_other_routes_take_json_only_as_before(client: FlaskClient) -> None:
    told = client.post("/api/v1/sessions", base_url=HOST, data=b"x", headers={"Content-Type": "text/plain"})
    assert (told.status_code, json.loads(told.data)["code"]) == (415, "MEDIA_TYPE")


def test_polling_a_system_that_cannot_call_back(hub: Hub, department: Office) -> None:
    def rows(*rows: dict[str, str]) -> None:
        department.answer = lambda _: json.dumps({"rows": rows}, ensure_ascii=False).encode("gb18030")

    def found() -> list[dict[str, Any]]:
        return [dict(each) for each in hub.inbox.records("calling").find("changes", "name", "韩山福")[0]]

    stop = threading.Event()
    rows({"no": "1", "name": "韩山福", "yuan": "12.50"})
    working = threading.Thread(target=hub.inbox.collecting.run, args=(stop,))
    working.start()
    try:
        eventually(lambda: found() == [{"no": "1", "name": "韩山福", "fen": 1250}])
        rows({"no": "1", "name": "韩山福", "yuan": "13"})
        eventually(lambda: found() == [{"no": "1", "name": "韩山福", "fen": 1300}])
        asked = len(department.seen)
        eventually(lambda: len(department.seen) > asked + 2)
        assert len(stored(hub)) == 2  # the same answer again is the same delivery
    finally:
        stop.set()
        working.join()

