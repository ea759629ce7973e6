"""`hub new adapter`: a folder, its stubs and its test from what a department hands out, in a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.settings.reader import read_yaml
from tests.house.sources import ROOT

HANDED_OUT = Path(__file__).parent / "handed_out"
LEFT_OUT = shutil.ignore_patterns("county.zip")  # what is compiled already is taken along


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What a developer has checked out: only the parts that a new adapter touches or needs."""
    for name in ("adapters", "config", "hub"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=LEFT_OUT)
    for name in ("tests", "tests/protocols"):
        (tmp_path / name).mkdir()
        for path in (ROOT / name).glob("*.py"):
            shutil.copy(path, tmp_path / name)
    return tmp_path


def hub(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments], cwd=project, capture_output=True, text=True, timeout=240,
        env={**environ, "HUB_HOME": str(project / "var"), "PYTHONPATH": str(project)}, check=False,
    )  # fmt: skip


def new(project: Path, name: str, kind: str, file: str, *more: str) -> str:
    run = hub(project, "new", "adapter", name, "--from", kind, str(HANDED_OUT / file), *more)
    assert run.returncode == 0, run.stderr
    return run.stdout


def facts(project: Path, name: str) -> Any:
    return read_yaml(project / "adapters" / name / "system.yaml").value


@pytest.mark.parametrize(
    ("kind", "file", "operations", "subject"),
    [
        ("wsdl", "reservoir.wsdl", {"query_grant": "read", "declare_move": "write"}, "id_number"),
        ("openapi", "heating.openapi.yaml", {"query_grants": "read", "apply_grant": "write"}, "id_number"),
        ("sample", "parking.json", {"query_parking": "read"}, None),
    ],
)
def test_feat_C2_a_draft_answers_its_own_samples_at_once(
    project: Path, kind: str, file: str, operations: dict[str, str], subject: str | None
) -> None:
    charset = ("--encoding", "gbk") if kind != "sample" else ()
    told = new(project, "fresh", kind, file, "--operation", "query_parking", *charset)
    assert "Left to decide" in told and "FAILED" not in told and ": good," in told
    found = facts(project, "fresh")
    assert {name: each["kind"] for name, each in found["operations"].items()} == operations
    assert found.get("subject") == subject
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "adapters/fresh", "-q", "--import-mode=importlib", "-p", "no:cacheprovider"],
        cwd=project, env={**os.environ, "PYTHONPATH": str(project)}, capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    complaints = [line for line in hub(project, "check").stdout.splitlines() if "fresh" in line]
    assert not [line for line in complaints if "is not there; the system is not started" not in line], complaints


def test_every_guess_is_remarked_where_it_stands(project: Path) -> None:
    told = new(project, "reservoir", "wsdl", "reservoir.wsdl")
    text = (project / "adapters/reservoir/system.yaml").read_text(encoding="utf-8")
    assert "credentials: {username: user, password: pwd}" in text
    assert "amount_fen: {from: je, as: yuan, required: true, class: 3}" in text
    line = next(line for line in text.splitlines() if line.startswith("encoding:"))
    assert "TO DECIDE: the charset" in line and "encoding: the charset" in told
    assert "filing: {class: R4}  # TO DECIDE" in text
    assert "# Not attached: YmfcService.p12" in text


def test_what_cannot_be_attached_is_said_with_why(project: Path) -> None:
    told = new(project, "heating", "openapi", "heating.openapi.yaml")
    assert "not attached: getGrant: a value in its path" in told


def test_threat_a_recorded_sample_holds_nobody(project: Path) -> None:
    new(project, "parking", "sample", "parking.json", "--encoding", "utf-8")
    for path in (project / "adapters" / "parking").rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert "张三丰" not in text and "110101199003070038" not in text and "G12345" not in text, path


def test_the_files_of_config_keep_every_character_they_had(project: Path) -> None:
    names = ("systems.yaml", "departments.yaml")
    before = {name: (project / "config" / name).read_text(encoding="utf-8") for name in names}
    new(project, "heating", "openapi", "heating.openapi.yaml")
    for name in names:
        after = (project / "config" / name).read_text(encoding="utf-8")
        assert after.startswith(before[name].rstrip("\n")) and "heating" in after[len(before[name].rstrip()) :]
    stub = read_yaml(project / "config" / "systems.yaml").value["heating"]
    assert stub["switch"] == {"enabled": False} and stub["secrets"] == {"key": "file/secrets/heating_key"}
    service = yaml.safe_load((project / "config/services/heating-query-grants.yaml").read_text(encoding="utf-8"))
    assert service["switch"]["enabled"] is False and service["data_class"] == 3


def test_an_existing_department_is_used_and_stays(project: Path) -> None:
    before = (project / "config/departments.yaml").read_bytes()
    new(project, "heating", "openapi", "heating.openapi.yaml", "--department", "housing")
    assert (project / "config/departments.yaml").read_bytes() == before


def snapshot(project: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for folder in ("adapters", "config")
        for path in sorted((project / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("housing_fund", "--from", "openapi", "heating.openapi.yaml"), "there already"),
        (("../evil", "--from", "openapi", "heating.openapi.yaml"), "one word"),
        (("/tmp/evil", "--from", "openapi", "heating.openapi.yaml"), "one word"),
        (("protocols", "--from", "openapi", "heating.openapi.yaml"), "one word"),
        (("class", "--from", "openapi", "heating.openapi.yaml"), "one word"),
        (("Großes", "--from", "openapi", "heating.openapi.yaml"), "one word"),
        (("fresh\n", "--from", "openapi", "heating.openapi.yaml"), "one word"),
        (("fresh", "--from", "../protocols/soap", "x"), "no draft is made from"),
        (("fresh", "--from", "wsdl", "parking.json"), "cannot be read"),
        (("fresh", "--from", "openapi", "parking.json"), "no OpenAPI document"),
        (("fresh", "--from", "sample", "reservoir.wsdl"), "fetch the WSDL"),
        (("fresh", "--from", "wsdl", "nowhere.wsdl"), "No such file"),
    ],
)
def test_threat_nothing_is_written_and_nothing_overwritten(
    project: Path, arguments: tuple[str, ...], says: str
) -> None:
    before = snapshot(project)
    name, option, kind, file = arguments
    run = hub(project, "new", "adapter", name, option, kind, str(HANDED_OUT / file))
    assert run.returncode == 1 and says in run.stderr and "Traceback" not in run.stderr, run.stderr
    assert snapshot(project) == before
