"""What only a real MariaDB shows: GBK in latin1 columns, days that never were, its own words for no."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pymysql
import pytest
from sqlalchemy.exc import OperationalError

from adapters.protocols.db_view import Adapter
from hub.port import Denied, Garbled, OutcomeUnknown, Rejected, Unavailable
from tests.db_view.mariadb import MARKER, PASSWORD, READER, WRITER, MariaDb
from tests.db_view.rooms import ask, opened

ZHANG, WAN = {"id_number": "362623190205121932", "name": "张三"}, {"id_number": "362623191206116013", "name": "万俟縗"}
FACTS: dict[str, Any] = {
    "name": {"zh": "证件", "en": "Holders"},
    "department": "bureau",
    "protocol": "db_view",
    "encoding": "gb18030",
    "subject": "id_number",
    "probe": {"operation": "query", "fields": {"id_number": "1", "name": "探"}, "rejected_is_fine": True},
    "db_view": {
        "statement_s": 2.0,
        "views": {
            "v_holder": {
                "columns": {
                    "ZJHM": {}, "XM": {"stored_as": "gbk_in_latin1"}, "DZ": {"stored_as": "gbk_in_latin1"}, "BZ": {},
                    "FZRQ": {"type": "date"}, "ZXSJ": {"type": "datetime"}, "MJ": {"type": "decimal"},
                    "SL": {"type": "integer"}, "YX": {"type": "boolean"},
                }
            }
        },
    },
    "outcome": {
        "path": "found",
        "ok": ["some"],
        "rejected": {"none": {"code": "HOLDER_NOT_FOUND", "zh": "没有查到。", "en": "Not found."}},
    },
    "operations": {
        "query": {
            "kind": "read",
            "data_class": 3,
            "request": {"fields": {"id_number": {"to": "ZJHM"}, "name": {"to": "XM", "required": True}}},
            "db_view": {"view": "v_holder", "rows": 5},
            "answer": {
                "fields": {
                    "id_number": {"from": "row.ZJHM", "class": 3},
                    "name": {"from": "row.XM", "class": 3},
                    "address": {"from": "row.DZ", "class": 3},
                    "remark": {"from": "row.BZ", "class": 3},
                    "issued_on": {"from": "row.FZRQ", "as": "date", "absent": ["0000-00-00"], "class": 2},
                    "ended_at": {
                        "from": "row.ZXSJ", "as": "datetime", "absent": ["0000-00-00 00:00:00"], "class": 2
                    },
                    "fee_fen": {"from": "row.MJ", "as": "yuan", "class": 2},
                    "number": {"from": "row.SL", "as": "integer", "class": 2},
                    "valid": {"from": "row.YX", "as": "boolean", "class": 2},
                }
            },
        }
    },
}  # fmt: skip


@pytest.fixture
def holders(mariadb: MariaDb) -> Iterator[MariaDb]:
    yield mariadb
    mariadb.run("TRUNCATE county.holder")


@pytest.fixture
def adapter(holders: MariaDb) -> Iterator[Adapter]:
    adapter = opened(holders.address, FACTS, READER, PASSWORD)
    yield adapter
    adapter.close()


def put(
    database: MariaDb, who: Mapping[str, str], address: str = "示范县", day: str = "2020-01-31", **more: Any
) -> None:
    """As the old program does: GBK bytes through a connection that says latin1."""
    row = {"SL": 3, "YX": 1, "MJ": "12.50", "BZ": "备注𠮷", "ZXSJ": "2020-01-31 08:09:10", **more}
    row |= {"ZJHM": who["id_number"], "FZRQ": day, "XM": who["name"].encode("gb18030"), "DZ": address.encode("gb18030")}
    with database.root() as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO county.holder (ZJHM, FZRQ, XM, DZ, SL, YX, MJ, BZ, ZXSJ) VALUES (%(ZJHM)s, %(FZRQ)s,"
            " CONVERT(%(XM)s USING latin1), CONVERT(%(DZ)s USING latin1), %(SL)s, %(YX)s, %(MJ)s, %(BZ)s, %(ZXSJ)s)",
            row,
        )


def test_quirk_Q34_gbk_in_a_latin1_column(holders: MariaDb, adapter: Adapter) -> None:
    put(holders, ZHANG, "示范县万俟村𠮷组")
    assert ask(adapter, "query", **ZHANG).fields == {
        **ZHANG, "address": "示范县万俟村𠮷组", "remark": "备注𠮷", "issued_on": "2020-01-31",
        "ended_at": "2020-01-31T08:09:10+08:00", "fee_fen": 1250, "number": 3, "valid": True,
    }  # fmt: skip


def test_quirk_Q34_every_two_byte_character_of_gbk(holders: MariaDb, adapter: Adapter) -> None:
    """Among them those that a latin1 connection of MySQL has no letter for, and those that end in a quote's neighbour,
    5C and 7C."""
    every = [bytes([a, b]) for a in range(0xB0, 0xF8) for b in (*range(0x40, 0x7F), *range(0x80, 0xFF))]
    texts = [each.decode("gb18030") for each in every]
    chinese = [text for text in texts if "\u4e00" <= text <= "\u9fff" and text not in "锟斤拷鏄"]
    assert len(chinese) > 12_000
    for at in range(0, len(chinese), 90):
        address = "".join(chinese[at : at + 90])
        who = {"id_number": str(at), "name": "张" + address[:2]}
        put(holders, who, address)
        found = ask(adapter, "query", **who).fields
        assert (found["address"], found["name"]) == (address, who["name"])


def test_quirk_Q34_a_gbk_client_would_have_lost_it(holders: MariaDb) -> None:
    """Why the bytes are asked for: what other clients see of the same row."""
    put(holders, ZHANG)
    seen = {}
    for charset in ("utf8mb4", "gbk"):
        with pymysql.connect(
            host="127.0.0.1", port=holders.port, user=READER, password=PASSWORD, database="county", charset=charset
        ) as connection, connection.cursor() as cursor:  # fmt: skip
            cursor.execute("SELECT XM FROM v_holder")
            seen[charset] = cursor.fetchall()[0][0]
    assert seen["utf8mb4"].startswith("ÕÅ") and "?" in seen["gbk"]


def test_quirk_Q34_a_latin1_collation_takes_other_names_for_the_same(holders: MariaDb, adapter: Adapter) -> None:
    """By latin1_swedish_ci 0xC1 and 0xE1 are one letter, so that two names are: only the one asked for comes back."""
    other = b"\xe1\xd5".decode("gb18030")
    one = b"\xc1\xd5".decode("gb18030")
    put(holders, {"id_number": "1", "name": other})
    assert holders.run(
        ("SELECT count(*) FROM county.v_holder WHERE XM = CONVERT(%s USING latin1)", (b"\xc1\xd5",))
    ) == [(1,)]
    with pytest.raises(Rejected):
        ask(adapter, "query", name=one)
    assert ask(adapter, "query", name=other).fields["name"] == other


def test_quirk_Q34_fault_F6_utf8_where_gbk_is_declared(holders: MariaDb, adapter: Adapter) -> None:
    put(holders, ZHANG)
    holders.run(("UPDATE county.holder SET DZ = CONVERT(%s USING latin1)", ("示范县城关镇".encode(),)))
    with pytest.raises(Garbled) as caught:
        ask(adapter, "query", **ZHANG)
    assert caught.value.code == "UPSTREAM_CHARSET"


def test_quirk_Q35_zero_dates(holders: MariaDb, adapter: Adapter) -> None:
    put(holders, ZHANG, day="0000-00-00", ZXSJ="0000-00-00 00:00:00")
    fields = ask(adapter, "query", **ZHANG).fields
    assert (fields["issued_on"], fields["ended_at"]) == (None, None)
    holders.run("UPDATE county.holder SET FZRQ = '2020-00-00'")
    with pytest.raises(Garbled):
        ask(adapter, "query", **ZHANG)


def test_quirk_Q35_without_the_rule_it_is_not_understood(holders: MariaDb) -> None:
    facts = {**FACTS, "operations": {"query": {**FACTS["operations"]["query"]}}}
    answer = facts["operations"]["query"]["answer"]["fields"]
    plain = {name: {key: value for key, value in each.items() if key != "absent"} for name, each in answer.items()}
    facts["operations"]["query"]["answer"] = {"fields": plain}
    adapter = opened(holders.address, facts, READER, PASSWORD)
    put(holders, ZHANG, day="0000-00-00")
    with pytest.raises(Garbled):
        ask(adapter, "query", **ZHANG)
    adapter.close()


@pytest.mark.parametrize("account", [WRITER, "root"])
def test_quirk_Q36_an_account_that_can_write_is_refused(holders: MariaDb, account: str) -> None:
    holders.run("SET PASSWORD FOR 'root'@'localhost' = PASSWORD('')")
    adapter = opened(holders.address, FACTS, account, PASSWORD if account == WRITER else "")
    with pytest.raises(Denied) as caught:
        ask(adapter, "query", **ZHANG)
    assert account == "root" or "INSERT on county.*" in caught.value.note
    adapter.close()


def test_quirk_Q36_a_role_is_not_trusted(holders: MariaDb, adapter: Adapter) -> None:
    adapter.probe(time.monotonic() + 5)
    holders.run("CREATE ROLE writing", "GRANT INSERT ON county.* TO writing", f"GRANT writing TO '{READER}'@'%'")
    try:
        with pytest.raises(Denied):
            adapter.probe(time.monotonic() + 5)
    finally:
        holders.run("DROP ROLE writing")
    adapter.probe(time.monotonic() + 5)


def test_quirk_Q36_the_server_refuses_a_write_with_1142(holders: MariaDb) -> None:
    with pymysql.connect(
        host="127.0.0.1", port=holders.port, user=READER, password=PASSWORD, database="county"
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        with pytest.raises(pymysql.OperationalError) as caught:
            cursor.execute("UPDATE v_holder SET SL = 1")
        assert caught.value.args[0] == 1142


def test_quirk_Q36_even_a_writing_account_has_a_read_only_session(holders: MariaDb) -> None:
    adapter = opened(holders.address, FACTS, WRITER, PASSWORD)
    with adapter._line._engine.connect() as connection, pytest.raises(OperationalError, match="1792"):
        connection.exec_driver_sql("INSERT INTO county.holder (ZJHM) VALUES ('1')")
    adapter.close()


def test_quirk_Q37_a_query_that_hangs(holders: MariaDb, adapter: Adapter) -> None:
    put(holders, ZHANG)
    ask(adapter, "query", **ZHANG)
    holders.run(
        "CREATE OR REPLACE VIEW county.v_holder AS SELECT ZJHM, XM, DZ, BZ, FZRQ, ZXSJ, MJ, SL, YX FROM county.holder"
        " WHERE SLEEP(30) = 0"
    )
    try:
        started = time.monotonic()
        for seconds, told in ((0.7, "mysql time"), (10, "mysql 1969")):  # our own patience; the server's: statement_s
            with pytest.raises(OutcomeUnknown, match=told):
                ask(adapter, "query", seconds, **ZHANG)
        assert time.monotonic() - started < 20
    finally:
        holders.run(
            "CREATE OR REPLACE VIEW county.v_holder AS SELECT ZJHM, XM, DZ, BZ, FZRQ, ZXSJ, MJ, SL, YX"
            " FROM county.holder"
        )


def test_quirk_Q40_a_lost_column_and_another_type(holders: MariaDb, adapter: Adapter) -> None:
    plain = (
        "CREATE OR REPLACE VIEW county.v_holder AS SELECT ZJHM, XM, DZ, BZ, FZRQ, ZXSJ, MJ, SL, YX FROM county.holder"
    )
    ask_it = lambda: adapter.probe(time.monotonic() + 5)  # noqa: E731
    try:
        ask_it()
        for change, told in ((", YX", "no column YX"), ("SL, YX", "SL is varchar where integer")):
            into = "" if change == ", YX" else "CONVERT(SL, CHAR) AS SL, YX"
            holders.run(plain.replace(change, into))
            with pytest.raises(Garbled) as caught:
                ask_it()
            assert told in caught.value.note
    finally:
        holders.run(plain)
    ask_it()


def test_wrong_password_and_no_server(holders: MariaDb) -> None:
    for address, password, kind in (
        (holders.address, "wrong", Denied),
        ("mysql://127.0.0.1:9/county", "", Unavailable),
    ):
        adapter = opened(address, FACTS, READER, password)
        with pytest.raises(kind):
            ask(adapter, "query", **ZHANG)
        adapter.close()


@pytest.mark.parametrize("text", ["' OR '1'='1", "縗' OR 1=1 --", "\\' OR 1=1 #", "%s", "諀\\", '" OR ""="'])
def test_threat_T15_row_B58_gbk_bytes_are_never_a_statement(holders: MariaDb, adapter: Adapter, text: str) -> None:
    put(holders, ZHANG)
    put(holders, {"id_number": "2", "name": text})
    assert ask(adapter, "query", name=text).fields["id_number"] == "2"
    assert ask(adapter, "query", id_number="2", name=text).fields["name"] == text
    with pytest.raises(Rejected):
        ask(adapter, "query", id_number=text, name="张三")
    assert holders.run("SELECT count(*) FROM county.holder") == [(2,)]


def test_the_server_ended_our_connections_meanwhile(holders: MariaDb, adapter: Adapter) -> None:
    put(holders, ZHANG)
    ask(adapter, "query", **ZHANG)
    for (number,) in holders.run("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'reader'"):
        holders.run(f"KILL {number}")
    assert ask(adapter, "query", **ZHANG).fields["name"] == "张三"


def test_an_account_that_marks_may_read_and_nothing_more(holders: MariaDb) -> None:
    """Without the exchange section its right to write is one too many."""
    adapter = opened(holders.address, FACTS, MARKER, PASSWORD, mark=True)
    with pytest.raises(Denied):
        ask(adapter, "query", **ZHANG)
    adapter.close()
