"""The worker that keeps the citizen's pages: a release whole or not at all, and never before the first screen."""

from __future__ import annotations

import runpy
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from blueprints import front, shelf
from tests.county import ROOT
from tests.faces.phone import READY, empty

STATIC = ROOT / "blueprints" / "static"
SHIP = runpy.run_path(str(ROOT / "miniprogram" / "ship.py"))
# A page of two files that name each other, so that one file of another release shows.
PAGE = '<!doctype html><title>-</title><p>{word}</p><script type="module" src="/assets/main.{word}.js"></script>'
MAIN = """import said from "./said.{word}.js";
document.querySelector("p").append(` {word} ${{said}}`);
navigator.serviceWorker.register("/worker.js");
"""
# Whether the release that the host has now was fetched whole and waits for the old one's pages to be closed.
UPDATED = """async () => {
  const found = await (await navigator.serviceWorker.getRegistration()).update();
  while (found.installing) await new Promise((done) => setTimeout(done, 20));
  return !!found.waiting;
}"""
SOON_MS = 15_000  # the worker waits three seconds for the net


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None:
        """Nothing."""


@dataclass
class Host:
    """The routes of the pages behind a real port. `asked`: paths; `most`: how many at once; `spoil`: another answer."""

    address: str = ""
    app: Flask = field(default_factory=lambda: Flask("none"))
    asked: list[str] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    spoil: Callable[[str], Response | None] = lambda _: None

    def serve(self, static: Path, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(shelf, "STATIC", static)
        self.app = Flask(static.name)
        self.app.register_blueprint(front.make(None))  # type: ignore[arg-type]
        self.app.before_request(self._came)
        self.app.teardown_request(self._went)

    def _came(self) -> Response | None:
        self.asked.append(request.path)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return self.spoil(request.path)

    def _went(self, _: BaseException | None) -> None:
        self.under_way -= 1


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    server = make_server("127.0.0.1", 0, lambda *asked: host.app(*asked), threaded=True, request_handler=_Quiet)
    host.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield host
    server.shutdown()
    thread.join(10)


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def _release(folder: Path, word: str) -> Path:
    assets = folder / word / "built" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text(PAGE.format(word=word), encoding="utf-8")
    (assets / f"main.{word}.js").write_text(MAIN.format(word=word), encoding="utf-8")
    (assets / f"said.{word}.js").write_text(f'export default "{word}";', encoding="utf-8")
    SHIP["ship_pages"](assets.parent, folder / word / "h5")
    return folder / word


def _opened(phone: BrowserContext, host: Host, told: str) -> Page:
    page = phone.new_page()
    page.goto(host.address)
    expect(page.locator("p")).to_have_text(told)
    return page


def _cold(phone: BrowserContext, host: Host, told: str) -> Page:
    """Opened anew without a net, when no other page is open."""
    empty(phone.pages[0])
    for page in phone.pages:
        page.close()
    phone.set_offline(True)
    return _opened(phone, host, told)


@pytest.fixture
def kept(host: Host, phone: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """An open page of the first release, which the phone keeps; the second one lies beside it."""
    _release(tmp_path, "second")
    host.serve(_release(tmp_path, "first"), monkeypatch)
    page = _opened(phone, host, "first first first")
    assert page.evaluate(READY)
    return page


def test_a_new_release_replaces_the_kept_one_whole(
    host: Host, phone: BrowserContext, kept: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.serve(tmp_path / "second", monkeypatch)
    assert kept.evaluate(UPDATED)
    kept.reload()
    expect(kept.locator("p")).to_have_text("second second second")  # with a net at once
    phone.set_offline(True)
    kept.reload()
    expect(kept.locator("p")).to_have_text("first first first")  # the old one is whole while a page of it may be open
    page = _cold(phone, host, "second second second")
    names = page.evaluate("caches.keys()")
    assert len(names) == 1, names


@pytest.mark.parametrize("spoilt", ["/assets/said.second.js", "/"])
def test_half_a_release_leaves_the_old_one_whole(
    host: Host, phone: BrowserContext, kept: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    """A file that is not there; a host that still has the shell of before."""
    old = (tmp_path / "first" / "h5" / "index.html").read_bytes()
    instead = Response(old) if spoilt == "/" else Response(status=404)
    host.spoil = lambda path: instead if path == spoilt else None
    host.serve(tmp_path / "second", monkeypatch)
    assert not kept.evaluate(UPDATED)
    _cold(phone, host, "first first first")


@pytest.mark.parametrize("weak", [True, False], ids=["no answer", "an answer of 503"])
def test_what_is_kept_is_shown_where_the_net_is_weak_or_no_hub_is_there(
    host: Host, phone: BrowserContext, kept: Page, weak: bool
) -> None:
    over = threading.Event()

    def spoil(path: str) -> Response | None:
        if path != "/":
            return None
        if weak:
            over.wait(60)
        return Response("busy", status=503)

    host.spoil = spoil
    kept.close()
    page = phone.new_page()
    try:
        page.goto(host.address, timeout=SOON_MS)
        expect(page.locator("p")).to_have_text("first first first")
    finally:
        over.set()


def test_what_is_kept_comes_after_the_first_screen_and_nothing_is_sent_twice(
    host: Host, phone: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the pages as shipped. Their bytes have a budget in test_shipped.py, the first screen has its own."""
    host.serve(STATIC, monkeypatch)
    page = phone.new_page()
    page.goto(host.address)
    assert page.evaluate(READY)
    paths = Counter(path for path in host.asked if not path.startswith("/api/"))
    assert paths == {"/": 2, "/worker.js": 1} | dict.fromkeys(_assets(), 1)
    assert host.asked.index("/worker.js") > max(host.asked.index(path) for path in paths if "/pages-" in path)


def test_a_new_release_is_fetched_file_by_file(host: Host, kept: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser looks for one while a page is loading."""
    kept.wait_for_load_state("networkidle")
    host.asked.clear()
    host.most, host.spoil = 0, lambda _: time.sleep(0.02)
    host.serve(STATIC, monkeypatch)
    assert kept.evaluate(UPDATED)
    assert host.most == 1
    assert Counter(host.asked) == Counter(["/", "/worker.js", *_assets()])


def _assets() -> list[str]:
    names = (path.name for path in (STATIC / "h5" / "assets").iterdir())
    return [f"/assets/{name}" for name in names if not name.endswith(".gz")]
