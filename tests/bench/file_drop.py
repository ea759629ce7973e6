"""Files of 50,000 rows, collected and read, next to the bare reader of the same file. `python -m tests.bench.file_drop
FORM SIDE ROWS` is the probe: one process of its own each, so that memory can be compared."""

from __future__ import annotations

import io
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
from dbfread import DBF  # type: ignore[import-untyped]
from python_calamine import load_workbook

from adapters.protocols.file_drop import FACTS, Adapter
from hub.port import Record, Setting
from hub.settings.reader import read_yaml
from tests.bench.processes import ROOT, SERVER_CPU
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.protocols.recorded import lonely

_ROWS, _FEW = 50_000, 5_000
_HEAD = ("姓名", "身份证号", "出生日期", "发放金额", "发放月份")
_FACTS = ROOT / "tests" / "protocols" / "dropping" / "elderly" / "system.yaml"


def file_drop(_: Stand, timing: Timing) -> Iterator[Row]:
    for form in ("xlsx", "dbf"):
        with Strangers() as strangers:
            ours = [_probe(form, "hub", _ROWS) for _ in range(timing.rounds)]
            bare = [_probe(form, "bare", _ROWS) for _ in range(timing.rounds)]
            few_ours, few_bare = _probe(form, "hub", _FEW), _probe(form, "bare", _FEW)
        spent, reference = min(each["seconds"] for each in ours), min(each["seconds"] for each in bare)
        yield Row(
            "files", f"{_ROWS:,} rows of {form.upper()}, collected and read", f"{_ROWS / spent:,.0f} rows/s",
            f"{_ROWS / reference:,.0f} rows/s", reference / spent, "≥ 0.5 ×", reference / spent >= 0.5,
            spent / _ROWS * 1e6, reference / _ROWS * 1e6, strangers.share,
        )  # fmt: skip
        grown = (ours[0]["mib"] - few_ours["mib"]) - max(0.0, bare[0]["mib"] - few_bare["mib"])
        yield Row(
            "files", f"memory of {form.upper()}: 50,000 rows over 5,000, beyond the bare reader's",
            f"{ours[0]['mib'] - few_ours['mib']:.1f} MiB", f"{bare[0]['mib'] - few_bare['mib']:.1f} MiB",
            target="≤ 8 MiB more", met=grown <= 8, others=strangers.share,
            note="both hold the file's own bytes; the bare reader of an XLSX its table besides",
        )  # fmt: skip


def _probe(form: str, side: str, rows: int) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.file_drop", form, side, str(rows)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, [SERVER_CPU]),
    )  # fmt: skip
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])  # log lines may stand before it
    return found


def _measured(form: str, side: str, rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"ELDERLY_20261125.{form}"
        if os.fork() == 0:  # what makes the file must not count
            path.write_bytes(_xlsx(rows) if form == "xlsx" else _dbf(rows))
            os._exit(0)
        os.wait()
        adapter = _adapter(Path(folder), form)
        before = _peak()
        began = time.process_time()
        found = _hub(adapter) if side == "hub" else _bare(path)
        spent = time.process_time() - began
        assert found == rows
        return {"seconds": spent, "mib": _peak() - before}


def _hub(adapter: Adapter) -> int:
    (delivery,) = adapter.collect(time.monotonic() + 60)
    return sum(type(row) is Record for row in adapter.read(delivery))


def _bare(path: Path) -> int:
    """As short as it can be written."""
    if path.suffix == ".dbf":
        return sum(1 for _ in DBF(path, encoding="gb18030"))
    return sum(1 for _ in load_workbook(path).get_sheet_by_index(0).iter_rows()) - 2


def _adapter(folder: Path, form: str) -> Adapter:
    raw: dict[str, Any] = read_yaml(_FACTS).value
    raw["file_drop"] |= {"ready": {"stable_s": 0}, "folder": "", "taken": ""}
    raw["datasets"]["payments"] |= {
        "format": {"xlsx": "excel"}.get(form, form), "files": f"ELDERLY_{{yyyymmdd}}.{form}", "expected": None,
        **({} if form == "xlsx" else {"trailer": None}),
    }  # fmt: skip
    given = {name: value for name, value in raw["datasets"]["payments"].items() if value is not None}
    facts = FACTS().load(raw | {"datasets": {"payments": given}})
    return Adapter(Setting("elderly", f"file://{folder}", facts, folder, lonely("elderly")))


def _row(number: int) -> tuple[str, str, str, float, str]:
    name = chr(0x4E00 + number % 2000) + chr(0x4E00 + number % 777)
    return name, f"3626231902{number:08d}", "1950-03-01", 100.0 + number % 800, "2026-10"


def _xlsx(rows: int) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("名单")
    page.append(_HEAD)
    for number in range(rows):
        page.append(_row(number))
    page.append(["合计", rows])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _dbf(rows: int) -> bytes:
    widths = (20, 18, 10, 10, 7)
    head = struct.pack("<BBBBIHH20x", 3, 126, 11, 25, rows, 32 + 32 * len(widths) + 1, 1 + sum(widths))
    for name, width in zip(_HEAD, widths, strict=True):
        head += struct.pack("<11sc4xBB14x", name.encode("gbk"), b"C", width, 0)
    body = b"".join(b" " + _record(_row(number), widths) for number in range(rows))
    return head + b"\r" + body + b"\x1a"


def _record(cells: tuple[Any, ...], widths: tuple[int, ...]) -> bytes:
    return b"".join(str(cell).encode("gbk").ljust(width) for cell, width in zip(cells, widths, strict=True))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
