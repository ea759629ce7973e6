"""Deadlines are right across holidays and make-up Sundays (E4)."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.clock import CHINA
from hub.commands.calendar import calendar, text_of
from hub.commands.doctor import working_days
from hub.workdays import FOLDER, Workdays

DAYS = Workdays.load()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-25T09:00", 1, "2026-11-26"),
        ("2026-11-27T23:59", 1, "2026-11-30"),  # a weekend between
        ("2026-09-18T10:00", 1, "2026-09-20"),  # Friday, then a make-up Sunday
        ("2026-09-30T10:00", 1, "2026-10-08"),  # the National Day holidays
        ("2026-10-08T10:00", 2, "2026-10-10"),  # a make-up Saturday
        ("2026-02-13T10:00", 3, "2026-02-25"),  # Saturday 14 works; spring festival until the 23rd
        ("2026-11-25T09:00", 0, "2026-11-25"),
    ],
)
def test_feat_E4_days_of_work_are_those_of_the_official_calendar(start: str, days: int, due: str) -> None:
    told = DAYS.after(at(start), days)
    assert told.date() == date.fromisoformat(due)
    assert (told.hour, told.minute, told.utcoffset()) == (23, 59, CHINA.utcoffset(None))
    assert DAYS.between(at(start), told) == days


def test_the_day_is_that_of_china_wherever_the_time_was_told() -> None:
    assert DAYS.after(datetime.fromisoformat("2026-11-25T17:30:00+00:00"), 1).date() == date(2026, 11, 27)


def test_the_files_are_what_the_library_says(tmp_path: Path) -> None:
    told = CliRunner().invoke(calendar, ["refresh", "--into", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert DAYS.known_until.isoformat() in told.output
    for file in FOLDER.glob("*.yaml"):
        assert (tmp_path / file.name).read_text(encoding="utf-8") == file.read_text(encoding="utf-8")


def test_a_year_nobody_has_announced_is_not_made_up() -> None:
    with pytest.raises(NotImplementedError):
        text_of(DAYS.known_until.year + 1)
    with pytest.raises(ValueError, match="no file"):
        Workdays.load(Path(__file__).parent)


@pytest.mark.parametrize(
    ("today", "verdict"),
    [(date(2026, 10, 1), "good"), (date(2026, 11, 15), "watch"), (date(2027, 1, 1), "watch")],
)
def test_feat_E4_the_doctor_says_when_the_next_years_days_are_missing(today: date, verdict: str) -> None:
    found = working_days(date(2026, 12, 31), today)
    assert found.verdict == verdict and "2026-12-31" in found.found
    assert ("refresh" in found.next) == (verdict != "good")
