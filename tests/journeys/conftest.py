"""One running county for all journeys of a module, seen through its people."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from tests.county import ROOT, County, county_home, start_county
from tests.town import Town


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    """No budgets, no stale answers: a journey asks more often than a person, and wants to see the fault."""
    with county_home() as home:
        shutil.copytree(ROOT / "config", home / "config")
        for path in (home / "config" / "services").glob("*.yaml"):
            text = re.sub(r"^per_minute: .*$", "per_minute: 100000", path.read_text(encoding="utf-8"), flags=re.M)
            path.write_text(re.sub(r"^stale_s: .*$", "stale_s: 0", text, flags=re.M), encoding="utf-8")
        county = start_county(home)
        try:
            yield county
        finally:
            if county.process.poll() is None:
                county.stop()


@pytest.fixture(scope="module")
def town(county: County) -> Town:
    return Town(county.demo)
