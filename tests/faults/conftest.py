"""A running county for each module of faults, without budgets: a test asks more often than a person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.county import County, county_of
from tests.faults.load import Ask
from tests.phone import SECONDS
from tests.town import Town

# Where an answer of an hour ago is better than none.
STALE = {"housing-fund-account", "housing-fund-records", "medical-insurance-balance", "medical-insurance-payments",
         "pension-status", "social-assistance", "social-security-contributions", "vehicle-list"}  # fmt: skip


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    with county_of(lambda id: {"per_minute": 100000, "stale_s": 3600 if id in STALE else 0}) as county:
        yield county


@pytest.fixture(scope="module")
def town(county: County) -> Town:
    return Town(county.demo)


def reading(town: Town, path: str) -> Ask:
    """A GET that nobody need be signed in for."""
    return lambda session: session.get(f"{town.base_url}/api/v1{path}", timeout=SECONDS)


def calling(town: Town, example: dict[str, object]) -> Ask:
    headers = {"Authorization": f"Bearer {town.phone().token}"}
    url = f"{town.base_url}/api/v1/services/{example['service']}/calls"
    return lambda session: session.post(url, json={"fields": example["fields"]}, headers=headers, timeout=SECONDS)
