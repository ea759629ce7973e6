"""The rules of the outbox alone: what follows from which failure at which stage, and from which look."""

from __future__ import annotations

import itertools

import pytest

from hub.filings import rules
from hub.filings.rules import Seen, Standing, State, Step, Way
from hub.port import STAGES, Denied, Garbled, OutcomeUnknown, Rejected, Unavailable

R1 = Way("R1", "query", "number", "rows", ("number",), "receipt", settle_s=50.0, human_s=1000.0, owner="desk")
R0, R4 = Way("R0", settle_s=50.0), Way("R4", owner="desk", human_s=1000.0)
ERRORS = (Unavailable(), OutcomeUnknown(), Garbled(), Denied(), ValueError())


@pytest.mark.parametrize("stage", ["", *STAGES])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_only_what_never_left_us_is_ready_again(stage: str, error: Exception) -> None:
    step = rules.after_failure(error, stage, 0, 1, R1)
    left = stage in STAGES and STAGES.index(stage) >= STAGES.index("body_started")
    assert step.state is (State.UNKNOWN if left else State.READY)
    assert step.wait_s >= (R1.settle_s if left else 1)


def test_a_no_is_final_unless_an_earlier_call_may_have_been_a_yes() -> None:
    assert rules.after_failure(Rejected(code="DEPARTMENT_REJECTED"), "done", 0, 1, R1).state is State.REJECTED
    assert rules.after_failure(Rejected(), "done", 1, 2, R1).state is State.UNKNOWN
    twice_absent = Standing(State.UNKNOWN, "", 1, 2, 10, refused="ALREADY_FILED")
    assert rules.after_look(Seen(()), twice_absent, R1)[0] == Step(State.REJECTED, "ALREADY_FILED")


def test_a_refused_account_waits_for_operations_and_busy_for_the_time_told() -> None:
    assert rules.after_failure(Denied(), "", 0, 1, R1).wait_s >= 300
    assert rules.after_failure(Unavailable(retry_after=77), "", 0, 1, R1).wait_s == 77
    waits = [rules.back_off_s(attempt) for attempt in range(1, 40)]
    assert waits == sorted(waits) and waits[-1] == 120


def test_absence_needs_two_reads_in_a_row() -> None:
    first = Standing(State.UNKNOWN, "", 0, 1, 10)
    step, absent = rules.after_look(Seen(()), first, R1)
    assert (step.state, step.wait_s, absent) == (State.UNKNOWN, R1.settle_s, 1)
    step, absent = rules.after_look(None, Standing(State.UNKNOWN, "", 1, 1, 10), R1)
    assert (step.state, absent) == (State.UNKNOWN, 0), "a look that failed begins the count anew"
    assert rules.after_look(Seen(()), Standing(State.UNKNOWN, "", 1, 1, 10), R1)[0].state is State.READY
    assert rules.after_look(Seen(()), Standing(State.UNKNOWN, "", 1, 3, 10), R1)[0].state is State.MANUAL


def test_one_is_found_two_are_a_persons() -> None:
    unknown, confirmed = Standing(State.UNKNOWN, "", 0, 1, 10), Standing(State.CONFIRMED, "N1", 0, 1, 10)
    assert rules.after_look(Seen(("N1",)), unknown, R1)[0].state is State.CONFIRMED
    assert rules.after_look(Seen(("N1",)), confirmed, R1)[0].state is State.SETTLED
    assert rules.after_look(Seen(("N2",)), confirmed, R1)[0].state is State.MANUAL
    for standing in (unknown, confirmed):
        assert rules.after_look(Seen(("N1", "N2")), standing, R1)[0].state is State.DUPLICATE


def test_nobody_is_in_doubt_for_ever() -> None:
    assert rules.after_look(None, Standing(State.UNKNOWN, "", 0, 1, 1001), R1)[0].state is State.MANUAL
    assert rules.after_look(None, Standing(State.UNKNOWN, "", 0, 1, 1), R4)[0].state is State.MANUAL
    assert rules.after_failure(OutcomeUnknown(), "head", 0, 1, R4) == Step(State.UNKNOWN, "DEPARTMENT_TIMEOUT", 0.0)


def test_only_the_same_key_may_be_sent_without_a_look() -> None:
    assert rules.after_look(None, Standing(State.UNKNOWN, "", 0, 1, 1), R0)[0].state is State.READY
    assert rules.after_look(None, Standing(State.UNKNOWN, "", 0, 3, 1), R0)[0].state is State.MANUAL


def test_what_was_on_file_and_vanished_is_never_sent_again_by_itself() -> None:
    assert rules.after_loss(State.CONFIRMED, 1, R1).state is State.READY
    assert rules.after_loss(State.SETTLED, 1, R1).state is State.MANUAL
    assert rules.after_loss(State.CONFIRMED, 3, R1).state is State.MANUAL


def test_rows_are_ours_when_all_that_matters_is_the_same() -> None:
    way = Way("R2", "query", "id", "rows", ("kind", "reason"), "receipt")
    mine = {"kind": "a", "reason": "b"}
    rows = [
        {**mine, "receipt": "N1"}, {**mine, "receipt": "N2"}, {**mine, "reason": "c", "receipt": "N3"},
        {**mine, "receipt": None},
    ]  # fmt: skip
    assert rules.ours(rows, mine, way, frozenset({"N1"})).numbers == ("N2",)


def test_ready_is_reached_from_in_flight_or_by_proof_alone() -> None:
    """INFLIGHT (no byte left), UNKNOWN (absent), LOST (seen absent), MANUAL (a person)."""
    into = {state for state in State if rules.may(state, State.READY)}
    assert into == {State.INFLIGHT, State.UNKNOWN, State.LOST_BY_DEPARTMENT, State.MANUAL}
    assert not any(rules.may(before, after) for before, after in itertools.product(rules.DEAD, State))
    for state in (State.INFLIGHT, State.UNKNOWN):
        assert not rules.may(state, State.CANCELLING) and not rules.may(state, State.CANCELLED)


def test_a_citizen_reads_the_words_of_the_contract() -> None:
    words = {rules.shown(state) for state in State}
    assert words >= {"ready", "inflight", "unknown", "confirmed", "settled", "rejected", "manual"}
    assert rules.shown(State.DUPLICATE) == rules.shown(State.LOST_BY_DEPARTMENT) == "manual"
