"""What `make` needs before any of our Python runs, told by one sentence when it is missing; and the two locks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.county import ROOT

TOOLS = ("sh", "cat", "cmp", "tr", "dirname", "pwd", "rm", "ls", "env")
IGNORED = shutil.ignore_patterns(".venv", "var", ".git", ".*cache", ".hypothesis", "__pycache__", "build")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the plainest tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder with spaces"
    (folder / ".ci").mkdir(parents=True)
    for name in (".ci/environment", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def bootstrap(project: Path, path: Path) -> tuple[int, str]:
    run = subprocess.run(
        [str(project / ".ci/environment"), "requirements.txt"],
        env={"PATH": str(path), "HOME": ""}, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    return run.returncode, run.stderr


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_missing_python_is_told_in_one_sentence(project: Path, tools: Path) -> None:
    script(tools / "python3", "exit 1")  # there, but of another version
    code, told = bootstrap(project, tools)
    assert code == 1
    assert told == (
        "Python 3.11 or 3.12 is needed and was not found: install one, or name it with PYTHON=/path/to/python3.12.\n"
    )
    assert not (project / ".venv").exists()


def test_a_missing_venv_module_is_told_in_one_sentence(project: Path, tools: Path) -> None:
    script(tools / "python3.12", 'case "$2" in *ensurepip*) exit 1;; esac')
    code, told = bootstrap(project, tools)
    assert code == 1
    assert told == (
        "python3.12 cannot make virtual environments: install its venv package (on Debian and Ubuntu: python3-venv).\n"
    )


def test_packages_that_cannot_be_had_are_told(project: Path, tools: Path) -> None:
    """And what is half made is not taken for whole the next time."""
    script(
        tools / "python3.12",
        'case "$*" in "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python;; "-m pip"*) exit 1;; esac',
    )
    for name in ("mkdir", "cp"):
        (tools / name).symlink_to(str(shutil.which(name)))
    for _ in range(2):
        code, told = bootstrap(project, tools)
        assert code == 1
        assert "The packages could not be installed" in told


def test_a_second_bootstrap_installs_nothing(project: Path, tools: Path) -> None:
    script(
        tools / "python3.12",
        'echo "$*" >> calls; case "$*" in "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python;; esac',
    )
    for name in ("mkdir", "cp"):
        (tools / name).symlink_to(str(shutil.which(name)))
    assert bootstrap(project, tools)[0] == 0
    calls = (project / "calls").read_text()
    assert "--require-hashes -r requirements.txt" in calls
    assert bootstrap(project, tools) == (0, "")
    assert (project / "calls").read_text() == calls
    with (project / "requirements.txt").open("a") as lock:
        lock.write("# another release\n")
    assert bootstrap(project, tools)[0] == 0
    assert (project / "calls").read_text().count("--require-hashes") == 2


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text()
    entries = re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)((?: ;[^\n\\]*)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)?", text, re.M)  # fmt: skip  # noqa: E501
    assert entries and all(hashes for _, _, hashes in entries), "every line of a lock has its hashes"
    return {name: version for name, version, _ in entries}


def test_both_locks_belong_to_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for lock, wanted in {
        "requirements.txt": [*project["dependencies"], *extras["embedded"]],
        "tests/requirements.txt": [*project["dependencies"], *extras["embedded"], *extras["dev"]],
    }.items():
        have = pinned(lock)
        for entry in wanted:
            name, _, version = re.sub(r"\[.*?\]", "", entry).partition("==")
            key = name.lower().replace("_", "-")
            assert key in have, f"{lock} lacks {name}: make lock"
            assert not version or have[key] == version, f"{lock} has another {name}: make lock"
    runtime, tests = pinned("requirements.txt"), pinned("tests/requirements.txt")
    assert runtime.items() <= tests.items(), "tests run on what is shipped"


def wheel(folder: Path) -> str:
    """The smallest package there is, and its digest."""
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as made:
        made.writestr("tiny.py", "")
        made.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        made.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr("tiny-1.0.dist-info/RECORD", "")
    return hashlib.sha256((folder / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()


def test_threat_T28_one_altered_hash_and_nothing_is_installed(tmp_path: Path) -> None:
    """As .ci/environment installs."""
    digest = wheel(tmp_path)
    for told, refused in ((digest, False), (f"{int(digest[0], 16) ^ 1:x}{digest[1:]}", True)):
        (tmp_path / "lock.txt").write_text(f"tiny==1.0 --hash=sha256:{told}\n")
        from_here = ["--no-index", "--find-links", str(tmp_path), "--no-deps", "--target", str(tmp_path / told[:8])]
        command = [sys.executable, "-m", "pip", "install", "--require-hashes", "-r", str(tmp_path / "lock.txt")]
        run = subprocess.run([*command, *from_here], capture_output=True, text=True, timeout=120, check=False)
        assert (run.returncode != 0, (tmp_path / told[:8] / "tiny.py").exists()) == (refused, not refused), run.stderr
    assert "--require-hashes" in (ROOT / ".ci/environment").read_text()


def test_threat_T28_the_parts_list_names_all_that_is_shipped() -> None:
    parts = subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout
    listed = json.loads((ROOT / parts.strip().splitlines()[-1]).read_text())["components"]
    assert {each["name"].lower().replace("_", "-") for each in listed} >= set(pinned("requirements.txt"))


def test_make_help_lists_what_the_readme_promises() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    for target in ("run", "test", "bench", "lint", "check", "audit", "sbom", "lock", "clean", "help"):
        assert f"make {target} " in listed


def test_ci_runs_just_make_test() -> None:
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[-1].endswith("make --no-print-directory test")
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_a_new_user_on_a_fresh_machine(tmp_path: Path) -> None:
    """The real thing: no .venv, an empty HOME, no git, a space in the path."""
    project = tmp_path / "a new folder"
    shutil.copytree(ROOT, project, ignore=IGNORED)
    home = tmp_path / "empty"
    home.mkdir()
    environ = {name: os.environ[name] for name in os.environ if name.startswith(("PATH", "PIP_"))} | {"HOME": str(home)}
    subprocess.run(["make", "environment"], cwd=project, env=environ, check=True, timeout=800)
    shown = subprocess.run([".venv/bin/hub", "--help"], cwd=project, env=environ, capture_output=True, text=True)
    assert "demo" in shown.stdout
    argv = ["make", "environment"]
    again = subprocess.run(argv, cwd=project, env=environ, capture_output=True, text=True, timeout=30)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
