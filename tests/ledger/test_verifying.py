"""A ledger too large to be made anew leaf by leaf each time: whoever changes a row far from the newest is named within
one turn of three rounds, though the part that is made anew comes by only later."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from hub.database import Database
from hub.ledger.models import ExchangeRow
from hub.ledger.retention import shred
from hub.ledger.tripwire import moves
from hub.ledger.verifying import Fault, Verifier
from tests.county import eventually
from tests.ledger.log import Log, store
from tests.ledger.test_log import as_superuser
from tests.ledger.test_writer import exchange

__all__ = ["store"]

PART, TURN, OLD = 256, 3, 300  # leaves, rounds, the place of the row that is changed: in the second of eight parts
OVER, CALLS = 100, 1900
OTHER, YEARS = 1000, timedelta(days=4 * 366)
_TABLES = "exchange", "entry", "receipt", "leaf", "tile"


@pytest.fixture
def log(store: Database, tmp_path: Path) -> Log:
    """Entries of shared data at 0 to 3, then a hundred calls that are over their years, and others; all looked at."""
    log = Log.over(store, tmp_path)
    log.verifier = Verifier(store, log.clock, tmp_path, log.checkpoints.key, at_once=PART)
    log.shared()
    log.shared()
    log.checkpoints.make()
    began = log.clock.now() - timedelta(hours=3)
    times = (began + timedelta(seconds=each) - (YEARS if each < OVER else timedelta()) for each in range(CALLS))
    with store.session() as session:
        session.execute(insert(ExchangeRow), [asdict(exchange(request_in_at=each)) for each in times])
    log.checkpoints.make()
    assert turn(log) == []
    as_superuser(store, *(f"CREATE TABLE kept_{each} AS SELECT * FROM ledger_{each}" for each in _TABLES))  # noqa: S608
    return log


def turn(log: Log) -> list[Fault]:
    """Those parts that follow the old row's are made anew meanwhile, and not that one."""
    log.verifier._thorough = OLD // PART
    for _ in range(TURN):
        found = log.verifier.round()
    return found


def mended(store: Database) -> None:
    for each in _TABLES:
        as_superuser(store, f"TRUNCATE ledger_{each}", f"INSERT INTO ledger_{each} SELECT * FROM kept_{each}")  # noqa: S608


def told(faults: list[Fault]) -> list[tuple[str, int]]:
    return [(each.kind, each.place) for each in faults]


DELETED = "DELETE FROM ledger_exchange WHERE id = (SELECT exchange_id FROM kept_leaf WHERE number = 300)"
ALTERED = DELETED.replace("DELETE FROM ledger_exchange", "UPDATE ledger_exchange SET outcome = 'DENIED'")
SWAPPED = ("UPDATE ledger_leaf SET number = CASE number WHEN 300 THEN -{0} ELSE -300 END WHERE number IN (300, {0})",
           "UPDATE ledger_leaf SET number = -number WHERE number < 0")  # fmt: skip
TAMPERINGS = {
    "altered": ([ALTERED], [("altered", OLD)]),
    "altered without triggers": (
        ["SET session_replication_role = origin", "ALTER TABLE ledger_exchange DISABLE TRIGGER ALL", ALTERED,
         "ALTER TABLE ledger_exchange ENABLE TRIGGER ALL"], [("altered", OLD)],
    ),
    "deleted": ([DELETED], [("deleted", OLD)]),
    "replaced": (
        [DELETED, "INSERT INTO ledger_exchange (SELECT (jsonb_populate_record(e, jsonb_build_object('id',"
         " gen_random_uuid()))).* FROM kept_exchange e, kept_leaf l WHERE e.id = l.exchange_id AND l.number = 300)"],
        [("deleted", OLD), ("inserted", -1)],
    ),
    "place deleted": (["DELETE FROM ledger_leaf WHERE number = 300"], [("deleted", OLD), ("inserted", -1)]),
    "reordered": ([each.format(310) for each in SWAPPED], [("moved", OLD), ("moved", 310)]),
    "reordered afar": ([each.format(OTHER) for each in SWAPPED], [("moved", OLD), ("moved", OTHER)]),
    "deleted as over its years": (
        ["UPDATE ledger_leaf SET at = at - interval '4 years' WHERE number = 300", DELETED], [("altered", OLD)],
    ),
    "forked": (
        ["UPDATE ledger_tile SET hashes = overlay(hashes placing sha256('') from 44 * 32 + 1)"
         " WHERE level = 0 AND number = 1"], [("forked", OLD), ("altered", PART)],
    ),
    "hidden from a citizen's list": (
        ["UPDATE ledger_entry SET subject_tag = sha256('another') WHERE step = 'DECIDED'"],
        [("altered", 0), ("altered", 2)],
    ),
    "slipped in with an old date": (
        ["INSERT INTO ledger_exchange (SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid()))).*"
         " FROM kept_exchange e ORDER BY request_in_at LIMIT 1)",
         "INSERT INTO ledger_entry (SELECT (jsonb_populate_record(e, jsonb_build_object('at', '2020-01-01',"
         " 'exchange_id', gen_random_uuid()))).* FROM kept_entry e LIMIT 1)"], [("inserted", -1), ("inserted", -1)],
    ),
    "without its receipt": (["DELETE FROM ledger_receipt"], [("altered", 1), ("altered", 3)]),
}  # fmt: skip


def test_what_is_far_from_the_newest_is_named_threat_T18(log: Log, store: Database) -> None:
    with store.read() as connection:
        rows = connection.execute(text("SELECT number, exchange_id::text FROM ledger_leaf"))
        ids = {number: id for number, id in rows}
    for what, (acts, expected) in TAMPERINGS.items():
        as_superuser(store, *acts)
        faults = turn(log)
        assert told(faults) == expected, what
        named = [each for each in faults if "ledger_e" in each.about]
        assert all(ids[each.place] in each.about for each in named if each.kind != "moved"), what
        assert log.verifier.round() == faults, f"{what}: found until it is mended"
        mended(store)
        assert turn(log) == [], f"{what}, mended"


def test_an_emptied_table_is_named_in_bounds_threat_T18(log: Log, store: Database) -> None:
    as_superuser(store, "TRUNCATE ledger_exchange")
    faults = turn(log)
    assert {each.kind for each in faults} == {"deleted"} and len(faults) == CALLS - OVER


def test_what_is_over_its_years_goes_without_an_alarm(log: Log, store: Database) -> None:
    with store.session() as session:
        assert shred(session, log.clock) == OVER
    assert turn(log) == turn(log) == log.verifier.round(whole=True) == []


def test_a_home_that_knows_no_rows_learns_them_by_their_leaves(log: Log, store: Database, tmp_path: Path) -> None:
    (tmp_path / "ledger" / "rows").unlink()
    as_superuser(store, ALTERED)
    assert told(turn(log)) == told(turn(log)) == [("altered", OLD)]
    mended(store)
    assert turn(log) == []


def test_the_tripwire_moves_for_changes_only(log: Log, store: Database) -> None:
    def now() -> list[object]:
        with store.session() as session:
            return list(moves(session))

    before = now()
    log.shared()
    log.checkpoints.make()
    assert now() == before
    as_superuser(store, ALTERED)
    eventually(lambda: now() != before)
