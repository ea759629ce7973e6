"""The social security centre's twin: contributions by year and pension status, as pages behind a login.

Each query names its person, so the session holds nobody. The pension page wants its hidden token back (Q18).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.twins import residents
from adapters.twins.form_site import FormSite, Visit, message, pairs, table
from adapters.twins.residents import Resident
from adapters.twins.twin import Request, Twin

KINDS = ["企业职工基本养老保险", "失业保险", "工伤保险"]
COLUMNS = ["缴费年月", "险种", "缴费基数", "单位缴费", "个人缴费", "到账标志"]
LATEST = 2025


class SocialSecurity(FormSite):
    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("social_security", secrets, seed, {})

    def page_for(self, request: Request, visit: Visit, form: Mapping[str, str]) -> str | None:
        if (request.method, request.path) == ("GET", "/pension/query.jsp"):
            return f'<form><input type="hidden" name="__VIEWSTATE" value="{self.issued(visit)}"></form>'
        pages = {"/contributions/list.do": self._contributions, "/pension/view.do": self._pension}
        page = pages.get(request.path)
        if page is None or request.method != "POST":
            return None
        if request.path == "/pension/view.do" and not self.used(visit, form.get("__VIEWSTATE", "")):
            return message("页面已失效，请刷新后重新提交")
        person = self.resident(form)
        return person if isinstance(person, str) else page(person, form)

    def _contributions(self, person: Resident, form: Mapping[str, str]) -> str:
        year = form.get("nd") or str(LATEST)
        since = residents.luck(self.seed, "insured since", person.id_number).randint(2008, 2020)
        if not year.isascii() or not year.isdigit():
            return message("年度不正确")
        rows = self._year(person, int(year)) if since <= int(year) <= LATEST else []
        rows = self.rows(rows, lambda row: [*row[:4], "0.01", row[5]])
        about = {"姓名": person.name, "公民身份号码": person.id_number, "年度": year, "合计条数": str(len(rows))}
        return pairs(about) + table(COLUMNS, rows, "没有符合条件的记录")

    def _year(self, person: Resident, year: int) -> list[list[str]]:
        luck = residents.luck(self.seed, "contributions", person.id_number, str(year))
        wage = luck.randrange(320_000, 1_200_000)  # fen
        paid = luck.choice(["已到账", "已到账", "欠缴"])
        return [
            [f"{year}-{month:02d}", kind, _yuan(wage), _yuan(wage * share // 100), _yuan(wage * own // 100), paid]
            for month in range(1, 13)
            for kind, share, own in zip(KINDS[:1], [16], [8], strict=True)
        ]

    def _pension(self, person: Resident, _: Mapping[str, str]) -> str:
        luck = residents.luck(self.seed, "retirement", person.id_number)
        state = luck.choice(["正常发放", "正常发放", "正常发放", "暂停发放", "未享受待遇"])
        receives = state != "未享受待遇"
        return pairs(
            {
                "姓名": person.name,
                "公民身份号码": person.id_number,
                "待遇状态": state,
                "月养老金": _yuan(luck.randrange(180_000, 620_000)) if receives else "",
                "起领年月": f"{luck.randint(1995, 2015)}-{luck.randint(1, 12):02d}" if receives else "",
                "认证有效期至": f"2026年{luck.randint(1, 12):02d}月{luck.randint(1, 28):02d}日" if receives else "",
            }
        )


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def make(secrets: Path, seed: int) -> Twin:
    return SocialSecurity(secrets, seed)
