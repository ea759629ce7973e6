"""What a department's database does on a bad day, seen through a gate before a real PostgreSQL (reliability F1-F10)."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest
from psycopg import sql

from adapters.protocols.db_view import Adapter
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Rejected, Unavailable
from tests.db_view.rooms import BOD, HAN, JABS, LIN, Room, ask, facts_of

OPERATION = "query_vaccinations"
LETTERS = ("锟斤拷", "Ã¥", "鏄庢槑", "\x07")
SPOILT = (*LETTERS, "", "?", "0x1F", "-1", "NULL", "#REF!")


def fails(adapter: Adapter, seconds: float = 5.0, operation: str = OPERATION) -> PortError:
    started = time.monotonic()
    with pytest.raises(PortError) as caught:
        ask(adapter, operation, seconds, **HAN)
    assert time.monotonic() - started < seconds + 10
    assert HAN["id_number"] not in str(caught.value) and HAN["name"] not in str(caught.value)
    return caught.value


@pytest.fixture
def warm(jabs: Adapter) -> Adapter:
    """Proven already, so that a fault strikes the question itself."""
    ask(jabs, OPERATION, **HAN)
    return jabs


@pytest.mark.parametrize("toxic", [{"hang": True}, {"latency_ms": 60_000}, {"drip": 200}])
def test_fault_F1_fault_F4_a_database_that_never_answers(room: Room, warm: Adapter, toxic: dict[str, Any]) -> None:
    room.tell("/twin/toxics", **toxic)
    assert isinstance(fails(warm, 0.8), OutcomeUnknown)
    room.tell("/twin/toxics", "DELETE")
    assert ask(warm, OPERATION, **LIN).fields["vaccinations"]


def test_quirk_Q37_a_view_that_takes_a_minute(room: Room, warm: Adapter) -> None:
    room.tell("/twin/quirks", Q37=True)
    error = fails(warm, 0.8)
    assert isinstance(error, OutcomeUnknown) and error.code == "DEPARTMENT_TIMEOUT" and "postgresql time" in error.note


def test_quirk_Q37_and_the_server_ends_it_too(room: Room) -> None:
    """Whoever left must not leave the department's server at work."""
    facts = facts_of(JABS)
    facts["db_view"]["statement_s"] = 0.5
    adapter = room.open(JABS, facts)
    ask(adapter, OPERATION, **HAN)
    room.tell("/twin/quirks", Q37=True)
    error = fails(adapter, 10)
    assert isinstance(error, OutcomeUnknown) and "57014" in error.note


def test_fault_F8_down_is_certainly_not_done_and_healed_at_once(room: Room, warm: Adapter) -> None:
    room.tell("/twin/toxics", down=True)
    assert isinstance(fails(warm), Unavailable)
    room.tell("/twin/toxics", "DELETE")
    assert ask(warm, OPERATION, **LIN).fields["vaccinations"]


def test_connections_that_the_server_ended_meanwhile_cost_no_caller_anything(room: Room, warm: Adapter) -> None:
    room.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", room.twin.reader)
    assert ask(warm, OPERATION, **LIN).fields["vaccinations"]


@pytest.mark.parametrize("kind", ["bytes", "html", "empty", "json"])
def test_fault_F5_garbage_on_the_wire(room: Room, warm: Adapter, kind: str) -> None:
    room.tell("/twin/toxics", garbage=kind)
    assert isinstance(fails(warm), Garbled | Unavailable | OutcomeUnknown)
    room.tell("/twin/toxics", "DELETE")
    assert ask(warm, OPERATION, **LIN).fields["vaccinations"]


def test_fault_F5_two_hundred_spoilt_rows_deliver_no_wrong_value(room: Room, students: Adapter) -> None:
    """What a department's own program wrote over its figures: refused, or nothing, never another value."""
    ask(students, "query_student", **HAN)
    luck, refused, own = random.Random(7), 0, ("XJH", "NJ", "XXMC", "SFZH", "XM")
    with room.twin.connect() as owner:
        for number in range(200):
            column = own[number % len(own)]
            value = luck.choice(SPOILT if column in ("XJH", "NJ") else LETTERS) * luck.randint(1, 2)
            with owner.transaction():
                owner.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM pupil")
                statement = sql.SQL('UPDATE pupil SET {} = %s WHERE "SFZH" = %s').format(sql.Identifier(column))
                owner.execute(statement, (value[: 2 if column == "NJ" else 18], HAN["id_number"]))
            try:
                ask(students, "query_student", **HAN)
            except (Garbled, Rejected):
                refused += 1
            owner.execute("TRUNCATE pupil; INSERT INTO pupil SELECT * FROM kept")
        owner.execute("DROP TABLE kept")
    assert refused == 200
    assert ask(students, "query_student", **HAN).fields["name"] == HAN["name"]


def test_fault_F6_row_B91_letters_by_another_charset(room: Room, warm: Adapter) -> None:
    room.tell("/twin/toxics", charset="latin1")
    error = fails(warm)
    assert isinstance(error, Garbled) and error.code == "UPSTREAM_CHARSET"


def test_fault_F7_row_B92_cut_anywhere_is_never_complete(room: Room, warm: Adapter) -> None:
    """From the first byte of the answer to its last: what is delivered is all of it."""
    true, refused = ask(warm, OPERATION, **HAN).fields, 0
    for at in range(0, 2000, 5):
        room.tell("/twin/toxics", truncate_at=at)
        try:
            assert ask(warm, OPERATION, **HAN).fields == true
            break
        except (Garbled, Unavailable, OutcomeUnknown):
            refused += 1
        room.tell("/twin/toxics", "DELETE")
        assert ask(warm, OPERATION, **HAN).fields == true
    assert 30 < refused < 399


def test_fault_F8_the_account_is_gone(room: Room) -> None:
    error = fails(room.open(JABS, user="nobody_of_this_name"))
    assert isinstance(error, Denied)


def test_quirk_Q32_all_places_taken_by_stuck_calls_is_told_at_once(room: Room) -> None:
    """A stuck call keeps its place: the department is never given more connections than it bears."""
    facts = facts_of(JABS)
    facts["db_view"]["max_connections"] = 2
    adapter = room.open(JABS, facts)
    ask(adapter, OPERATION, **HAN)
    room.tell("/twin/quirks", Q37=True)
    stuck = [threading.Thread(target=lambda: fails(adapter, 2.5)) for _ in range(2)]
    for thread in stuck:
        thread.start()
    time.sleep(0.5)
    error = fails(adapter, 0.5)
    assert error.code == "DEPARTMENT_BUSY"
    for thread in stuck:
        thread.join()
    room.tell("/twin/quirks", Q37=False)
    assert ask(adapter, OPERATION, **BOD).fields["vaccinations"] == []
