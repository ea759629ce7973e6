"""The same key twice, a hundred times at once, with another body, after a failure, after a kill."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import select, text

from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.gateway.idempotency import Running, Submissions, purge
from hub.gateway.models import Submission
from tests.county import SUITE
from tests.gateway.world import ANNA, BERT, PEOPLE, World


@pytest.fixture
def store(fresh_database: str) -> Iterator[Database]:
    opened = Database(fresh_database, pool_size=50)
    yield opened
    opened.close()


@pytest.fixture
def submissions(store: Database) -> Submissions:
    return Submissions(store, Crypto({"k": os.urandom(32)}, SUITE))


def code(run: Callable[[], object]) -> str:
    try:
        run()
    except Problem as problem:
        return problem.code
    return "OK"


def test_feat_A4_same_key_same_body_gives_the_stored_answer(submissions: Submissions) -> None:
    assert submissions.once("anna", "balance", "k", b"1", lambda _: b"first") == (b"first", False)
    assert submissions.once("anna", "balance", "k", b"1", lambda _: b"second") == (b"first", True)


def test_another_person_route_or_key_is_another(submissions: Submissions) -> None:
    for subject, route, key in (("a", "r", "k"), ("b", "r", "k"), ("a", "s", "k"), ("a", "r", "l")):
        answer = f"{subject}{route}{key}".encode()
        assert submissions.once(subject, route, key, b"1", lambda _, answer=answer: answer) == (answer, False)  # type: ignore[misc]


def test_row_B70_same_key_other_body(submissions: Submissions) -> None:
    submissions.once("anna", "balance", "k", b"1", lambda _: b"x")
    with pytest.raises(Problem) as caught:
        submissions.once("anna", "balance", "k", b"2", lambda _: b"x")
    assert (caught.value.code, caught.value.status) == ("IDEMPOTENCY_KEY_REUSED", 422)


def test_row_B71_still_running(submissions: Submissions) -> None:
    started, go_on = threading.Event(), threading.Event()

    def run(_: Running) -> bytes:
        started.set()
        go_on.wait(60)
        return b"done"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(submissions.once, "anna", "balance", "k", b"1", run)
        assert started.wait(60)
        with pytest.raises(Problem) as caught:
            submissions.once("anna", "balance", "k", b"1", lambda _: b"x")
        assert code(lambda: submissions.once("anna", "balance", "k", b"2", lambda _: b"x")) == "IDEMPOTENCY_KEY_REUSED"
        go_on.set()
        assert first.result() == (b"done", False)
    assert (caught.value.code, caught.value.status) == ("IDEMPOTENCY_IN_PROGRESS", 409)
    assert caught.value.retry_after


def test_feat_A4_a_hundred_at_once_run_exactly_once(submissions: Submissions) -> None:
    """T22."""
    ran, gate, outcomes = [], threading.Barrier(100), Counter[str]()

    def run(_: Running) -> bytes:
        ran.append(1)
        time.sleep(0.05)
        return b"the one"

    def submitted() -> str:
        try:
            answer, replayed = submissions.once("anna", "balance", "k", b"1", run)
        except Problem as problem:
            return problem.code
        assert answer == b"the one"
        return "replayed" if replayed else "ran"

    def submit(_: int) -> None:
        """On a slow machine some wait too long for the ten connections: whoever is told so comes again."""
        gate.wait(60)
        while (outcome := submitted()) == "STORE_UNAVAILABLE":
            pass
        outcomes[outcome] += 1

    with ThreadPoolExecutor(100) as pool:
        list(pool.map(submit, range(100)))
    assert len(ran) == outcomes["ran"] == 1
    assert set(outcomes) <= {"ran", "replayed", "IDEMPOTENCY_IN_PROGRESS"} and outcomes.total() == 100


def test_feat_A4_work_that_is_one_transaction_takes_its_key_there_and_is_kept_once(
    submissions: Submissions, store: Database
) -> None:
    gate, outcomes = threading.Barrier(8), Counter[str]()
    with store.session() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS kept_once (note text)"))

    def run(running: Running) -> bytes:
        with store.session(patience=30) as session:
            session.execute(text("SET LOCAL lock_timeout = '30s'"))
            session.execute(text("INSERT INTO kept_once VALUES ('x')"))
            gate.wait(60)  # all have done their work before one may keep it
            if not running.keep(session, b"the one"):
                raise Problem("IDEMPOTENCY_IN_PROGRESS")
        return b"the one"

    def submit(_: int) -> None:
        answer, replayed = submissions.once("anna", "one", "together", b"1", run, ours=True)
        assert answer == b"the one"
        outcomes["replayed" if replayed else "ran"] += 1

    def closed(_: Running) -> bytes:
        raise Problem("SERVICE_DISABLED")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(submit, range(8)))
    assert outcomes == {"ran": 1, "replayed": 7}
    with store.session() as session:
        assert session.scalar(text("SELECT count(*) FROM kept_once")) == 1
        session.execute(text("DROP TABLE kept_once"))
    again = partial(submissions.once, "anna", "one", run=closed, ours=True)
    assert again("together", b"1") == (b"the one", True)
    assert code(lambda: again("together", b"2")) == "IDEMPOTENCY_KEY_REUSED"
    assert code(lambda: again("another", b"1")) == "SERVICE_DISABLED"


def test_a_failure_frees_the_key(submissions: Submissions) -> None:
    def broken(_: Running) -> bytes:
        raise Problem("DEPARTMENT_UNAVAILABLE")

    assert code(lambda: submissions.once("anna", "balance", "k", b"1", broken)) == "DEPARTMENT_UNAVAILABLE"
    assert submissions.once("anna", "balance", "k", b"2", lambda _: b"x") == (b"x", False)


def test_a_killed_runner_frees_the_key_when_its_time_is_over(store: Database) -> None:
    crypto = Crypto({"k": os.urandom(32)}, SUITE)
    submissions = Submissions(store, crypto, running_s=1)

    with store.session() as session:
        tag = crypto.lookup
        session.execute(
            text(
                "INSERT INTO gateway_submission (subject_tag, route, key_tag, body_digest, owner, running_until, "
                "expires_at) VALUES (:s, 'r', :k, :b, gen_random_uuid(), clock_timestamp() + interval '1 s', "
                "clock_timestamp() + interval '30 days')"
            ),
            {
                "s": tag("anna", "gateway.submission"),
                "k": tag("k", "gateway.submission"),
                "b": tag(b"1".hex(), "gateway.submission"),
            },
        )
    assert code(lambda: submissions.once("anna", "r", "k", b"1", lambda _: b"x")) == "IDEMPOTENCY_IN_PROGRESS"
    time.sleep(1.05)
    assert code(lambda: submissions.once("anna", "r", "k", b"2", lambda _: b"x")) == "IDEMPOTENCY_KEY_REUSED"
    assert submissions.once("anna", "r", "k", b"1", lambda _: b"x") == (b"x", False)


def test_a_runner_that_was_given_up_does_not_overwrite_the_next(store: Database) -> None:
    submissions = Submissions(store, Crypto({"k": os.urandom(32)}, SUITE), running_s=0.2)

    def slow(_: Running) -> bytes:
        time.sleep(0.3)
        assert submissions.once("anna", "r", "k", b"1", lambda _: b"second") == (b"second", False)
        return b"first"

    submissions.once("anna", "r", "k", b"1", slow)
    assert submissions.once("anna", "r", "k", b"1", lambda _: b"third") == (b"second", True)


def test_fault_F25_what_was_done_and_its_answer_are_one_transaction(submissions: Submissions, store: Database) -> None:
    class Died(BaseException):
        pass

    def run(running: Running) -> bytes:
        with store.session() as session:
            assert running.keep(session, b"done once")
        raise Died  # before anybody was told

    with pytest.raises(Died):
        submissions.once("anna", "one", "k", b"1", run)
    assert submissions.once("anna", "one", "k", b"1", lambda _: b"again") == (b"done once", True)


def test_a_runner_that_was_given_up_hears_so_in_its_own_transaction(store: Database) -> None:
    submissions = Submissions(store, Crypto({"k": os.urandom(32)}, SUITE), running_s=0.0)
    heard = []

    def slow(running: Running) -> bytes:
        submissions.once("anna", "slow", "k", b"1", lambda _: b"second")
        with store.session() as session:
            heard.append(running.keep(session, b"first"))
        return b"first"

    submissions.once("anna", "slow", "k", b"1", slow)
    assert heard == [False]
    assert submissions.once("anna", "slow", "k", b"1", lambda _: b"third") == (b"second", True)


def test_kept_thirty_days_then_purged(submissions: Submissions, store: Database) -> None:
    submissions.once("anna", "old", "k", b"1", lambda _: b"x")
    with store.session() as session:
        left = session.scalar(text("SELECT expires_at - clock_timestamp() FROM gateway_submission WHERE route = 'old'"))
        assert 29 <= left.days <= 30  # type: ignore[union-attr]
        session.execute(text("UPDATE gateway_submission SET expires_at = clock_timestamp() WHERE route = 'old'"))
    assert submissions.once("anna", "old", "k", b"2", lambda _: b"y") == (b"y", False)
    with store.session() as session:
        session.execute(text("UPDATE gateway_submission SET expires_at = clock_timestamp() WHERE route = 'old'"))
    with store.session() as session:
        assert purge(session) >= 1
        assert session.scalar(select(Submission).where(Submission.route == "old")) is None


def test_what_is_stored_is_sealed(submissions: Submissions, store: Database) -> None:
    submissions.once("anna", "sealed", "my-key-360423", b"1", lambda _: b"balance 1250")
    with store.session() as session:
        row = session.scalars(select(Submission).where(Submission.route == "sealed")).one()
        kept = b"".join([row.subject_tag, row.key_tag, row.body_digest, row.answer_sealed or b""])
    assert b"anna" not in kept and b"my-key" not in kept and b"1250" not in kept


def test_a_call_with_a_key_runs_once(world: World) -> None:
    key = f"k-{time.time_ns()}"
    first = world.call("balance", key=key, year=2024)
    world.offices["alpha"].says(error="unavailable")
    order = world.order("balance", key=key, year=2024)
    again = world.gateway.call(order)
    assert (again.fields, again.at, again.system) == (first.fields, first.at, "alpha")
    assert len(world.offices["alpha"].seen) == 1
    (record,) = world.records(order.trace)
    assert record.cached and record.outcome == "OK"
    assert code(lambda: world.call("balance", key=key, year=2025)) == "IDEMPOTENCY_KEY_REUSED"
    world.offices["alpha"].heal()
    assert world.call("balance", BERT, key=key).fields["id_number"] == PEOPLE["c-bert"].id_number


def test_nothing_is_stored_for_a_refused_call(world: World) -> None:
    key = f"k-{time.time_ns()}"
    world.offices["alpha"].says(error="unavailable")
    assert code(lambda: world.call("balance", ANNA, key=key)) == "DEPARTMENT_UNAVAILABLE"
    world.offices["alpha"].heal()
    assert code(lambda: world.call("balance", ANNA, key=key, year=2025)) == "OK"
