"""What the rounds found stands in /readyz, /metrics and hub doctor, whoever found it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from blueprints import health
from blueprints.frame import build
from blueprints.switchboard import found_last, service_shown, system_shown
from hub.commands.doctor import examined
from hub.main import Hub
from tests.conftest import Twins

ROW = "INSERT INTO inspection_finding VALUES (:kind, :target, :state, :code, '', '', :until, :at, :at)"


@pytest.fixture
def hub(
    hub_home: Path, fresh_database: str, redis: str, twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hub]:
    told = {"HUB_HOME": str(hub_home), "HUB_DATABASE_URL": fresh_database, "HUB_REDIS_URL": redis, **twins.environ}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    opened = Hub.open(hub_home, os.environ)
    now = opened.clock.now()
    with opened.database.session() as session:
        for kind, target, state, code in (
            ("contract", "housing_fund", "degraded", "UPSTREAM_MALFORMED"),
            ("people", "pension-status", "failing", "DEPARTMENT_REJECTED"),
            ("people", "vehicle-list", "works", "OK"),
            ("delivery", "housing_fund/late/A.csv", "degraded", "late"),
            ("rows", "housing_fund", "degraded", "ROWS_REFUSED"),
            ("expiry", "wechat/secret", "announced", "7"),
        ):
            until = now + timedelta(days=6) if kind == "expiry" else None
            values = {"kind": kind, "target": target, "state": state, "code": code, "until": until, "at": now}
            session.execute(text(ROW), values)
    yield opened
    opened.close()


def test_feat_X17_findings_stand_in_readyz_and_metrics(hub: Hub) -> None:
    client = build(hub, [health.make]).test_client()
    degraded = client.get("/readyz").json["degraded"]
    assert {"what": "system", "id": "housing_fund", "problem": "UPSTREAM_MALFORMED"} in degraded
    assert {"what": "service", "id": "pension-status", "problem": "DEPARTMENT_REJECTED"} in degraded
    assert "vehicle-list" not in str(degraded)
    figures = client.get("/metrics").text
    assert 'hub_inspection_bad{kind="contract",target="housing_fund"} 1.0' in figures
    assert 'hub_inspection_bad{kind="people",target="vehicle-list"} 0.0' in figures
    assert 'hub_jobs{status="failed"} 0.0' in figures
    days = next(line for line in figures.splitlines() if line.startswith('hub_expiry_days{target="wechat/secret"}'))
    assert 5.9 < float(days.split()[1]) <= 6


def test_fault_F14_readyz_names_a_system_whose_description_is_not_what_runs(hub: Hub) -> None:
    client, running = build(hub, [health.make]).test_client(), hub.systems._described
    assert "restart" not in client.get("/readyz").text
    running["wechat"] = replace(running["wechat"], digest=b"of another file, when this process started")
    (told,) = [each for each in client.get("/readyz").json["degraded"] if "restart" in each["problem"]]
    assert (told["what"], told["id"]) == ("system", "wechat")


def test_feat_X17_operations_see_people_and_deliveries_beside_each_system(hub: Hub) -> None:
    found = found_last(hub)
    assert service_shown(hub, "pension-status", found)["people"]["state"] == "failing"
    fund, social = system_shown(hub, "housing_fund", found), system_shown(hub, "social_security", found)
    assert [(each["what"], each["code"]) for each in fund["deliveries"]] == [
        ("A.csv", "late"), ("rows", "ROWS_REFUSED"),
    ]  # fmt: skip
    assert [(each["service"], each["state"]) for each in social["people"]] == [("pension-status", "failing")]
    assert social["health"]["state"] == "failing" and social["deliveries"] == []


def test_fault_F31_the_doctor_tells_what_ends_and_what_drifted(hub: Hub, hub_home: Path) -> None:
    found = {finding.what: finding for finding in examined(hub_home)}
    assert found["contract housing_fund"].verdict == "bad"
    assert found["people pension-status"].verdict == "bad"
    assert "people vehicle-list" not in found
    ends = found["expiry wechat/secret"]
    assert ends.verdict == "watch" and ends.found.startswith("ends 2") and "expires" in ends.next
