"""What a citizen does on the phone, against a real county: reads, files, corrects, is told; also large and offline."""

from __future__ import annotations

import itertools
import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.county import County
from tests.faces.phone import Glass
from tests.town import Town

PAGES = (
    "home", "search", "service?id=household-application", "form?id=work-resumption", "form?id=housing-fund-account",
    "bundles", "bundle?id=household-moves-on-assistance", "form?bundle=household-moves-on-assistance",
    "cases", "messages/list", "me", "licences", "health", "mandates", "access", "appeals", "data", "settings", "login",
)  # fmt: skip
READS = (
    ("housing-fund-account", "县住房公积金管理部"),
    ("medical-insurance-balance", "县医疗保障局"),
    ("marriage-record", "县民政局"),
)
SEEN_WITHIN_MS = 5_000  # 2 s are meant, 0.8 s were measured
LARGEST_FIRST_SCREEN, MOST_QUESTIONS, MOST_AT_ONCE = 250_000, 3, 10
SMALLEST_TEXT_PX, SMALLEST_TARGET_PX = 24, 60  # 18 pt
# Every text that is seen with its size, and every thing that can be touched with its sides.
MEASURE = """() => {
  const seen = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 0;
  const small = [], narrow = [];
  for (const element of document.querySelectorAll('.frame *')) {
    if (!seen(element)) continue;
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const size = parseFloat(getComputedStyle(element).fontSize);
    const text = element.textContent.trim();
    if ((own || element.matches('input, textarea')) && size < LEAST_TEXT) small.push(text + ' ' + size);
    if (element.matches('[role=button], [role=link], [role=radio], [role=switch], a, input, textarea')) {
      const box = element.getBoundingClientRect();
      if (box.width < LEAST_TARGET - 0.5 || box.height < LEAST_TARGET - 0.5)
        narrow.push(text + ' ' + box.width + ' x ' + box.height);
    }
  }
  return [small, narrow];
}""".replace("LEAST_TEXT", str(SMALLEST_TEXT_PX)).replace("LEAST_TARGET", str(SMALLEST_TARGET_PX))  # fmt: skip
# What is seen beyond the right edge, or so narrow that a word stands one letter a line.
OUTSIDE = """() => [...document.querySelectorAll('.frame *')].filter((each) => {
  const box = each.getBoundingClientRect();
  const narrow = each.matches('.row-main') && box.width < 120;
  return each.checkVisibility() && box.width && (box.right > innerWidth + 1 || narrow);
}).map((each) => each.textContent)"""
BUSY = {"title": "系统繁忙。", "code": "OVERLOADED", "action": "retry", "retry_after": 0.2}
numbers = itertools.count(1)


def test_from_the_first_page_to_the_decision(glass: Glass, town: Town) -> None:
    page = glass.login().open("home")
    page.get_by_role("link", name="搜服务").click()
    page.get_by_role("textbox").or_(page.get_by_role("searchbox")).fill("gjj")
    glass.button("搜索").click()
    expect(page.get_by_role("link", name="住房公积金账户查询")).to_be_visible()
    for service, told in READS:
        glass.open("form", f"id={service}")
        glass.button("查询").click()
        expect(page.get_by_text(f"来源：{told}")).to_be_visible()
    receipt = _files(glass, "要办事")
    expect(page.get_by_text("已送达部门")).to_be_visible()
    _officer(town, receipt, ("pick-up", {}), ("request-correction", {"items": [_WRONG]}))
    expect(page.get_by_text("需要您补正")).to_be_visible()
    expect(page.get_by_text("请写明用途").first).to_be_visible()
    page.get_by_label("申请理由").fill("子女入学")
    glass.button("提交补正").click()
    expect(page.get_by_text("已补正").first).to_be_visible()
    _officer(town, receipt, ("pick-up", {}), ("accept", {}), ("approve", {"document": _DOCUMENT}))
    expect(page.get_by_text("准予", exact=True)).to_be_visible()
    expect(page.get_by_text(_DOCUMENT["number"])).to_be_visible()
    page.get_by_role("radio", name="很满意").click()
    glass.button("提交评价").click()
    expect(page.get_by_text("已评价，谢谢您。")).to_be_visible()
    glass.open("messages", page="list")
    expect(page.get_by_text("未读").first).to_be_visible()
    glass.button("查看办件").first.click()
    expect(page.get_by_text(receipt)).to_be_visible()


def test_a_note_that_a_case_cannot_be_read_goes_when_it_can_be(glass: Glass) -> None:
    page = glass.login("阿依古丽").page
    page.clock.install()
    receipt = _files(glass, "要办事")
    gone = {"title": "没有找到", "code": "NOT_FOUND", "action": "call"}
    page.route(re.compile(f"/cases/{receipt}$"), lambda route: route.fulfill(status=404, json=gone))
    page.clock.fast_forward(6_000)
    expect(page.get_by_role("alert")).to_contain_text("没有找到")
    page.unroute_all()
    page.clock.fast_forward(6_000)
    expect(page.get_by_role("alert")).to_have_count(0)


_WRONG = {"path": "fields.reason", "message": "请写明用途"}
_DOCUMENT = {"name": "居住证明", "number": "示公户〔2026〕1号", "text": "准予出具居住证明。"}


def _files(glass: Glass, reason: str) -> str:
    """A case is filed from the guide on; its page is open afterwards."""
    page = glass.open("service", "id=household-application")
    glass.button("开始办理").click()
    expect(page.get_by_text("已为您填好").first).to_be_visible()
    page.get_by_role("radio", name="居住证明").click()
    page.get_by_label("申请理由").fill(reason)
    glass.button("提交").click()
    expect(page.get_by_text("提交成功")).to_be_visible()
    receipt = page.get_by_text("BJ", exact=False).last.inner_text()
    glass.button("查看进度").click()
    expect(page.get_by_text("承诺办结")).to_be_visible()
    return receipt


def _officer(town: Town, receipt: str, *acts: tuple[str, dict[str, object]]) -> None:
    for name, body in acts:
        key = f"{receipt}-{name}-{next(numbers)}"
        answer = town.staff("officer").post(f"/desk/cases/{receipt}/{name}", body, Idempotency_Key=key)
        assert answer.status_code == 200, f"{name}: {answer.text}"


def test_a_licence_is_shown_by_its_code(glass: Glass) -> None:
    page = glass.login().open("licences")
    glass.button("亮证").first.click()
    expect(page.get_by_text("秒后失效")).to_be_visible()
    drawn = page.locator(".code-picture").first
    assert drawn.evaluate("each => [each.clientWidth, each.clientHeight]") == [240, 240]


def test_feat_U40_an_open_page_tells_that_its_service_was_switched_off(glass: Glass, town: Town) -> None:
    page = glass.login().open("service", "id=vehicle-list")
    expect(glass.button("开始查询")).to_be_visible()
    where, operator = "/ops/v1/services/vehicle-list", town.staff("operator")
    notice = {"zh": "车管系统升级，请明天再来。", "en": "Closed for an upgrade. Please come back tomorrow."}
    assert operator.patch(where, {"enabled": False, "notice": notice, "reason": "test"}).status_code == 200
    try:
        expect(page.get_by_text(notice["zh"])).to_be_visible(timeout=SEEN_WITHIN_MS)
    finally:
        assert operator.patch(where, {"enabled": True, "reason": "test"}).status_code == 200
    expect(page.get_by_text(notice["zh"])).to_be_hidden()


def test_a_refusal_is_one_sentence_the_next_step_and_a_number(glass: Glass, town: Town) -> None:
    page = glass.login().page
    with town.twin("vehicle_administration").sick(garbage=True):
        glass.open("form", "id=vehicle-list")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("下一步：")
        assert len(alert.locator(".note-trace").inner_text().split()[-1]) == 32


def test_feat_U20_U21_elder_mode_is_measured(glass: Glass) -> None:
    page = glass.login().open("settings")
    page.get_by_role("switch", name="长辈版").click()
    found = {}
    for each in PAGES:
        _seen(glass, each)
        found[each] = page.evaluate(MEASURE)
    assert all(result == [[], []] for result in found.values()), {k: v for k, v in found.items() if v != [[], []]}
    glass.open("settings").get_by_role("radio", name="30 磅").click()
    assert page.locator(".row-main, .choice").first.evaluate("each => getComputedStyle(each).fontSize") == "40px"
    _seen(glass, "home")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the phone"


def test_feat_U22_U24_axe_finds_nothing_serious(glass: Glass) -> None:
    page, wrong = glass.login().page, []
    for each in PAGES:
        _seen(glass, each)
        told = Axe().run(page).response["violations"]
        grave = [rule for rule in told if rule["impact"] in ("serious", "critical")]
        wrong += [f"{each}: {rule['id']} {rule['nodes'][0]['html'][:160]}" for rule in grave]
    assert not wrong, "\n".join(wrong)


def test_feat_U30_an_english_page_has_english_words(glass: Glass) -> None:
    page = glass.login().open("settings")
    page.get_by_role("radio", name="English").click()
    assert page.evaluate("document.documentElement.lang") == "en"
    asked = "id=household-application"
    for each in ("home", f"service?{asked}", f"form?{asked}", "licences", "bundles", "health", "data"):
        _seen(glass, each)
        seen = page.locator(".frame").inner_text()
        for own in ("中文", "机动车驾驶证", "韩", "福"):  # the other language, a licence's title, a person's name
            seen = seen.replace(own, "")
        assert not re.findall(r"[\u4e00-\u9fff]+", seen), each
    glass.open("search", "q=gjj")
    page.get_by_role("link", name="in Chinese").first.click()
    expect(page.get_by_text("This guide is available in Chinese only")).to_be_visible()


def test_long_english_words_stay_on_the_page_and_days_are_as_people_write_them(glass: Glass, town: Town) -> None:
    fields = {"reason": "没有收入", "phone": "13800000000"}
    openid = next(each["openid"] for each in town.demo["personas"] if each["name"] == "王䶮")
    body, key = {"fields": fields, "materials": []}, f"one-stop-in-english-{next(numbers)}"
    made = town.phone(openid).post("/bundles/help-where-you-live/cases", body, Idempotency_Key=key)
    assert made.status_code == 202, made.text
    page = glass.login("王䶮").open("settings")
    page.get_by_role("radio", name="English").click()
    number = made.json()["receipt_no"]
    glass.open("bundle", f"no={number}", "case")
    expect(page.get_by_text("Submitted by itself when those before it are granted")).to_be_visible()
    promised = page.locator(".pair", has_text="Promised by")
    expect(promised).to_contain_text(re.compile(r"\d\s[A-Z][a-z]+\s20\d\d,\s23:59"))
    assert page.evaluate(OUTSIDE) == []
    part = made.json()["parts"][0]["receipt_no"]
    glass.open("cases", f"no={part}", "one")
    page.get_by_role("link", name=f"Part of {number}").click()
    expect(page.get_by_role("heading", name="In progress")).to_be_visible()
    glass.open("messages", page="list")
    page.locator(".card", has_text=number).get_by_role("button", name="Open the case").click()
    expect(page.get_by_role("heading", name="In progress")).to_be_visible()


def _seen(glass: Glass, each: str) -> Page:
    """The page when it no longer says that it is loading."""
    name, _, query = each.partition("?")
    folder, _, file = name.partition("/")
    page = glass.open(folder, query, file)
    page.wait_for_load_state("networkidle") if name not in ("service", "bundle", "form") else page.wait_for_timeout(300)
    expect(page.get_by_text("正在加载").or_(page.get_by_text("Loading…"))).to_have_count(0)
    return page


def test_feat_U13_U15_without_a_network_nothing_is_lost(glass: Glass) -> None:
    page = glass.login().open("form", "id=assistance-application")
    page.get_by_role("radio", name="临时救助").click()
    page.get_by_label("困难情况").fill("家中有人住院")
    expect(page.get_by_text("已自动保存草稿")).to_be_visible()
    glass.context.set_offline(True)
    glass.button("提交").click()
    expect(page.get_by_role("alert").filter(has_text="没有连上网络")).to_be_visible()
    glass.context.set_offline(False)
    glass.open("form", "id=assistance-application")
    expect(page.get_by_label("困难情况")).to_have_value("家中有人住院")
    glass.button("提交").click()
    expect(page.get_by_text("提交成功")).to_be_visible()
    place = "/services/assistance-application/cases"
    keys = [each.headers["idempotency-key"] for each in glass.requests if each.method == "POST" and place in each.url]
    assert len(keys) == 2 and len(set(keys)) == 1
    with page.expect_event("requestfinished", lambda each: "pages-settings" in each.url):  # the last fetched beforehand
        glass.open("cases")
        expect(page.get_by_text("社会救助申请")).to_be_visible()
        page.get_by_role("navigation").get_by_role("link", name="首页").click()
        expect(page.get_by_text("按人生事项找")).to_be_visible()
    glass.context.set_offline(True)
    page.get_by_role("navigation").get_by_role("link", name="办件").click()
    expect(page.get_by_text("暂时没有连上，显示的是")).to_be_visible()
    expect(page.get_by_text("社会救助申请")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="消息").click()  # a page that was never opened before
    expect(page.get_by_role("alert")).to_contain_text("没有连上网络")
    glass.context.set_offline(False)


def _fails(page: Page, path: str, *answers: dict[str, object] | None) -> list[str]:
    """The first questions of `path` are answered so, None breaks the line; later ones reach the hub."""
    asked: list[str] = []

    def told(route: Route) -> None:
        asked.append(route.request.method)
        if len(asked) > len(answers):
            return route.continue_()
        answer = answers[len(asked) - 1]
        return route.fulfill(status=503, json=answer) if answer else route.abort("connectionreset")

    page.route(re.compile(re.escape(path) + "$"), told)
    return asked


def test_feat_U15_a_question_waits_for_a_busy_hub_and_is_asked_again(glass: Glass) -> None:
    page = glass.login().page
    asked = _fails(page, "/api/v1/me/messages?page_size=20", BUSY, {**BUSY, "retry_after": 60})
    glass.open("messages", page="list")
    expect(page.get_by_role("alert")).to_contain_text("系统繁忙")  # at once, where it is busy for longer
    assert asked == ["GET"] * 2
    page.get_by_role("button", name="再试一次").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    asked = _fails(page, "/api/v1/cases?page_size=20", None, None)
    page.get_by_role("navigation").get_by_role("link", name="办件").click()
    expect(page.get_by_role("alert")).to_contain_text("没有连上网络，请检查网络")
    assert asked == ["GET"] * 2


def test_feat_U15_what_files_something_is_not_sent_again_by_itself(glass: Glass) -> None:
    page = glass.login("阿依古丽").open("form", "id=assistance-application")
    page.get_by_role("radio", name="医疗救助").click()
    page.get_by_label("困难情况").fill("家中有人住院")
    sent = _fails(page, "/services/assistance-application/cases", None, BUSY, BUSY)
    glass.button("提交").click()
    expect(page.get_by_role("alert")).to_contain_text("再提交一次也不会重复")
    glass.button("提交").click()
    expect(page.get_by_role("alert")).to_contain_text("系统繁忙")
    assert sent == ["POST"] * 2


def test_the_first_screen_is_small_and_asks_little(browser: Browser, county: County) -> None:
    """What the worker fetches for later comes after it: test_releases.py counts that, test_shipped.py weighs it."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    wire = context.new_cdp_session(page)
    sizes: list[float] = []
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    under_way: set[Request] = set()
    most = [0]

    def began(request: Request) -> None:
        under_way.add(request)
        most[0] = max(most[0], len(under_way))

    page.on("request", began)
    page.on("requestfinished", lambda request: under_way.discard(request))
    page.on("requestfailed", lambda request: under_way.discard(request))
    page.goto(county.base_url)
    expect(page.get_by_text("可在线办理")).to_be_visible()
    page.wait_for_load_state("networkidle")
    context.close()
    assert 0 < sum(sizes) <= LARGEST_FIRST_SCREEN
    assert 0 < len([url for url in asked if "/api/" in url]) <= MOST_QUESTIONS
    assert 0 < most[0] <= MOST_AT_ONCE


def test_feat_F1_a_temperature_is_typed_as_the_thermometer_shows_it(glass: Glass) -> None:
    page = glass.login("阿依古丽").open("health")
    glass.button("提交").click()
    expect(page.get_by_text("有 4 处需要修改")).to_be_attached()
    expect(page.get_by_text("这一项必须填写").first).to_be_in_viewport()
    assert page.get_by_label("体温（℃）").get_attribute("inputmode") == "decimal"
    page.get_by_label("体温（℃）").fill("36.6")
    page.get_by_role("radio", name="无", exact=True).click()
    for question in ("14天内接触过确诊或疑似病例", "14天内到过中高风险地区"):
        page.get_by_role("radiogroup", name=question).get_by_role("radio", name="否").click()
    glass.button("提交").click()
    expect(page.get_by_text("绿码：可以通行")).to_be_visible()
    _fails(page, "/api/v1/health-code", None, None)
    glass.open("health")
    expect(page.get_by_role("status").filter(has_text="时为：绿码")).to_contain_text("不能用于通行")
    expect(page.locator(".band, .code-picture")).to_have_count(0)
    page.get_by_role("button", name="再试一次").click()
    expect(page.get_by_text("绿码：可以通行")).to_be_visible()
    expect(page.get_by_text("不能用于通行")).to_have_count(0)


def test_every_department_is_reached_from_the_first_page_and_no_page_ends_in_nothing(glass: Glass, town: Town) -> None:
    page = glass.open("home")
    glass.button("查看全部部门").click()
    offices = town.phone().get("/departments?page_size=100").json()["items"]
    for each in offices:
        expect(page.get_by_role("link", name=each["name"], exact=True)).to_be_attached()
    glass.open("search", "q=qqzzqqzz")
    expect(page.get_by_text("没有找到相关服务")).to_be_visible()
    glass.button("社保").click()
    expect(page.get_by_role("link", name="社会保险缴费明细查询")).to_be_visible()
    glass.login("韩波德").open("cases")
    glass.button("去找服务").click()
    expect(page.get_by_text("按人生事项找")).to_be_visible()
