"""/ops/v1: who may do what, and the record of what was done and refused (features.md M1, M3; row_T25)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from blueprints import docs
from blueprints.frame import build
from hub.ledger.exchange import Exchange
from hub.ledger.models import ExchangeRow
from tests.operations.conftest import Desk
from tests.settings.test_live import becomes, replace_in

Desks = Callable[[str], Desk]
NOTICE = {"zh": "系统升级，周五恢复。", "en": "Upgrade, back on Friday."}
OFF = {"enabled": False, "notice": NOTICE, "reason": "停机升级"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
BALANCE, FUND = "/services/balance", "/systems/housing_fund"

READS = ["/services", BALANCE, "/systems", FUND, "/switches/history", "/config", "/config/export",
         f"/calls?trace_id={TRACE}", "/audit"]  # fmt: skip
MAY_READ = {
    "operator": {*READS} - {"/audit"},
    "auditor": {*READS},
    "officer": {"/services", BALANCE},
    "verifier": set(),
    "security_admin": {"/systems", FUND, "/switches/history", "/config", "/config/export"},
    "audit_admin": {"/switches/history", "/config", "/config/export", "/audit"},
}


@pytest.mark.parametrize("role", MAY_READ)
def test_each_role_reads_what_it_may(desk: Desks, role: str) -> None:
    mine = desk(role)
    assert {path for path in READS if mine.ask("GET", path).status_code == 200} == MAY_READ[role]
    assert {mine.ask("GET", path).status_code for path in READS} <= {200, 403}


WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", BALANCE, OFF),
    ("PATCH", FUND, OFF),
    ("POST", "/switches/rollback", {"change_id": "1", "reason": "x"}),
    ("POST", "/switches/write-back", {"kind": "service", "id": "balance", "reason": "x"}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_feat_M3_only_the_operator_switches_and_every_refusal_is_on_record(
    desk: Desks, hub: Any, method: str, path: str, body: dict[str, Any]
) -> None:
    for role in ("auditor", "officer", "system_admin", "security_admin", "audit_admin"):
        assert desk(role).refused(method, path, body) == (403, "ROLE_REQUIRED")
    assert desk("citizen").refused(method, path, body) == (403, "ROLE_REQUIRED")
    assert desk("").refused(method, path, body) == (401, "TOKEN_MISSING")
    assert hub.switches.service("balance").enabled and not hub.switches.differences()
    with hub.database.read() as connection:
        rows = connection.execute(text("SELECT roles, act, outcome FROM operations_act ORDER BY id")).all()
    assert [row.roles[0] for row in rows] == ["auditor", "officer", "system_admin", "security_admin", "audit_admin"]
    assert {row.outcome for row in rows} == {"ROLE_REQUIRED"}


def test_feat_M1_off_with_a_notice_and_on_again(desk: Desks, hub: Any) -> None:
    operator = desk("operator")
    told = operator.ask("PATCH", BALANCE, OFF)
    assert told.status_code == 200
    assert (told.json["enabled"], told.json["status"], told.json["notice"]) == (False, "closed", NOTICE)
    assert told.json["config"]["enabled"] is True and told.json["override"] == {"enabled": False, "notice": NOTICE}
    assert told.json["source"] == {
        "enabled": "override",
        "notice": "override",
        "maintenance": "services/balance.yaml:28",
        "rollout": "services/balance.yaml:28",
    }
    assert not hub.switches.service("balance").enabled
    assert operator.get(BALANCE) == told.json
    told = operator.ask("PATCH", BALANCE, {"enabled": True, "notice": None, "reason": "恢复"})
    assert (told.json["status"], told.json["override"]) == ("open", None)


@pytest.mark.parametrize(
    ("notice", "kept"),
    [("停机升级", {"zh": "停机升级"}), ({"zh": "停机"}, {"zh": "停机"}), ("", None), ({"zh": "", "en": ""}, None)],
)
def test_feat_M1_a_notice_may_be_one_text_and_an_empty_one_is_none(desk: Desks, notice: Any, kept: Any) -> None:
    window = {"from": "2099-03-01T08:00:00+08:00", "until": "2099-03-01T12:00:00+08:00", "notice": notice}
    told = desk("operator").ask("PATCH", BALANCE, {"notice": notice, "maintenance": window, "reason": "x"})
    assert (told.status_code, told.json["notice"], told.json["maintenance"]["notice"]) == (200, kept, kept)
    shown = {name: told.json[name] for name in ("enabled", "notice", "maintenance", "rollout")}
    again = desk("operator").ask("PATCH", BALANCE, {**shown, "reason": "as it was read"})
    assert again.status_code == 200 and {name: again.json[name] for name in shown} == shown


def test_a_system_tells_how_it_fares_and_is_switched(desk: Desks) -> None:
    operator = desk("operator")
    found = operator.get(FUND)
    assert found["health"]["state"] == "contacted_unproven" and found["health"]["breaker"] == "closed"
    assert found["limits"] == {"cap": 8, "deadline_s": 3.0, "per_minute": 0}
    assert "secrets" not in found and "address" not in found
    told = operator.ask("PATCH", FUND, OFF)
    assert told.json["health"]["state"] == "off" and told.json["enabled"] is False


def test_a_system_that_did_not_start_says_why(desk: Desks, hub: Any, home: Path) -> None:
    (home / "secrets/medical_password").unlink()
    assert becomes(lambda: "medical_insurance" in hub.settings.now.not_started)
    operator = desk("operator")
    found = operator.get("/systems/medical_insurance")
    assert found["health"] == {"state": "off"}
    assert found["not_started"].startswith("systems.yaml:5:15: ")
    assert operator.refused("PATCH", "/systems/medical_insurance", OFF) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"enabled": False}, "REASON_REQUIRED", "reason"),
        ({"enabled": False, "reason": " \u3000 "}, "REASON_REQUIRED", "reason"),
        ({"reason": "x"}, "REQUIRED", ""),
        ({"enabled": "off", "reason": "x"}, "TYPE", "enabled"),
        ({"rollout": {"percent": 101}, "reason": "x"}, "RANGE", "rollout.percent"),
        ({"rollout": {"regions": ["360424"]}, "reason": "x"}, "CHOICE", "rollout.regions.0"),
        ({"maintenance": {"from": "2099-03-01T08:00:00+08:00"}, "reason": "x"}, "REQUIRED", "maintenance.until"),
        ({"notice": ["closed"], "reason": "x"}, "TYPE", "notice"),
        ({"enable": False, "reason": "x"}, "UNKNOWN_FIELD", "enable"),
    ],
)
def test_a_wrong_change_is_refused_and_on_record(desk: Desks, body: dict[str, Any], code: str, path: str) -> None:
    told = desk("operator").ask("PATCH", BALANCE, body)
    assert (told.status_code, told.json["code"]) == (422, code)
    assert told.json["errors"][0]["path"] == path
    (act,) = desk("auditor").get("/audit?target=service:balance")["items"]
    assert (act["outcome"], act["act"], act["roles"]) == (code, "switch.write", ["operator"])


def test_feat_M3_the_record_has_who_before_and_after(desk: Desks) -> None:
    operator = desk("operator")
    operator.ask("PATCH", BALANCE, OFF)
    operator.ask("PATCH", BALANCE, {"notice": None, "reason": "改"})
    told = operator.ask("PATCH", "/services/nothing", OFF)
    assert (told.status_code, told.json["code"]) == (404, "NOT_FOUND")
    found = [act for act in desk("auditor").get("/audit")["items"] if act["act"] == "switch.write"]
    assert [(act["target"], act["outcome"], act["reason"]) for act in found] == [
        ("service:nothing", "NOT_FOUND", "停机升级"),
        ("service:balance", "OK", "改"),
        ("service:balance", "OK", "停机升级"),
    ]
    assert found[2]["before"] is None and found[2]["after"] == {"enabled": False, "notice": NOTICE}
    assert found[1]["before"] == found[2]["after"] and found[1]["after"] == {"enabled": False}
    assert found[0]["trace_id"] == told.headers["X-Trace-Id"] and found[0]["actor"]


def test_the_record_only_grows(desk: Desks, hub: Any) -> None:
    desk("operator").ask("PATCH", BALANCE, OFF)
    for statement in ("DELETE FROM operations_act", "UPDATE operations_act SET actor = 'x'"):
        with pytest.raises(Exception, match="only ever added"), hub.database.read() as connection:
            connection.execute(text(statement))


def test_history_pages_and_rolls_back(desk: Desks, hub: Any) -> None:
    operator = desk("operator")
    for number in range(3):
        operator.ask("PATCH", BALANCE, {"enabled": bool(number % 2), "reason": f"第{number}次"})
    first = operator.get("/switches/history?page_size=2")
    rest = operator.get(f"/switches/history?page_size=2&cursor={first['next_cursor']}")
    assert [entry["reason"] for entry in first["items"] + rest["items"]] == ["第2次", "第1次", "第0次"]
    assert rest["next_cursor"] is None
    assert operator.get("/switches/history?kind=system")["items"] == []
    oldest = rest["items"][0]["change_id"]
    told = operator.ask("POST", "/switches/rollback", {"change_id": oldest, "reason": "误操作"})
    assert (told.status_code, told.json["act"], told.json["after"]) == (200, "rollback", None)
    assert hub.switches.service("balance").enabled
    assert operator.refused("POST", "/switches/rollback", {"change_id": "1000000", "reason": "x"}) == (404, "NOT_FOUND")
    assert operator.refused("POST", "/switches/rollback", {"change_id": oldest}) == (422, "REASON_REQUIRED")
    assert operator.refused("POST", "/switches/rollback", {"change_id": "x", "reason": "x"}) == (404, "NOT_FOUND")
    for cursor in ("x", "-1", "9" * 30, "1.5"):
        assert operator.refused("GET", f"/switches/history?cursor={cursor}") == (400, "PAGE_INVALID")


def test_config_shows_the_difference_exports_and_writes_back(desk: Desks, hub: Any, folder: Path) -> None:
    operator, file = desk("operator"), folder / "services/balance.yaml"
    replace_in(file, "per_minute: 30", "per_minute: 30  # 与医保局商定")
    operator.ask("PATCH", BALANCE, OFF)
    operator.ask("PATCH", FUND, {"enabled": False, "reason": "x"})
    shown = operator.get("/config")
    assert shown["problem"] is None and shown["not_started"] == {}
    assert [(each["kind"], each["id"], each["place"]) for each in shown["differences"]] == [
        ("service", "balance", "services/balance.yaml:28"),
        ("system", "housing_fund", "systems.yaml:9"),
    ]
    assert shown["differences"][0]["fields"] == [
        {"field": "enabled", "config": True, "override": False},
        {"field": "notice", "config": None, "override": NOTICE},
    ]
    exported = {each["file"]: each["text"] for each in operator.get("/config/export")["files"]}
    assert set(exported) == {"services/balance.yaml", "systems.yaml"}
    assert "enabled: false" in exported["systems.yaml"] and "enabled: true" in file.read_text(encoding="utf-8")
    body = {"kind": "service", "id": "balance", "reason": "定稿"}
    told = operator.ask("POST", "/switches/write-back", body)
    assert (told.status_code, told.json["act"]) == (200, "write_back")
    assert file.read_text(encoding="utf-8") == exported["services/balance.yaml"]
    assert "# 与医保局商定" in file.read_text(encoding="utf-8")
    assert not hub.switches.service("balance").enabled
    assert [each["id"] for each in operator.get("/config")["differences"]] == ["housing_fund"]
    assert operator.refused("POST", "/switches/write-back", body) == (409, "STATE_CONFLICT")


def test_feat_X16_a_broken_file_shows_here_with_its_place(desk: Desks, hub: Any, folder: Path) -> None:
    operator = desk("operator")
    operator.ask("PATCH", BALANCE, OFF)
    replace_in(folder / "services/account.yaml", "percent: 10", "percent: 110")
    assert becomes(lambda: hub.settings.problem is not None)
    assert operator.get("/config")["problem"].startswith("services/account.yaml:11:22: switch.rollout.percent")
    told = operator.ask("POST", "/switches/write-back", {"kind": "service", "id": "balance", "reason": "x"})
    assert (told.status_code, told.json["code"]) == (422, "CONFIG_INVALID")
    assert "services/account.yaml:11:22" in told.json["notice"]


def test_calls_of_one_trace_without_any_subject(desk: Desks, hub: Any) -> None:
    now = hub.clock.now()
    for number in range(2):
        leg = Exchange(now + timedelta(seconds=number), None, None, now, TRACE, "balance", "medical_insurance",
                       "query_balance", b"t" * 32, "citizen", "本人查询", 3, "DEPARTMENT_BUSY", "hub")  # fmt: skip
        with hub.database.session() as session:
            session.execute(insert(ExchangeRow).values({name: getattr(leg, name) for name in Exchange.__slots__}))
    operator = desk("operator")
    legs = operator.get(f"/calls?trace_id={TRACE}")["items"]
    assert [leg["outcome"] for leg in legs] == ["DEPARTMENT_BUSY"] * 2 and "subject_tag" not in legs[0]
    assert operator.get(f"/calls?trace_id={'0' * 32}")["items"] == []
    assert operator.refused("GET", "/calls") == (400, "PARAM_INVALID")
    assert desk("auditor").get(f"/audit?target=trace:{TRACE}")["items"][0]["act"] == "call.read"


def test_threat_T25_without_the_room_every_operations_route_is_unknown(hub: Any, desk: Desks) -> None:
    """What create_app(hub, ops=False) serves in public: 404, also to who could do it."""
    public = build(hub, [docs.make]).test_client()
    operator = Desk(public, desk("operator").token)
    for path in READS:
        assert operator.refused("GET", path) == (404, "NOT_FOUND")
    for method, path, body in WRITES:
        assert operator.refused(method, path, body) == (404, "NOT_FOUND")


def test_PostgreSQL_refusing_is_told_as_503(desk: Desks, hub: Any) -> None:
    """A change that waits for another one gives up soon."""
    operator = desk("operator")
    with hub.database.session() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(360423004)"))
        assert operator.refused("PATCH", BALANCE, OFF) == (503, "STORE_UNAVAILABLE")
    assert operator.ask("PATCH", BALANCE, OFF).status_code == 200
