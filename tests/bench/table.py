"""The one table of a bench run, and the same as JSON."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One measured promise. `met` is None where it could not be measured; `note` says why."""

    row: str
    what: str
    hub: str = ""
    reference: str = ""
    ratio: float = math.nan
    target: str = ""
    met: bool | None = None
    hub_cpu_us: float = math.nan
    reference_cpu_us: float = math.nan
    others: float = math.nan
    note: str = ""


def skipped(row: str, what: str, why: str) -> Row:
    return Row(row, what, note=why)


def show(rows: Sequence[Row]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("row", "what", "hub", "reference", "ratio", "target", "met", "CPU µs", "ref. CPU µs", "others"):
        table.add_column(heading, justify="left" if heading in ("row", "what", "target") else "right")
    for row in rows:
        met = {True: "yes", False: "NO", None: "-"}[row.met]
        cpu = _number(row.hub_cpu_us, "{:.0f}"), _number(row.reference_cpu_us, "{:.0f}")
        figures = row.hub, row.reference, _number(row.ratio, "{:.3g}"), row.target, met
        what = row.what + (f"\n  {row.note}" if row.note else "")
        table.add_row(row.row, what, *figures, *cpu, _number(row.others, "{:.0%}"))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)


def write(rows: Sequence[Row], file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    told = {"at": datetime.now(UTC).isoformat(), "machine": platform.platform(), "rows": [_plain(row) for row in rows]}
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _plain(row: Row) -> dict[str, object]:
    unknown = {key for key, value in asdict(row).items() if isinstance(value, float) and math.isnan(value)}
    return {key: None if key in unknown else value for key, value in asdict(row).items()}


def _number(value: float, form: str) -> str:
    return "" if math.isnan(value) else form.format(value)
