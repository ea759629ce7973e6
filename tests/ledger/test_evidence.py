"""Evidence of shared data: no leaf, no data; nothing personal in it; what waits while PostgreSQL is away."""

from __future__ import annotations

import hashlib
import hmac
import resource
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.ledger.evidence import Evidence
from hub.ledger.models import EntryRow
from hub.ledger.receipts import Signer, signer_of
from hub.ledger.spool import Spool
from hub.ledger.statement import Statement, commitment, salt_of
from tests.ledger.log import store
from tests.ledger.statements import ROWS, statement
from tests.login.room import MovableClock

__all__ = ["store"]

AWAY = "postgresql+psycopg://nobody@127.0.0.1:1/none"
HUB, HOUSING, CIVIL = (Signer(name, secrets.token_bytes(32)) for name in ("hub", "housing", "civil_affairs"))


@pytest.fixture
def crypto() -> Crypto:
    return Crypto({"s1": secrets.token_bytes(32)})


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def evidence(store: Database, crypto: Crypto, clock: MovableClock, tmp_path: Path) -> Evidence:
    return Evidence(store, crypto, clock, HUB, Spool(tmp_path, crypto))


@pytest.fixture
def cut_off(crypto: Crypto, clock: MovableClock, tmp_path: Path) -> Iterator[Evidence]:
    """The same home, and no database."""
    away = Database(AWAY)
    yield Evidence(away, crypto, clock, HUB, Spool(tmp_path, crypto))
    away.close()


def rows(store: Database) -> list[EntryRow]:
    with store.session() as session:
        return list(session.query(EntryRow).order_by(EntryRow.at))


def test_a_statement_comes_back_from_its_bytes() -> None:
    one = statement(sealed_until=statement().at + timedelta(days=1))
    assert Statement.unpacked(one.packed()) == one
    assert len(statement().packed()) < 700


def test_the_decision_is_on_record_before_anything_is_given(evidence: Evidence, store: Database) -> None:
    one = statement()
    evidence.decide(one)
    (row,) = rows(store)
    assert (row.step, row.exchange_id, row.spooled) == ("DECIDED", one.exchange_id, False)
    with store.session() as session:
        kept = evidence.opened(session, row)
    assert kept is not None and Statement.unpacked(kept["statement"]) == one


def test_a_delivery_commits_to_each_value_and_is_signed(evidence: Evidence, store: Database) -> None:
    one = statement()
    evidence.decide(one)
    receipts = evidence.deliver(one.exchange_id, ROWS)
    row = rows(store)[-1]
    assert (row.step, row.leaf) == ("DELIVERED", receipts.leaf)
    assert signer_of(receipts.platform, receipts.leaf, {"hub": HUB.public}) == "hub" and receipts.level == "E1"
    with store.session() as session:
        kept = evidence.opened(session, row)
    assert kept is not None and kept["names"] == [["balance_fen", "name"]] * 2
    made = [row.commitments[place : place + 32] for place in range(0, len(row.commitments), 32)]
    assert made[1] == commitment("intl", salt_of(kept["seed"], 1), "name", "王桂英") and len(made) == 4


def test_parties_with_a_signer_sign_too(store: Database, crypto: Crypto, clock: MovableClock, tmp_path: Path) -> None:
    signers = {"housing": HOUSING, "civil_affairs": CIVIL}
    evidence, one = Evidence(store, crypto, clock, HUB, Spool(tmp_path, crypto), signers=lambda: signers), statement()
    evidence.decide(one)
    receipts = evidence.deliver(one.exchange_id, ROWS)
    assert receipts.supplier and receipts.user and receipts.level == "E3"
    assert signer_of(receipts.supplier, receipts.leaf, {"housing": HOUSING.public}) == "housing"
    with pytest.raises(ValueError, match="wrong"):
        signer_of(receipts.supplier, receipts.leaf + b" ", {"housing": HOUSING.public})
    with pytest.raises(ValueError, match="none"):
        signer_of(receipts.supplier, receipts.leaf, {"civil_affairs": CIVIL.public})


def test_nothing_personal_in_what_is_kept_threat_T19(evidence: Evidence, store: Database) -> None:
    one = statement(subject_tag=evidence.subject_tag("resident_id", "110105194912310021"))
    evidence.decide(one)
    evidence.deliver(one.exchange_id, ROWS)
    kept = b"".join(each for row in rows(store) for each in (row.leaf, row.sealed, row.commitments, row.subject_tag))
    for value in ("王桂英", "123400", "核对低保申请", "110105194912310021"):
        assert value.encode() not in kept
    assert commitment("intl", b"", "name", "王桂英") not in kept  # nor by trying names without the salt


def test_threat_T6_a_tag_is_no_hash_of_the_number(evidence: Evidence) -> None:
    """Whoever has the dump and all numbers there are finds nobody without the key, which is not in it."""
    number = "110105194912310021"
    tag = evidence.subject_tag("resident_id", number)
    assert tag == evidence.subject_tag("resident_id", number)
    texts = (number, f"resident_id\0{number}", f"ledger.person\0resident_id\0{number}")
    for text_ in texts:
        plain = text_.encode()
        assert tag not in (hashlib.sha256(plain).digest(), hmac.digest(b"", plain, "sha256"))
    other = Evidence(evidence._database, Crypto({"s1": secrets.token_bytes(32)}), evidence._clock, HUB, evidence._spool)
    assert tag != other.subject_tag("resident_id", number)


def test_no_leaf_no_data(cut_off: Evidence) -> None:
    for data_class in (3, 4):
        with pytest.raises(Problem) as met:
            cut_off.decide(statement(data_class=data_class))
        assert met.value.code == "EVIDENCE_UNAVAILABLE" and met.value.status == 503


def test_no_second_leaf_no_data_either(store: Database, evidence: Evidence) -> None:
    one = statement()
    evidence.decide(one)
    evidence._database = Database(AWAY)
    with pytest.raises(Problem) as met:
        evidence.deliver(one.exchange_id, ROWS)
    assert met.value.code == "EVIDENCE_UNAVAILABLE"


def test_ordinary_data_waits_in_a_file_for_an_hour_feat_K7(
    cut_off: Evidence, evidence: Evidence, store: Database, clock: MovableClock, tmp_path: Path
) -> None:
    one = statement(data_class=2)
    cut_off.decide(one)
    assert cut_off.deliver(one.exchange_id, ROWS).level == "E1"
    assert "王桂英".encode() not in (tmp_path / "spool").read_bytes() and cut_off.waiting() is not None
    assert evidence.replay() == 2 and evidence.waiting() is None
    assert [(row.step, row.spooled) for row in rows(store)] == [("DECIDED", True), ("DELIVERED", True)]
    assert evidence.replay() == 0
    cut_off.decide(statement(data_class=1))
    clock.ahead += 3700
    with pytest.raises(Problem) as met:
        cut_off.decide(statement(data_class=1))
    assert met.value.code == "EVIDENCE_UNAVAILABLE"


def test_feat_K7_a_line_that_the_disk_takes_in_part_is_no_evidence_and_spoils_no_other(
    cut_off: Evidence, evidence: Evidence, store: Database, tmp_path: Path
) -> None:
    cut_off.decide(statement(data_class=1))
    file = tmp_path / "spool"
    size = file.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))  # as a disk with so much room
    try:
        with pytest.raises(Problem) as met:
            cut_off.decide(statement(data_class=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert met.value.code == "EVIDENCE_UNAVAILABLE" and file.stat().st_size == size
    with file.open("ab") as crashed:
        crashed.write(b"2026-11-26T10:00:00+08:00 half a li")
    cut_off.decide(statement(data_class=1))
    assert evidence.replay() == 2 and [row.step for row in rows(store)] == ["DECIDED", "DECIDED"]


def test_a_failure_is_on_record(evidence: Evidence, cut_off: Evidence, store: Database) -> None:
    one = statement()
    evidence.decide(one)
    evidence.fail(one.exchange_id, "DEPARTMENT_TIMEOUT")
    assert [row.step for row in rows(store)] == ["DECIDED", "FAILED"]


@pytest.mark.parametrize(("data_class", "hours"), [(3, 4), (4, 4), (1, 72), (2, 72)])
def test_without_witnesses_it_goes_on_for_a_while_fault_F36(
    store: Database, crypto: Crypto, clock: MovableClock, tmp_path: Path, data_class: int, hours: int
) -> None:
    alone = timedelta(hours=hours) - timedelta(seconds=59)
    evidence = Evidence(store, crypto, clock, HUB, Spool(tmp_path, crypto), unwitnessed=lambda _: alone)
    evidence.decide(statement(data_class=data_class))
    alone = timedelta(hours=hours) + timedelta(seconds=1)
    with pytest.raises(Problem) as met:
        evidence.decide(statement(data_class=data_class))
    assert met.value.code == "EVIDENCE_UNAVAILABLE"


def test_shredded_with_the_key_of_its_subject(evidence: Evidence, store: Database) -> None:
    one, other = statement(subject_tag=b"1" * 32), statement(subject_tag=b"2" * 32)
    evidence.decide(one)
    evidence.decide(other)
    with store.session() as session:
        session.execute(text("DELETE FROM ledger_subject_key WHERE subject_tag = :tag"), {"tag": b"1" * 32})
    with store.session() as session:
        first, second = (session.get(EntryRow, (each.exchange_id, "DECIDED")) for each in (one, other))
        assert first is not None and evidence.opened(session, first) is None and first.leaf
        assert second is not None and evidence.opened(session, second) is not None


@pytest.mark.parametrize("act", ["UPDATE ledger_entry SET leaf = ''", "DELETE FROM ledger_entry"])
def test_rows_are_only_added_threat_T18(evidence: Evidence, store: Database, act: str) -> None:
    evidence.decide(statement())
    with pytest.raises(Exception, match="only added"), store.session() as session:
        session.execute(text(act))
