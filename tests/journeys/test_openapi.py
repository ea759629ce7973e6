"""T30: every operation of the OpenAPI with made-up input, the twins running: no 500, no answer it does not tell of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.phone import Phone
from tests.town import Town

# Honest answers of a department that fails or is switched off: they are documented, and no fault of ours.
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "502", "503", "504"]
"""
# A cursor, a reason or a code that fits its schema may still be refused; and Allow of /services/batch names GET too,
# because a service could have that id.
LEFT_OUT = "positive_data_acceptance,allow_header_conformance"
SIGN_OUT = ("--include-path", "/api/v1/sessions/current")
CITIZENS = ("--exclude-path-regex", "^/ops/", "--exclude-path", "/api/v1/sessions/current")
OPERATIONS = ("--include-path-regex", "^/ops/")
EXAMPLES = 15


def test_a_citizen_meets_no_undocumented_answer(town: Town, tmp_path: Path) -> None:
    _try_all(town, town.phone().token, CITIZENS, tmp_path)


def test_signing_out_meets_no_undocumented_answer(town: Town, tmp_path: Path) -> None:
    """Last of all it may end the session, so it has one of its own."""
    phone = Phone(town.base_url).login(town.twin("wechat").url, town.persona()["openid"])
    _try_all(town, phone.token, SIGN_OUT, tmp_path)


@pytest.mark.parametrize("role", ["auditor", "verifier", "operator"])
def test_staff_meet_no_undocumented_answer(town: Town, role: str, tmp_path: Path) -> None:
    """The one who may read all, one who may do nothing here, and last the one who switches at random."""
    _try_all(town, town.staff(role).token, OPERATIONS, tmp_path)


def _try_all(town: Town, token: str, which: tuple[str, ...], folder: Path) -> None:
    """All phases of schemathesis, always the same cases. One worker: Python 3.11 parses wrongly in two threads."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG, encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run",
            f"{town.base_url}/openapi.json", *which, "--header", f"Authorization: Bearer {token}",
            "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--generation-deterministic",
            "--checks", "all", "--exclude-checks", LEFT_OUT, "--continue-on-failure", "--no-shrink",
            "--workers", "1", "--request-timeout", "10", "--warnings", "off",
        ],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
