"""The filing outbox over a real PostgreSQL and a real department: exactly once, or it says what it does not know."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from hub.errors import Problem
from tests.filings.conftest import Office
from tests.filings.stand import order


def test_feat_X1_a_filing_goes_out_once_and_is_read_back(office: Office) -> None:
    office.place(order("XT1"))
    assert office.state("XT1") == "ready"
    office.turn()
    told = office.of("XT1")
    assert (told.state, office.filed("XT1")) == ("confirmed", 1)
    assert told.department_receipt.startswith("HJSQ")
    office.until("XT1", "settled")
    assert office.filed("XT1") == 1
    assert [state for _, state in office.moved] == ["inflight", "confirmed", "settled"]
    assert {"zh", "en"} == set(told.sentence)


def test_a_placed_filing_is_there_with_the_callers_commit_and_not_without(office: Office) -> None:
    with pytest.raises(RuntimeError), office.hub.database.session() as session:
        office.hub.filings.place(session, order("XT1"))
        raise RuntimeError
    with pytest.raises(Problem, match="NOT_FOUND"):
        office.of("XT1")
    assert not office.run("SELECT 1 FROM procrastinate_jobs")
    office.place(order("XT1"))
    assert office.run("SELECT args FROM procrastinate_jobs")[0][0] == {
        "filing": office.run("SELECT id FROM filings_filing")[0][0]
    }


def test_fault_F12_an_answer_that_is_lost_is_found_by_asking(office: Office) -> None:
    office.place(order("XT1"))
    with office.sick(accept_then_drop=True):
        office.turn()
        assert office.state("XT1") == "unknown"
    office.until("XT1", "confirmed")
    assert office.filed("XT1") == 1
    assert office.run("SELECT count(*) FROM filings_attempt")[0][0] == 1


def test_fault_F12_what_is_proven_absent_twice_is_sent_again(office: Office) -> None:
    office.place(order("XT1"))
    with office.sick(hang=True):
        office.turn()
    assert (office.state("XT1"), office.filed("XT1")) == ("unknown", 0)
    office.hurry()
    office.turn()
    assert office.state("XT1") == "unknown", "one look proves nothing"
    office.until("XT1", "confirmed")
    assert office.filed("XT1") == 1


def test_fault_F12_a_department_that_shows_late_is_waited_for(office: Office) -> None:
    """The settle window: what is there and not yet shown is not sent again. The looks come at their own times."""
    with office.sick(accept_then_drop=True, late_visible_ms=2500):
        office.place(order("XT1"))
        office.turn()
        waits = office.run("SELECT extract(epoch FROM not_before - since) FROM filings_filing")[0][0]
        assert waits > 2.5
    office.until("XT1", "confirmed", patient=True)
    assert office.filed("XT1") == 1


def test_the_law_allows_one_and_the_second_is_told_the_first(office: Office) -> None:
    office.place(order("XT1", natural_key="2026"))
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            office.place(order("XT2", natural_key="2026"))
        assert (refused.value.code, refused.value.extra["receipt_no"]) == ("ALREADY_SUBMITTED", "XT1")
        office.turn()
    office.place(order("XT3", natural_key="2027"), order("XT4"), order("XT5"))
    with pytest.raises(Problem, match="STATE_CONFLICT"):
        office.place(order("XT4"))


def test_of_many_at_once_the_law_allows_one(office: Office) -> None:
    def one(number: int) -> str:
        try:
            office.place(order(f"XT{number}", natural_key="2026"))
        except Problem as problem:
            return problem.code
        return "placed"

    with ThreadPoolExecutor(8) as pool:
        told = Counter(pool.map(one, range(8)))
    assert told == {"placed": 1, "ALREADY_SUBMITTED": 7}


def test_nothing_that_left_us_is_withdrawn_without_the_department(office: Office) -> None:
    office.place(order("XT1", natural_key="2026"))
    with office.hub.database.session() as session:
        office.hub.filings.cancel(session, "XT1")
    office.turn()
    assert (office.state("XT1"), office.filed("XT1")) == ("cancelled", 0)
    office.place(order("XT2", natural_key="2026"))  # the way is free again
    with office.sick(accept_then_drop=True):
        office.turn()
    with pytest.raises(Problem, match="STATE_CONFLICT"), office.hub.database.session() as session:
        office.hub.filings.cancel(session, "XT2")
    office.until("XT2", "confirmed")
    with office.hub.database.session() as session:
        office.hub.filings.cancel(session, "XT2")
    assert office.state("XT2") == "cancelling"
    with office.hub.database.session() as session:
        office.hub.outbox.desk.settle(session, "XT2", "withdrawn", "clerk", "done by telephone")
    assert office.state("XT2") == "cancelled"


def test_a_correction_takes_the_place_of_what_was_refused(office: Office) -> None:
    wrong = {**order("XT1").fields, "id_number": "36262319000101000X"}
    office.place(order("XT1", natural_key="2026", fields=wrong))
    with pytest.raises(Problem, match="STATE_CONFLICT"):
        office.place(order("XT1", natural_key="2026", version=2))
    office.turn()
    told = office.of("XT1")
    assert (told.state, told.reason) == ("rejected", "PERSON_NOT_FOUND")
    office.place(order("XT1", natural_key="2026", version=2))
    office.until("XT1", "settled")
    assert (office.filed("XT1"), office.filed("XT1-2")) == (0, 1)


def test_a_department_that_is_away_costs_nothing_and_is_asked_again(office: Office) -> None:
    office.place(order("XT1"))
    with office.sick(down=True):
        office.turn()
        assert office.state("XT1") == "ready"
    assert office.run("SELECT sent, tries FROM filings_filing")[0] == (0, 1)
    office.hub.gateway.release("register")
    office.until("XT1", "settled")
    assert office.filed("XT1") == 1


def test_a_class_R4_doubt_is_a_persons_and_is_never_sent_again(office: Office) -> None:
    office.place(order("XT1", "silent"))
    with office.sick(accept_then_drop=True):
        office.turn()
    office.until("XT1", "manual")
    told = office.of("XT1")
    assert told.owner == "police_desk" and told.due is not None
    for _ in range(3):
        office.hurry()
        office.turn()
    assert office.filed("XT1") == 1
    desk = office.hub.outbox.desk
    with office.hub.database.session() as session:
        assert [each.receipt_no for each in desk.open(session)] == ["XT1"]
        with pytest.raises(Problem, match="REASON_REQUIRED"):
            desk.settle(session, "XT1", "filed", "clerk", " ", "HJSQ1")
        desk.settle(session, "XT1", "filed", "clerk", "asked by telephone", "HJSQ1")
    assert office.of("XT1").department_receipt == "HJSQ1"
    with office.hub.database.session() as session:
        moves, tries = desk.history(session, "XT1")
    assert [move.state for move in moves][-1] == "CONFIRMED" and moves[-1].actor == "clerk"
    assert len(tries) == 1


def test_fault_F11_what_the_department_lost_is_found_and_filed_again(office: Office) -> None:
    office.place(order("XT1"))
    with office.sick(accept_then_lose=True):
        office.turn()
        assert (office.state("XT1"), office.filed("XT1")) == ("confirmed", 0)
    office.until("XT1", "settled")
    assert office.filed("XT1") == 1


def test_fault_F11_what_was_there_and_is_gone_is_a_persons(office: Office) -> None:
    office.place(order("XT1"))
    office.until("XT1", "settled")
    requests.post(f"{office.twin}/twin/reset", timeout=30)
    office.until("XT1", "manual")
    assert office.of("XT1").reason == "VANISHED"
    assert office.filed("XT1") == 0


def test_two_of_one_filing_at_the_department_are_a_persons(office: Office) -> None:
    office.place(order("XT1"))
    with office.sick(accept_then_drop=True):
        office.turn()
        office.run("UPDATE filings_filing SET state = 'READY', not_before = clock_timestamp()")  # a fault of ours
        office.turn()
    assert office.filed("XT1") == 2
    office.until("XT1", "manual")
    assert office.of("XT1").reason == "FOUND_TWICE"


def test_fault_F43_a_poisoned_filing_is_put_aside_and_the_rest_flows(office: Office) -> None:
    office.place(order("XT1"), order("XT2"))
    nonsense = office.hub.crypto.seal(b"[]", "filings.order")
    office.run("UPDATE filings_filing SET order_sealed = :nonsense WHERE receipt_no = 'XT1'", nonsense=nonsense)
    office.until("XT1", "manual")
    assert office.of("XT1").reason == "POISONED"
    office.until("XT2", "settled")
