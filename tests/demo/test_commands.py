"""The `hub` command in a second terminal beside a running county (U35-U40)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from click.testing import CliRunner
from sqlalchemy import make_url

from hub.__main__ import main
from tests.county import ROOT, County, ask, eventually, login, openid_of

VERBS = ("demo", "serve", "work", "check", "migrate", "doctor", "services", "systems", "new", "call", "token", "import",
         "export-openapi")  # fmt: skip


def as_json(county: County, *arguments: str, code: int = 0) -> Any:
    run = county.here(*arguments, "--json")
    assert run.exit_code == code, run.stderr + run.stdout
    return json.loads(run.stdout)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    told = CliRunner().invoke(main, [verb, "--help"])
    assert told.exit_code == 0 and f" {verb} [OPTIONS]" in told.output
    assert told.output.splitlines()[2].strip()


def test_help_loads_no_room() -> None:
    program = "import sys, hub.__main__; print([name for name in sys.modules if name in ('hub.main', 'sqlalchemy')])"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert run.stdout.strip() == "[]"


def test_a_verb_is_loaded_without_looking_for_waste_and_then_it_is_looked_for() -> None:
    """A third of a short verb's time; and what runs for months must not go without."""
    program = ("import gc, runpy, sys; sys.argv = ['hub', 'check', '--help']\n"
               "before = gc.get_stats()[2]['collections']\n"
               "try: runpy.run_module('hub', run_name='__main__')\n"
               "finally: print(gc.isenabled(), gc.get_stats()[2]['collections'] - before)")  # fmt: skip
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert run.stdout.splitlines()[-1] == "True 0"


def test_feat_U36_doctor_finds_nothing_wrong_in_a_healthy_county(county: County) -> None:
    findings = as_json(county, "doctor")
    assert {finding["what"] for finding in findings} >= {"home", "port", "config", "clock", "database", "redis"}
    assert [finding for finding in findings if finding["verdict"] == "bad"] == []
    systems = {finding["what"]: finding["found"] for finding in findings if finding["what"].startswith("system ")}
    assert set(systems.values()) == {"works"} and len(systems) == 10


def test_feat_U36_doctor_says_what_to_do_next(county: County) -> None:
    twin = county.demo["twins"]["housing_fund"]["url"]
    secret = county.home / "secrets" / "token_key"
    requests.put(f"{twin}/twin/toxics", json={"down": True}, timeout=30)
    secret.chmod(0o644)
    try:
        findings = {finding["what"]: finding for finding in as_json(county, "doctor", code=1)}
    finally:
        secret.chmod(0o600)
        requests.delete(f"{twin}/twin/toxics", timeout=30)
    assert findings["system housing_fund"]["verdict"] == "bad"
    assert findings["system housing_fund"]["found"].startswith("failing")
    assert findings["home"]["next"] == f"chmod 600 '{secret}'"
    assert all(finding["next"] for finding in findings.values() if finding["verdict"] == "bad")


def test_feat_M1_a_service_is_switched_off_with_a_notice_and_on_again(county: County) -> None:
    headers = login(county, openid_of(county, "韩山福"))
    service = "housing-fund-account"
    assert ask(county, service, {}, headers).status_code == 200
    refused = county.here("services", "disable", service)
    assert refused.exit_code == 2 and "--reason" in refused.stderr
    notice = ("--notice", "今晚升级", "--notice-en", "Tonight")
    change = as_json(county, "services", "disable", service, "--reason", "升级", *notice)
    eventually(lambda: all(ask(county, service, {}, headers).status_code == 503 for _ in range(6)), 20)
    assert "今晚升级" in ask(county, service, {}, headers).text
    shown = as_json(county, "services", "show", service)
    assert (shown["status"], shown["source"]["enabled"], shown["source"]["rollout"]) == ("closed", "override", "config")
    assert as_json(county, "services", "history", service)[0]["reason"] == "升级"
    as_json(county, "services", "rollback", str(change["id"]), "--reason", "too early")
    eventually(lambda: all(ask(county, service, {}, headers).status_code == 200 for _ in range(6)), 20)


def test_feat_M2_maintenance_rollout_and_write_back(county: County) -> None:
    headers = login(county, openid_of(county, "林美梅"))
    service = "pension-status"
    window = ("--from", "2020-01-01T00:00", "--until", "2099-01-01T00:00", "--notice", "年度维护")
    as_json(county, "services", "maintenance", service, *window, "--reason", "test")
    eventually(lambda: all("年度维护" in ask(county, service, {}, headers).text for _ in range(6)), 20)
    as_json(county, "services", "maintenance", service, "--clear", "--reason", "test")
    eventually(lambda: all(ask(county, service, {}, headers).status_code == 200 for _ in range(6)), 20)
    as_json(county, "services", "rollout", service, "--percent", "0", "--reason", "test")
    eventually(lambda: all(ask(county, service, {}, headers).status_code == 503 for _ in range(6)), 20)
    as_json(county, "services", "write-back", service, "--reason", "test")
    assert "percent: 0" in (county.config / "services" / f"{service}.yaml").read_text(encoding="utf-8")
    assert as_json(county, "services", "show", service)["override"] is None
    as_json(county, "services", "rollout", service, "--percent", "100", "--reason", "test")
    eventually(lambda: all(ask(county, service, {}, headers).status_code == 200 for _ in range(6)), 20)


def test_a_change_by_the_command_is_on_record_as_an_act(county: County) -> None:
    as_json(county, "systems", "disable", "civil_affairs", "--reason", "on record")
    as_json(county, "systems", "enable", "civil_affairs", "--reason", "on record too")
    unknown = county.here("systems", "disable", "no_such", "--reason", "refused")
    assert unknown.exit_code == 1 and "NOT_FOUND" in unknown.stderr
    by = as_json(county, "systems", "history", "civil_affairs")[0]["actor"]
    assert by.startswith("cli:")
    environ = dict(line.split("=", 1) for line in (county.home / "env").read_text().splitlines() if line[0] != "#")
    plain = make_url(environ["HUB_DATABASE_URL"]).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        acts = connection.execute(
            "SELECT target, outcome, reason FROM operations_act WHERE actor = %s", [by]
        ).fetchall()
    assert ("system:civil_affairs", "OK", "on record") in acts
    assert ("system:no_such", "NOT_FOUND", "refused") in acts


def test_systems_are_listed_with_their_health(county: County) -> None:
    systems = {system["id"]: system for system in as_json(county, "systems", "list")}
    assert systems["medical_insurance"]["health"] == "works"
    assert systems["medical_insurance"]["protocol"] == "soap"
    assert as_json(county, "systems", "probe", "vehicle_administration")["health"] == "works"
    services = {service["id"]: service for service in as_json(county, "services", "list")}
    assert services["my-records"]["status"] == "open"


def test_feat_U39_call_shows_each_leg_and_hides_names_and_numbers(county: County) -> None:
    run = county.hub("call", "medical-insurance-balance", "--as", "R0001", "--field", "year=2025", "--trace", "--json")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert [leg["leg"].strip() for leg in told["legs"]] == [
        "phone -> hub", "hub: medical-insurance-balance", "hub -> medical_insurance.query_balance"
    ]  # fmt: skip
    assert told["legs"][2]["sent"] > 100 and told["legs"][2]["received"] > 100 and told["legs"][2]["ms"] > 0
    persona = next(each for each in county.demo["personas"] if each["resident"] == "R0001")
    assert persona["name"] not in run.stdout and persona["id_number"] not in run.stdout
    nobody = county.here("call", "medical-insurance-balance", "--as", "张三")
    assert nobody.exit_code == 1 and "韩山福 (R0001)" in nobody.stderr


def test_a_token_is_one_that_works(county: County) -> None:
    token = county.hub("token", "--as", "林美梅").stdout.strip()
    answer = requests.get(f"{county.base_url}/api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 200


def test_check_names_file_line_and_column(county: County, tmp_path: Path) -> None:
    assert county.hub("check").returncode == 0
    path = county.config / "themes.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before + "\nhealth: {name: {zh: 又一次}}\n", encoding="utf-8")
        complaints = as_json(county, "check", code=1)
    finally:
        path.write_text(before, encoding="utf-8")
    assert complaints[0]["file"] == "themes.yaml" and complaints[0]["line"] > 1 and complaints[0]["column"] == 1
    assert county.here("check", "--export-schemas", str(tmp_path)).exit_code == 0
    assert json.loads((tmp_path / "services.schema.json").read_text())["$schema"].endswith("2020-12/schema")


def test_the_interface_description_needs_nothing_running(tmp_path: Path) -> None:
    out = tmp_path / "openapi.json"
    run = subprocess.run(
        [sys.executable, "-m", "hub", "export-openapi", "--out", str(out)],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", "HUB_HOME": str(tmp_path / "none")}, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1") and len(document["paths"]) > 15
    assert not (tmp_path / "none").exists()


def test_import_takes_a_file_twice_without_harm(county: County) -> None:
    file = str(ROOT / "hub/demo/county/service_items.json")
    first, second = (as_json(county, "import", file) for _ in range(2))
    assert first["rows"] > 100 and not first["broken"]
    assert (second["new"], second["changed"]) == (0, 0)
    assert county.here("import", str(ROOT / "Makefile")).exit_code == 1


def test_migrate_may_be_run_at_any_time(county: County) -> None:
    assert as_json(county, "migrate") == {"changed": False}


def test_without_a_demo_it_says_so(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "HUB_HOME": str(tmp_path)}
    for arguments in (["services", "list"], ["call", "x", "--as", "R0001"]):
        run = subprocess.run(
            [sys.executable, "-m", "hub", *arguments],
            cwd=ROOT, env=environ, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert run.returncode == 1
        assert run.stderr.startswith("Error: ") and "Traceback" not in run.stderr
