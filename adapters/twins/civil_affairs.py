"""The civil affairs bureau's twin: marriage records and social assistance, as pages behind a clerk's login.

The clerk first chooses the person; every later page shows the person the *session* is at. Two callers who share the
session without taking turns therefore see each other's record (feature X9): that is what this twin is for.

Q19  what a second application for the same person and item is answered with: true (the page of the first, nothing new
     kept), "second" (a page of success, kept twice), false (a refusal)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path
from random import Random

from adapters.twins import residents
from adapters.twins.form_site import FormSite, Visit, message, pairs, table
from adapters.twins.residents import Resident
from adapters.twins.twin import Request, Twin

CHINA = timezone(timedelta(hours=8))
KINDS = {"01": "最低生活保障", "02": "临时救助", "03": "医疗救助"}
NOTHING = "暂无数据"


class CivilAffairs(FormSite):
    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("civil_affairs", secrets, seed, {"Q16": True, "Q19": True})

    def page_for(self, request: Request, visit: Visit, form: Mapping[str, str]) -> str | None:
        if (request.method, request.path) == ("POST", "/person/select.do"):
            return self._select(visit, form)
        if (request.method, request.path) == ("POST", "/support/roster.do"):
            return self._roster(form.get("xzqh", ""), form.get("ffyf", ""))
        pages = {
            ("GET", "/marriage/view.do"): self._marriage,
            ("GET", "/assistance/list.do"): self._assistance,
            ("GET", "/assistance/applications.do"): self._applications,
        }
        person = visit.person
        if person is None:
            return message("请先选择人员")
        if (request.method, request.path) == ("GET", "/assistance/apply.jsp"):
            return _application_form(self.issued(visit), person)
        if (request.method, request.path) == ("POST", "/assistance/apply.do"):
            return self._apply(visit, person, form)
        page = pages.get((request.method, request.path))
        return page(person) if page else None

    def _select(self, visit: Visit, form: Mapping[str, str]) -> str:
        person = self.resident(form)
        if isinstance(person, str):
            return person
        visit.person = person
        return pairs({"姓　名": person.name, "身份证号": person.id_number}) + "<p>已选定</p>"

    def _roster(self, town: str, month: str) -> str:
        """Who is supported there: one in three, each month the same."""
        there = [person for person in self.county.residents.values() if person.town_code == town]
        if not there:
            return message("没有该乡镇")
        rows = []
        for person in there:
            luck = residents.luck(self.seed, "support", person.id_number)
            if luck.randrange(3) == 0:
                address, amount = self.county.households[person.household].address, luck.randrange(60000, 120000) / 100
                rows.append([person.name, person.id_number, address, f"{amount:.2f}", month])
        rows = self.rows(rows, lambda row: [*row[:3], "1.00", row[4]])
        head = ["姓名", "身份证号", "居住地址", "发放金额（元）", "发放月份"]
        return pairs({"乡镇代码": town, "记录数": str(len(rows))}) + table(head, rows, NOTHING)

    def _marriage(self, person: Resident) -> str:
        number = self.county.spouses.get(person.number)
        spouse = self.county.of(number) if number else None
        couple = sorted([person.number, number or ""])
        day = _day(residents.luck(self.seed, "marriage", *couple), 1921, 1945) if spouse else ""
        return pairs(
            {
                "姓　名": person.name,
                "身份证号": person.id_number,
                "婚姻状况": "已婚" if spouse else "未婚",
                "配偶姓名": spouse.name if spouse else "",
                "配偶身份证号": spouse.id_number if spouse else "",
                "登记日期": day,
                "登记机关": "示范县民政局婚姻登记处" if spouse else "",
            }
        )

    def _assistance(self, person: Resident) -> str:
        luck = residents.luck(self.seed, "social aid", person.id_number)
        months = luck.choice([0, 0, 1, 2, 6])
        kind = luck.choice(list(KINDS.values()))
        rows = [[kind, f"2025-{month:02d}", f"{luck.randrange(20000, 90000) / 100:.2f}", "已发放"]
                for month in range(1, months + 1)]  # fmt: skip
        rows = self.rows(rows, lambda row: [*row[:2], "1.00", row[3]])
        about = {"姓　名": person.name, "身份证号": person.id_number, "记录数": str(len(rows))}
        return pairs(about) + table(["救助类别", "发放月份", "发放金额（元）", "发放状态"], rows, NOTHING)

    def _applications(self, person: Resident) -> str:
        rows = [
            [_receipt(record["number"]), record["kind_name"], record["reason"], record["applied_on"], "已受理"]
            for record in self.records.visible()
            if record["id_number"] == person.id_number
        ]
        about = {"姓　名": person.name, "身份证号": person.id_number, "记录数": str(len(rows))}
        return pairs(about) + table(["受理编号", "申请事项", "申请理由", "申请日期", "办理状态"], rows, NOTHING)

    def _apply(self, visit: Visit, person: Resident, form: Mapping[str, str]) -> str:
        if not self.used(visit, form.get("csrf_token", "")):
            return message("页面已失效，请刷新后重新提交")
        kind = form.get("jzlb", "")
        if kind not in KINDS:
            return message("救助类别不正确")
        earlier = [r for r in self.records.all() if (r["id_number"], r["kind"]) == (person.id_number, kind)]
        if earlier and not self.quirk("Q19"):
            return message("请勿重复提交")
        if earlier and self.quirk("Q19") is True:
            return _success(person, earlier[0]["number"])
        number = self.records.add(
            {
                "id_number": person.id_number,
                "name": person.name,
                "kind": kind,
                "kind_name": KINDS[kind],
                "reason": form.get("sqly", ""),
                "phone": form.get("lxdh", ""),
                "certificate_no": form.get("jzzmbh", ""),
                "applied_on": datetime.now(CHINA).strftime("%Y-%m-%d"),
            }
        )
        return _success(person, number)


def _application_form(token: str, person: Resident) -> str:
    return (
        '<form action="/assistance/apply.do" method="post">'
        f'<input type="hidden" name="csrf_token" value="{token}">'
        f"<p>{escape(person.name)}</p>类别<select name='jzlb'></select>理由<input name='sqly'></form>"
    )


def _receipt(number: int) -> str:
    return f"MZ360423{number:06d}"


def _success(person: Resident, number: int) -> str:
    about = {"姓　名": person.name, "身份证号": person.id_number, "受理编号": _receipt(number)}
    return pairs(about) + "<p>提交成功</p>"


def _day(luck: Random, first: int, last: int) -> str:
    return f"{luck.randint(first, last)}年{luck.randint(1, 12):02d}月{luck.randint(1, 28):02d}日"


def make(secrets: Path, seed: int) -> Twin:
    return CivilAffairs(secrets, seed)
