"""A phone's screen: the citizen's pages in a browser, and what it saw of the network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
_SAID = ("Content Security Policy", "Uncaught")
# The worker keeps the pages, and this one has them from it.
READY = """new Promise((done) => {
  const kept = () => navigator.serviceWorker.controller && done(true);
  navigator.serviceWorker.addEventListener("controllerchange", kept);
  kept();
  setTimeout(() => done(false), 60_000);
})"""


def empty(page: Page) -> None:
    """The browser's own cache, as a phone does by itself: what is there without a net then is what was kept."""
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")


@dataclass
class Glass:
    """`foreign`: requests to other hosts; `complaints`: breaches of the content policy and errors of the pages."""

    base_url: str
    context: BrowserContext
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("request", lambda request: self.requests.append(request))
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        if any(word in message.text for word in _SAID):
            self.complaints.append(message.text)

    @property
    def foreign(self) -> list[str]:
        own = (self.base_url + "/", "data:", "blob:")
        return [request.url for request in self.requests if not request.url.startswith(own)]

    def open(self, name: str, query: str = "", page: str = "") -> Page:
        """A page as if the citizen had come from the first one."""
        self.page.goto(self.base_url + "/docs/docs.css")  # the same address with another fragment loads nothing anew
        self.page.goto(f"{self.base_url}/#/pages/{name}/{page or name}{'?' + query if query else ''}")
        expect(self.page.locator("[role=main]:visible")).to_be_attached()
        return self.page

    def login(self, name: str = "韩山福") -> Glass:
        self.open("login")
        self.button(name).click()
        expect(self.page).to_have_url(re.compile("/pages/me/me"))
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)
