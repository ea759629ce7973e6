"""F12, F26, F27: filings over departments that drop answers and show late, while clerks and workers die and sleep at
every named point. Judged from receipts and the departments' own records alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.conftest import Twins
from tests.faults.doom import POINTS
from tests.faults.filing_drill import Drill, Report
from tests.filings import stand

Run = Callable[..., Report]


@pytest.fixture
def drill(tmp_path: Path, hub_home: Path, fresh_database: str, redis: str, twins: Twins) -> Run:
    def run(**figures: int) -> Report:
        stand.write(tmp_path, twins[stand.TWIN]["address"])
        environ = stand.environ(tmp_path, hub_home, fresh_database, redis)
        twin = twins[stand.TWIN]["url"]
        requests.post(f"{twin}/twin/reset", timeout=10)
        seed = int(os.environ.get("DRILL_SEED", "20261126"))
        try:
            return Drill(tmp_path, environ, twin, seed, **figures).run()
        finally:
            requests.post(f"{twin}/twin/reset", timeout=10)

    return run


def prove(report: Report) -> None:
    print(report)
    assert report.verdict.good, f"{report} {report.verdict}"
    assert {line.split()[1] for line in report.befell} == set(POINTS), report


def test_fault_F12_F26_F27_a_thousand_filings_none_lost_none_doubled(drill: Run) -> None:
    prove(drill(submissions=1040, kills=18, pauses=4))


@pytest.mark.drill
def test_fault_F12_F26_F27_ten_thousand_filings_none_lost_none_doubled(drill: Run) -> None:
    prove(drill(submissions=int(os.environ.get("DRILL_SUBMISSIONS", "10000")), kills=200, pauses=50))
