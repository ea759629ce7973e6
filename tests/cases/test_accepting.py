"""Applications that are kept together: each as it would be by itself, and none at the cost of another."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import text

from hub.cases.accepting import Made, sent
from hub.database import Steady, one_at_a_time
from hub.gateway.idempotency import Running, Submissions
from hub.gateway.orders import Caller
from tests.cases.conftest import HAN, LIN, Hall
from tests.credentials.conftest import Person

SERVICE = "household-application"
FIELDS = {"kind": "residence_certificate", "reason": "子女入学"}
_ROWS = ("SELECT * FROM cases_case WHERE receipt_no = :no",
         "SELECT e.* FROM cases_event e JOIN cases_case c ON c.id = e.case_id WHERE receipt_no = :no",
         "SELECT * FROM filings_filing WHERE receipt_no = :no",
         "SELECT m.* FROM filings_move m JOIN filings_filing f ON f.id = m.filing_id WHERE receipt_no = :no",
         "SELECT * FROM messages_message WHERE about = :no")  # fmt: skip
_OWN = frozenset({"id", "case_id", "filing_id", "receipt_no", "about"})  # as are seals, digests and the moment


@pytest.fixture(scope="module", autouse=True)
def withdrawn_at_last(hall: Hall) -> Iterator[None]:
    """What stays open becomes overdue when others move the clock, and fills inboxes."""
    yield
    for each in hall.citizen(LIN).get("/cases?page_size=100").json["items"]:
        hall.mine(each["receipt_no"], "withdrawal", {}, LIN)


def _caller(hall: Hall) -> Caller:
    hall.citizen(LIN)
    return Caller(hall.hub.login.principal(hall.tokens[LIN.openid]).citizen_id, 3, "citizen")


def _made(hall: Hall, **service: Any) -> Made:
    wanted = replace(hall.hub.catalogue.service(SERVICE), **{"once_by": (), **service})
    made = hall.hub.cases.at_once(_caller(hall), wanted, FIELDS)
    assert made is not None
    return made


def _key(hall: Hall, mandate: str | None = None) -> Mapping[str, Any]:
    """What is stored of the answer under a new key."""
    told: list[Mapping[str, Any]] = []

    def run(running: Running) -> bytes:
        told.append(running.row(b"told"))
        return b""

    Submissions(hall.hub.database, hall.hub.crypto).once("c", "POST /", secrets.token_hex(8), b"", run, True, mandate)
    return told[0]


def _kept(hall: Hall, *handed: tuple[Made, Mapping[str, Any]]) -> list[bool]:
    """All of them in one statement: whoever is first is held until the others have come."""
    looks, everybody, arrived = hall.hub.accepting._looks, Barrier(len(handed)), Event()
    lanes, looks._idle = looks._idle, []

    def one(made: Made, key: Mapping[str, Any]) -> bool:
        everybody.wait(60)
        return hall.hub.accepting.keep(made, key)

    with ThreadPoolExecutor(len(handed)) as pool:
        told = [pool.submit(one, *each) for each in handed]
        while len(looks._waiting) < len(handed):
            arrived.wait(0.001)
        with looks._lock:
            looks._idle = lanes
            first = looks._next()
        assert first is not None
        first.gate.release()
        return [each.result(60) for each in told]


def _rows(hall: Hall, number: str) -> list[list[dict[str, Any]]]:
    with hall.hub.database.session() as session:
        return [[dict(row) for row in session.execute(text(each), {"no": number}).mappings()] for each in _ROWS]


def test_what_is_kept_together_is_what_is_kept_by_itself_and_rings_once(hall: Hall) -> None:
    made, others = _made(hall), [_made(hall) for _ in range(3)]
    with hall.hub.database.session() as session:
        session.execute(text("DELETE FROM procrastinate_jobs WHERE status = 'todo'"))
    assert _kept(hall, *((each, _key(hall)) for each in (made, *others))) == [True] * 4
    with hall.hub.database.session() as session:
        rung = session.scalars(text("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY 1")).all()
    assert rung == ["filings.ring", "messages_push"]
    service = replace(hall.hub.catalogue.service(SERVICE), once_by=())
    with hall.hub.database.session() as session:
        alone = hall.hub.cases.submit(session, _caller(hall), service, FIELDS, [], [], draft=False)
    together, by_itself = _rows(hall, made.receipt.receipt_no), _rows(hall, alone.receipt_no)
    for one, other in zip(together, by_itself, strict=True):
        assert len(one) == len(other) == 1
        for name, value in other[0].items():
            assert type(one[0][name]) is type(value), name
            if name not in _OWN and not isinstance(value, bytes | datetime):
                assert one[0][name] == value, name
    told = hall.case(made.receipt.receipt_no, LIN)
    assert told["fields"] == FIELDS and [each["event"] for each in told["timeline"]] == ["received"]


def test_one_that_crosses_another_fails_no_neighbour(hall: Hall) -> None:
    made, key = [_made(hall) for _ in range(4)], _key(hall)
    keys = [_key(hall), key, key, _key(hall)]  # two with one key, as from a hasty finger
    assert _kept(hall, *zip(made, keys, strict=True)) == [False] * 4
    assert [_rows(hall, each.receipt.receipt_no) for each in made] == [[[]] * 5] * 4, "nothing of it is done"
    again = [hall.hub.accepting.keep(*each) for each in zip(made, keys, strict=True)]
    assert again == [True, True, False, True], "by itself each has what is its own"


def test_row_B69_a_key_that_is_not_new_is_left_out_alone(hall: Hall) -> None:
    key = _key(hall)
    assert hall.hub.accepting.keep(_made(hall), key)
    made = [_made(hall) for _ in range(3)]
    assert _kept(hall, *zip(made, (_key(hall), key, _key(hall)), strict=True)) == [True, False, True]
    assert _rows(hall, made[1].receipt.receipt_no) == [[]] * 5


def test_row_B72_what_there_is_already_is_left_out_alone_and_told(hall: Hall) -> None:
    one = _made(hall, once_by=("kind",))
    assert hall.hub.accepting.keep(one, _key(hall))
    made = [_made(hall), _made(hall, once_by=("kind",)), _made(hall)]
    assert _kept(hall, *((each, _key(hall)) for each in made)) == [True, False, True]
    assert _rows(hall, made[1].receipt.receipt_no) == [[]] * 5
    path, key = f"/services/{SERVICE}/cases", secrets.token_hex(8)
    told = hall.citizen(LIN).post(path, {"fields": FIELDS}, Idempotency_Key=key)
    assert (told.status_code, told.json["receipt_no"]) == (409, one.receipt.receipt_no)
    hall.mine(one.receipt.receipt_no, "withdrawal", {}, LIN)


def test_nobody_waits_for_whoever_is_at_the_same_thing(hall: Hall) -> None:
    made = [_made(hall, once_by=("kind",)), _made(hall)]
    with hall.hub.database.session() as session:
        one_at_a_time(session, made[0].rows["case"]["once_tag"])
        assert _kept(hall, *((each, _key(hall)) for each in made)) == [False, True]
    assert hall.hub.accepting.keep(made[0], _key(hall))
    hall.mine(made[0].receipt.receipt_no, "withdrawal", {}, LIN)


def test_row_B68_many_at_once_over_http_and_one_key_twice(hall: Hall) -> None:
    """Each is answered; the key that came twice has one receipt."""
    keys = [secrets.token_hex(8) for _ in range(2)]
    bodies = [{"fields": {**FIELDS, "kind": kind}} for kind in ("residence_certificate", "address_change")]
    asked = [(HAN, bodies[0], keys[0]), (HAN, bodies[0], keys[0]), (HAN, bodies[1], secrets.token_hex(8)),
            (LIN, bodies[0], secrets.token_hex(8)), (LIN, bodies[1], keys[1])]  # fmt: skip
    people = {persona.openid: hall.citizen(persona).token for persona in (HAN, LIN)}
    everybody = Barrier(len(asked))

    def one(persona: Any, body: Any, key: str) -> Any:
        person = Person(hall.client.application.test_client(), people[persona.openid])
        everybody.wait(60)
        return person.post(f"/services/{SERVICE}/cases", body, Idempotency_Key=key)

    with ThreadPoolExecutor(len(asked)) as pool:
        told = list(pool.map(lambda each: one(*each), asked))
    assert {each.status_code for each in told} == {202}, [each.text for each in told]
    numbers = [each.json["receipt_no"] for each in told]
    assert numbers[0] == numbers[1] and len(set(numbers)) == 4
    for (persona, *_), number in zip(asked, numbers, strict=True):
        assert len(_rows(hall, number)[2]) == 1
        hall.mine(number, "withdrawal", {}, persona)


def test_an_answer_of_a_statement_that_was_asked_twice_is_the_one_that_is_stored(hall: Hall) -> None:
    """The connection is lost after the commit: the second asking finds the key there, and writes nothing."""
    made, key = _made(hall), _key(hall)
    steady = Steady(hall.hub.database)
    try:
        whole = sent(made, key)
        assert [hall.hub.accepting.together(steady, [whole]) for _ in range(2)] == [[True], [False]]
    finally:
        steady.close()
    assert [len(each) for each in _rows(hall, made.receipt.receipt_no)] == [1] * 5


def test_what_is_kept_under_a_mandate_goes_with_whom_it_is_about(hall: Hall) -> None:
    assert _kept(hall, (_made(hall), _key(hall, "v-one")), (_made(hall), _key(hall))) == [True] * 2
    stored = text("SELECT count(mandate_tag) FROM gateway_submission WHERE mandate_tag IS NOT NULL")
    with hall.hub.database.session() as session:
        before = session.scalar(stored)
        hall.hub.submissions.erase(session, "nobody", ["v-one"])
        assert (before, session.scalar(stored)) == (1, 0)


def test_what_an_office_has_to_look_at_is_handed_in_by_itself(hall: Hall) -> None:
    service = replace(hall.hub.catalogue.service(SERVICE), workflow="with-community")
    assert hall.hub.cases.at_once(_caller(hall), service, FIELDS) is None
