"""Files in a folder: taken when they are whole, once, and only when they are what they say."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError
from structlog.testing import capture_logs

from adapters.protocols.file_drop import Adapter
from adapters.protocols.file_drop_names import Pattern, safe
from adapters.protocols.file_drop_place import Seen
from adapters.protocols.file_drop_watch import CHINA, due, gaps, late
from hub.errors import Problem
from hub.port import Denied, Garbled, Rejected, Setting, Unavailable
from tests.protocols.dropping.office import HAN, HEAD, HERE, LIN, Change, Office, at_once, csv_of, facts_of
from tests.protocols.recorded import lonely

TODAY = f"ELDERLY_{datetime.now(CHINA):%Y%m%d}.csv"
YESTERDAY = f"ELDERLY_{datetime.now(CHINA) - timedelta(days=1):%Y%m%d}.csv"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def stays(raw: dict[str, Any]) -> None:
    """Files are left where they are."""
    at_once(raw)
    raw["file_drop"]["taken"] = ""


def both(one: Change, other: Change) -> Change:
    def change(raw: dict[str, Any]) -> None:
        one(raw)
        other(raw)

    return change


def ready(**facts: Any) -> Change:
    def change(raw: dict[str, Any]) -> None:
        raw["file_drop"]["ready"] = facts

    return change


def test_a_file_is_taken_once_and_moved_aside(office: Office) -> None:
    office.drop(TODAY, csv_of(HAN, LIN))
    assert [each.id for each in office.inbox.take(office.adapter)] == [TODAY]
    assert not office.inbox.take(office.adapter)
    taken = office.folder / "已取".encode("gbk").decode("utf-8", "surrogateescape")
    assert [each.name for each in taken.iterdir()] == [TODAY]
    assert len(office.inbox.rows) == 2


def test_fault_F15_half_written_is_not_taken_until_it_is_still_for_long_enough(tmp_path: Path) -> None:
    office = Office(tmp_path, change=both(at_once, ready(stable_s=3)))
    whole = csv_of(HAN, LIN)
    path = office.drop(TODAY, whole[:50])
    assert not office.inbox.take(office.adapter) and not office.inbox.take(office.adapter)
    time.sleep(3.2)
    path.write_bytes(whole)  # it went on: the time starts again
    assert not office.inbox.take(office.adapter)
    another = office.open()  # a worker that was just started goes by what the others saw
    time.sleep(3.2)
    assert len(office.inbox.take(another)) == 1 and len(office.inbox.rows) == 2


def test_fault_F15_sixty_seconds_unless_declared() -> None:
    facts = facts_of("elderly", lambda raw: raw["file_drop"].pop("ready"))
    assert facts["file_drop"]["ready"]["stable_s"] == 60


@pytest.mark.parametrize("holds", ["", "size", "sha256"])
def test_fault_F15_quirk_Q47_a_companion_says_that_it_is_whole(tmp_path: Path, holds: str) -> None:
    office = Office(tmp_path, change=both(at_once, ready(done=".done", holds=holds)))
    data = csv_of(HAN)
    path = office.drop(TODAY, data[:40])
    assert not office.inbox.take(office.adapter)
    told = {"": "", "size": str(len(data)), "sha256": f"{hashlib.sha256(data).hexdigest()}  {TODAY}"}[holds]
    office.drop(f"{TODAY}.done", told.encode())
    if holds:
        assert not office.inbox.take(office.adapter)  # still half of it
        assert [*office.inbox.alarms] == ["companion"]
    path.write_bytes(data)
    assert len(office.inbox.take(office.adapter)) == 1
    assert not [each for each in office.folder.iterdir() if each.is_file()]  # the companion went with it


def test_fault_F15_an_empty_file_alarms_and_is_taken_when_it_is_filled(office: Office) -> None:
    path = office.drop(TODAY, b"")
    for _ in range(2):
        assert not office.inbox.take(office.adapter)
        assert [*office.inbox.alarms] == ["empty"]
    path.write_bytes(csv_of(HAN))
    assert len(office.inbox.take(office.adapter)) == 1 and not office.inbox.alarms


@pytest.mark.parametrize("change", [at_once, stays])
def test_fault_F15_quirk_Q47_same_name_new_content_counts_and_the_old_again_does_not(
    tmp_path: Path, change: Change
) -> None:
    office = Office(tmp_path, change=change)
    corrected = [*HAN[:3], "120.00", HAN[4]]
    for data, new in ((csv_of(HAN), 1), (csv_of(corrected), 1), (csv_of(corrected), 0)):
        office.drop(TODAY, data)
        assert len(office.inbox.take(office.adapter)) == new
    assert [row.fields["paid_fen"] for row in office.inbox.rows.values()] == [12000]
    assert len(office.inbox.stored) == 2


def test_fault_F15_a_late_file_alarms(tmp_path: Path) -> None:
    def early(raw: dict[str, Any]) -> None:
        at_once(raw)
        raw["datasets"]["payments"]["expected"]["by"] = "00:00"

    office = Office(tmp_path, change=early)
    office.drop(YESTERDAY, csv_of(HAN))
    assert len(office.inbox.take(office.adapter)) == 1 and [*office.inbox.alarms] == ["late"]
    office.drop(TODAY, csv_of(HAN))
    for _ in range(2):  # also when it is in the folder of what was taken
        office.inbox.take(office.open())
        assert not office.inbox.alarms


@pytest.mark.parametrize(
    ("expected", "now", "day"),
    [
        ({"every": "day", "by": "06:00", "lag_days": 0}, "2026-11-25T06:00+08:00", "2026-11-25"),
        ({"every": "day", "by": "06:00", "lag_days": 0}, "2026-11-25T05:59+08:00", "2026-11-24"),
        ({"every": "day", "by": "06:00", "lag_days": 1}, "2026-11-24T22:30+00:00", "2026-11-24"),
        ({"every": "month", "day": 10, "by": "08:00", "lag_days": 0}, "2026-11-10T08:00+08:00", "2026-11-01"),
        ({"every": "month", "day": 10, "by": "08:00", "lag_days": 0}, "2026-01-09T08:00+08:00", "2025-12-01"),
    ],
)
def test_fault_F15_when_a_file_is_due(expected: dict[str, Any], now: str, day: str) -> None:
    assert due(expected, datetime.fromisoformat(now)).isoformat() == day


def test_fault_F15_without_a_date_in_its_name_a_file_is_of_the_day_it_came() -> None:
    now = datetime(2026, 11, 25, 8, tzinfo=CHINA)
    expected = {"every": "day", "by": "06:00", "lag_days": 0}
    came = Seen("名单.csv", 1, datetime(2026, 11, 25, 1, tzinfo=CHINA).timestamp())
    assert late(expected, Pattern("名单.csv"), [came], now) is None
    assert late(expected, Pattern("名单.csv"), [Seen("名单.csv", 1, came.changed - 7200)], now) == now.date()


def numbered(raw: dict[str, Any]) -> None:
    at_once(raw)
    raw["datasets"]["payments"] |= {"files": "ELDERLY_{seq:4}.csv", "sequence": "continuous"}
    raw["datasets"]["payments"].pop("expected")


def test_fault_F15_quirk_Q47_a_missing_number_alarms(tmp_path: Path) -> None:
    office = Office(tmp_path, change=numbered)
    office.drop("ELDERLY_0007.csv", csv_of(HAN))
    office.inbox.take(office.adapter)
    assert not office.inbox.alarms
    office.drop("ELDERLY_0009.csv", csv_of(HAN))
    office.inbox.take(office.adapter)
    assert office.inbox.alarms == {"gap": "ELDERLY_{seq:4}.csv: missing: number 8"}


def test_fault_F15_a_missing_number_is_seen_when_all_before_it_were_cleared_away(tmp_path: Path) -> None:
    office = Office(tmp_path, change=both(numbered, lambda raw: raw["file_drop"].update(taken="")))
    office.drop("ELDERLY_0007.csv", csv_of(HAN))
    office.inbox.take(office.adapter)
    (office.folder / "ELDERLY_0007.csv").unlink()
    office.drop("ELDERLY_0009.csv", csv_of(LIN))
    office.inbox.take(office.open())
    assert [*office.inbox.alarms] == ["gap"]


def test_numbers_that_start_anew_each_day() -> None:
    files = [Seen(f"A_{name}", 1, 0) for name in ("20261124_01.csv", "20261124_02.csv", "20261125_02.csv.0a1b2c3d")]
    assert gaps(Pattern("A_{yyyymmdd}_{seq:2}.csv"), True, files, None) == ["2026-11-25 1"]


def test_fault_F15_a_file_that_changes_between_look_and_settling_is_not_lost(office: Office) -> None:
    path = office.drop(TODAY, csv_of(HAN))
    (delivery,) = office.adapter.collect(time.monotonic() + 5)
    path.write_bytes(csv_of(HAN, LIN))
    office.adapter.settle(delivery)
    assert path.exists()
    assert len(office.inbox.take(office.adapter)) == 1 and len(office.inbox.rows) == 2


def test_a_crash_before_settling_loses_nothing(office: Office) -> None:
    office.drop(TODAY, csv_of(HAN))
    list(office.adapter.collect(time.monotonic() + 5))
    assert len(list(office.open().collect(time.monotonic() + 5))) == 1


def test_a_file_too_large_alarms_and_is_not_read(tmp_path: Path) -> None:
    office = Office(tmp_path, change=both(at_once, lambda raw: raw["file_drop"].update(max_mib=1)))
    office.drop(TODAY, b"x" * ((1 << 20) + 1))
    assert not office.inbox.take(office.adapter)
    assert [*office.inbox.alarms] == ["too_large"]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_quirk_Q49_names_in_gbk_on_the_disk(tmp_path: Path, encoding: str) -> None:
    def chinese(raw: dict[str, Any]) -> None:
        at_once(raw)
        raw["file_drop"]["path_encoding"] = encoding
        raw["datasets"]["payments"]["files"] = "津贴_{yyyymmdd}.csv"

    office = Office(tmp_path, change=chinese)
    here = os.fsencode(tmp_path)
    for name in ("津贴_20261125.csv".encode("gbk"), "津贴_20261124.csv".encode(), b"\xff\xfe.csv"):
        Path(os.fsdecode(here + b"/" + name)).write_bytes(csv_of(HAN))
    (delivery,) = office.inbox.take(office.adapter)
    assert delivery.id == "津贴_20261125.csv"
    assert "name" in office.inbox.alarms


def test_row_B87_a_name_never_leaves_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_bytes(csv_of(LIN))
    folder = tmp_path / "drop"
    folder.mkdir()
    office = Office(folder, change=both(stays, lambda raw: raw["datasets"]["payments"].update(files="{any}.csv")))
    (folder / "link.csv").symlink_to(outside)
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    (folder / ".hidden.csv").write_bytes(csv_of(LIN))
    (folder / "a\nb.csv").write_bytes(csv_of(LIN))
    (folder / "ok.csv").write_bytes(csv_of(HAN))
    assert [each.id for each in office.inbox.take(office.adapter)] == ["ok.csv"]


def test_row_B87_a_file_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_bytes(csv_of(LIN))
    folder = tmp_path / "drop"
    folder.mkdir()
    office = Office(folder)
    told = outside.stat()
    (folder / TODAY).symlink_to(outside)
    with pytest.raises(Unavailable):  # the system refuses to open it
        office.adapter._place.fetch(Seen(TODAY, told.st_size, told.st_mtime), time.monotonic() + 5)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "..\\x", "a\\b", "a\0b", ".x", "a\nb", "a\u202eb", "x" * 201])
def test_row_B87_names_that_are_never_touched(name: str) -> None:
    assert not safe(name)
    assert Pattern("{any}").match("a/b") is None


@pytest.mark.parametrize("below", ["..", "a/b", ".x", "a\\b"])
@pytest.mark.parametrize("key", ["folder", "taken", "reports"])
def test_a_folder_of_the_facts_is_a_plain_name(key: str, below: str) -> None:
    with pytest.raises(ValidationError):
        facts_of("elderly", lambda raw: raw["file_drop"].update({key: below}))


@pytest.mark.parametrize("address", ["file:///a/../etc", "file://relative", "http://127.0.0.1/x", "/srv", "file:///a%00b"])
def test_an_address_that_is_no_folder_is_refused(address: str) -> None:
    with pytest.raises(Problem) as caught:
        Adapter(Setting("elderly", address, facts_of("elderly"), HERE, lonely("elderly"), allow_private=True))
    assert caught.value.code == "CONFIG_INVALID"


def test_a_folder_that_is_gone_or_closed(tmp_path: Path) -> None:
    office = Office(tmp_path / "gone")
    for act in (lambda: office.adapter.probe(time.monotonic() + 3), lambda: office.inbox.take(office.adapter)):
        with pytest.raises(Unavailable):
            act()


def test_a_closed_folder_is_denied(tmp_path: Path) -> None:
    office = Office(tmp_path)
    tmp_path.chmod(0)
    machine = ctypes.CDLL(None)
    machine.setfsuid(65534)  # nothing is closed to root; this thread is nobody for a moment
    try:
        with pytest.raises(Denied):
            office.adapter.probe(time.monotonic() + 3)
    finally:
        machine.setfsuid(os.geteuid())
        tmp_path.chmod(0o700)


def test_quirk_Q51_the_row_report_comes_back_whole_and_without_values(office: Office) -> None:
    office.drop(TODAY, csv_of(HAN, [*LIN[:3], "=三百", LIN[4]]))
    office.inbox.take(office.adapter)
    folder = office.folder / os.fsdecode("回执".encode("gbk"))
    (report,) = folder.iterdir()  # no temporary name left
    assert os.fsencode(report.name).decode("gbk") == f"{TODAY}.回执.csv"
    text = report.read_bytes().decode("gb18030")
    assert text.splitlines() == [
        "文件,工作表,行,列,代码,原因", f"{TODAY},,3,发放金额,FORMAT,格式与约定不符。",
    ]  # fmt: skip
    assert LIN[1] not in text and "三百" not in text


def test_row_B57_a_report_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    def evil(raw: dict[str, Any]) -> None:
        at_once(raw)
        raw["datasets"]["payments"] |= {"files": "{any}.csv"}

    office = Office(tmp_path, change=evil)
    office.drop("=cmd|' C calc'!A0.csv", csv_of(["", *HAN[1:]]))
    office.inbox.take(office.adapter)
    (report,) = (office.folder / os.fsdecode("回执".encode("gbk"))).iterdir()
    assert report.read_bytes().decode("gb18030").splitlines()[1].startswith("'=cmd")


def test_a_half_written_report_of_a_crash_is_replaced(office: Office) -> None:
    folder = office.folder / os.fsdecode("回执".encode("gbk"))
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + f"/.{TODAY}.回执.csv.part".encode("gbk"))).write_bytes(b"half")
    office.drop(TODAY, csv_of(["", *HAN[1:]]))
    office.inbox.take(office.adapter)
    assert len(list(folder.iterdir())) == 1


# -- look-ups ---------------------------------------------------------------------------------------------------------

ASKED = {"id_number": HAN[1], "name": HAN[0]}


def test_what_was_delivered_is_answered(office: Office) -> None:
    earlier = [*HAN[:3], "90.00", "2026-09"]
    office.drop(TODAY, csv_of(HAN, LIN, earlier))
    office.inbox.take(office.adapter)
    fields = office.ask("query_payments", **ASKED).fields
    assert fields["payments"] == [
        {"month": "2026-10", "paid_fen": 10000}, {"month": "2026-09", "paid_fen": 9000},
    ]  # fmt: skip
    assert (fields["name"], fields["birth_date"], fields["stale"]) == (HAN[0], "1902-05-12", False)
    assert fields["as_of"][:10] == f"{datetime.now(CHINA):%Y-%m-%d}"


def test_nobody_of_that_number_and_name(office: Office) -> None:
    office.drop(TODAY, csv_of(HAN, LIN))
    office.inbox.take(office.adapter)
    for asked in ({**ASKED, "name": "林美梅"}, {**ASKED, "id_number": "362623190205121959"}):
        with pytest.raises(Rejected) as caught:
            office.ask("query_payments", **asked)
        assert [fault.code for fault in caught.value.faults] == ["ALLOWANCE_NOT_FOUND"]


def test_rows_that_contradict_each_other_are_no_answer(office: Office) -> None:
    office.drop(TODAY, csv_of(HAN, [*HAN[:2], "1902-05-13", "1.00", "2026-09"]))
    office.inbox.take(office.adapter)
    with pytest.raises(Garbled) as caught:
        office.ask("query_payments", **ASKED)
    assert caught.value.code == "UPSTREAM_CONFLICT"


def test_before_the_first_delivery_nothing_is_known(office: Office) -> None:
    with pytest.raises(Unavailable):
        office.ask("query_payments", **ASKED)


@pytest.mark.parametrize("when_old", ["tell", "refuse"])
def test_what_is_older_than_agreed_is_told_or_refused(tmp_path: Path, when_old: str) -> None:
    office = Office(
        tmp_path, change=both(at_once, lambda raw: raw["datasets"]["payments"].update(when_old=when_old))
    )
    office.drop(TODAY, csv_of(HAN))
    office.inbox.take(office.adapter)
    office.inbox.came["payments"] = datetime.now(UTC) - timedelta(hours=49)
    if when_old == "tell":
        assert office.ask("query_payments", **ASKED).fields["stale"] is True
        return
    with pytest.raises(Unavailable):
        office.ask("query_payments", **ASKED)


def test_no_personal_value_in_any_log(office: Office) -> None:
    data = csv_of([*HAN[:3], "x", HAN[4]], LIN)
    office.drop(TODAY, data.replace("发放月份".encode("gbk"), "发放月份,备注".encode("gbk")))
    with capture_logs() as logs:
        office.inbox.take(office.adapter)
    assert not any(value in json.dumps(logs, ensure_ascii=False, default=str) for value in (*HAN[:2], *LIN[:2]))
    assert HEAD[0] not in str(logs) and ("dataset payments", "column", "备注") in office.unmapped
