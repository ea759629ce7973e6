"""The operators' console in a browser: lights, a switch with notice, traces, jobs; what it weighs and asks for."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.faces.office import PHONE, Office, Visit, office, staff_browser, visit

__all__ = ["office", "staff_browser", "visit"]
Open = Callable[..., Visit]
ROOMS = ("systems", "services", "calls", "changes", "jobs", "inbound", "quotas", "config")


@pytest.fixture
def console(office: Office, visit: Open) -> Visit:
    opened = visit()
    opened.sign_in("/console", office.member("operator"))
    return opened


def test_every_room_is_usable_by_everybody_and_asks_no_other_host(console: Visit) -> None:
    page = console.page
    for room in ROOMS:
        page.goto(f"{console.office.address}/console#{room}")
        page.locator(f".rooms a[aria-current=page][href='#{room}']").wait_for()
        page.wait_for_load_state("networkidle")
        console.check(f"console-{room}")
    console.clean()
