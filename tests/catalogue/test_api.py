"""The catalogue's five routes over a whole hub: what they answer, 304, language, switches, who sees what."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
from sqlalchemy import URL
from werkzeug.test import TestResponse

from blueprints import catalogue
from blueprints.frame import build
from hub.identity.service import Known, Standing
from hub.login.sessions import Sessions
from hub.main import Hub
from tests.catalogue.conftest import SYSTEMS
from tests.county import ROOT

SERVICES = {path.stem for path in (ROOT / "config/services").glob("*.yaml")}
Get = Callable[..., TestResponse]


@contextmanager
def hub_on(url: str, redis: str, home: Path, config: Path) -> Iterator[Hub]:
    shutil.copytree(ROOT / "config", config)
    addresses = {f"{system.upper()}_ADDRESS": "http://127.0.0.1:1" for system in SYSTEMS}
    opened = Hub.open(home, {"HUB_CONFIG": str(config), "HUB_DATABASE_URL": url, "HUB_REDIS_URL": redis, **addresses})
    opened.settings.watch(0.05)
    opened.switches.start(0.05)
    yield opened
    opened.close()


def getter(hub: Hub) -> Get:
    client = build(hub, [catalogue.make]).test_client()

    def ask(path: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return client.get(f"/api/v1{path}", headers={"Host": "localhost", **named})

    return ask


@pytest.fixture(scope="module")
def get(
    make_database: Callable[[], str], redis: str, hub_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Get]:
    """Asks a hub that nothing is changed in."""
    with hub_on(make_database(), redis, hub_home, tmp_path_factory.mktemp("api") / "config") as hub:
        yield getter(hub)


@pytest.fixture
def hub(fresh_database: str, redis: str, hub_home: Path, tmp_path: Path) -> Iterator[Hub]:
    """One of the test's own."""
    with hub_on(fresh_database, redis, hub_home, tmp_path / "config") as opened:
        yield opened


def switch(hub: Hub, kind: Any, id: str, **fields: Any) -> None:
    with hub.database.session() as session:
        hub.switches.change(session, kind, id, fields, "test", "tester")
    hub.switches.refresh()
    time.sleep(0.3)  # the door's copies are a quarter of a second old at most


def token(hub: Hub, id_number: str, region: str = "360423") -> tuple[str, str]:
    with hub.database.session() as session:
        known = Known(id_number, "安娜", "13800000000", 2, region, "test")
        citizen_id = hub.identity.register_known(session, known)
        sessions = Sessions(hub.settings, hub.database, hub.clock, hub.identity)
        return citizen_id, sessions.begin(session, "citizen", citizen_id, Standing(2, region)).access_token


def test_a_list(get: Get) -> None:
    answer = get("/services")
    assert answer.status_code == 200
    body = answer.json
    assert {item["id"] for item in body["items"]} == SERVICES
    assert body["next_cursor"] is None
    item = next(item for item in body["items"] if item["id"] == "medical-insurance-balance")
    assert item == {
        "id": "medical-insurance-balance",
        "title": "医保个人账户余额查询",
        "department": "medical_insurance",
        "department_name": "县医疗保障局",
        "kind": "query",
        "themes": ["health", "social_security"],
        "audience": "person",
        "region": "360423",
        "region_name": "武宁县",
        "level": 2,
        "status": "open",
        "notice": None,
        "codes": item["codes"],
    }
    assert {"catalog_code", "task_code"} <= set(item["codes"])


@pytest.mark.parametrize("id", sorted(SERVICES))
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_feat_B5_a_guide_is_complete(get: Get, id: str, language: str) -> None:
    body = get(f"/services/{id}", Accept_Language=language).json
    guide = body["guide"]
    assert {"summary", "materials", "fees", "legal_days", "promised_days", "faq", "basis", "place", "phone"} <= set(
        guide
    )
    assert guide["promised_days"] <= guide["legal_days"]
    for material in guide["materials"]:
        assert {"name", "required", "form", "copies", "source", "basis", "accept_standard"} <= set(material)
    jsonschema.Draft202012Validator.check_schema(body["form"])
    assert body["form"]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert body["version"] == "1"
    texts = str(body) if language == "en" else body["title"]
    assert any("\u4e00" <= sign <= "\u9fff" for sign in texts) == (language != "en"), texts


def test_the_form_says_what_the_hub_checks(get: Get) -> None:
    form = get("/services/medical-insurance-balance").json["form"]
    good = jsonschema.Draft202012Validator(form)
    assert good.is_valid({})
    assert good.is_valid({"year": 2025, "id_number": "362623190001010019"})
    for wrong in ({"year": "2025"}, {"year": 1800}, {"other": 1}, {"id_number": "1"}):
        assert not good.is_valid(wrong), wrong


@pytest.mark.parametrize(
    "path",
    ["/services", "/services?q=gjj", "/services/my-records", "/departments", "/themes", "/licence-kinds", "/regions"],
)
def test_row_ST1_etag_and_304(get: Get, path: str) -> None:
    first = get(path)
    assert first.status_code == 200
    etag = first.headers["ETag"]
    for _ in range(3):
        again = get(path, If_None_Match=etag)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["X-Trace-Id"]
    assert get(path, If_None_Match='"another"').status_code == 200
    assert get(path, If_None_Match=etag, Accept_Language="en").status_code == 200
    assert get(path, Accept_Language="en").headers["ETag"] != etag


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("page_size=0", "PAGE_INVALID"),
        ("page_size=-1", "PAGE_INVALID"),
        ("page_size=101", "PAGE_INVALID"),
        ("page_size=1000000000", "PAGE_INVALID"),
        ("page_size=2.0", "PAGE_INVALID"),
        ("cursor=forged", "PAGE_INVALID"),
        ("sort=password", "PARAM_INVALID"),
        ("fields=*", "PARAM_INVALID"),
        ("kind=all", "PARAM_INVALID"),
        ("audience=me", "PARAM_INVALID"),
        ("region=3604", "PARAM_INVALID"),
        ("region=９９９９９９", "PARAM_INVALID"),
        ("q=" + "a" * 61, "PARAM_INVALID"),
    ],
)
def test_row_B79_B80_what_is_not_known_is_refused(get: Get, query: str, code: str) -> None:
    answer = get(f"/services?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, code)


@pytest.mark.parametrize("path", ["/departments", "/themes", "/licence-kinds", "/regions"])
def test_short_lists_go_by_pages_too(get: Get, path: str) -> None:
    whole = get(f"{path}?page_size=100").json
    assert whole["next_cursor"] is None
    items, cursor = [], ""
    while cursor is not None:
        page = get(f"{path}?page_size=7&cursor={cursor}" if cursor else f"{path}?page_size=7").json
        items += page["items"]
        cursor = page["next_cursor"]
    assert items == whole["items"]
    assert get(f"{path}?sort=x").json["code"] == "PARAM_INVALID"
    assert get(f"{path}?cursor=AAAA").json["code"] == "PAGE_INVALID"


def test_regions(get: Get) -> None:
    served = {item["code"]: item for item in get("/regions?page_size=100").json["items"]}
    assert served["360423"] == {"code": "360423", "name": "武宁县", "level": "county", "parent": "360400"}
    assert served["360423100"]["parent"] == "360423"
    below = [item["code"] for item in get("/regions?parent=360423&page_size=100").json["items"]]
    assert below == sorted(code for code in served if len(code) == 9)
    assert "360423" in [item["code"] for item in get("/regions?parent=360400&page_size=100").json["items"]]
    provinces = get("/regions?parent=100000&page_size=100").json["items"]
    assert {"110000", "360000"} <= {item["code"] for item in provinces}
    assert all(item["level"] == "province" for item in provinces)
    assert {item["code"] for item in get("/regions?parent=110000&page_size=100").json["items"]} >= {"110101", "110105"}


@pytest.mark.parametrize("id", ["none", "medical-insurance-balance2", "360423-0000000000000000", "A" * 300])
def test_row_B75_unknown(get: Get, id: str) -> None:
    answer = get(f"/services/{id}")
    assert (answer.status_code, answer.json["code"]) == (404, "NOT_FOUND")


def test_feat_M1_a_closed_service_is_listed_with_its_notice(hub: Hub) -> None:
    get = getter(hub)
    assert get("/services/vehicle-list").json["status"] == "open"
    switch(hub, "service", "vehicle-list", enabled=False, notice={"zh": "今天检修", "en": "Repairs today"})
    item = next(item for item in get("/services").json["items"] if item["id"] == "vehicle-list")
    assert (item["status"], item["notice"]) == ("closed", "今天检修")
    detail = get("/services/vehicle-list", Accept_Language="en").json
    assert (detail["status"], detail["notice"]) == ("closed", "Repairs today")
    switch(hub, "service", "vehicle-list", enabled=True)
    assert get("/services/vehicle-list").json["status"] == "open"


def test_feat_M1_a_system_that_is_off_closes_its_services(hub: Hub) -> None:
    get = getter(hub)
    switch(hub, "system", "housing_fund", enabled=False, notice={"zh": "系统升级"})
    shown = {item["id"]: (item["status"], item["notice"]) for item in get("/services").json["items"]}
    assert shown["housing-fund-account"] == shown["housing-fund-records"] == ("closed", "系统升级")
    assert shown["vehicle-list"] == ("open", None)
    assert shown["my-records"][0] == "open"  # three of its four parts are there


def test_feat_M2_open_to_some(hub: Hub) -> None:
    get = getter(hub)
    inside, inside_token = token(hub, "362623190001010019")
    _, outside_token = token(hub, "362623190001010027")
    switch(hub, "service", "pension-status", rollout={"percent": 0, "citizens": [inside]}, notice={"zh": "试运行"})
    path = "/services/pension-status"
    for _ in range(2):
        assert get(path).json["status"] == "limited"
        assert get(path, Authorization=f"Bearer {inside_token}").json["status"] == "open"
        assert get(path, Authorization=f"Bearer {outside_token}").json["status"] == "limited"
        shown = {
            item["id"]: item["status"]
            for item in get("/services", Authorization=f"Bearer {inside_token}").json["items"]
        }
        assert shown["pension-status"] == "open"
    assert get(path, Authorization="Bearer wrong").json["code"] == "TOKEN_INVALID"


def test_feat_A8_an_old_client_is_told(hub: Hub) -> None:
    get = getter(hub)
    file = hub.settings.folder / "services/my-records.yaml"
    text = file.read_text(encoding="utf-8").replace("guide:\n", 'guide:\n  limits: {minimum_client: "1.10.2"}\n')
    file.write_text(text, encoding="utf-8")
    hub.settings.reload()
    time.sleep(0.3)
    for version, status in {
        "1.9.9": "limited",
        "1.10.2": "open",
        "1.10": "limited",
        "2": "open",
        "": "open",
        "x": "open",
    }.items():
        body = get("/services/my-records", X_Client_Version=version).json
        assert (body["status"], body["minimum_client"]) == (status, "1.10.2"), version
    assert "1.10.2" in get("/services/my-records", X_Client_Version="1.0").json["notice"]


def test_feat_A3_config_counts_within_a_second(hub: Hub) -> None:
    get = getter(hub)
    assert get("/services?q=新的叫法").json["items"] == []
    file = hub.settings.folder / "services/my-records.yaml"
    text = file.read_text(encoding="utf-8").replace("title: {zh: 我的档案", "title: {zh: 新的叫法")
    file.write_text(text, encoding="utf-8")
    until = time.monotonic() + 20
    while time.monotonic() < until and not get("/services?q=新的叫法").json["items"]:
        time.sleep(0.05)
    (item,) = get("/services?q=新的叫法").json["items"]
    assert item["id"] == "my-records"
    assert get("/services?q=我的档案").json["items"] == []


def test_a_signed_in_citizen_gets_the_ready_answer(hub: Hub) -> None:
    """While everything is open to everybody, a token is not even looked at."""
    get = getter(hub)
    assert get("/services", Authorization="Bearer whatever").status_code == 200


def test_the_database_away(hub: Hub) -> None:
    """What stands in config is shown, and what was shown before; what must be looked for is not, and it says so."""
    get = getter(hub)
    get("/services")
    name = hub.database.engine.url.database
    with psycopg.connect(_plain(hub.database.engine.url.set(database="postgres")), autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")  # type: ignore[arg-type]
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        left = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        while server.execute(left, [name]).fetchone() != (0,):
            time.sleep(0.05)
    time.sleep(0.6)
    assert get("/services/vehicle-list").status_code == 200
    assert get("/departments").status_code == 200
    assert get("/services").status_code == 200
    answer = get("/services?kind=link")
    assert (answer.status_code, answer.json["code"]) == (503, "STORE_UNAVAILABLE")


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
