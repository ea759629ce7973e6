"""The desk in a browser: an officer's whole case, the community's phone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.credentials.conftest import HAN, WANG
from tests.faces.office import PHONE, Office, Visit
from tests.faces.test_routes import PLAN, sent
from tests.materials.papers import photo
from tests.tracing.orders import in_force

Open = Callable[..., Visit]


def act(page: Page, name: str) -> None:
    page.locator(".acts").get_by_role("button", name=name, exact=True).click()


def opened(visit: Open, office: Office, number: str) -> Visit:
    desk = visit()
    desk.sign_in("/desk", office.member("officer"))
    desk.page.get_by_role("button", name=f"打开 {number}").click()
    desk.page.locator(".acts").wait_for()
    return desk


def test_feat_B_an_officers_whole_case(office: Office, visit: Open) -> None:
    number = office.applied(materials=[{"type": PLAN, "file_id": sent(office, 77)}])
    desk = opened(visit, office, number)
    page = desk.page
    desk.check("desk-case")
    act(page, "接办")
    page.get_by_role("button", name="打开 疫情防控方案").click()
    expect(page.locator(".paper img")).to_be_visible()
    expect(page.locator(".tag", has_text="材料审查中")).to_be_visible()
    act(page, "一次性告知补正")
    page.get_by_label("联系电话：要补正什么").fill("请写能打通的号码")
    desk.check("desk-correct")
    act(page, "一次性告知补正")
    expect(page.locator(".tag", has_text="待申请人补正")).to_be_visible()
    assert office.case(number)["correction"]["items"] == [{"path": "fields.phone", "message": "请写能打通的号码"}]
    assert office.mine(number, "corrections", {"fields": {"phone": "13800000001"}}).status_code == 200
    page.reload()
    act(page, "接办")
    act(page, "受理")
    act(page, "进入特别程序")
    page.locator("textarea[name=reason]").fill("需要现场核验")
    act(page, "进入特别程序")
    expect(page.locator(".tag", has_text="计时暂停")).to_be_visible()
    act(page, "恢复计时")
    page.locator("textarea[name=outcome]").fill("现场符合要求")
    act(page, "恢复计时")
    act(page, "准予")
    issue(page)
    desk.check("desk-approve", languages=True)
    page.locator("input[name=name]").first.fill("复工备案回执")
    act(page, "准予")
    expect(page.get_by_role("heading", name="结果文书")).to_be_visible()
    told = office.case(number)
    assert (told["status"], told["result"]["name"]) == ("approved", "复工备案回执")
    assert told["result"]["credential_id"]
    expect(page.locator(".story")).to_contain_text("核实经营场所情况")
    assert not re.search(r"true|T\d\d:|hearing|site-check", page.locator("main").inner_text()), "no code, no raw time"
    desk.check("desk-decided", languages=True)
    act(page, "撤回决定（须他人）")
    page.locator("textarea[name=reason]").fill("文号写错")
    act(page, "撤回决定（须他人）")
    expect(page.locator(".el-alert--error")).to_contain_text("需要另一名工作人员确认")
    assert office.case(number)["status"] == "approved"
    desk.clean()

    second = visit()
    second.sign_in(f"/desk#cases/{number}", office.member("officer"))
    act(second.page, "撤回决定（须他人）")
    second.page.locator("textarea[name=reason]").fill("文号写错")
    act(second.page, "撤回决定（须他人）")
    expect(second.page.locator(".tag", has_text="已受理，办理中")).to_be_visible()
    assert office.case(number)["status"] == "accepted"
    second.clean()


def issue(page: Page) -> None:
    """A licence with the result: its kind is chosen by name, and each thing it says has its own."""
    page.get_by_role("button", name="同时签发电子证照").click()
    choose(page, "证照种类", "食品经营许可证")
    page.get_by_label("持证人姓名").fill(HAN.name)
    page.get_by_label("持证人身份证号").fill(HAN.id_number)
    page.get_by_label("经营场所").fill("示范路1号")
    page.get_by_label("经营项目").fill("热食类食品制售")
    page.get_by_role("button", name="签发", exact=True).click()
    expect(page.locator(".el-alert--success", has_text="已签发：食品经营许可证")).to_be_visible()


def test_a_community_clerk_answers_a_task_on_the_phone(office: Office, visit: Open) -> None:
    office.applied()
    desk = visit(PHONE)
    desk.sign_in("/desk", office.member("community_clerk", "360423001"))
    page = desk.page
    button = page.get_by_role("button", name="情况属实").first
    button.wait_for()
    desk.check("desk-tasks-phone")
    box = button.bounding_box()
    assert box is not None and box["height"] >= 48
    expect(page.locator(".head .who")).to_contain_text("豫宁街道")
    button.click()
    expect(page.get_by_role("status")).to_contain_text("情况属实")
    desk.clean()


def test_who_types_a_wrong_password_is_told_and_shut_out_by_nothing_else(office: Office, visit: Open) -> None:
    desk = visit(PHONE)
    desk.page.goto(f"{office.address}/desk")
    for name, value in (("username", "nobody"), ("password", "wrong"), ("totp", "123456")):
        desk.page.locator(f"input[name={name}]").fill(value)
    desk.page.locator("button.main").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("账号、密码或动态码不正确")
    desk.check("desk-login", languages=True)
    desk.clean()


def test_every_room_of_the_desk_is_usable_by_everybody(office: Office, visit: Open) -> None:
    desk = visit()
    desk.sign_in("/desk", office.member("officer"))
    for room in ("cases", "tasks", "appeals", "looks", "ratings", "orders"):
        desk.page.evaluate("place => { location.hash = place; }", room)
        desk.page.locator(f".rooms a[aria-current=page][href='#{room}']").wait_for()
        desk.page.wait_for_load_state("networkidle")
        desk.check(f"desk-{room}", languages=True)
    desk.clean()


def test_feat_F2_a_reviewer_decides_a_declaration_with_its_reason(office: Office, visit: Open) -> None:
    fever = {"temperature": 38.5, "symptoms": "fever", "contact": False, "risk_area": False}
    told = office.citizen(WANG).post("/health-code/declarations", {"fields": fever}, Idempotency_Key="a-fever")
    desk = visit()
    desk.sign_in("/desk#reviews", office.member("officer"))
    page = desk.page
    assert told.status_code < 300, told.text
    page.get_by_role("button", name="复核").first.click()
    expect(page.get_by_text("目前症状")).to_be_visible()  # no name of a field, no code
    page.locator("label", has_text="理由").locator(".el-select").click()
    page.get_by_role("option", name="申报了发热等症状").click()
    page.locator("input[name=case_id]").fill("C-2026-1")
    desk.check("desk-reviews", languages=True)
    page.get_by_role("button", name="决定").click()
    expect(page.locator(".el-alert--success")).to_be_visible()
    desk.clean()


def test_threat_T10_an_order_waits_for_a_second_officer(office: Office, visit: Open) -> None:
    one = visit()
    one.sign_in("/desk#orders", office.member("officer"))
    page = one.page
    page.locator("input[name=order_no]").fill("J-2026-9")
    page.locator("input[name=reason]").fill("聚集性疫情流调")
    page.get_by_role("button", name="登记").click()
    expect(page.locator(".tag", has_text="待另一人确认")).to_be_visible()
    expect(page.get_by_role("button", name="确认命令")).to_have_count(0)
    one.check("desk-orders")
    one.clean()

    second = visit()
    second.sign_in("/desk#orders", office.member("officer"))
    second.page.get_by_role("button", name="确认命令").click()
    expect(second.page.locator(".tag", has_text="生效中")).to_be_visible()
    second.clean()


def choose(page: Page, label: str, name: str) -> None:
    """From a list that is searched by typing."""
    page.locator(".el-select", has=page.get_by_label(label)).last.click()
    page.get_by_role("option", name=name).last.click()
    page.keyboard.press("Escape")


def test_feat_B_a_colleague_and_an_office_are_chosen_by_name(office: Office, visit: Open) -> None:
    second = office.member("officer")
    lamp = {"text": "路灯三天不亮", "region": "360423001"}
    told = office.citizen(WANG).post("/appeals", lamp, Idempotency_Key="lamp")
    desk = opened(visit, office, office.applied())
    page = desk.page
    act(page, "接办")
    act(page, "转他人办理")
    choose(page, "转给谁", second.username)
    page.locator("textarea[name=reason]").fill("休假")
    desk.check("desk-reassign")
    act(page, "转他人办理")
    expect(page.locator(".el-alert--success")).to_contain_text("转他人办理")
    page.goto(f"{office.address}/desk#appeals")
    page.get_by_role("button", name=f"打开 {told.json['number']}").click()
    choose(page, "转给", "县交通运输局")
    page.locator("input[name=reason]").fill("路灯归交通")
    page.get_by_role("button", name="转办").click()
    expect(page.locator(".el-alert--success")).to_contain_text("已转办")
    desk.clean()


def test_feat_S6_a_clue_is_opened_with_its_photo_and_told_from_another(office: Office, visit: Open) -> None:
    seen = {"text": "棋牌室里很多人聚集打牌", "region": "360423001", "address": "示范路 12 号"}
    told = office.client.post(
        "/api/v1/files", data={"file": (io.BytesIO(photo(64, 64)), "a.jpg")}, content_type="multipart/form-data",
        headers={"Authorization": f"Bearer {office.citizen(WANG).token}"},
    )  # fmt: skip
    first = office.citizen(HAN).post("/clues", seen, Idempotency_Key="clue-one").json["number"]
    with_photo = {**seen, "photos": [told.json["file_id"]]}
    second = office.citizen(WANG).post("/clues", with_photo, Idempotency_Key="clue-two").json["number"]
    desk = visit(PHONE)
    desk.sign_in("/desk#appeals", office.member("community_clerk", "360423001"))
    page = desk.page
    page.get_by_role("button", name=f"打开 {second}").click()
    expect(page.locator(".whole")).to_be_focused()  # on a phone it is below the list
    expect(page.locator(".whole img")).to_be_visible()
    row = page.locator(".whole .row", has_text=first)
    row.get_by_role("button", name="不是同一件").click()
    expect(page.locator(".el-alert--success")).to_contain_text("不是同一件")
    expect(row).to_have_count(0)
    desk.check("desk-clue-phone", languages=True)
    desk.clean()


def test_threat_T10_feat_X12_an_order_says_until_when_it_is_kept_from_the_person(office: Office, visit: Open) -> None:
    plain, law = visit(), visit()
    in_force(office.hub, "公查〔2026〕7号")
    plain.sign_in("/desk#looks", office.member("officer"))
    expect(plain.page.get_by_label("命令文号")).to_be_visible()
    assert not plain.page.locator("input[name=sealed]").count(), "only who may say so is asked"
    law.sign_in("/desk#looks", office.member("order_officer"))
    page, today = law.page, office.hub.clock.now().date()
    for name, value in (
        ("order_no", "公查〔2026〕7号"), ("number", WANG.id_number), ("since", f"{today - timedelta(days=1)}T08:00"),
        ("until", f"{today}T08:00"), ("sealed", f"{today + timedelta(days=30)}"),
    ):  # fmt: skip
        page.locator(f"input[name={name}]").fill(value)
    choose(page, "区域", "豫宁街道")
    law.check("desk-looks")
    with page.expect_request("**/api/v1/traces") as asked:
        page.get_by_role("button", name="查找", exact=True).click()
    assert asked.value.post_data_json["sealed_until"] == f"{today + timedelta(days=30)}T00:00:00+08:00"
    expect(page.get_by_role("heading", name="密切接触者 · 公查〔2026〕7号")).to_be_visible()
    law.check("desk-looks-found")
    law.clean()
