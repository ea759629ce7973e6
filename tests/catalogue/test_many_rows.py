"""Two hundred thousand items: no hit is missed against a scan of every title, and pages go through all of them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import text

from hub.catalogue import query
from hub.catalogue.frequencies import Frequencies
from hub.catalogue.pinyin import readings
from hub.catalogue.rules import Query
from hub.catalogue.search import Position, Search
from hub.catalogue.words import indexed
from hub.database import Database
from tests.bench.catalogue_rows import fill

TODAY = date(2026, 1, 15)
ROWS = 200_000


@pytest.fixture(scope="module")
def nationwide(make_database: Callable[[], str]) -> Iterator[Database]:
    database = Database(make_database(), pool_size=2)
    fill(database, ROWS)
    yield database
    database.close()


@pytest.fixture(scope="module")
def listed(nationwide: Database) -> list[tuple[str, str, str]]:
    """Id, title and region of every item."""
    with nationwide.read() as connection:
        rows = connection.execute(text("SELECT id, title, region FROM catalogue_item"))
        return [(id, title, region) for id, title, region in rows]


def found(database: Database, asked: Query, close: bool = False) -> list[str]:
    """Every id, page by page."""
    condition = query.close(asked.q) if close else query.exact(asked.q)
    ids: list[str] = []
    start: Position | None = None
    with database.read() as connection:
        while True:
            page = Search(connection, asked, TODAY, Frequencies.read(connection)).page(condition, start)
            ids += [item["id"] for item in page.items]
            if page.rest is None:
                return ids
            start = page.rest


@dataclass(frozen=True)
class Called:
    """What a title is called, for a scan without any index."""

    title: str
    initials: tuple[str, ...]
    typed: str

    @classmethod
    def of(cls, title: str) -> Called:
        read = readings(title)
        starts = ("".join(reading[start:]) for reading in read for start in range(len(reading)))
        return cls(title, tuple("".join(each[0] for each in reading) for reading in read), "\n" + "\n".join(starts))

    def met(self, said: str) -> bool:
        """It stands in the title; or in its initials; or it reads on from the start of a syllable."""
        if re.search("[^a-z0-9]", said):
            return said in self.title
        return any(said in each for each in self.initials) or f"\n{said}" in self.typed


def said_by_chance(titles: list[str], number: int) -> Iterator[str]:
    chance = random.Random(7)
    for _ in range(number):
        title = chance.choice(titles)
        start = chance.randrange(len(title) - 1)
        part = title[start : start + chance.randint(1, 5)]
        reading = chance.choice(readings(part))
        yield part
        yield "".join(syllable[0] for syllable in reading)[:6]
        yield "".join(reading)[: chance.randint(2, 14)]


def test_row_P8_no_hit_is_missed(nationwide: Database, listed: list[tuple[str, str, str]]) -> None:
    titles = sorted({title for _, title, _ in listed})
    scanned = [Called.of(title) for title in titles]
    known = {indexed(title).id: title for title in titles}
    with nationwide.read() as connection:
        search = Search(connection, Query(), TODAY, Frequencies.read(connection))
        for said in said_by_chance(titles, 100):
            met = [known[id] for _, id in search.names(query.exact(said), None, 10**6)]
            assert set(met) == {each.title for each in scanned if each.met(said)}, said
            first = [known[id] for _, id in search.names(query.exact(said), None, 21)]
            assert first == met[:21], said


@pytest.mark.parametrize(
    ("q", "region"),
    [("登记", ""), ("许可证", ""), ("djz", ""), ("shenling", ""), ("登记", "110101"), ("bushi", ""), ("", "110101"),
     ("公积金", "110000"), ("登", "110100")],
)  # fmt: skip
def test_row_P8_all_pages_together_are_the_scan(
    nationwide: Database, listed: list[tuple[str, str, str]], q: str, region: str
) -> None:
    prefix = region.rstrip("0") if region != "110101" else region
    met = {title for title in {title for _, title, _ in listed} if Called.of(title).met(q)}
    wanted = {id for id, title, at in listed if title in met and at.startswith(prefix)}
    ids = found(nationwide, Query(q=q, region=region, page_size=97 if len(wanted) < 3000 else 5000))
    assert len(ids) == len(set(ids))
    assert set(ids) == wanted


@pytest.mark.parametrize("said", ["身份证", "食品经营许可", "不动产首次登记"])
def test_feat_X14_one_wrong_character_anywhere(nationwide: Database, said: str) -> None:
    right = set(found(nationwide, Query(q=said, page_size=5000)))
    assert right
    for place in range(len(said)):
        wrong = f"{said[:place]}锟{said[place + 1 :]}"
        assert right <= set(found(nationwide, Query(q=wrong, page_size=5000), close=True)), wrong


def test_a_rare_filter_ends_in_time(nationwide: Database) -> None:
    """Nothing fits, and there are twenty thousand titles to look at: still one bounded question, not one per title."""
    with nationwide.read() as connection:
        search = Search(connection, Query(region="820000"), TODAY, Frequencies.read(connection))
        assert search.page(query.exact("登记"), None).items == ()
        assert search.page(None, None).items == ()
