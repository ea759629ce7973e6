"""Counts are right whatever comes twice, late or after a crash; small groups are hidden; a search needs an order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from hub.clock import CHINA, Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.flow import writing
from hub.flow.events import Crossing
from hub.flow.models import CrossingRow
from hub.flow.rules import bucket_of
from hub.flow.service import Flow, Search
from hub.flow.stream import STREAM
from hub.gateway.redis_line import RedisLine, connect
from hub.ledger.orders import Look
from hub.settings.movement_shapes import Flow as Terms

PLACE, NEXT = "360423001005", "360423001006"


@dataclass
class Calendar(Clock):
    at: datetime = datetime(2026, 9, 18, 10, 2, tzinfo=CHINA)

    def now(self) -> datetime:
        return self.at


class Records:
    def __init__(self) -> None:
        self.orders: list[str] = []

    def allow(self, session: Any, order_no: str, office: str, sealed_until: datetime | None) -> None:
        """Any order and day."""

    def record(self, session: Any, subjects: Any, look: Look) -> None:
        self.orders.append(look.order_no)


@dataclass
class Gates:
    flow: Flow
    database: Database
    clock: Calendar
    records: Records
    url: str

    def another(self) -> Flow:
        """As another `hub work` would be."""
        return _flow(self.database, self.url, self.clock, self.records)

    def crossing(self, number: int, direction: Any = "in", minutes: float = 0, place: str = PLACE) -> Crossing:
        at = self.clock.at + timedelta(minutes=minutes)
        return Crossing(
            f"{number}-{direction}-{at:%d%H%M%S}", place, "south", direction, at, self.flow.tag(f"id{number}")
        )

    def counts(self, place: str = PLACE, seconds: int = 300) -> list[tuple[str, int | None, int | None]]:
        with self.database.session() as session:
            day = timedelta(days=1)
            found = self.flow.community(session, place, "", self.clock.at - day, self.clock.at + day, seconds)
        return [(f"{each.at:%H:%M}", each.ins, each.outs) for each in found.counts]

    def present(self, place: str = PLACE) -> int | None:
        with self.database.session() as session:
            return self.flow.present(session, place).get(place)


def _flow(database: Database, url: str, clock: Clock, records: Any) -> Flow:
    crypto = Crypto({"k1": b"0" * 32}, "intl")
    terms = Terms(smallest_group=2, keep_days=3)
    return Flow(database, RedisLine(connect(url)), crypto, records, clock, lambda: terms, lambda *_: None)


@pytest.fixture
def gates(fresh_database: str, redis: str) -> Iterator[Gates]:
    Redis.from_url(redis).delete(STREAM)
    database, clock, records = Database(fresh_database, pool_size=3), Calendar(), Records()
    yield Gates(_flow(database, redis, clock, records), database, clock, records, redis)
    database.close()
    Redis.from_url(redis).delete(STREAM)


def test_feat_S10_crossings_become_counts_of_five_minutes_and_who_is_inside(gates: Gates) -> None:
    gates.flow.crossed([gates.crossing(number) for number in range(5)])
    gates.flow.crossed([gates.crossing(number, "out", 4) for number in range(2)])
    assert gates.flow.stream.waiting() == 2
    assert (gates.flow.turn(), gates.flow.turn(), gates.flow.stream.waiting()) == (2, 0, 0)
    assert gates.counts() == [("10:00", 5, None), ("10:05", None, 2)]
    assert gates.counts(seconds=3600) == [("10:00", 5, 2)]
    assert gates.present() == 3


def test_feat_S10_twice_and_late_change_nothing_wrongly(gates: Gates) -> None:
    came = [gates.crossing(number) for number in range(4)]
    gates.flow.crossed([*came, came[0]])
    gates.flow.crossed(came)
    while gates.flow.turn():
        pass
    gates.flow.crossed(came)
    gates.flow.crossed([gates.crossing(number, "out", 3) for number in range(2)])
    while gates.flow.turn():
        pass
    gates.flow.crossed([gates.crossing(number, "in", -60) for number in range(2)])  # an hour late
    while gates.flow.turn():
        pass
    assert gates.counts() == [("09:00", 2, None), ("10:00", 4, None), ("10:05", None, 2)]
    assert gates.present() == 2, "who went out stays out, whatever of before comes later"


def test_feat_S10_small_groups_are_hidden(gates: Gates) -> None:
    gates.flow.crossed([gates.crossing(1), gates.crossing(2, place=NEXT), gates.crossing(3, place=NEXT)])
    gates.flow.turn()
    assert gates.counts() == [("10:00", None, None)]
    assert (gates.present(), gates.present(NEXT)) == (None, 2)
    assert gates.counts(PLACE[:9]) == [("10:00", 3, None)]


def test_feat_S10_what_a_killed_worker_took_is_written_once_by_the_next(gates: Gates) -> None:
    gates.flow.crossed([gates.crossing(number) for number in range(3)])
    killed = gates.another()
    batch = killed.stream.take()
    with gates.database.session() as session:  # it wrote them and died before it could say so
        assert writing.write(session, batch.crossings) == 3
    assert gates.flow.turn() == 0, "another may still be at it"
    assert gates.flow._carry(gates.flow.stream.left_behind(at_once=True)) == 1
    assert (gates.counts(), gates.flow.stream.waiting()) == ([("10:00", 3, None)], 0)


def test_feat_S10_without_redis_the_gate_writes_itself(gates: Gates) -> None:
    gates.flow.stream._line._away = True
    gates.flow.crossed([gates.crossing(number) for number in range(3)])
    assert gates.counts() == [("10:00", 3, None)]


def test_feat_S10_a_redis_that_came_back_empty_is_no_end(gates: Gates) -> None:
    gates.flow.crossed([gates.crossing(1), gates.crossing(2)])
    gates.flow.turn()
    Redis.from_url(gates.url).delete(STREAM)
    gates.flow.crossed([gates.crossing(3), gates.crossing(4)])
    assert gates.flow.turn() == 1
    assert gates.present() == 4


def test_what_no_clock_can_have_seen_is_not_counted(gates: Gates) -> None:
    gates.flow.crossed([gates.crossing(1, minutes=30), gates.crossing(2, minutes=-60 * 24 * 4)])
    assert (gates.flow.turn(), gates.counts(), gates.flow.refused) == (0, [], 2)


def test_days_that_are_over_are_dropped_whole(gates: Gates) -> None:
    gates.flow.crossed([gates.crossing(1), gates.crossing(2), gates.crossing(1, minutes=-60 * 24 * 2)])
    gates.flow.turn()
    gates.clock.at += timedelta(days=2)
    with gates.database.session() as session:
        gates.flow.sweep(session)
        assert session.query(CrossingRow).count() == 2
    gates.clock.at += timedelta(days=3)
    with gates.database.session() as session:
        gates.flow.sweep(session)
        assert session.query(CrossingRow).count() == 0
    assert gates.present() is None


def _search(gates: Gates, **other: Any) -> Search:
    hour = timedelta(hours=1)
    asked = Search("J2026-1", PLACE[:9], "0" * 32, "id1", (PLACE,), gates.clock.at - hour, gates.clock.at + hour)
    return replace(asked, **other)


def test_feat_S10_a_search_needs_order_area_and_time_and_is_recorded(gates: Gates) -> None:
    gates.flow.crossed(
        [gates.crossing(1), gates.crossing(1, "out", 4), gates.crossing(1, place=NEXT), gates.crossing(2)]
    )
    gates.flow.turn()
    with gates.database.session() as session:
        found = gates.flow.search(session, _search(gates))
        assert [(each.place, each.direction) for each in found] == [(PLACE, "out"), (PLACE, "in")]
        assert gates.records.orders == ["J2026-1"]
        for refused, code in (
            (_search(gates, order_no=""), "REQUIRED"), (_search(gates, places=()), "REQUIRED"),
            (_search(gates, places=("360424",)), "NOT_FOUND"),
            (_search(gates, until=gates.clock.at - timedelta(2)), "RANGE_ORDER"),
            (_search(gates, since=gates.clock.at - timedelta(40)), "RANGE_TOO_LONG"),
        ):  # fmt: skip
            with pytest.raises(Problem) as caught:
                gates.flow.search(session, refused)
            assert caught.value.code == code
        assert len(gates.records.orders) == 1


def test_feat_S10_a_day_begins_at_midnight_here() -> None:
    at = datetime(2026, 9, 18, 10, 7, 3, tzinfo=CHINA)
    assert [bucket_of(at, seconds).strftime("%d %H:%M") for seconds in (300, 3600, 86_400)] == [
        "18 10:05", "18 10:00", "18 00:00",
    ]  # fmt: skip
