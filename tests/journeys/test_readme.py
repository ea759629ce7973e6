"""README's example, typed as printed, against a running county."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.county import ROOT, County


def _printed_commands() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- example -->\n```bash\n(.*?)```", text, re.S)
    assert found, "README has no example"
    return found[1]


def test_the_example_calls_work_as_printed(county: County) -> None:
    """Log in, search, a read through each protocol, a switch with its notice within a second; an application."""
    assert Path(sys.executable).with_name("hub").exists(), "the environment has no `hub` command"
    commands = _printed_commands().replace(".venv/bin/hub", shlex.quote(str(Path(sys.executable).with_name("hub"))))
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=ROOT, env={**os.environ, **county.environ},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr + run.stdout
    answers = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{") and len(line) > 1]
    found, *reads, refused, accepted, mine = answers
    assert "medical-insurance-balance" in {item["id"] for item in found["items"]}
    assert [read["source"]["system"] for read in reads] == ["medical_insurance", "civil_affairs", "housing_fund"]
    assert (refused["code"], refused["notice"]) == ("SERVICE_DISABLED", "公积金系统升级，请明天再来。")
    assert any("housing_fund" in line for line in run.stdout.splitlines() if not line.startswith("{"))
    assert accepted["receipt_no"] in {case["receipt_no"] for case in mine["items"]}
