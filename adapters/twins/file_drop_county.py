"""Two departments that drop files: a CSV in GBK with old-age allowances, a workbook with the tax of sole traders.

Their residents and amounts are those of the demo county. Neither is started by itself: they have no `make`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl

from adapters.twins.file_drop_site import FileDropSite
from adapters.twins.residents import Resident, county, luck

OLD, MOST = "1946-12-31", 300
GRADES = "ABMCD"
_WIDE = {ord("0") + digit: ord("０") + digit for digit in range(10)}
_EPOCH, _SURE = date(1899, 12, 30), date(1900, 3, 1)  # spreadsheets know a 29th of February 1900


class OldAge(FileDropSite):
    """Who gets the allowance: the first three hundred residents born until 1946."""

    place = "每日发放"
    head = ("姓名", "身份证号", "出生日期", "发放金额", "发放月份")

    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("elderly", secrets, seed, "gb18030")
        self._people = [person for person in county().residents.values() if person.birth_date <= OLD][:MOST]

    def file(self, day: date, again: bool) -> tuple[str, bytes, int]:
        rows = [self._row(person, day, again) for person in self._people]
        if self.quirk("Q41"):
            rows[0][1] = "3.62623E+17"
        if self.quirk("Q44"):
            rows[1][0] = "𠮷" + rows[1][0]
        if self.quirk("Q45"):
            rows[2][0] = "=1+1"
        rows = self.rows(rows, lambda row: [*row[:3], "0.01", row[4]])
        lines: list[Sequence[str]] = [self.head, *rows, ("合计", str(len(rows)))]
        if self.quirk("Q48"):
            lines = [("高龄津贴发放名单",), (), self.head, *map(_dressed, rows[:3]), (), *rows[3:], lines[-1]]
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(lines)
        return f"ELDERLY_{day:%Y%m%d}.csv", text.getvalue().encode("gb18030"), len(rows)

    def _row(self, person: Resident, day: date, again: bool) -> list[str]:
        paid = luck(self.seed, "old age", person.id_number).choice((50, 100, 300)) + again
        born = date.fromisoformat(person.birth_date)
        told = {
            "text": person.birth_date, "real": f"{born.year}/{born.month}/{born.day}",
            "serial": f"{(born - _EPOCH).days}.0" if born >= _SURE else person.birth_date,
        }[self.quirk("Q42")]  # fmt: skip
        return [person.name, person.id_number, told, f"{paid}.00", f"{day:%Y-%m}"]


class SoleTraders(FileDropSite):
    """An XLSX that is called .xls, as offices do when a form of 2011 asks for one."""

    head = ("单位名称", "纳税人识别号", "纳税信用级别")

    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__("invoice_file", secrets, seed, "utf-8")

    def file(self, day: date, again: bool) -> tuple[str, bytes, int]:
        rows: list[list[Any]] = []
        for number in range(40):
            grade = GRADES[(luck(self.seed, "grade", str(number)).randrange(5) + again) % 5]
            rows.append([f"示范县第{number + 1}个体户（虚构）", f"92360423MA{number:08d}", grade])
        if self.quirk("Q41"):
            rows[0][1] = 362623190205121932
        if self.quirk("Q45"):
            rows[2][0] = "=1+1"
        rows = self.rows(rows, lambda row: [*row[:2], "D"])
        lines: list[Sequence[Any]] = [self.head, *rows, ("合计", len(rows))]
        if self.quirk("Q48"):
            lines = [("个体户定税",), (), self.head, *map(_dressed, rows[:3]), (), *rows[3:], lines[-1]]
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        for line in lines:
            page.append(list(line))
        for row in page.iter_rows():
            for cell in row:
                cell.data_type = "s" if cell.data_type == "f" else cell.data_type  # text that looks like a formula
        file = io.BytesIO()
        book.save(file)
        return f"INVOICE_FILE_{day:%Y%m%d}.xls", file.getvalue(), len(rows)


def _dressed(row: Sequence[Any]) -> list[Any]:
    """As somebody types it: blanks behind, wide digits in numbers."""
    return [f"{row[0]}　 ", *(cell.translate(_WIDE) + " " if isinstance(cell, str) else cell for cell in row[1:])]
