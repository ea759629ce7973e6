"""T30: every operation of the OpenAPI with made-up input, the twins running: no 500, no answer it does not tell of."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as made_up

from hub.settings.reader import read_yaml
from tests.county import County
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
# Each operation is tried by exactly one of these.
CITIZENS, SIGN_OUT, OPERATIONS = r"^/(?!ops/|api/v1/sessions/current$)", r"^/api/v1/sessions/current$", r"^/ops/"
EXAMPLES = 6  # made up for each operation, beside the cases that cover its schema

PLAIN = (
    made_up.none() | made_up.booleans() | made_up.integers() | made_up.floats(allow_nan=False, allow_infinity=False)
    | made_up.text(max_size=40) | made_up.dates().map(str) | made_up.decimals(-9, 10**9, places=2).map(str)
)  # fmt: skip
TYPED = PLAIN | made_up.lists(PLAIN, max_size=3) | made_up.dictionaries(made_up.text(max_size=9), PLAIN, max_size=3)


def test_no_operation_is_left_out(town: Town) -> None:
    paths = town.phone().get("/openapi.json").json()["paths"]
    for path in paths:
        assert sum(bool(re.search(which, path)) for which in (CITIZENS, SIGN_OUT, OPERATIONS)) == 1, path


def test_no_form_of_a_service_breaks_on_what_is_typed_into_it(county: County, town: Town) -> None:
    """The document knows a form's fields only as an object, and a made-up service id is none: so each service in turn,
    anything in each field."""
    phone = town.phone()
    calls = phone.get("/openapi.json").json()["paths"]["/api/v1/services/{service_id}/calls"]["post"]
    documented = {int(status) for status in calls["responses"] if status.isdigit()} - {500}
    answered: dict[str, set[int]] = {}
    for example in (each for each in town.demo["examples"] if each["kind"] == "query"):
        form = read_yaml(county.config / "services" / f"{example['service']}.yaml").value.get("form", {})
        _type_into(town.asker(example), example, sorted(form), answered.setdefault(example["service"], set()))
    assert all(statuses <= documented for statuses in answered.values()), answered
    assert all(200 in statuses for statuses in answered.values()), answered


def _type_into(phone: Phone, example: dict[str, Any], names: list[str], statuses: set[int]) -> None:
    @settings(max_examples=30, derandomize=True, database=None)
    @given(made_up.sampled_from([*names, "id_number", "other"]), TYPED)
    def each(name: str, typed: Any) -> None:
        statuses.add(phone.call(example["service"], **{**example["fields"], name: typed}).status_code)

    each()
    statuses.add(phone.call(example["service"], **example["fields"]).status_code)


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


def _try_all(town: Town, token: str, which: str, folder: Path) -> None:
    """All phases of schemathesis, always the same cases. One worker: Python 3.11 parses wrongly in two threads."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG, encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run",
            f"{town.base_url}/openapi.json", "--include-path-regex", which,
            "--header", f"Authorization: Bearer {token}",
            "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--generation-deterministic",
            "--checks", "all", "--exclude-checks", LEFT_OUT, "--continue-on-failure", "--no-shrink",
            "--workers", "1", "--request-timeout", "60", "--warnings", "off",
        ],
        cwd=folder, capture_output=True, text=True, timeout=840, check=False,
    )  # fmt: skip
    told = re.search(r"Selected: (\d+)/\d+\s+Tested: (\d+)", done.stdout)
    assert told and told[1] == told[2] != "0", done.stdout[-4_000:]
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
