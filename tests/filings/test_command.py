"""`hub filings`: what a person sees and settles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.commands.filings import filings
from tests.filings import stand
from tests.filings.conftest import Office
from tests.filings.stand import order


@pytest.fixture
def say(
    office: Office, tmp_path: Path, hub_home: Path, fresh_database: str, redis: str, monkeypatch: pytest.MonkeyPatch
) -> object:
    for name, value in stand.environ(tmp_path, hub_home, fresh_database, redis).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(filings, list(arguments))


def test_a_person_lists_settles_and_reads(office: Office, say: object) -> None:
    assert callable(say)
    office.place(order("XT1", "silent"))
    with office.sick(accept_then_drop=True):
        office.turn()
    office.until("XT1", "manual")
    listed: Result = say("list")
    assert listed.exit_code == 0 and "police_desk" in listed.output and "1 MANUAL" in listed.output
    without_number = say("settle", "XT1", "filed", "--reason", "asked")
    assert without_number.exit_code == 1
    settled = say("settle", "XT1", "filed", "--number", "HJSQ00000001", "--reason", "asked by telephone")
    assert settled.exit_code == 0, settled.output
    told = json.loads(say("history", "XT1", "--json").stdout)
    assert told["moves"][-1]["note"] == "asked by telephone"
    assert told["tries"][0]["outcome"] == "DEPARTMENT_TIMEOUT"
    acts = office.run("SELECT act, outcome, reason FROM operations_act ORDER BY id")
    assert [tuple(act) for act in acts] == [
        ("filing.settle", "REASON_REQUIRED", "asked"), ("filing.settle", "OK", "asked by telephone"),
    ]  # fmt: skip
    again = say("settle", "XT1", "absent", "--reason", "no")
    assert again.exit_code == 1 and "STATE_CONFLICT" in again.output
    assert say("history", "nothing").exit_code == 1
    assert json.loads(say("list", "--json").stdout)["open"] == []
