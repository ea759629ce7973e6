"""A department's drop folder, an adapter opened on it as the hub opens one, and an inbox as small as can be."""

from __future__ import annotations

import copy
import csv
import hashlib
import io
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl

from adapters.protocols.file_drop import FACTS, Adapter
from hub.port import Alarm, BadRow, Call, Delivery, Record, Reply, Setting
from hub.settings.reader import read_yaml
from tests.protocols.recorded import lonely

HERE = Path(__file__).parent
HEAD = ["姓名", "身份证号", "出生日期", "发放金额", "发放月份"]
HAN = ["韩山福", "362623190205121932", "1902-05-12", "100.00", "2026-10"]
LIN = ["林美梅", "362623190008226786", "1900-08-22", "300.50", "2026-10"]
Change = Callable[[dict[str, Any]], None]


def facts_of(system: str, change: Change | None = None) -> Mapping[str, Any]:
    raw = copy.deepcopy(read_yaml(HERE / system / "system.yaml").value)
    if change:
        change(raw)
    facts: Mapping[str, Any] = FACTS().load(raw)
    return facts


class Inbox:
    """What the hub does with deliveries: each stored once by name and digest, settled, then read; rows by key."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], Delivery] = {}
        self.rows: dict[tuple[str, str], Record] = {}
        self.refused: list[BadRow] = []
        self.alarms: dict[str, str] = {}  # of the last round
        self.came: dict[str, datetime] = {}

    def find(self, dataset: str, field: str, value: str) -> tuple[Sequence[Mapping[str, Any]], datetime | None]:
        rows = [each.fields for (name, _), each in self.rows.items() if name == dataset]
        return [row for row in rows if row[field] == value], self.came.get(dataset)

    def take(self, adapter: Adapter, seconds: float = 10.0) -> list[Delivery]:
        """One round. Returns what was new."""
        new = []
        self.alarms.clear()
        for delivery in adapter.collect(time.monotonic() + seconds):
            if isinstance(delivery, Alarm):
                self.alarms[delivery.kind] = f"{delivery.about}: {delivery.note}"
                continue
            name = delivery.id, hashlib.sha256(delivery.raw).hexdigest()
            if name not in self.stored:
                self.stored[name] = delivery
                new.append(delivery)
            adapter.settle(delivery)
        for delivery in new:
            self._read(adapter, delivery)
        return new

    def _read(self, adapter: Adapter, delivery: Delivery) -> None:
        refused = []
        for row in adapter.read(delivery):
            if isinstance(row, BadRow):
                refused.append(row)
                continue
            before = self.rows.get((row.dataset, row.key))
            if before is None or before.version <= row.version:
                self.rows[row.dataset, row.key] = row
            self.came[row.dataset] = datetime.now(UTC)
        if refused:
            adapter.report(delivery, refused)
        self.refused += refused


def at_once(raw: dict[str, Any]) -> None:
    """Files count as whole at their first look, and lie in the folder of the address itself."""
    raw["file_drop"] |= {"ready": {"stable_s": 0}, "folder": ""}


class Office:
    """A department that uses a folder."""

    def __init__(self, folder: Path, system: str = "elderly", change: Change | None = at_once) -> None:
        self.folder, self.system, self.inbox = folder, system, Inbox()
        self.facts = facts_of(system, change)
        self.shared = lonely(system)
        self.unmapped: list[tuple[str, str, str]] = []
        self.adapter = self.open()

    def open(self) -> Adapter:
        """As one more worker would."""
        return Adapter(
            Setting(
                self.system, f"file://{self.folder}", self.facts, HERE, self.shared, records=self.inbox,
                allow_private=True, unmapped=lambda *word: self.unmapped.append(word),
            )
        )

    def drop(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def read(self, name: str, data: bytes) -> tuple[list[Record], list[BadRow]]:
        rows = list(self.adapter.read(Delivery(name, data)))
        return [row for row in rows if isinstance(row, Record)], [row for row in rows if isinstance(row, BadRow)]

    def ask(self, operation: str, **fields: Any) -> Reply:
        return self.adapter.call(Call(operation, fields, time.monotonic() + 3))


def csv_of(*rows: Sequence[str], charset: str = "gb18030", total: bool = True, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    lines = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    lines.writerows([HEAD, *rows, *([["合计", str(len(rows))]] if total else [])])
    return text.getvalue().encode(charset)


def xlsx_of(rows: Iterable[Sequence[Any]], sheet: str = "名单") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def excel(raw: dict[str, Any]) -> None:
    """The same rows as an XLSX."""
    at_once(raw)
    raw["datasets"]["payments"] |= {"format": "excel", "files": "ELDERLY_{yyyymmdd}.xlsx"}
