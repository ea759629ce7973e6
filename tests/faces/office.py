"""The pages of staff in a real browser: a whole hub behind a real port, its staff, and a Chromium that is watched."""

from __future__ import annotations

import base64
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from blueprints.app import create_app
from hub.demo import personas
from hub.demo.drills import Drills
from hub.identity.rules import one_time_code, step_of
from tests.cases.conftest import Hall
from tests.conftest import Twins
from tests.login.room import movable_hub

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PICTURES = os.environ.get("PICTURES", "")
_STILL = """new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() => Promise.all(
    document.getAnimations().filter((each) => each.effect.getComputedTiming().iterations !== Infinity)
        .map((each) => each.finished.catch(() => null))))"""
_FITS = """[document.documentElement, ...(innerWidth > 900 ? [] : document.querySelectorAll(".scroll"))]
    .every((each) => each.scrollWidth <= each.clientWidth)"""
_SECRET = "JBSWY3DPEHPK3PXP"


@dataclass
class Office(Hall):
    """A hall with an address, whose staff have passwords."""

    address: str = ""

    def member(self, role: str, office: str = "") -> personas.StaffMember:
        """A new account each time: a one-time code works once."""
        username, password = f"{role}.{secrets.token_hex(3)}", secrets.token_urlsafe(12)
        hashed, until = self.hub.identity.passwords.hash(password), self.hub.clock.now() + timedelta(days=80)
        with self.hub.database.session() as session:
            self.hub.identity.open_account(session, username, hashed, _SECRET, role, until, office)
        return personas.StaffMember(username, password, _SECRET, role, office)

    def code(self, member: personas.StaffMember) -> str:
        return one_time_code(base64.b32decode(member.totp_secret), step_of(self.hub.clock.now()))


@dataclass
class Visit:
    """One tab. `outside` lists every request that left the host, `complaints` what the browser said of our pages."""

    page: Page
    office: Office
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def sign_in(self, path: str, member: personas.StaffMember) -> None:
        self.page.goto(self.office.address + path)
        self.page.locator("input[name=username]").fill(member.username)
        self.page.locator("input[name=password]").fill(member.password)
        self.page.locator("input[name=totp]").fill(self.office.code(member))
        self.page.locator("button.main").click()
        self.page.locator(".head .who").wait_for(state="attached")

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=f"{PICTURES}/{name}.png")

    def check(self, name: str, languages: bool = False) -> None:
        """Nobody is shut out: no serious finding of axe-core; nothing is wider than the screen, on a phone no table
        either. `languages`: in the other one, too. And a picture for whoever looks at pages."""
        self.page.evaluate(_STILL)  # what slides in is half transparent before
        self.picture(name)
        assert self.page.evaluate(_FITS), f"{name} is wider than the screen"
        self._is_usable(name)
        if languages:
            self.page.locator(".head button").first.dispatch_event("click")  # also behind a drawer
            self.check(f"{name}-other")
            self.page.locator(".head button").first.dispatch_event("click")

    def _is_usable(self, name: str) -> None:
        found = Axe().run(self.page).response["violations"]
        serious = [
            f"{each['id']}: {each['nodes'][0]['html'][:160]} {each['nodes'][0].get('failureSummary', '')[:200]}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert not serious, f"{name}: " + "\n".join(serious)

    def clean(self) -> None:
        """Nothing was asked of another host, nothing was refused by the page's own policy, no script failed."""
        assert not self.outside
        assert not self.complaints


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def office(hub_home: Path, make_database: Any, redis: str, twins: Twins) -> Iterator[Office]:
    with movable_hub(hub_home, make_database(), redis, twins.environ) as hub:
        members = personas.seed(hub)
        demo = hub_home / "faces_demo.json"
        demo.write_text(json.dumps({"twins": dict(twins.entries)}), encoding="utf-8")
        app = create_app(hub, demo=Drills(demo))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        staff = {each.role: each for each in members}
        yield Office(hub, app.test_client(), twins, staff, {}, address=address)
        server.shutdown()
        thread.join(10)


@pytest.fixture
def visit(office: Office, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens a tab that shares nothing with others, in Chinese."""
    contexts = []

    def opened(size: Any = DESKTOP, locale: str = "zh-CN") -> Visit:
        context = browser.new_context(viewport=size, locale=locale, timezone_id="Asia/Shanghai")
        context.set_default_timeout(15_000)
        contexts.append(context)
        visit = Visit(context.new_page(), office)

        def asked(request: Any) -> None:
            if not request.url.startswith((office.address, "data:", "blob:")):
                visit.outside.append(request.url)

        def said(message: Any) -> None:
            if message.type == "error" and "Failed to load resource" not in message.text:
                visit.complaints.append(message.text)

        context.on("request", asked)
        visit.page.on("console", said)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        return visit

    yield opened
    for context in contexts:
        context.close()
