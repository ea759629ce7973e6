"""Time stamps on checkpoints (RFC 3161), checked by another program than ours: openssl."""

from __future__ import annotations

import http.server
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.database import Database
from hub.demo import stamping
from hub.errors import Problem
from hub.ledger.checkpoints import Made, newest
from hub.ledger.proofs import Proofs
from hub.ledger.stamping import Authority
from hub.ledger.witness import key_of
from tests.ledger.log import Log, Witness, authority, listening, store, witness
from tests.login.room import MovableClock

__all__ = ["store"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stamping")


@pytest.fixture(scope="module")
def told(folder: Path) -> Iterator[Authority]:
    with authority(folder) as listens:
        yield listens


def verified(made: Made, roots: Path, at: Path) -> str:
    """What openssl says of note and stamp."""
    (at / "checkpoint").write_text(made.note)
    (at / "checkpoint.tsr").write_bytes(made.stamp or b"")
    argv = ["openssl", "ts", "-verify", "-data", "checkpoint", "-in", "checkpoint.tsr", "-CAfile", str(roots)]
    done = subprocess.run(argv, cwd=at, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() if done.returncode == 0 else done.stderr


def test_feat_K4_a_checkpoint_is_stamped_and_anybody_checks_it(
    store: Database, told: Authority, folder: Path, tmp_path: Path
) -> None:
    with witness(tmp_path / "one", "one") as (_, one), witness(tmp_path / "two", "two") as (_, two):
        log = Log.over(store, tmp_path / "home", {"one": one, "two": two}, authority=told)
        id = log.shared()
        made = log.checkpoints.make()
    assert made.cosigned == ("one", "two") and log.checkpoints.unstamped == ""
    assert verified(made, folder / "roots.pem", tmp_path) == "Verification: OK"
    assert "error" in verified(replace(made, note=made.note + "x"), folder / "roots.pem", tmp_path)
    with store.session() as session:
        assert newest(session, stamped=True) == made
        proof = Proofs(log.evidence).of(session, id)
    assert made.stamp is not None
    assert (proof["checkpoint"], proof["timestamp_token"]) == (made.note, made.stamp.hex())


def test_a_proof_takes_the_newest_that_is_cosigned_and_stamped(
    store: Database, told: Authority, tmp_path: Path
) -> None:
    with witness(tmp_path / "one", "one") as (_, one), witness(tmp_path / "two", "two") as (_, two):
        both = {"one": one, "two": two}
        stamped = Log.over(store, tmp_path / "home", both, authority=told)
        id = stamped.shared()
        first = stamped.checkpoints.make()
        last = Log.over(store, tmp_path / "home", both).checkpoints.make()
    assert last.size > first.size and last.stamp is None
    with store.session() as session:
        assert Proofs(stamped.evidence).of(session, id)["checkpoint"] == first.note
        known = Proofs(stamped.evidence).of(session, id, since=last.size)  # whoever has the last is shown no older one
        assert (known["checkpoint"], known["timestamp_token"]) == (last.note, None)
        with pytest.raises(Problem) as met:
            Proofs(stamped.evidence).of(session, id, since=last.size + 1)
        assert met.value.code == "PROOF_PENDING"


class Door(http.server.BaseHTTPRequestHandler):
    """Answers whatever comes with what it was given."""

    status, answer = 200, b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        """Silent."""


def door(status: int, answer: bytes) -> http.server.HTTPServer:
    return http.server.HTTPServer(("127.0.0.1", 0), type("Told", (Door,), {"status": status, "answer": answer}))


def answered(query: bytes, folder: Path) -> bytes:
    return stamping.Authority(folder).answer(query)


@pytest.mark.parametrize(
    ("status", "answer", "says"),
    [
        (200, b"", "does not hold"),
        (200, b"<html>Busy</html>", "does not hold"),
        (502, b"", "it answers 502"),
        (200, "no question", "does not hold"),
        (200, "another question", "does not hold"),
    ],
)
def test_what_is_no_stamp_of_this_checkpoint_is_not_kept(
    store: Database, told: Authority, folder: Path, tmp_path: Path, status: int, answer: Any, says: str
) -> None:
    if answer == "no question":
        answer = answered(b"\x30\x03\x02\x01\x01", folder)
    elif answer == "another question":  # as whoever keeps an old stamp and shows it again
        answer = Log.over(store, tmp_path / "other", authority=told).checkpoints.make().stamp
    with listening(door(status, answer)) as address:
        log = Log.over(store, tmp_path / "home", authority=replace(told, address=address))
        assert log.checkpoints.make().stamp is None
    assert says in log.checkpoints.unstamped
    with store.session() as session:
        assert newest(session) is not None  # the checkpoint itself is there, cosigned or not


def test_a_stamp_under_other_certificates_is_not_kept(store: Database, told: Authority, tmp_path: Path) -> None:
    with authority(tmp_path / "somebody") as other:
        log = Log.over(store, tmp_path / "home", authority=replace(told, address=other.address))
        assert log.checkpoints.make().stamp is None
    assert "does not hold" in log.checkpoints.unstamped


def test_a_stamp_of_another_hour_is_kept_and_told(store: Database, told: Authority, tmp_path: Path) -> None:
    clock = MovableClock()
    log = Log.over(store, tmp_path / "home", authority=told, clock=clock)
    clock.ahead += 3600
    assert log.checkpoints.make().stamp is not None and "its clock is" in log.checkpoints.unstamped
    clock.ahead -= 3600
    later = log.checkpoints.make()
    assert later.stamp is not None and log.checkpoints.unstamped == ""


@pytest.mark.parametrize(("data_class", "hours"), [(3, 4), (2, 72)])
def test_without_stamps_it_goes_on_for_a_while_fault_F36(
    store: Database, told: Authority, tmp_path: Path, data_class: int, hours: int
) -> None:
    """Cosigned by all, and the authority is away."""
    clock = MovableClock()
    with witness(tmp_path / "one", "one") as (_, one):
        log = Log.over(store, tmp_path / "home", {"one": one}, authority=told, clock=clock)
        log.checkpoints.make()
        away = Log.over(
            store, tmp_path / "home", {"one": one}, authority=replace(told, address="http://127.0.0.1:1"), clock=clock
        )
        clock.ahead += hours * 3600 - 60
        assert away.checkpoints.make().cosigned == ("one",) and "does not answer" in away.checkpoints.unstamped
        away.shared(data_class=data_class)
        clock.ahead += 120
        away.checkpoints.make()
        away.checkpoints._alone = (-99.0, None)
        with pytest.raises(Problem) as met:
            away.shared(data_class=data_class)
        assert met.value.code == "EVIDENCE_UNAVAILABLE"
        log.checkpoints.make()
        away.checkpoints._alone = (-99.0, None)
        away.shared(data_class=data_class)


def test_where_authority_and_witness_are_new_their_time_begins_now_fault_F36(
    store: Database, told: Authority, tmp_path: Path
) -> None:
    """A ledger that went without for years gives on, and not for ever."""
    clock = MovableClock()
    Log.over(store, tmp_path / "home", clock=clock).checkpoints.make()
    clock.ahead += timedelta(days=400).total_seconds()
    nobody = replace(told, address="http://127.0.0.1:1")
    away = {"away": Witness("http://127.0.0.1:1", key_of(tmp_path / "away", "away"))}
    log = Log.over(store, tmp_path / "home", away, authority=nobody, clock=clock)
    alone = log.checkpoints.unwitnessed(clock.now())
    assert alone is not None and alone < timedelta(minutes=1)
    log.checkpoints._alone = (-99.0, None)
    clock.ahead += 3600
    alone = log.checkpoints.unwitnessed(clock.now())
    assert alone is not None and timedelta(minutes=59) < alone < timedelta(minutes=61)


def test_an_authority_that_is_taken_out_leaves_no_fault_behind(
    store: Database, told: Authority, tmp_path: Path
) -> None:
    log = Log.over(store, tmp_path / "home", authority=told)
    log.checkpoints.make()
    assert log.checkpoints.stamps_end is not None
    log.checkpoints._authority = lambda: replace(told, address="http://127.0.0.1:1")
    log.checkpoints.make()
    assert log.checkpoints.unstamped
    log.checkpoints._authority = lambda: None
    log.checkpoints.make()
    assert (log.checkpoints.unstamped, log.checkpoints.stamps_end) == ("", None)


def test_certificates_that_are_none_are_an_authority_that_is_not_set_up() -> None:
    with pytest.raises(ValueError, match=r"PEM|certificate"):
        Authority.read("http://127.0.0.1:1", "no certificate")


def test_the_demos_authority_refuses_what_is_no_question(folder: Path, told: Authority) -> None:
    for query in (b"", b"\x30", b"GET / HTTP/1.1", b"\x30\x03\x02\x01\x01"):
        assert len(answered(query, folder)) < 40
