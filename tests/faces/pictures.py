"""`make pictures`: the pictures of README's first five minutes, taken from the real pages of a fresh demo county."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.county import ROOT, running_county
from tests.faces.phone import Glass

FOLDER = ROOT / "docs" / "pictures"


def answer(glass: Glass) -> None:
    page = glass.open("form", "id=housing-fund-account")
    expect(page.get_by_text("来源：")).to_be_visible()


def filed(glass: Glass) -> None:
    page = glass.open("form", "id=household-application")
    page.get_by_role("radio", name="居住证明").click()
    page.get_by_label("申请理由").fill("子女入学")
    glass.button("提交").click()
    glass.button("查看进度").click()
    expect(page.get_by_text("已送达部门")).to_be_visible()


def licence(glass: Glass) -> None:
    page = glass.open("licences")
    glass.button("亮证").first.click()
    expect(page.get_by_text("秒后失效")).to_be_visible()


def elder(glass: Glass) -> None:
    glass.open("settings").get_by_role("switch", name="长辈版").click()
    home(glass)


def home(glass: Glass) -> None:
    expect(glass.open("home").get_by_text("可在线办理")).to_be_visible()


SHOTS: dict[str, Callable[[Glass], None]] = {
    "1-home": home, "2-answer": answer, "3-case": filed, "4-licence": licence, "5-elder": elder,
}  # fmt: skip


def take(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    with running_county({"HUB_WORKERS": "1"}) as county, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        glass = Glass(county.base_url, browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN"))
        glass.login()
        for name, show in SHOTS.items():
            show(glass)
            glass.page.wait_for_timeout(500)
            glass.page.screenshot(path=folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
