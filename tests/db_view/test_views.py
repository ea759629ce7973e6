"""Two shipped systems over views: what is asked, what comes back, and what never does."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from adapters.protocols.db_view import Adapter
from hub.errors import Problem
from hub.port import Garbled, Rejected
from tests.db_view.rooms import BOD, HAN, JABS, LIN, NOBODY, STUDENT, Room, ask, facts_of


def test_one_record(students: Adapter) -> None:
    fields = ask(students, "query_student", **HAN).fields
    assert fields == {
        **HAN,
        "school": "示范县第一小学（虚构）",
        "student_no": fields["student_no"],
        "grade": fields["grade"],
        "guardian_name": "林美梅",
        "guardian_id": LIN["id_number"],
        "enrolled_on": "1910-09-01",
    }


def test_nobody_is_the_departments_own_no(students: Adapter) -> None:
    with pytest.raises(Rejected) as caught:
        ask(students, "query_student", **NOBODY)
    assert caught.value.faults[0].code == "STUDENT_NOT_FOUND"


@pytest.mark.parametrize(("who", "number"), [(BOD, 0), (LIN, 1), (HAN, 2)])
def test_quirk_Q8_none_one_two_rows(jabs: Adapter, who: dict[str, str], number: int) -> None:
    fields = ask(jabs, "query_vaccinations", **who).fields
    assert {name: fields[name] for name in who} == who
    assert len(fields["vaccinations"]) == number
    assert all((row["given_on"][4] == "-" and "疫苗" in row["vaccine"]) or row["vaccine"] == "卡介苗"
               for row in fields["vaccinations"])  # fmt: skip


def test_rows_that_the_department_deleted_stay_out(room: Room) -> None:
    """HAN stands there a second time with state 9."""
    facts = facts_of(STUDENT)
    assert room.run('SELECT count(*) FROM pupil WHERE "SFZH" = %s', HAN["id_number"]) == [(2,)]
    ask(room.open(STUDENT, facts), "query_student", **HAN)
    del facts["operations"]["query_student"]["db_view"]["only"]
    with pytest.raises(Garbled) as caught:
        ask(room.open(STUDENT, facts), "query_student", **HAN)
    assert caught.value.code == "UPSTREAM_CONFLICT"


def test_more_rows_than_the_cap_are_refused_not_cut(room: Room) -> None:
    facts = facts_of(JABS)
    facts["operations"]["query_vaccinations"]["db_view"]["rows"] = 1
    adapter = room.open(JABS, facts)
    assert len(ask(adapter, "query_vaccinations", **LIN).fields["vaccinations"]) == 1
    with pytest.raises(Garbled) as caught:
        ask(adapter, "query_vaccinations", **HAN)
    assert caught.value.code == "UPSTREAM_TOO_LARGE"


def test_fault_F10_quirk_Q40_rows_twice(room: Room, jabs: Adapter, students: Adapter) -> None:
    true = ask(jabs, "query_vaccinations", **HAN).fields
    room.tell("/twin/toxics", duplicate=True)
    assert ask(jabs, "query_vaccinations", **HAN).fields == true
    ask(students, "query_student", **HAN)
    room.tell("/twin/toxics", "DELETE")
    room.tell("/twin/quirks", Q40="twice")
    for adapter, operation in ((jabs, "query_vaccinations"), (students, "query_student")):
        with pytest.raises(Garbled) as caught:
            ask(adapter, operation, **HAN)
        assert caught.value.code == "UPSTREAM_CONFLICT"


@pytest.mark.parametrize(
    "text",
    [
        "' OR '1'='1", "'; DROP TABLE pupil; --", "\\' OR 1=1 -- ", "%s", "%(p0)s", ":p0", '"; --', "縗' OR '1'='1",
        "誠\\", "諀' UNION SELECT 1", "\u2019 OR 1=1",
    ],
)  # fmt: skip
def test_threat_T15_row_B58_a_value_is_never_a_statement(students: Adapter, room: Room, text: str) -> None:
    """縗 ends in 5C and 諀 in 7C when it is written in GBK."""
    with pytest.raises(Rejected):
        ask(students, "query_student", id_number=HAN["id_number"], name=text)
    with pytest.raises(Rejected):
        ask(students, "query_student", id_number=text[:6], name=HAN["name"])
    assert room.run("SELECT count(*) > 300 FROM pupil") == [(True,)]


def test_what_a_column_cannot_hold_is_told_before_it_is_asked(room: Room) -> None:
    facts = facts_of(JABS)
    operation = facts["operations"]["query_vaccinations"]
    operation["request"]["fields"]["number"] = {"to": "JZBH"}
    adapter = room.open(JABS, facts)
    assert len(ask(adapter, "query_vaccinations", number="1", **HAN).fields["vaccinations"]) == 1
    for wrong in ("one", "1; DROP TABLE jab", "9" * 30):
        with pytest.raises(Problem) as caught:
            ask(adapter, "query_vaccinations", number=wrong, **HAN)
        assert (caught.value.status, caught.value.faults[0].path) == (422, "number")


def test_look_up_between_two_days(room: Room) -> None:
    facts = facts_of(STUDENT)
    operation = facts["operations"]["query_student"]
    operation["request"]["fields"] |= {"first": {"to": "von", "as": "date"}, "last": {"to": "bis", "as": "date"}}
    operation["db_view"]["look_up"] = {
        "von": {"column": "RXRQ", "test": "at_least"}, "bis": {"column": "RXRQ", "test": "at_most"}
    }  # fmt: skip
    adapter = room.open(STUDENT, facts)
    assert ask(adapter, "query_student", first="1910-09-01", last="1910-09-01", **HAN).fields["name"] == "韩山福"
    with pytest.raises(Rejected):
        ask(adapter, "query_student", first="1910-09-02", **HAN)
    with pytest.raises(Rejected):
        ask(adapter, "query_student", last="1910-08-31", **HAN)


def test_feat_X9_a_thousand_interleavings_no_mix_and_no_more_connections_than_allowed(
    room: Room, jabs: Adapter
) -> None:
    counted: Counter[str] = Counter()
    room.twin.most = before = room.twin.open  # what tests before it have not let go of yet
    people, gate, guard = (HAN, LIN, BOD), threading.Barrier(6), threading.Lock()

    def citizen(who: dict[str, str]) -> None:
        gate.wait()
        for _ in range(170):
            fields = ask(jabs, "query_vaccinations", 60, **who).fields
            number = len(fields["vaccinations"])
            own = fields["id_number"] == who["id_number"] and number == 2 - people.index(who)
            with guard:
                counted["own" if own else "mixed"] += 1

    threads = [threading.Thread(target=citizen, args=(people[number % 3],)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == {"own": 1020}
    assert room.tell("/twin/connections", "GET")["most"] <= before + 2
