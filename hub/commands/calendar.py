"""`hub calendar`: which days are working days, and the files that say so. The days themselves come from a library."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import click
import yaml

from hub.workdays import FOLDER, Workdays

FIRST_YEAR = 2024
_HEAD = """\
# Days of {year} that are not what their weekday says: the State Council's notice of public holidays,
# as the library chinesecalendar {version} has it. Written by `hub calendar refresh`.
"""


@click.group()
def calendar() -> None:
    """Look at the working days, and write their files anew."""


@calendar.command()
def status() -> None:
    """The last day that is known."""
    click.echo(f"Working days are known until {Workdays.load().known_until}.")


@calendar.command()
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, help="The folder.")
def refresh(into: Path) -> None:
    """Write a file for each year the installed library knows. Update the library first."""
    into.mkdir(parents=True, exist_ok=True)
    last = max(chinese_calendar.holidays).year
    for year in range(FIRST_YEAR, last + 1):
        (into / f"{year}.yaml").write_text(text_of(year), encoding="utf-8")
    click.echo(f"Working days are known until {last}-12-31.")


def text_of(year: int) -> str:
    """The file of one year. Raises NotImplementedError for a year the library does not know."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    days = [day for day in days if day.year == year]
    told = {
        "holidays": [day for day in days if day.weekday() < 5 and not chinese_calendar.is_workday(day)],
        "workdays": [day for day in days if day.weekday() >= 5 and chinese_calendar.is_workday(day)],
    }
    return _HEAD.format(year=year, version=chinese_calendar.__version__) + yaml.safe_dump(told, sort_keys=True)
