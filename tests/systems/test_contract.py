"""The contract kit notices: each promise of an adapter is broken here by one that the kit must call bad."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.systems.answering import Answering, interleaved
from hub.systems.asking import SOMEBODY, SOMEBODY_ELSE
from hub.systems.contract import Contract, run
from hub.systems.filing import measured, runs_as, settle_s
from hub.systems.opening import opened_alone
from tests.house.test_adapters import ADAPTERS, Office, office

SYSTEM = "housing_fund"
Make = Callable[[str], Contract]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """The housing fund's folder in a package of its own, with an adapter that breaks one promise."""
    name = f"broken_{tmp_path.name.replace('-', '_')}"
    package = tmp_path / name
    shutil.copytree(ADAPTERS / SYSTEM, package / SYSTEM)
    (package / "protocols").mkdir()
    (package / "protocols" / "signed_rest.py").write_text("from adapters.protocols.signed_rest import FACTS, Adapter\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(kind: str) -> Contract:
        (package / SYSTEM / "adapter.py").write_text(f"from tests.systems.broken import {kind} as Adapter\n")
        return Contract(package / SYSTEM)

    yield make
    for each in [each for each in sys.modules if each.startswith(name)]:
        del sys.modules[each]


def bad(contract: Contract, among: set[str]) -> set[str]:
    checks = {name: check for name, check in contract.checks().items() if not among or name in among}
    return {finding.check for finding in run(checks) if finding.verdict == "bad"}


@pytest.mark.parametrize(
    ("kind", "notices"),
    [
        ("Good", set()),
        ("Sleeper", {"deadline under silence", "deadline under a body byte by byte"}),
        ("Leaky", {"only the five errors leave it"}),
        ("Gullible", {"a cut answer is refused", "byte cap", "no redirect is followed", "pinned charset"}),
        ("Follower", {"no redirect is followed"}),
        ("Hungry", {"byte cap"}),
        ("Lenient", {"pinned charset"}),
        ("Quiet", {"unknown codes are refused and reported", "unknown elements are reported"}),
    ],
)
def test_feat_C10_the_kit_notices(broken: Make, kind: str, notices: set[str]) -> None:
    assert bad(broken(kind), notices) == notices


def test_feat_C10_the_kit_notices_a_mix_up(broken: Make, tmp_path: Path) -> None:
    contract = broken("Mixing")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    with office(ADAPTERS / SYSTEM, secrets) as started:
        values = {path.name.removeprefix(f"{SYSTEM}_"): path.read_text() for path in secrets.iterdir()}
        with opened_alone(contract.folder, started.server.address, values) as adapter:
            persons = [contract.asked("query_account", each) for each in (SOMEBODY, SOMEBODY_ELSE)]
            assert interleaved([adapter], "query_account", persons, "id_number", 200)["MIXED"]
            finding = next(iter(run({"x": Answering(contract, adapter, SOMEBODY).checks()["1,000 interleavings"]})))
            assert finding.verdict == "bad" and "somebody else" in finding.said


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Office]:
    with office(ADAPTERS / "household_registration", tmp_path) as started:
        yield started


def test_settle_is_measured_by_200_filings(register: Office) -> None:
    """Each filing shows in the department's own query only 400 ms later: that is what must come out, and never less
    than a machine may sleep (300 ms) between the department's doing and our clock."""
    contract = Contract(ADAPTERS / "household_registration")
    register.toxic(late_visible_ms=400)
    fields = contract.asked("file_application")
    delays = measured(register.adapter, contract.facts, "file_application", lambda _: fields)
    assert len(delays) == 200 and len(register.server.twin.records.all()) == 200
    assert min(delays) >= 0.1 and settle_s(delays, 0.1) >= 0.3
    assert settle_s([0.01] * 200, deadline_s=3.0) == 3.0


def test_settle_of_a_department_that_loses_filings_is_not_measured(
    register: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.systems.filing._LONGEST_S", 0.5)
    register.toxic(accept_then_lose=True)
    contract = Contract(ADAPTERS / "household_registration")
    with pytest.raises(ValueError, match="not visible"):
        measured(register.adapter, contract.facts, "file_application", lambda _: contract.asked("file_application"), 8)


@pytest.mark.parametrize(
    ("filing", "runs"),
    [
        (None, "R4"),
        ({"class": "R1", "settle_s": None}, "R4"),
        ({"class": "R2", "settle_s": None}, "R4"),
        ({"class": "R2", "settle_s": 6.0}, "R2"),
        ({"class": "R0", "settle_s": None}, "R0"),
        ({"class": "R3", "settle_s": None}, "R3"),
    ],
)
def test_without_a_measured_settle_time_it_files_as_R4(filing: dict[str, Any] | None, runs: str) -> None:
    assert runs_as(filing) == runs
