"""A running county for each module of faults, without budgets: a test asks more often than a person."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
import requests

from tests.county import ROOT, County, county_home, start_county
from tests.faults.load import Ask
from tests.phone import SECONDS
from tests.town import Town


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    with county_home() as home:
        shutil.copytree(ROOT / "config", home / "config")
        for path in (home / "config" / "services").glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(r"^per_minute: .*$", "per_minute: 100000", text, flags=re.M), encoding="utf-8")
        county = start_county(home)
        try:
            yield county
        finally:
            if county.process.poll() is None:
                county.stop()


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


def eager(session: requests.Session) -> requests.Session:
    """For a server that goes away: no kept connection."""
    session.headers["Connection"] = "close"
    return session
