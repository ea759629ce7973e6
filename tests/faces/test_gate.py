"""The volunteer's gate in a browser: online, without a net, and handed in afterwards."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.cases.conftest import LIN
from tests.faces.office import PHONE, Office, Visit
from tests.faces.shown import form

Open = Callable[..., Visit]
GATE = "yuning-market"
KEPT = """Promise.race([
    navigator.serviceWorker.ready.then(() => true), new Promise((told) => setTimeout(() => told(false), 10000)),
])"""
DOUBTFUL: tuple[tuple[dict[str, Any], str], ...] = (
    ({"secret": "somebody else's secret of thirty-two bytes"}, "不是本地的健康码"),
    ({"minutes": -1}, "申报已过期"),
    ({"ends": -5}, "码已过期"),
)


@pytest.fixture
def gate(office: Office, visit: Open) -> Visit:
    """A phone on shift, whose page is kept for when there is no net; somebody's state has just changed."""
    healthy = {"temperature": 36.6, "symptoms": "none", "contact": False, "risk_area": False}
    office.citizen(LIN).post("/health-code/declarations", {"fields": healthy}, Idempotency_Key=secrets.token_hex(16))
    opened = visit(PHONE)
    opened.page.clock.install()
    opened.sign_in("/gate", office.member("verifier"))
    opened.check("gate-shift")
    opened.page.locator("select[name=gate]").select_option(GATE)
    opened.page.get_by_role("button", name="开始").click()
    opened.page.get_by_role("button", name="输入").click()
    assert opened.page.evaluate(KEPT), "the page is not kept for when there is no net"
    return opened


def scan(gate: Visit, code: str) -> None:
    gate.page.locator("textarea[name=code]").fill(code)
    gate.page.get_by_role("button", name="核验").click()


def shows(gate: Visit, kind: str, text: str) -> None:
    result = gate.page.locator(f".result.{kind}")
    expect(result).to_contain_text(text)
    gate.picture(f"gate-{kind}-{re.sub(r'[^a-z]', '', text)}{len(text)}")
    result.get_by_role("button", name="下一个").click()


def test_a_code_that_is_none_is_told_from_a_stop(gate: Visit) -> None:
    gate.check("gate-type", languages=True)
    scan(gate, "no code of ours")
    gate.check("gate-none", languages=True)
    shows(gate, "cannot_decide", "无法判断")
    gate.page.get_by_role("button", name="没带手机").click()
    gate.check("gate-name", languages=True)
    gate.page.locator("input[name=name]").fill("查无此人")
    gate.page.locator("input[name=tail]").fill("123456")
    gate.page.get_by_role("button", name="查询").click()
    shows(gate, "cannot_decide", "没有找到此人。请核对")
    gate.page.get_by_role("button", name="扫码").click()
    gate.check("gate-camera", languages=True)
    gate.clean()


def test_feat_F5_without_a_net_the_pack_decides_and_says_so(gate: Visit) -> None:
    hub, page = gate.office.hub, gate.page
    page.context.set_offline(True)
    page.reload()
    page.get_by_role("button", name="输入").click()
    scan(gate, form(hub, "00"))
    expect(page.locator(".result")).to_contain_text("离线判断，规则截至")
    gate.check("gate-pass")
    shows(gate, "pass", "通行")
    scan(gate, form(hub, "10"))
    shows(gate, "stop", "拦下")
    expect(page.locator(".status")).to_contain_text("离线")
    expect(page.locator("footer")).to_contain_text("2 条待上交")
    page.context.set_offline(False)
    expect(page.get_by_role("status")).to_contain_text("已上交 2 条")
    expect(page.get_by_text("条待上交")).to_have_count(0)
    gate.clean()


def test_feat_F5_two_at_once_hand_in_nothing_twice_and_lose_nothing(gate: Visit) -> None:
    page, asked = gate.page, list[Any]()
    page.context.set_offline(True)
    for grade in ("00", "10"):
        scan(gate, form(gate.office.hub, grade))
        page.locator(".result button").last.click()
    page.route("**/api/v1/gate/scans/batch", lambda route: asked.append(route))  # held
    page.context.set_offline(False)
    page.evaluate("['online', 'online'].forEach((name) => window.dispatchEvent(new Event(name)))")
    page.wait_for_timeout(300)
    assert len(asked) == 1
    asked[0].continue_()
    expect(page.get_by_text("条待上交")).to_have_count(0)


def test_feat_F5_who_cannot_be_asked_for_a_new_token_keeps_the_gate(gate: Visit) -> None:
    gate.page.route("**/api/v1/gate/scans", lambda route: route.fulfill(status=401, json={"code": "TOKEN_EXPIRED"}))
    gate.page.route("**/api/v1/sessions/refresh", lambda route: route.abort())
    scan(gate, form(gate.office.hub, "00"))
    expect(gate.page.locator(".result")).to_contain_text("离线判断")
    shows(gate, "pass", "通行")


def test_threat_T7_what_a_gate_without_a_net_does_not_believe(gate: Visit) -> None:
    gate.page.context.set_offline(True)
    changed = gate.page.evaluate("JSON.parse(localStorage.getItem('gate-pack')).revoked[0]")
    for made, told in (*DOUBTFUL, ({"mark": changed}, "状态刚有变化")):
        scan(gate, form(gate.office.hub, "00", **made))
        shows(gate, "cannot_decide", told)


def test_feat_F5_after_its_end_the_pack_decides_nothing_and_is_loud(gate: Visit) -> None:
    page = gate.page
    page.context.set_offline(True)
    page.clock.fast_forward("31:00")
    expect(page.locator(".loud")).to_contain_text("离线包已过期")
    scan(gate, form(gate.office.hub, "00"))
    gate.check("gate-ended", languages=True)
    shows(gate, "cannot_decide", "离线包已过期")
    with page.expect_request("**/api/v1/gate/offline-pack"):  # at once, not at its next time
        page.context.set_offline(False)


def test_it_can_be_installed(office: Office, visit: Open) -> None:
    page = visit(PHONE).page
    manifest = page.request.get(f"{office.address}/gate/gate.webmanifest").json()
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/gate", "/gate", "standalone")
    for icon in manifest["icons"]:
        assert page.request.get(office.address + icon["src"]).headers["content-type"] == "image/png"
    worker = page.request.get(f"{office.address}/gate/worker.js")
    assert worker.headers["service-worker-allowed"] == "/gate"
    for path in re.findall(r'"(/[^"]+)"', worker.text().split("];")[0]):
        assert page.request.get(office.address + path).ok, path
