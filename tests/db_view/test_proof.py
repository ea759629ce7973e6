"""Before it is asked anything a database shows that its account cannot write and its views are what we were told."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from adapters.protocols.db_view import Adapter
from hub.port import Denied, Garbled, Unavailable
from tests.db_view.rooms import HAN, JABS, STUDENT, Room, ask, facts_of, opened

OPERATION = "query_vaccinations"


@pytest.fixture
def grants(room: Room) -> Iterator[list[str]]:
    """What a test grants it takes back."""
    given: list[str] = []
    yield given
    for each in given:
        room.run(each)


@pytest.mark.parametrize(
    ("give", "take", "told"),
    [
        ("GRANT INSERT ON pupil TO {0}", "REVOKE INSERT ON pupil FROM {0}", "INSERT on public.pupil"),
        ('GRANT UPDATE ("ZT") ON pupil TO {0}', 'REVOKE UPDATE ("ZT") ON pupil FROM {0}', "UPDATE on public.pupil"),
        ("GRANT DELETE ON jab TO {0}", "REVOKE DELETE ON jab FROM {0}", "DELETE on public.jab"),
        ("GRANT TRUNCATE ON jab TO {0}", "REVOKE TRUNCATE ON jab FROM {0}", "TRUNCATE on public.jab"),
        ("GRANT CREATE ON SCHEMA public TO {0}", "REVOKE CREATE ON SCHEMA public FROM {0}", "CREATE on schema public"),
        ("GRANT pg_write_all_data TO {0}", "REVOKE pg_write_all_data FROM {0}", "DELETE on public"),
        ("ALTER ROLE {0} CREATEROLE", "ALTER ROLE {0} NOCREATEROLE", "SUPERUSER on role"),
    ],
)
def test_quirk_Q36_an_account_that_could_write_is_refused(
    room: Room, grants: list[str], give: str, take: str, told: str
) -> None:
    adapter = room.open(JABS)
    adapter.probe(time.monotonic() + 5)
    room.run(give.format(room.twin.reader))
    grants.append(take.format(room.twin.reader))
    with pytest.raises(Denied) as caught:
        adapter.probe(time.monotonic() + 5)
    assert told in caught.value.note and "take away" in caught.value.note
    with pytest.raises(Denied):
        ask(room.open(JABS), OPERATION, **HAN)


def test_quirk_Q36_the_session_itself_is_read_only_and_the_account_is_refused(room: Room, jabs: Adapter) -> None:
    """Were the proof blind, the transaction would still be read-only; and were it not, the right is missing."""
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), jabs._line._engine.connect() as connection:
        try:
            connection.execute(text("CREATE TEMPORARY TABLE t (a int)"))
        except Exception as error:
            raise error.__cause__ or error from None
    with psycopg.connect(
        host="127.0.0.1", port=room.gate._service.port, user=room.twin.reader, dbname=room.twin.database,
        password="a word for tests",
    ) as bare, pytest.raises(psycopg.errors.InsufficientPrivilege):  # fmt: skip
        bare.execute("UPDATE pupil SET \"ZT\" = '9'")


@pytest.mark.parametrize(
    ("drift", "told"), [("lost_column", "v_vaccination has no column YMMC"), ("types", "YMMC is integer where text")]
)
def test_quirk_Q40_a_view_that_is_not_what_it_was(room: Room, drift: str, told: str) -> None:
    warm = room.open(JABS)
    ask(warm, OPERATION, **HAN)
    room.tell("/twin/quirks", Q40=drift)
    with pytest.raises(Garbled) as caught:
        ask(room.open(JABS), OPERATION, **HAN)  # at the start
    assert told in caught.value.note
    with pytest.raises(Garbled):
        ask(warm, OPERATION, **HAN)  # and while it runs
    with pytest.raises(Garbled) as caught:
        ask(warm, OPERATION, **HAN)  # when it is looked at again, and says what is wrong
    assert told in caught.value.note
    room.tell("/twin/quirks", Q40=False)
    assert len(ask(warm, OPERATION, **HAN).fields["vaccinations"]) == 2


def test_quirk_Q40_there_is_no_such_view(room: Room) -> None:
    facts = facts_of(STUDENT)
    facts["db_view"]["views"]["v_pupil"] = facts["db_view"]["views"].pop("v_student")
    facts["operations"]["query_student"]["db_view"]["view"] = "v_pupil"
    with pytest.raises(Garbled) as caught:
        room.open(STUDENT, facts).probe(time.monotonic() + 5)
    assert "no view v_pupil" in caught.value.note


def test_a_probe_asks_for_a_person_nobody_is(room: Room) -> None:
    for system in (JABS, STUDENT):
        room.open(system).probe(time.monotonic() + 5)


@pytest.mark.parametrize(
    ("scheme", "module", "extra"),
    [
        ("oracle", "oracledb", "oracle"), ("sqlserver", "sqlalchemy_pytds", "sqlserver"),
        ("dameng", "dmPython", "dameng"), ("mysql", "pymysql", "mysql"),
    ],
)  # fmt: skip
def test_a_missing_driver_disables_this_one_system_and_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, scheme: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(Unavailable) as caught:
        opened(f"{scheme}://127.0.0.1:9/db", facts_of(JABS), "reader")
    assert caught.value.note.endswith(f"install xiantong[{extra}]") and module in caught.value.note
