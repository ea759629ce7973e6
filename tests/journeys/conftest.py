"""One running county for all journeys of a module, seen through its people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.county import County, county_of
from tests.town import Town


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    """No budgets, no stale answers: a journey asks more often than a person, and wants to see the fault."""
    with county_of(lambda _: {"per_minute": 100000, "stale_s": 0}) as county:
        yield county


@pytest.fixture(scope="module")
def town(county: County) -> Town:
    return Town(county.demo)
