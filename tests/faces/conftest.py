"""One demo county and one Chromium for all pages. Each test has a browser context: its own storage, as a phone."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.county import County
from tests.faces.office import office, visit
from tests.faces.phone import Glass
from tests.town import Town

__all__ = ["office", "visit"]


@pytest.fixture(scope="module")
def town(county: County) -> Town:
    return Town(county.demo)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed, and in CI nothing may be skipped")
        pytest.skip("Chromium is not installed here (.ci/components installs it)")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure belongs what stood on the screen."""
    report = yield
    glass = getattr(item, "funcargs", {}).get("glass")
    if report.failed and glass:
        with contextlib.suppress(Error):
            report.sections.append(("the screen", glass.page.inner_text("body", timeout=2_000)))
    return report


@pytest.fixture
def glass(browser: Browser, county: County) -> Iterator[Glass]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    glass = Glass(county.base_url, context)
    yield glass
    context.close()
    assert not glass.foreign, f"asked another host: {glass.foreign}"
    assert not glass.complaints, f"the browser complained: {glass.complaints}"
