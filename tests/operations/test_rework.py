"""/ops/v1: kept legs, re-runs, jobs, quotas, limits: who may, what is shown, what is on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from hub.legs.rules import readable, shape
from hub.legs.service import Entry
from tests.jobs.test_jobs import until
from tests.operations.conftest import Desk

Desks = Callable[[str], Desk]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NUMBER, NAME = "36262319900101123X", "赵铁柱"
WHY = {"reason": "停机结束"}


@pytest.fixture
def leg(hub: Any) -> UUID:
    hub.legs.start()
    kept = entry(hub)
    hub.legs.keep(kept)
    until(lambda: found(hub, TRACE), 5)
    return kept.id


def entry(hub: Any, **more: Any) -> Entry:
    values: dict[str, Any] = {
        "id": uuid4(),
        "at": hub.clock.now(),
        "trace_id": TRACE,
        "service": "balance",
        "system": "medical_insurance",
        "operation": "query_balance",
        "kind": "read",
        "data_class": 3,
        "state": "failed",
        "outcome": "UPSTREAM_MALFORMED",
        "keep_days": 7,
        "question": {
            "subject": "c-1", "region": "", "level": 2, "key": None,
            "fields": {"id_number": NUMBER, "name": NAME, "year": 2025},
        },
    }  # fmt: skip
    return Entry(**{**values, **more})


def found(hub: Any, trace: str) -> Any:
    with hub.database.session() as session:
        return hub.legs.find(session, trace)


def test_feat_C6_a_leg_is_shown_to_entitled_roles_only_and_each_look_is_on_record(
    desk: Desks, hub: Any, leg: UUID
) -> None:
    sample = b'{"xm":"\xd5\xd4\xcc\xfa\xd6\xf9","sfzh":"36262319900101123X"'
    sealed = hub.crypto.seal(sample, "gateway.sample")
    with hub.database.session() as session:
        session.execute(
            text("INSERT INTO gateway_sample (kept_at, trace_id, system, operation, code, sample_sealed) VALUES "
                 "(now(), :trace, 'medical_insurance', 'query_balance', 'UPSTREAM_MALFORMED', :sealed)"),
            {"trace": TRACE, "sealed": sealed},
        )  # fmt: skip
    for role in ("operator", "officer", "security_admin", "citizen"):
        assert desk(role).refused("GET", f"/legs/{leg}") == (403, "ROLE_REQUIRED")
    told = desk("system_admin").get(f"/legs/{leg}")
    assert told["question"] == {"id_number": "***", "name": "***", "year": 2025}
    assert told["samples"][0]["shape"] == '{"xm":"??????","sfzh":"00000000000000000x"'
    for value in (NUMBER, NAME, "123X"):
        assert value not in str(told)
    looks = desk("auditor").get(f"/audit?target=leg:{leg}")["items"]
    assert [(look["act"], look["outcome"]) for look in looks] == [("leg.read", "OK")]
    assert desk("auditor").get(f"/calls?trace_id={TRACE}")["legs"][0]["id"] == str(leg)
    for id in (uuid4(), "36262319900101123X"):
        assert desk("auditor").refused("GET", f"/legs/{id}") == (404, "NOT_FOUND")


def test_feat_C6_a_single_read_is_asked_again_and_a_write_says_what_is_possible(
    desk: Desks, hub: Any, leg: UUID
) -> None:
    admin = desk("system_admin")
    assert desk("auditor").refused("POST", f"/legs/{leg}/rerun", WHY) == (403, "ROLE_REQUIRED")
    assert admin.refused("POST", f"/legs/{leg}/rerun", {}) == (422, "REASON_REQUIRED")
    told = admin.ask("POST", f"/legs/{leg}/rerun", WHY)
    assert (told.status_code, told.json["state"], told.json["code"]) == (200, "failed", "LEVEL_REQUIRED")
    write = entry(hub, kind="write", state="unknown")
    hub.legs.begin(write)
    told = admin.ask("POST", f"/legs/{write.id}/rerun", WHY)
    assert (told.status_code, told.json["code"]) == (409, "STATE_CONFLICT")
    assert told.json["possible"] == ["ask_department"]
    acts = desk("auditor").get("/audit")["items"]
    assert [(act["act"], act["outcome"]) for act in acts if act["target"] == f"leg:{write.id}"] == [
        ("leg.rerun", "STATE_CONFLICT")
    ]


def test_feat_C6_a_rerun_is_begun_paused_resumed_and_cancelled(desk: Desks, hub: Any, leg: UUID) -> None:
    operator = desk("operator")
    now = hub.clock.now()
    between = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
    assert operator.refused("POST", "/reruns", {**WHY, **between}) == (422, "REQUIRED")
    backwards = {"since": between["until"], "until": between["since"]}
    assert operator.refused("POST", "/reruns", {**WHY, **backwards, "system": "x"}) == (422, "RANGE_ORDER")
    nothing = operator.ask("POST", "/reruns", {**WHY, **between, "system": "housing_fund"})
    assert (nothing.status_code, nothing.json["code"]) == (409, "STATE_CONFLICT")
    told = operator.ask("POST", "/reruns", {**WHY, **between, "system": "medical_insurance"})
    assert (told.status_code, told.json["state"], told.json["counts"]) == (202, "running", {"waiting": 1})
    path = f"/reruns/{told.json['id']}"
    assert operator.get(path)["actor"] == told.json["actor"]
    for act, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert operator.ask("POST", f"{path}/{act}", WHY).json["state"] == state
    assert operator.refused("POST", f"{path}/resume", WHY) == (409, "STATE_CONFLICT")
    for id in ("99", "x"):
        assert operator.refused("GET", f"/reruns/{id}") == (404, "NOT_FOUND")
    jobs = operator.get("/jobs?status=waiting")["items"]
    assert [job["task"] for job in jobs] == ["reruns.run", "reruns.run"]


def test_feat_C6_jobs_are_listed_tried_again_and_cancelled(desk: Desks, hub: Any) -> None:
    admin = desk("system_admin")
    hub.jobs.register("nothing", lambda _, number: None)
    with hub.database.session() as session:
        ids = [hub.jobs.enqueue(session, "nothing", number=number) for number in range(3)]
    first = admin.get("/jobs?page_size=2")
    rest = admin.get(f"/jobs?page_size=2&cursor={first['next_cursor']}")
    assert [int(job["id"]) for job in first["items"] + rest["items"]] == ids[::-1]
    assert admin.refused("POST", f"/jobs/{ids[0]}/retry", WHY) == (409, "STATE_CONFLICT")
    assert desk("operator").refused("POST", f"/jobs/{ids[0]}/cancel", WHY) == (403, "ROLE_REQUIRED")
    assert admin.ask("POST", f"/jobs/{ids[0]}/cancel", WHY).json["status"] == "cancelled"
    assert admin.refused("POST", f"/jobs/{ids[0]}/cancel", WHY) == (409, "STATE_CONFLICT")
    with hub.database.session() as session:
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = :id"), {"id": ids[1]})
    assert [job["id"] for job in admin.get("/jobs?status=failed")["items"]] == [str(ids[1])]
    assert admin.ask("POST", f"/jobs/{ids[1]}/retry", WHY).json["status"] == "waiting"
    assert admin.refused("POST", "/jobs/1000000/retry", WHY) == (404, "NOT_FOUND")
    assert admin.refused("GET", "/jobs?status=lost") == (400, "PARAM_INVALID")


def test_quotas_and_limits(desk: Desks, hub: Any) -> None:
    operator = desk("operator")
    quotas = operator.get("/quotas")
    assert {each["id"]: each["per_minute"] for each in quotas["services"]}["balance"] == 30
    assert {each["id"] for each in quotas["systems"]} == {"medical_insurance", "housing_fund"}
    names = [each["name"] for each in (*quotas["systems"], *quotas["services"])]
    assert all(name["zh"] for name in names)
    told = operator.ask("PATCH", "/systems/housing_fund", {"limits": {"cap": 2}, "reason": "慢"})
    assert told.json["limits"] == {"cap": 2, "deadline_s": 3.0, "per_minute": 0}
    assert told.json["config_limits"]["cap"] == 8 and told.json["limits_source"]["cap"] == "override"
    assert told.json["limits_source"]["per_minute"].startswith("systems.yaml:")
    assert hub.switches.now.systems["housing_fund"].cap == 2
    (difference,) = operator.get("/config")["differences"]
    assert difference["fields"][0]["override"] == {"cap": 2}
    assert operator.refused("PATCH", "/services/balance", {"limits": {"cap": 2}, "reason": "x"})[1] == "UNKNOWN_FIELD"


def test_feat_X17_findings_colour_the_systems(desk: Desks, hub: Any) -> None:
    operator = desk("operator")
    row = "INSERT INTO inspection_finding VALUES (:kind, :target, :state, :code, '', '', :until, :at, :at)"
    with hub.database.session() as session:
        for kind, target, state, code in (
            ("people", "balance", "works", "OK"),
            ("expiry", "housing_fund/password", "announced", "14"),
            ("contract", "housing_fund", "degraded", "UPSTREAM_MALFORMED"),
        ):
            until = hub.clock.now() + timedelta(days=13) if kind == "expiry" else None
            values = {"kind": kind, "target": target, "state": state, "code": code, "until": until}
            session.execute(text(row), {**values, "at": hub.clock.now()})
    insurance, fund = operator.get("/systems/medical_insurance"), operator.get("/systems/housing_fund")
    assert insurance["health"]["state"] == "works", "no worker asked it, a synthetic citizen did"
    assert (fund["health"]["state"], fund["contract"]["code"]) == ("failing", "UPSTREAM_MALFORMED")
    assert (fund["expiries"][0]["what"], fund["expiries"][0]["code"]) == ("password", "14")
    assert operator.get("/services/balance")["people"]["state"] == "works"


def test_feat_K6_only_what_is_classified_as_harmless_is_readable() -> None:
    classes = {"status": 2, "name": 3, "rows": {"no": 1, "amount": 3}}
    values = {"status": "normal", "name": NAME, "new": NUMBER, "rows": [{"no": "1", "amount": 5}], "none": None}
    assert readable(values, classes) == {
        "status": "normal", "name": "***", "new": "***", "rows": [{"no": "1", "amount": "***"}], "none": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "shown"),
    [
        ("<xm>赵铁柱</xm><sfz id='12'>362X</sfz>".encode(), "<xm>?????????</xm><sfz xx='00'>000x</sfz>"),
        (b'{"name": "Zhao", "n": 12.5}', '{"name": "xxxx", "n": 00.0}'),
        (b"Zhao;13800000000", "xxxx;00000000000"),
    ],
)
def test_feat_K6_of_a_sample_only_its_shape_is_shown(sample: bytes, shown: str) -> None:
    assert shape(sample) == shown
