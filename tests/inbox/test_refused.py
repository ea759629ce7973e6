"""What was refused, is missing or late reaches the department and operations: through the inbox, from a real folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.port import Alarm, BadRow
from tests.configuration import written
from tests.inbox.world import World, build, eventually
from tests.protocols.dropping.office import HAN, LIN, csv_of

BAD = [*LIN[:3], "三百", LIN[4]]
REPORTS = os.fsdecode("回执".encode("gbk"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    written(tmp_path / "config", {"sheets": {"address": f"file://{folder}", "allow_private": True}})
    return folder


@pytest.fixture
def world(tmp_path: Path, folder: Path, empty_database: str) -> Iterator[World]:
    built = build(tmp_path, empty_database)
    yield built
    built.close()


def reported(folder: Path, name: str) -> list[str]:
    path = Path(os.fsdecode(os.fsencode(folder / REPORTS) + f"/{name}.回执.csv".encode("gbk")))
    return path.read_bytes().decode("gb18030").splitlines() if path.exists() else []


def test_feat_C2_row_by_row_the_department_and_we_read_what_was_refused(world: World, folder: Path) -> None:
    (folder / "PAID_0001.csv").write_bytes(csv_of(HAN, BAD))
    world.work()
    (arrived,) = eventually(lambda: world.arrived("sheets", "done"))
    assert (arrived.records, arrived.bad_rows) == (1, 1)
    assert reported(folder, "PAID_0001.csv")[1:] == ["PAID_0001.csv,,3,发放金额,FORMAT,格式与约定不符。"]
    with world.database.session() as session:
        ((told, rows),) = world.inbox.refused(session, "sheets", 20)
        (lately,) = world.inbox.refusals(session, arrived.received_at)
    assert (told.message_id, [(each.place, each.code) for each in rows]) == (
        "PAID_0001.csv", [("PAID_0001.csv//3/发放金额", "FORMAT")],
    )  # fmt: skip
    assert (lately.rows, lately.bad_rows, lately.quarantined) == (2, 1, 0)


def test_feat_C4_what_a_room_makes_nothing_of_is_in_the_report_of_the_last_rows_too(
    tmp_path: Path, folder: Path, empty_database: str
) -> None:
    built = build(tmp_path, empty_database, brought=lambda *_: [BadRow("case_events[0]", "RECEIPT_UNKNOWN")])
    try:
        (folder / "PAID_0001.csv").write_bytes(csv_of(HAN))
        built.work()
        (arrived,) = eventually(lambda: built.arrived("sheets", "done"))
    finally:
        built.close()
    assert (arrived.records, arrived.bad_rows) == (1, 1)
    assert reported(folder, "PAID_0001.csv")[1:] == [
        "case_events[0],,,,RECEIPT_UNKNOWN,本系统还不知道这个受理编号，知道后会自动补记。",
    ]


def test_fault_F15_a_gap_and_what_cannot_be_used_reach_operations_until_it_is_over(world: World, folder: Path) -> None:
    (folder / "PAID_0001.csv").write_bytes(csv_of(HAN))
    (folder / "PAID_0003.csv").write_bytes(b"")
    world.work()
    met = [Alarm("gap", "PAID_{seq:4}.csv", "missing: number 2"), Alarm("empty", "PAID_0003.csv", "nothing is in it")]
    eventually(lambda: world.alarms.get("sheets") == (met, True))
    (folder / "PAID_0003.csv").write_bytes(csv_of(HAN))
    (folder / "PAID_0002.csv").write_bytes(csv_of(HAN))
    eventually(lambda: world.alarms["sheets"] == ([], True))


def test_a_department_that_cannot_be_collected_from_reaches_operations(world: World, folder: Path) -> None:
    folder.rename(folder.with_name("away"))
    world.work()
    alarms, whole = eventually(lambda: world.alarms.get("sheets"))
    assert not whole and [each.kind for each in alarms] == ["collect"]
    assert alarms[0].note.startswith("DEPARTMENT_UNAVAILABLE")


def test_a_report_that_cannot_be_left_there_stops_no_row(world: World, folder: Path) -> None:
    (folder / REPORTS).write_bytes(b"no folder")
    (folder / "PAID_0001.csv").write_bytes(csv_of(HAN, BAD))
    world.work()
    (arrived,) = eventually(lambda: world.arrived("sheets", "done"))
    assert (arrived.records, arrived.bad_rows) == (1, 1)
