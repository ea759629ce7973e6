"""What a citizen does for somebody else, for several offices at once, with papers, only after agreeing; and leaving."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.county import County
from tests.faces.phone import Glass
from tests.town import Town

HOLDER, OTHER = "韩*福", "林*梅"
MEGABYTE = 1024 * 1024


@pytest.fixture
def other(browser: Browser, county: County) -> Iterator[Glass]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    glass = Glass(county.base_url, context)
    yield glass
    context.close()


def test_feat_D5_both_names_are_shown_where_one_acts_for_another(glass: Glass, other: Glass, town: Town) -> None:
    lin = next(each for each in town.demo["personas"] if each["name"] == "林美梅")
    page = glass.login().open("mandates")
    page.get_by_role("radio", name="为父母").click()
    page.get_by_label("姓名").fill(lin["name"])
    page.get_by_label("身份证号码").fill(lin["id_number"])
    page.get_by_role("switch", name="户籍业务申请").click()
    page.get_by_role("switch", name="机动车驾驶证").click()
    glass.button("提交").click()
    expect(page.locator(".card", has_text="等待对方同意")).to_contain_text("户籍业务申请、机动车驾驶证")
    glass.open("form", "id=household-application")
    expect(page.get_by_text("申请事项")).to_be_visible()
    expect(page.get_by_text("为谁办理")).to_have_count(0)  # nothing before she agreed
    other.login(lin["name"]).open("mandates")
    other.button("同意").click()
    expect(other.page.get_by_text("父母 · 有效")).to_be_visible()

    glass.open("form", "id=household-application")
    page.get_by_role("radio", name=f"为 {OTHER}").click()
    expect(page.get_by_text(f"由 {HOLDER} 代 {OTHER} 办理")).to_be_visible()
    expect(page.locator(".pair", has_text="姓名")).to_contain_text(OTHER)
    page.get_by_role("radio", name="居住证明").click()
    page.get_by_label("申请理由").fill("母亲不会用手机")
    glass.button("提交").click()
    expect(page.get_by_text("提交成功")).to_be_visible()
    receipt = page.get_by_text(re.compile("^BJ")).last.inner_text()
    glass.button("查看进度").click()
    expect(page.get_by_text(f"由 {HOLDER} 代 {OTHER} 办理")).to_be_visible()

    glass.open("cases")
    expect(page.get_by_role("radio", name=f"为 {OTHER}")).to_be_visible()
    expect(page.get_by_text("正在加载")).to_have_count(0)
    expect(page.get_by_text(receipt)).to_have_count(0)  # among my own it is not
    page.get_by_role("radio", name=f"为 {OTHER}").click()
    page.get_by_role("link", name=receipt).click()
    expect(page.get_by_text("申请理由")).to_be_visible()
    other.open("cases")
    expect(other.page.get_by_text(receipt)).to_be_visible()  # it is hers
    glass.open("form", "id=assistance-application")
    expect(page.get_by_text("困难情况")).to_be_visible()
    expect(page.get_by_text("为谁办理")).to_have_count(0)  # the mandate does not cover it

    glass.open("licences")
    mine = page.locator(".licence-number").inner_text()
    page.get_by_role("radio", name=f"为 {OTHER}").click()
    expect(page.get_by_text(f"由 {HOLDER} 代 {OTHER} 办理")).to_be_visible()
    expect(page.locator(".licence", has_text="机动车驾驶证")).not_to_contain_text(mine)
    glass.button("亮证").click()
    expect(page.locator(".code-picture")).to_be_visible()


def test_feat_C5_several_offices_with_one_form_and_one_receipt(glass: Glass) -> None:
    page = glass.login().open("home")
    page.get_by_role("link", name="一件事").click()
    page.get_by_role("link", name="低保家庭迁居一件事").click()
    expect(page.get_by_text("2. 社会救助申请")).to_be_visible()
    glass.button("开始办理").click()
    page.get_by_label("申请理由").fill("搬到新居")
    page.get_by_label("困难情况").fill("没有收入")
    glass.button("提交").click()
    expect(page.get_by_text("提交成功")).to_be_visible()
    expect(page.locator(".sub", has_text="户籍业务申请")).to_contain_text("BJ")
    expect(page.locator(".sub", has_text="社会救助申请")).to_contain_text("县民政局")
    glass.button("查看进度").click()
    expect(page.get_by_role("heading", name="办理中")).to_be_visible()
    page.get_by_role("link", name="社会救助申请").click()
    expect(page.get_by_text("没有收入")).to_be_visible()


def test_what_somebody_saw_is_told_and_followed(glass: Glass) -> None:
    page = glass.login().open("me")
    page.get_by_role("link", name="反映问题").click()
    glass.button("提交").click()
    expect(page.get_by_text("这一项必须填写")).to_have_count(2)
    page.get_by_label("反映的内容").fill("有药店哄抬口罩价格")
    page.get_by_label("所在社区（村）").select_option(index=1)
    glass.button("提交").click()
    expect(page.get_by_text(re.compile("已收到，编号 C"))).to_be_visible()
    page.get_by_role("link", name="有药店哄抬口罩价格").first.click()
    expect(page.locator(".pair", has_text="办理部门")).to_contain_text("县市场监督管理局")
    glass.open("messages", page="list")
    glass.button("查看答复").first.click()
    expect(page.get_by_text("有药店哄抬口罩价格")).to_be_visible()


def test_feat_A20_the_limits_of_a_paper_are_told_before_it_is_sent(glass: Glass) -> None:
    page = glass.login("林美梅").open("form", "id=household-application")
    expect(page.get_by_text(re.compile(r"可传 .*PDF.*每个不超过 \d+ MB"))).to_be_visible()
    limit = int(re.findall(r"不超过 (\d+) MB", page.locator(".frame").inner_text())[0])
    _choose(page, "huge.pdf", "application/pdf", b"%PDF-1.7" + b" " * (limit * MEGABYTE))
    expect(page.get_by_role("alert")).to_contain_text(f"文件超过 {limit} MB，没有上传")
    _choose(page, "list.txt", "text/plain", b"a list")
    expect(page.get_by_role("alert")).to_contain_text("只能上传")
    assert not [each for each in glass.requests if each.method == "POST" and each.url.endswith("/files")]
    _choose(page, "lease.png", "image/png", _photo())
    expect(page.get_by_role("status").filter(has_text="已上传")).to_be_visible()
    page.get_by_role("radio", name="户口地址变更").click()
    page.get_by_label("申请理由").fill("租房")
    glass.button("提交").click()
    expect(page.get_by_text("提交成功")).to_be_visible()
    sent = [each.post_data_json for each in glass.requests if each.method == "POST" and each.url.endswith("/cases")]
    assert [each["type"] for each in sent[-1]["materials"]] == ["address-proof"]


def _choose(page: Page, name: str, kind: str, content: bytes) -> None:
    with page.expect_file_chooser() as opened:
        page.get_by_role("button", name=re.compile("拍照或选择文件|重新上传")).click()
    opened.value.set_files(FilePayload(name=name, mimeType=kind, buffer=content))


def _photo() -> bytes:
    written = io.BytesIO()
    Image.effect_noise((900, 700), 90).convert("RGB").save(written, "PNG")
    return written.getvalue()


def test_feat_D10_nothing_is_read_before_the_person_has_agreed(glass: Glass) -> None:
    page, answered = glass.login("林美梅").page, []
    page.on("response", lambda told: answered.append(told.status) if told.url.endswith("/calls") else None)
    glass.open("form", "id=student-aid-proof")
    asked = page.get_by_role("alert").filter(has_text="需要您先同意")
    expect(asked).to_contain_text("仅用于家庭经济困难学生认定")
    glass.button("不同意").click()
    expect(asked).to_have_count(0)
    glass.button("查询").click()
    expect(asked).to_be_visible()
    assert answered == [403, 403]
    glass.button("同意并继续").click()
    expect(asked).to_have_count(0)
    expect(page.get_by_text("来源：县民政局")).to_be_visible()
    assert answered == [403, 403, 200]


def test_a_citizen_has_a_copy_of_everything_and_leaves(glass: Glass, town: Town) -> None:
    """The last of this county: who has left does not come back."""
    openid = next(each["openid"] for each in town.demo["personas"] if each["name"] == "王䶮")
    body = {"fields": {"reason": "没有收入", "phone": "13800000000"}, "materials": []}
    made = town.phone(openid).post("/bundles/help-where-you-live/cases", body, Idempotency_Key="before-leaving-1")
    numbers = {each["receipt_no"] for each in made.json()["parts"]}
    page = glass.login("王䶮").open("settings")
    short = re.compile(r"/cases(\?cursor=.*)?$")  # the hub gives one case a page
    page.route(short, _one_a_page)
    off = {"title": "没有找到", "code": "NOT_FOUND", "action": "call"}
    page.route("**/health-code/history", lambda asked: asked.fulfill(status=404, json=off))
    page.get_by_role("link", name="我的数据与注销").click()
    expect(page.locator(".pair", has_text="身份证号码")).to_contain_text("362*")
    with page.expect_download() as saved:
        glass.button("保存副本").click()
    copy = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert (copy["fields"]["name"]["value"], copy["fields"]["id_number"]["value"]) == ("王䶮", "362623190607312336")
    assert copy["parts"].pop("/api/v1/health-code/history") == {key: off[key] for key in ("code", "title")}
    assert all("items" in each for each in copy["parts"].values()) and len(copy["parts"]) == len(copy["elsewhere"]) - 1
    assert {each["receipt_no"] for each in copy["parts"]["/api/v1/cases"]["items"]} == numbers
    assert not page.evaluate("JSON.stringify(localStorage).includes('362623190607312336')"), "kept on the phone"
    expect(page.get_by_text("副本已保存到下载文件夹")).to_be_visible()

    kept = page.locator(".pair", has_text="交换记录")
    expect(kept).to_contain_text("个人信息保护法第五十六条")  # told beforehand
    glass.button("注销").click()
    glass.button("不，留下").click()
    glass.button("注销").click()
    assert not [each for each in glass.requests if each.method == "DELETE"], "the first tap deletes nothing"
    glass.button("确定注销").click()
    expect(page.get_by_role("status")).to_contain_text("已注销")
    expect(kept).to_contain_text("个人信息保护法第五十六条")
    assert "access" not in (page.evaluate("localStorage.getItem('session')") or "")
    glass.login("王䶮").open("me")
    expect(page.locator(".chip")).to_have_text("未认证")


def _one_a_page(asked: Route) -> None:
    asked.continue_(url=f"{asked.request.url}{'&' if '?' in asked.request.url else '?'}page_size=1")
