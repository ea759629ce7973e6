"""The operators' console in a browser: lights, switches, drills, traces, jobs; what it weighs and asks for."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from hub.ledger.note import log_key, signed
from hub.ledger.receipts import Signer
from hub.ledger.tree import leaf_hash, root_of
from hub.matching.queue import Context
from hub.matching.rules import Sought, Told
from tests.cases.conftest import HAN
from tests.faces.office import PHONE, Office, Visit
from tests.ledger.statements import ROWS, statement

Open = Callable[..., Visit]
ROOMS = ("systems", "services", "calls", "changes", "jobs", "inbound", "quotas", "ledger", "flow", "config")
SERVICE, NOTICE = "medical-insurance-balance", "医保系统升级，请明天再来。"
KILOBYTE = 1024
CLASSES = Path(__file__).parents[2] / "adapters/twins/county/data_classes.json"


@pytest.fixture
def console(office: Office, visit: Open) -> Visit:
    opened = visit()
    opened.sign_in("/console", office.member("operator"))
    return opened


def go(visit: Visit, place: str) -> Page:
    visit.page.evaluate("place => { location.hash = place; }", place)
    return visit.page


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def balance(office: Office) -> tuple[int, str]:
    told = office.citizen(HAN).post(f"/services/{SERVICE}/calls", {"fields": {}})
    return told.status_code, told.json.get("code", "OK")


def test_every_room_is_usable_by_everybody_and_asks_no_other_host(console: Visit) -> None:
    for room in ROOMS:
        page = go(console, room)
        page.locator(f".rooms a[aria-current=page][href='#{room}']").wait_for()
        page.wait_for_load_state("networkidle")
        assert page.title().startswith(page.locator(".rooms [aria-current=page]").inner_text())
        console.check(f"console-{room}", languages=True)
        assert page.locator(".el-alert--error").count() == 0, room
    console.clean()


def test_U42_U49_a_service_is_switched_off_with_a_notice_and_back_again(console: Visit) -> None:
    office, page = console.office, go(console, f"services/{SERVICE}")
    page.locator(".el-drawer .el-switch").first.click()
    page.get_by_label("公告（群众看到的话）").fill(NOTICE)
    expect(page.locator(".phone")).to_contain_text(NOTICE)  # what the citizen sees, before it is saved
    expect(page.locator(".phone")).to_contain_text("已停用")
    assert balance(office) == (200, "OK")
    save = page.get_by_role("button", name="保存并生效")
    expect(save).to_be_disabled()  # no act without its reason
    page.locator("input[name=reason]").fill("停机升级")
    console.check("console-switch", languages=True)
    save.click()
    expect(page.locator(".el-alert--success")).to_contain_text("已生效")
    told = office.citizen(HAN).post(f"/services/{SERVICE}/calls", {"fields": {}})
    assert (told.status_code, told.json["code"]) == (503, "SERVICE_DISABLED")
    assert NOTICE in str(told.json)
    changed = page.locator(".el-drawer .table tbody tr").first
    expect(changed).to_contain_text("停机升级")
    expect(changed).to_contain_text("是否开放 停用")  # in words, and by whom
    assert not re.search(r"enabled|[{}]", changed.inner_text())
    assert page.locator(".head .who").inner_text().split(" · ")[0] in changed.inner_text()
    page.locator("input[name=reason]").fill("提前完成")
    page.get_by_role("button", name="回到此前").first.click()
    expect(page.locator(".el-alert--success")).to_contain_text("已回退")
    assert balance(office) == (200, "OK")
    console.clean()


def test_U42_who_else_may_stays_when_the_percent_is_changed(console: Visit) -> None:
    office = console.office
    town = {"percent": 50, "regions": ["360423001"], "citizens": []}
    with office.hub.database.session() as session:
        office.hub.switches.change(session, "service", "pension-status", {"rollout": town}, "试点", "somebody")
    office.hub.switches.refresh()
    page = go(console, "services/pension-status")
    expect(page.locator(".phone")).to_contain_text("以及 豫宁街道 的所有人")
    page.get_by_label("百分比").fill("30")
    page.keyboard.press("Tab")
    page.locator("input[name=reason]").fill("先放三成")
    page.get_by_role("button", name="保存并生效").click()
    expect(page.locator(".el-drawer .table tbody tr").first).to_contain_text("30 %、豫宁街道")
    assert office.hub.switches.service("pension-status").rollout.regions == ("360423001",)


def test_U43_U44_a_drill_shows_in_the_lights_and_each_leg_is_found_by_its_trace(console: Visit, visit: Open) -> None:
    office, page = console.office, go(console, "systems/medical_insurance")
    button(page, "答乱码")
    expect(page.locator(".drills .told")).to_be_visible()
    try:
        status, _ = balance(office)
        assert status == 502
    finally:
        button(page, "恢复健康")
    expect(page.locator(".drills .told")).to_contain_text("已恢复")
    link = page.locator(".el-drawer .table button").first
    link.wait_for()
    page.locator(".chart svg").wait_for()
    console.check("console-system")
    link.click()
    expect(page.locator(".leg").first).to_contain_text("医疗保障结算系统")
    expect(page.locator(".leg").first).to_contain_text("答复乱码")
    assert re.search(r"#calls/[0-9a-f]{32}$", page.url)
    console.check("console-trace", languages=True)
    assert page.get_by_role("button", name="看问了什么").count() == 0  # an operator may not
    assert balance(office) == (200, "OK")
    console.clean()
    reads = visit()
    reads.sign_in(f"/console{page.url[page.url.index('#'):]}", office.member("auditor"))
    reads.page.get_by_role("button", name="看问了什么").first.click()
    expect(reads.page.locator(".leg", has_text="答复的形状")).to_contain_text("***")
    assert HAN.id_number not in reads.page.content()
    reads.check("console-leg", languages=True)
    reads.clean()


def test_U41_a_failed_job_is_tried_again_with_a_reason(office: Office, visit: Open) -> None:
    with office.hub.database.session() as session:
        id = office.hub.jobs.enqueue(session, "nothing", number=1)
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = :id"), {"id": id})
    opened = visit()
    opened.sign_in("/console#jobs", office.member("system_admin"))
    row = opened.page.locator("tr", has_text="nothing")
    row.get_by_role("button", name="重试").click()
    opened.check("console-job-reason", languages=True)
    row.get_by_label("理由").fill("部门已恢复")
    row.get_by_role("button", name="重试").click()
    expect(row).to_contain_text("等待")
    with office.hub.database.session() as session:
        assert office.hub.jobs.get(session, id).status == "waiting"
    row.get_by_role("button", name="取消任务").click()
    row.get_by_label("理由").fill("不再需要")
    row.get_by_role("button", name="取消任务").click()
    expect(row).to_contain_text("已取消")
    opened.clean()


def test_U47_statistics_of_data_sharing_are_for_who_may_see_them(office: Office, visit: Open, console: Visit) -> None:
    assert console.page.get_by_role("link", name="数据共享").count() == 0  # an operator may not
    opened = visit()
    with office.hub.database.session() as session:
        office.hub.sharing.resources.take(session, CLASSES, office.hub.settings.now.departments)
    opened.sign_in("/console#sharing", office.member("data_officer"))
    page = opened.page
    expect(page.locator("h1")).to_have_text("数据共享")
    expect(page.locator("table").first).to_contain_text("县民政局")
    opened.check("console-sharing")
    button(page, "谁超期")
    expect(page.get_by_role("button", name="谁超期")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("tr", has_text="360423-007001")).to_contain_text("婚姻登记信息")
    with page.expect_download() as told:
        button(page, "重复：一类数据两个系统 CSV")
    assert told.value.suggested_filename == "data-sharing-twice.csv"
    assert "婚姻登记信息" in told.value.path().read_text(encoding="utf-8-sig")
    page.get_by_role("button", name="English").click()
    button(page, "Who shares")
    expect(page.locator("h2").first).to_contain_text("Chimneys")
    opened.check("console-sharing-en")
    opened.clean()


def in_doubt(office: Office) -> str:
    """A row of the housing office in Latin letters and without a number, of which no rule can tell whose it is."""
    context = Context("360423-013002", "public_rental", "housing", "education", "somebody", "resident_id")
    sought, told = Sought(HAN.id_number, HAN.name, by_number=False), Told("", "HAN SHANFU", "19020512", "GZ-000017")
    with office.hub.database.session() as session:
        session.execute(text("DELETE FROM matching_match"))
    (id,) = office.hub.matching.sift(context, sought, [told]).doubtful
    return id


def test_feat_S15_a_row_in_doubt_is_decided_beside_whom_was_asked_for(office: Office, visit: Open) -> None:
    id, opened = in_doubt(office), visit()
    opened.sign_in("/console#matches", office.member("data_officer", "housing"))
    page, row = opened.page, opened.page.locator(f"section[aria-label='{id}']")
    cells = row.locator("tbody tr").nth(1).locator("td")
    expect(cells.nth(0)).to_have_text("韩*福")  # masked until somebody asks for all of it
    expect(cells.nth(1)).to_have_text("H********U")
    expect(row).to_contain_text("拼音相符")
    assert HAN.id_number not in page.content() and "SHANFU" not in page.content()
    opened.check("console-matches")
    row.get_by_role("button", name="查看全部").click()
    expect(cells.nth(0)).to_have_text(HAN.name)
    expect(cells.nth(1)).to_have_text("HAN SHANFU")
    expect(row).to_contain_text(HAN.id_number)
    row.get_by_role("button", name="不是同一人").click()
    button_of = row.get_by_role("button", name="不是同一人")
    expect(button_of).to_be_disabled()  # no decision without its reason
    row.get_by_label("理由").fill("纸质档案为另一人")
    button_of.click()
    expect(page.locator(".el-alert--success")).to_contain_text("已记录")
    expect(row).to_have_count(0)
    with office.hub.database.session() as session:
        assert office.hub.matching.queue.get(session, id, "housing").state == "other"
    page.get_by_role("button", name="English").click()
    page.locator(".bar .el-select").click()
    page.get_by_role("option", name="Somebody else").click()
    row.get_by_role("button", name="Decided wrongly").click()
    opened.check("console-matches-en")
    opened.clean()


def test_feat_S15_who_asked_for_a_row_in_doubt_sees_only_that_it_waits(office: Office, visit: Open) -> None:
    id, opened = in_doubt(office), visit(PHONE, "en-GB")
    opened.sign_in("/console#matches", office.member("data_officer", "education"))
    row = opened.page.locator(f"section[aria-label='{id}']")
    expect(row).to_contain_text("The department that keeps the row decides.")
    assert row.get_by_role("button").count() == 0 and row.locator("table").count() == 0
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened.check("console-matches-phone")
    opened.clean()


def test_a_proof_is_checked_in_the_browser_with_public_keys_only(office: Office, visit: Open) -> None:
    page, signer = visit().page, Signer("log", b"k" * 32)
    page.goto(f"{office.address}/console")
    leaves = [bytes([number]) * 5 for number in range(7)]
    hashes = [leaf_hash(each) for each in leaves]
    text = f"log\n{len(leaves)}\n{base64.b64encode(root_of(hashes)).decode()}\n"
    ways = [
        {"step": "DELIVERED", "number": at, "leaf": leaf.hex(), "path": [each.hex() for each in _way(hashes, at)]}
        for at, leaf in enumerate(leaves)
    ]
    keys = {"log": str(log_key("log", signer.public))}
    proof = {"checkpoint": signed(text, "log", signer), "leaves": ways}
    forged = {"checkpoint": proof["checkpoint"], "leaves": [{**ways[3], "leaf": "00"}, {**ways[3], "number": 4}]}
    rewritten = {**proof, "checkpoint": str(proof["checkpoint"]).replace("log\n7", "log\n8", 1)}
    told = page.evaluate(
        """async ([keys, proofs]) => {
            const { check } = await import("/console/proof.js");
            return Promise.all(proofs.map((each) => check(each, keys)));
        }""",
        [keys, [proof, forged, rewritten]],
    )
    assert [each["holds"] for each in told[0]["leaves"]] == [True] * 7
    assert [each["holds"] for each in told[1]["leaves"]] == [False, False]
    assert [each["signed"] for each in told] == [True, True, False]


def test_feat_K4_the_ledger_tells_how_it_stands_and_a_proof_is_checked_by_a_click(office: Office, visit: Open) -> None:
    evidence, opened = office.hub.ledger.evidence, visit()
    shared = statement(subject_tag=evidence.subject_tag("resident_id", HAN.id_number), at=office.hub.clock.now())
    evidence.decide(shared)
    evidence.deliver(shared.exchange_id, ROWS)
    office.hub.ledger.checkpoints.make()
    opened.sign_in(f"/console#ledger/{shared.exchange_id}", office.member("auditor"))
    page = opened.page
    expect(page.locator(".facts").first).to_contain_text("树根")
    button(page, "取证明并核验")
    told = page.locator(".leg[role=status]")
    expect(told.locator(".tag.good")).to_have_count(3)
    expect(told).to_contain_text("已交付")
    opened.check("console-proof", languages=True)
    opened.clean()


def _way(hashes: list[bytes], number: int) -> list[bytes]:
    """The hashes beside the way of one leaf to the root, by the definition of RFC 9162."""
    if len(hashes) < 2:
        return []
    half = 1 << (len(hashes) - 1).bit_length() - 1
    if number < half:
        return [*_way(hashes[:half], number), root_of(hashes[half:])]
    return [*_way(hashes[half:], number - half), root_of(hashes[:half])]


def test_it_speaks_english_and_fits_a_phone(office: Office, visit: Open) -> None:
    opened = visit(PHONE, "en-GB")
    opened.sign_in("/console", office.member("auditor"))
    page = opened.page
    for room in ("systems", "services", "changes", "calls", "audit"):
        go(opened, room)
        page.locator(f".rooms a[aria-current=page][href='#{room}']").wait_for()
        page.wait_for_load_state("networkidle")
        opened.check(f"console-phone-{room}")
        said = page.locator(".rooms").inner_text() + page.locator("h1").inner_text()
        assert not re.search(r"[\u4e00-\u9fff]", said), said
    button(page, "中文")
    expect(page.locator("h1")).to_have_text("操作记录")
    opened.clean()


def test_the_first_screen_weighs_little_and_is_kept(office: Office, visit: Open) -> None:
    opened, weights = visit(), dict[str, int]()
    page = opened.page
    page.on("requestfinished", lambda request: weights.update({request.url: request.sizes()["responseBodySize"]}))
    opened.sign_in("/console", office.member("operator"))
    go(opened, "systems/wechat")
    page.locator(".chart svg").wait_for()
    page.wait_for_load_state("networkidle")
    assert 250 * KILOBYTE < sum(weights.values()) <= 500 * KILOBYTE, weights
    known = page.request.get(f"{office.address}/vendor/vue.js")
    again = page.request.get(f"{office.address}/vendor/vue.js", headers={"If-None-Match": known.headers["etag"]})
    assert (known.headers["content-encoding"], again.status) == ("gzip", 304)
    policy = page.request.get(f"{office.address}/console").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
