"""`hub systems try, record, verify, report` beside a running county, each department asked over its real wire."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from click.testing import Result
from sqlalchemy import make_url

from hub.settings.reader import read_yaml
from tests.county import ROOT, County

ID, NAME = "362623190205121932", "韩山福"
REGISTER = "household_registration"


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the adapters under another name, for samples to be written into."""
    folder = tmp_path_factory.mktemp("attach") / "adapters_here"
    shutil.copytree(ROOT / "adapters", folder, ignore=shutil.ignore_patterns("__pycache__", "twins"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder.parent)
        yield folder


def hub(county: County, adapters: Path, *arguments: str) -> Result:
    return county.here("systems", *arguments, HUB_ADAPTERS=adapters.name)


@pytest.fixture
def register(county: County) -> Iterator[str]:
    twin = str(county.demo["twins"][REGISTER]["url"])
    yield twin
    requests.post(f"{twin}/twin/reset", timeout=30)


def test_try_shows_each_leg_and_no_personal_value(county: County, adapters: Path) -> None:
    run = hub(county, adapters, "try", "civil_affairs", "query_marriage", "--as", "R0001")
    assert run.exit_code == 0, run.stderr
    assert ID not in run.stdout and NAME not in run.stdout and "362*************32" in run.stdout
    assert "hub -> civil_affairs.query_marriage" in run.stdout and "answered" in run.stdout


def test_try_says_the_problem_and_exits_1(county: County, adapters: Path) -> None:
    nobody = ("id_number=36262319000101000X", "name=探测")
    run = hub(county, adapters, "try", "housing_fund", "query_account", *nobody)
    assert run.exit_code == 1 and "DEPARTMENT_REJECTED" in run.stdout and "ACCOUNT_NOT_FOUND" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("housing_fund", "query_account"), "id_number, name must be given"),
        (("housing_fund", "query_account", "plate=1"), "it takes id_number, name"),
        (("housing_fund", "steal", "--as", "R0001"), "no operation 'steal'"),
        (("nowhere", "x", "--as", "R0001"), "no system 'nowhere'"),
        (("civil_affairs", "file_assistance_application", "--as", "R0001"), "say --writes"),
    ],
)
@pytest.mark.parametrize("verb", ["try", "record"])
def test_what_is_not_meant_is_refused(
    county: County, adapters: Path, verb: str, arguments: tuple[str, ...], says: str
) -> None:
    run = hub(county, adapters, verb, *arguments)
    assert run.exit_code != 0 and says in run.stderr and "Traceback" not in run.stderr, run.stderr


@pytest.mark.parametrize(
    ("system", "operation", "plays_back"),
    [
        ("medical_insurance", "query_balance", True),
        ("civil_affairs", "query_marriage", True),
        ("housing_fund", "query_account", True),
        ("housing_fund", "query_records", False),  # two pages under one path: which was which is not in the bytes
        ("vehicle_administration", "query_vehicles", False),  # its answers are signed; these bytes are not any more
    ],
)
def test_record_keeps_a_sample_that_holds_nobody(
    county: County, adapters: Path, system: str, operation: str, plays_back: bool
) -> None:
    run = hub(county, adapters, "record", system, operation, "--as", "R0001", "--case", "fresh")
    assert run.exit_code == 0, run.stderr
    samples = adapters / system / "samples"
    written = list(samples.glob(f"{operation}.fresh*"))
    pinned = read_yaml(adapters / system / "system.yaml").value["encoding"]
    for path in written:
        text = path.read_bytes().decode("utf-8" if path.name.endswith(".call.json") or pinned == "utf-8" else "gb18030")
        assert ID not in text and NAME not in text and "林美梅" not in text, path.name
    assert ("Played back" in run.stdout) is plays_back
    call = samples / f"{operation}.fresh.call.json"
    assert call.exists() is plays_back
    if plays_back:
        told = json.loads(call.read_text(encoding="utf-8"))
        assert told["fields"]["id_number"] == told["asked"]["id_number"] != ID
    again = hub(county, adapters, "record", system, operation, "--as", "R0001", "--case", "fresh")
    assert again.exit_code == 1 and "there already" in again.stderr
    acts = _acts(county, f"system:{system}")
    assert ("systems.record", f"a sample of {operation}") in acts


def _acts(county: County, target: str) -> list[tuple[str, str]]:
    env = dict(line.split("=", 1) for line in (county.home / "env").read_text().splitlines() if "=" in line)
    plain = make_url(env["HUB_DATABASE_URL"]).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        found = connection.execute("SELECT act, reason FROM operations_act WHERE target = %s", (target,)).fetchall()
    return [(str(act), str(reason)) for act, reason in found]


def test_feat_C9_the_report_lists_every_unmapped_word_with_its_count(
    county: County, adapters: Path, register: str
) -> None:
    requests.put(f"{register}/twin/quirks", json={"Q12": "element"}, timeout=30)
    for _ in range(2):
        assert hub(county, adapters, "try", REGISTER, "query_person", "--as", "R0001").exit_code == 0
    requests.put(f"{register}/twin/quirks", json={"Q12": "code"}, timeout=30)
    refused = [
        hub(county, adapters, "try", REGISTER, name, "--as", "R0001") for name in ("query_person", "query_members")
    ]
    assert any("UPSTREAM_MALFORMED" in run.stdout for run in refused), "an unknown code is refused, not guessed"
    found: list[dict[str, Any]] = json.loads(hub(county, adapters, "report", REGISTER, "--json").stdout)["unmapped"]
    seen = {(each["operation"], each["kind"], each["word"]): each["seen"] for each in found}
    assert seen["query_person", "element", "DATA.XJB"] == 2, seen
    assert any(kind.startswith("code table") for _, kind, _ in seen), seen
    assert ID not in str(found) and NAME not in str(found)
    assert json.loads(hub(county, adapters, "report", "housing_fund", "--json").stdout)["unmapped"] == []


def test_verify_finds_a_healthy_department_good_and_an_ill_one_bad(
    county: County, adapters: Path, register: str
) -> None:
    run = hub(county, adapters, "verify", REGISTER, "--as", "R0001", "--json")
    assert run.exit_code == 0, run.stdout + run.stderr
    findings = {each["check"]: each for each in json.loads(run.stdout)}
    assert findings["1,000 interleavings"]["said"] == "1000 own record"
    assert not requests.get(f"{register}/twin/records", timeout=30).json()["records"], "it writes only with --writes"
    requests.put(f"{register}/twin/toxics", json={"garbage": "html"}, timeout=30)
    ill = hub(county, adapters, "verify", REGISTER, "--as", "R0001", "--json")
    bad = {each["check"] for each in json.loads(ill.stdout) if each["verdict"] == "bad"}
    assert ill.exit_code == 1 and {"probe", "reads"} <= bad


def test_verify_measures_the_settle_time_only_when_told(county: County, adapters: Path, register: str) -> None:
    requests.put(f"{register}/twin/toxics", json={"late_visible_ms": 200}, timeout=30)
    run = hub(county, adapters, "verify", REGISTER, "--as", "R0001", "--writes", "--probes", "20", "--json")
    findings = {each["check"]: each["said"] for each in json.loads(run.stdout)}
    assert findings["settle time of file_application"].startswith("settle_s: 3.0 after 20 filings")
    assert len(requests.get(f"{register}/twin/records", timeout=30).json()["records"]) == 20


def test_verify_fails_while_something_is_left_to_decide(county: County, adapters: Path) -> None:
    path = adapters / "medical_insurance" / "system.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("encoding: gbk ", "encoding: gbk  # TO DECIDE: really? ", 1), encoding="utf-8")
    try:
        run = hub(county, adapters, "verify", "medical_insurance", "--no-live", "--json")
    finally:
        path.write_text(text, encoding="utf-8")
    bad = [each for each in json.loads(run.stdout) if each["verdict"] == "bad"]
    assert run.exit_code == 1 and [each["check"] for each in bad] == ["nothing is left to decide"]


def test_feat_C5_the_last_good_probe_is_visible(county: County, adapters: Path) -> None:
    found = json.loads(hub(county, adapters, "probe", "housing_fund", "--json").stdout)
    assert found["health"] == "works" and found["last_good_at"], found
