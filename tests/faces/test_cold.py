"""The citizen's pages opened cold without a net: with what is kept and its age, or with a word that they need one."""

from __future__ import annotations

import os
import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.faces.phone import READY, Glass, empty
from tests.town import Town

PICTURES = os.environ.get("PICTURES", "")
NAME = "韩山福"
STALE, OFFLINE = "暂时没有连上，显示的是", "没有连上网络，请检查网络。"
KEPT = """async () => {
  const names = await caches.keys();
  const kept = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return kept.flat().map((each) => new URL(each.url).pathname);
}"""


@pytest.fixture(scope="module")
def citizen(town: Town) -> str:
    """Somebody with a case and a health code."""
    phone = town.phone(next(each["openid"] for each in town.demo["personas"] if each["name"] == NAME))
    healthy = {"temperature": 36.6, "symptoms": "none", "contact": False, "risk_area": False}
    filed = {"kind": "residence_certificate", "reason": "子女入学"}
    for path, fields in (("/health-code/declarations", healthy), ("/services/household-application/cases", filed)):
        told = phone.post(path, {"fields": fields}, Idempotency_Key=secrets.token_hex(16))
        assert told.ok, told.text
    return NAME


@pytest.fixture
def cold(glass: Glass, citizen: str) -> Glass:
    """A phone whose citizen has seen some pages with a net. Now there is none, and an empty tab is all that is open."""
    page = glass.login(citizen).page
    for name, query, seen in (
        ("service", "id=household-application", "开始办理"), ("cases", "", "BJ"), ("licences", "", "亮证"),
        ("health", "", "绿码：可以通行"), ("home", "", "可在线办理"),
    ):  # fmt: skip
        expect(glass.open(name, query).get_by_text(seen).first).to_be_visible()
    assert page.evaluate(READY)
    empty(page)
    glass.context.set_offline(True)
    page.close()
    later = Glass(glass.base_url, glass.context)
    later.complaints = glass.complaints
    return later


def _opened(cold: Glass, place: str = "") -> Page:
    """Loaded anew, as from an icon or a link."""
    cold.page.goto("about:blank")
    cold.page.goto(f"{cold.base_url}/{place}")
    expect(cold.page.locator("[role=main]:visible")).to_be_attached()
    return cold.page


def _shows(page: Page, name: str, *told: str) -> None:
    for each in told:
        expect(page.get_by_text(each).first).to_be_visible()
    if PICTURES:
        page.wait_for_timeout(500)
        page.screenshot(path=f"{PICTURES}/cold-{name}.png", full_page=True)


def test_feat_U15_opened_cold_without_a_net(cold: Glass) -> None:
    _shows(_opened(cold), "home", STALE, "按人生事项找", "可在线办理")
    _shows(_opened(cold, "#/pages/cases/cases"), "cases", STALE, "BJ")
    _shows(_opened(cold, "#/pages/licences/licences"), "licences", STALE, "有效")
    page = _opened(cold, "#/pages/health/health")
    _shows(page, "health", "时为：绿码", "不能用于通行", OFFLINE)
    expect(page.get_by_text("正在加载")).to_have_count(0)
    _shows(_opened(cold, "#/pages/service/service?id=household-application"), "service", STALE, "开始办理")
    _shows(_opened(cold, "#/pages/messages/list"), "messages", OFFLINE)  # never opened before
    kept = set(page.evaluate(KEPT))
    assert "/" in kept and all(path == "/" or path.startswith("/assets/") for path in kept), kept


def test_what_could_not_be_asked_is_not_told_as_none(cold: Glass) -> None:
    page = _opened(cold, "#/pages/mandates/mandates")
    _shows(page, "mandates", OFFLINE)
    expect(page.get_by_text("目前没有")).to_have_count(0)
    page.evaluate("localStorage.removeItem('session')")
    page = _opened(cold, "#/pages/cases/cases")
    _shows(page, "login", OFFLINE)
    expect(page.get_by_text("这个网页版不提供登录")).to_have_count(0)
    cold.context.set_offline(False)
    cold.button("再试一次").click()
    expect(cold.button(NAME)).to_be_visible()


def test_the_worker_answers_for_nothing_but_the_shell_and_its_assets(glass: Glass) -> None:
    page = glass.open("home")
    assert page.evaluate(READY)
    answers = {}
    page.on("response", lambda answer: answers.setdefault(answer.url.removeprefix(glass.base_url), answer))
    for path in ("/", "/gate", "/desk", "/console", "/docs", "/openapi.json", "/ops/v1/services"):
        page.goto(glass.base_url + path)
        page.wait_for_load_state("networkidle")
    ours = {path for path, answer in answers.items() if answer.from_service_worker}
    assert "/" in ours and all(path == "/" or path.startswith("/assets/") for path in ours), ours
    assert {"/gate", "/desk", "/console", "/docs", "/openapi.json"} < answers.keys() - ours
    assert any(path.startswith("/api/v1/") for path in answers.keys() - ours)
