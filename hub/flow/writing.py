"""Crossings into the tables: one COPY, one statement, one transaction. What is there already changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hub.clock import CHINA
from hub.flow.events import Crossing
from hub.flow.rules import BUCKET_S

_ARRIVALS = """
CREATE TEMP TABLE IF NOT EXISTS flow_arrival
    (id text, place text, gate text, direction text, at timestamptz, person bytea) ON COMMIT DELETE ROWS
"""
_COPY = "COPY flow_arrival (id, place, gate, direction, at, person) FROM STDIN"
# Everything else is counted from what was really new: the same crossing twice, in one batch or a year apart, is one.
_SPREAD = text("""
WITH fresh AS (
    INSERT INTO flow_crossing (at, id, place, gate, direction, person)
    SELECT DISTINCT ON (at, id) at, id, place, gate, direction, person FROM flow_arrival ORDER BY at, id
    ON CONFLICT DO NOTHING RETURNING place, direction, at, person
), counted AS (
    INSERT INTO flow_count AS known (place, bucket_at, ins, outs)
    SELECT place, to_timestamp(floor(extract(epoch FROM at) / :seconds) * :seconds) AS bucket_at,
           count(*) FILTER (WHERE direction = 'in'), count(*) FILTER (WHERE direction = 'out')
    FROM fresh GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (place, bucket_at) DO UPDATE SET ins = known.ins + excluded.ins, outs = known.outs + excluded.outs
), present AS (
    INSERT INTO flow_presence AS known (place, person, inside, at)
    SELECT DISTINCT ON (place, person) place, person, direction = 'in', at FROM fresh ORDER BY place, person, at DESC
    ON CONFLICT (place, person) DO UPDATE SET inside = excluded.inside, at = excluded.at WHERE known.at < excluded.at
)
SELECT count(*) FROM fresh
""")


def write(session: Session, crossings: Sequence[Crossing]) -> int:
    """How many were new."""
    for day in sorted({each.at.astimezone(CHINA).date() for each in crossings}):
        have_day(session, day)
    session.execute(text(_ARRIVALS))
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for each in crossings:
            copy.write_row((each.id, each.place, each.gate, each.direction, each.at, each.person))
    return int(session.execute(_SPREAD, {"seconds": BUCKET_S}).scalar_one())


def have_day(session: Session, day: date) -> None:
    """The part of the table for one day. Asked first, because making it stops everybody who reads the table."""
    name = _name(day)
    if session.execute(select(func.to_regclass(name))).scalar_one() is None:
        begins = datetime(day.year, day.month, day.day, tzinfo=CHINA)
        ends = begins + timedelta(days=1)
        bounds = f"FROM ('{begins.isoformat()}') TO ('{ends.isoformat()}')"
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("flow_crossing"))))
        session.execute(text(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF flow_crossing FOR VALUES {bounds}"))


def forget(session: Session, before: datetime) -> list[str]:
    """Days that ended before then, dropped whole; counts and presences of that time with them."""
    dropped = [name for name in _days(session) if name < _name(before.astimezone(CHINA).date())]
    for name in dropped:
        session.execute(text(f"DROP TABLE {name}"))
    for statement in (
        "DELETE FROM flow_count WHERE bucket_at < :before",
        "DELETE FROM flow_presence WHERE at < :before",
    ):
        session.execute(text(statement), {"before": before})
    return dropped


def _days(session: Session) -> Iterable[str]:
    parts = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'flow_crossing'::regclass ORDER BY 1"
    return session.execute(text(parts)).scalars().all()


def _name(day: date) -> str:
    return f"flow_crossing_{day:%Y%m%d}"
