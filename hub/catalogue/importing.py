"""Takes a published catalogue into the tables: `hub import FILE`. Nothing in a file is trusted, no link is opened.

The same file taken twice changes nothing the second time. What is not in a file stays: files hold parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from hub.catalogue.cells import Refused
from hub.catalogue.fitting import Fitting
from hub.catalogue.items import CONFIG, Counts
from hub.catalogue.published import Row, rows
from hub.catalogue.reading import NotJson, values
from hub.catalogue.writing import LONGEST_S, Writer, lock, supersede
from hub.settings.shapes import Snapshot

_MOST_TOLD = 1000
_SCHEME = re.compile(r"[a-z][a-z0-9_]{1,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one row: its number in the file (from 1), its name, and what."""

    row: int
    name: str
    text: str


@dataclass(slots=True)
class Report:
    """What an import did. At most a thousand remarks of each sort are kept; the counts are of all. `broken` says
    where the file itself stopped being readable: nothing of it was taken then."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    broken: str = ""

    @property
    def taken(self) -> int:
        return self.new + self.changed + self.unchanged

    def refuse(self, remark: Remark) -> None:
        self.refused += 1
        _tell(self.refusals, remark)

    def warn(self, remark: Remark) -> None:
        _tell(self.warnings, remark)


def _tell(remarks: list[Remark], remark: Remark) -> None:
    if len(remarks) < _MOST_TOLD:
        remarks.append(remark)


class Broken(Exception):
    """The file cannot be read to its end; the caller's transaction must not be kept. `report` says how far it came."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.broken)
        self.report = report


def import_published(session: Session, source: Path | BinaryIO, scheme: str, snapshot: Snapshot) -> Report:
    """Takes all rows of a file. `scheme` names whose codes they are (config/regions.yaml may name a validator for it).
    Raises Broken when the file is not JSON, ValueError when the scheme is not a plain word."""
    if not _SCHEME.fullmatch(scheme) or scheme == CONFIG:
        raise ValueError(f"'{scheme}' is not a name for a code scheme")
    lock(session, LONGEST_S)
    report, fitting = Report(), Fitting(scheme, snapshot)
    with _opened(source) as stream, Writer(session) as writer:
        try:
            for value in values(stream):
                for row in rows(value, scheme):
                    report.rows += 1
                    _take(row, report, writer, fitting)
        except NotJson as error:
            report.broken = f"after row {report.rows}: {error}"
            raise Broken(report) from None
        _settle(report, writer.finish())
    supersede(session)
    return report


def _take(row: Row, report: Report, writer: Writer, fitting: Fitting) -> None:
    number = report.rows
    try:
        item = fitting.fit(row.make(), lambda text: report.warn(Remark(number, row.name, text)))
    except Refused as refused:
        report.refuse(Remark(number, row.name, str(refused)))
        return
    writer.add(item, number)


def _settle(report: Report, counts: Counts) -> None:
    report.new, report.changed, report.unchanged = counts.new, counts.changed, counts.unchanged
    for number, name in counts.refused:
        report.refuse(Remark(number, name, "is in force on the same day as another version of it"))


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source
