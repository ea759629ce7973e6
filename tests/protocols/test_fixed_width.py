"""Records of fixed width against the twins of two cores: what goes out, what comes back, and quirks Q25 to Q29."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from adapters.protocols import fixed_width as protocol
from adapters.protocols.fixed_width_layout import Layout
from adapters.twins.residents import county
from hub.errors import Problem
from hub.port import Adapter, Denied, Garbled, OutcomeUnknown, PortError, Rejected, Setting, Unavailable
from tests.protocols.bureau import HAN, LIN, Bureau, ask
from tests.protocols.cores import core, facts_of, opened, pooled
from tests.protocols.recorded import SECRETS, lonely

PLATE = {"plate_no": "赣G12345"}
FILED = {**HAN, "item": "rent", "amount_fen": 120_000}


@pytest.fixture
def traffic(tmp_path: Path) -> Iterator[Bureau]:
    with core("traffic", tmp_path) as running:
        yield running


@pytest.fixture
def fund(tmp_path: Path) -> Iterator[Bureau]:
    with core("fund_core", tmp_path) as running:
        yield running


def refused(
    adapter: Adapter, kind: type[PortError], code: str, operation: str = "query_account", **fields: Any
) -> None:
    with pytest.raises(kind) as caught:
        ask(adapter, operation, 2.0, **(fields or HAN))
    assert caught.value.code == code


def test_a_read_in_hub_fields(fund: Bureau) -> None:
    reply = ask(opened(fund), "query_account", **HAN)
    assert reply.fields == {
        **HAN,
        "account": "3604230773505370",
        "monthly_fen": 175664,
        "balance_fen": 34430144,
        "employer": "武宁县人民医院",
        "employer_cut": False,
    }
    assert (reply.request_bytes, reply.response_bytes) == (192, 594)


@pytest.mark.parametrize(("plate", "count"), [("赣G00001", 0), ("赣G54321", 1), ("赣G12345", 2)])
def test_a_group_repeats_as_often_as_its_count_says(traffic: Bureau, plate: str, count: int) -> None:
    rows = ask(opened(traffic), "query_violations", plate_no=plate).fields["violations"]
    assert len(rows) == count
    assert all(row["place"] and row["penalty_fen"] >= 5000 for row in rows)


def test_a_write_is_filed_with_our_number_and_found_by_it(fund: Bureau) -> None:
    adapter = opened(fund)
    receipt = ask(adapter, "submit_application", key="our-number-1", **FILED).receipt
    assert ask(adapter, "query_status", external_no="our-number-1").fields == {
        "external_no": "our-number-1", "case_no": receipt, "step": "accepted", "decided_on": None,
    }  # fmt: skip
    assert [record["external_no"] for record in fund.tell("/twin/records", "GET")["records"]] == ["our-number-1"]
    refused(adapter, Rejected, "DEPARTMENT_REJECTED", "query_status", external_no="another")


def test_a_payment_is_made_once(traffic: Bureau) -> None:
    adapter = opened(traffic)
    bill = ask(adapter, "query_violations", **PLATE).fields["violations"][0]
    paid = {"bill_no": bill["bill_no"], "payer_id": HAN["id_number"], "amount_fen": bill["penalty_fen"]}
    receipt = ask(adapter, "pay_penalty", key="k1", **paid).receipt
    assert ask(adapter, "query_payment", bill_no=bill["bill_no"]).receipt == receipt
    with pytest.raises(Rejected) as caught:
        ask(adapter, "pay_penalty", key="k2", **paid)
    assert caught.value.faults[0].code == "ALREADY_PAID"


def test_a_refusal_ends_with_its_header(fund: Bureau) -> None:
    adapter = opened(fund)
    with pytest.raises(Rejected) as caught:
        ask(adapter, "query_account", id_number=HAN["id_number"], name="韩山")
    assert caught.value.faults[0].code == "NAME_MISMATCH"
    adapter.probe(time.monotonic() + 3)


def test_the_account_and_the_mac_are_checked(fund: Bureau, traffic: Bureau) -> None:
    for running, secret in ((fund, "key"), (fund, "username"), (traffic, "password")):
        file = running.secrets / f"{running.system}_{secret}"
        adapter = opened(running)
        before = file.read_text(encoding="utf-8")
        file.write_text("changed", encoding="utf-8")  # the twin's, after ours was read
        operation = "query_account" if running is fund else "query_violations"
        # with another key we cannot believe the answer that says so either
        code = ("UPSTREAM_MALFORMED", Garbled) if secret == "key" else ("DEPARTMENT_DENIED", Denied)
        refused(adapter, code[1], code[0], operation, **(HAN if running is fund else PLATE))
        file.write_text(before, encoding="utf-8")


def test_an_answer_without_its_mac_is_refused(fund: Bureau) -> None:
    told = fund.twin.told

    def forged(message: bytes) -> bytes:
        return bytes(told(message)).replace(b"0000175664", b"9900175664")

    fund.twin.told = forged
    refused(opened(fund), Garbled, "UPSTREAM_MALFORMED")


@pytest.mark.parametrize("operation", ["query_account", "submit_application"])
def test_quirk_Q25_an_answer_in_pieces_of_seven_bytes(fund: Bureau, operation: str) -> None:
    fund.tell("/twin/quirks", Q25=True)
    fields = FILED if operation == "submit_application" else HAN
    assert ask(opened(fund), operation, key="k", **fields).fields


def test_quirk_Q26_row_B62_widths_are_bytes(fund: Bureau) -> None:
    adapter = opened(fund)
    layout = Layout([{"name": "name", "bytes": 4, "align": "left", "pad": " ", "cut": False}], "gb18030")
    assert layout.packed({"name": "张三"}) == "张三".encode("gb18030") and len("张三".encode("gb18030")) == 4
    fund.tell("/twin/quirks", Q26=False)  # a department that counts characters sends what we must not believe
    refused(adapter, Garbled, "UPSTREAM_MALFORMED")


def test_row_B62_what_does_not_fit_is_told_and_never_cut(fund: Bureau) -> None:
    adapter = opened(fund)
    with pytest.raises(Problem) as caught:  # 31 characters are 62 bytes, the field has 60
        ask(adapter, "submit_application", key="k", **{**FILED, "name": "张" * 31})
    assert (caught.value.code, caught.value.status) == ("TOO_LONG", 422)
    assert caught.value.faults[0].path == "name"
    assert fund.tell("/twin/records", "GET")["calls"] == 0


def test_quirk_Q27_we_cut_between_characters_where_a_field_may_be_cut(fund: Bureau) -> None:
    adapter = opened(fund)
    ask(adapter, "submit_application", key="k1", **FILED, reason="租房提取" * 20)
    ask(adapter, "submit_application", key="k2", **FILED, reason="𠮷" * 30)
    reasons = [record["reason"] for record in fund.tell("/twin/records", "GET")["records"]]
    assert reasons == ["租房提取" * 10, "𠮷" * 20]  # 81 bytes: 40 characters of two, or 20 of four


def test_quirk_Q27_what_came_cut_is_told_as_cut(fund: Bureau, traffic: Bureau) -> None:
    fund.tell("/twin/quirks", Q27="org_name")
    fields = ask(opened(fund), "query_account", **HAN).fields
    assert fields["employer_cut"] is True and set(fields["employer"]) <= set(
        "A武宁县人民医院第一中学江西省工业园区光电产有限公司"
    )
    assert len(fields["employer"].encode("gb18030")) == 239
    traffic.tell("/twin/quirks", Q27="violation_place")
    rows = ask(opened(traffic), "query_violations", **PLATE).fields["violations"]
    assert [row["place_cut"] for row in rows] == [True, True]


def test_quirk_Q27_a_cut_name_is_no_name(fund: Bureau) -> None:
    fund.tell("/twin/quirks", Q27="name")
    refused(opened(fund), Garbled, "UPSTREAM_TRUNCATED")


@pytest.mark.parametrize("change", [None, pooled])
def test_quirk_Q28_the_answer_to_the_question_before(fund: Bureau, change: Any) -> None:
    fund.tell("/twin/quirks", Q28="previous", alone=False)
    adapter = opened(fund, change)
    ask(adapter, "query_account", **HAN)
    refused(adapter, Garbled, "UPSTREAM_MALFORMED", **LIN)
    fund.tell("/twin/quirks", Q28=False)
    assert ask(adapter, "query_account", **LIN).fields["name"] == LIN["name"]


def test_quirk_Q28_an_answer_glued_to_ours_takes_its_line_with_it(fund: Bureau) -> None:
    fund.tell("/twin/quirks", Q28="glued", alone=False)
    adapter, guests = opened(fund, pooled), set()
    for who in (HAN, LIN, HAN):
        assert ask(adapter, "query_account", **who).fields["name"] == who["name"]
        guests.add(fund.twin.guest())
    assert len(guests) == 3


def test_quirk_Q28_bytes_that_come_behind_a_kept_line_end_it(fund: Bureau) -> None:
    fund.tell("/twin/quirks", alone=False)
    adapter = opened(fund, pooled)
    ask(adapter, "query_account", **HAN)
    fund.twin.guest().sendall(b"000012garbage")  # the line is idle, and somebody speaks
    assert ask(adapter, "query_account", **LIN).fields["name"] == LIN["name"]


def test_quirk_Q29_whether_a_length_counts_itself_is_a_fact(fund: Bureau) -> None:
    def other(facts: dict[str, Any]) -> None:
        facts["fixed_width"]["framing"]["length_includes_header"] = False

    fund.tell("/twin/quirks", Q29=True)
    assert ask(opened(fund, other), "query_account", **HAN).fields["name"] == HAN["name"]


def test_quirk_Q29_a_length_that_counts_otherwise_delivers_nothing(fund: Bureau, traffic: Bureau) -> None:
    for running in (fund, traffic):
        running.tell("/twin/quirks", Q29="answers")
    refused(opened(fund), Garbled, "UPSTREAM_MALFORMED")
    with pytest.raises(OutcomeUnknown):  # it waits for six bytes that never come
        ask(opened(traffic), "query_violations", 0.5, **PLATE)


def test_a_department_that_ends_the_older_line_is_asked_in_turns(fund: Bureau) -> None:
    adapter = opened(fund)
    fund.tell("/twin/toxics", latency_ms=20)  # long enough for the others to be in the way
    with ThreadPoolExecutor(6) as callers:
        replies = list(callers.map(lambda who: (who, ask(adapter, "query_account", 20, **who)), (HAN, LIN) * 9))
    assert all(reply.fields["name"] == who["name"] for who, reply in replies)


def test_a_kept_line_that_the_department_closed_is_noticed_by_a_read(fund: Bureau) -> None:
    fund.tell("/twin/quirks", alone=False)
    adapter = opened(fund, pooled)
    ask(adapter, "query_account", **HAN)
    fund.tell("/twin/toxics", down=True)
    refused(adapter, Unavailable, "DEPARTMENT_UNAVAILABLE")
    fund.tell("/twin/toxics", "DELETE")
    assert ask(adapter, "query_account", **HAN).fields["name"] == HAN["name"]


def test_threat_T15_threat_T16_row_B55_row_B56_row_B61_no_text_shifts_a_field(fund: Bureau) -> None:
    """縗 is BF 5C, 卄 is 84 7C: counted in bytes, a name can neither end its field nor the message."""
    adapter = opened(fund)
    trails = [bytes((lead, trail)) for trail in (0x5C, 0x7C, 0x40, 0x7E) for lead in range(0x81, 0xFE)]
    letters = [each for raw in trails if (each := raw.decode("gbk", "ignore")) and not "\ue000" <= each <= "\uf8ff"]
    odd = ["{{7*7}}", "${7*7}", "%(x)s", "{0.__class__}", "'; DROP TABLE x; --", "a|b\\c", "  x  y"]
    texts = ["".join(random.Random(n).choices(letters, k=8)) for n in range(100)] + odd
    for number, text in enumerate(texts):
        ask(adapter, "submit_application", key=f"k{number}", **FILED, reason=text)
    records = fund.tell("/twin/records", "GET")["records"]
    assert [record["reason"] for record in records] == texts
    assert {record["amount"] for record in records} == {"120000"}


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\x7fb"])
def test_threat_T15_row_B60_control_characters_never_leave(fund: Bureau, text: str) -> None:
    with pytest.raises(Problem) as caught:
        ask(opened(fund), "submit_application", key="k", **FILED, reason=text)
    assert caught.value.code == "TEXT_CONTROL"


def test_every_resident_there_and_back(fund: Bureau) -> None:
    adapter = opened(fund, pooled)
    fund.tell("/twin/quirks", alone=False)
    for person in list(county().residents.values())[::4]:
        fields = ask(adapter, "query_account", id_number=person.id_number, name=person.name).fields
        assert (fields["id_number"], fields["name"]) == (person.id_number, person.name)


@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_quirk_Q27_every_name_in_a_field_it_fills_and_one_that_cuts_it(charset: str) -> None:
    for person in county().residents.values():
        if charset == "utf-8" and person.name[0] > "\uffff":  # alone it looks like another script: refused
            continue
        raw = person.name.encode(charset)
        for width in range(1, len(raw) + 4):
            layout = Layout([{"name": "x", "bytes": width, "align": "left", "pad": " ", "cut": True}], charset)
            tree, _ = layout.read(raw[:width].ljust(width))
            whole = len(tree["x"].encode(charset))
            assert person.name.startswith(tree["x"]) and tree["x_cut"] == ("1" if whole < min(width, len(raw)) else "0")
            assert layout.read(layout.packed({"x": person.name}))[0]["x"] == tree["x"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:80", "tcp://127.0.0.1", "tcp://127.1:80", "tcp://2130706433:80", "tcp://0x7f.1:80",
        "tcp://user@127.0.0.1:80", "tcp://[::ffff:127.0.0.1]:80", "tcp://169.254.169.254:80", "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:99999", "file:///etc/passwd", "tcp://127.0.0.1:80?x", "tls://127.0.0.1:80",
    ],
)  # fmt: skip
def test_threat_T11_an_address_is_a_plain_tcp_one(fund: Bureau, address: str) -> None:
    fund.server.address = address
    with pytest.raises(Problem) as caught:
        opened(fund)
    assert caught.value.code == "CONFIG_INVALID"


def test_threat_T11_a_private_address_is_admitted_only_when_told(fund: Bureau) -> None:
    facts = protocol.FACTS().load(facts_of("fund_core"))
    setting = Setting("fund_core", fund.server.address, facts, fund.secrets, lonely("fund_core"), SECRETS)
    with pytest.raises(Problem) as caught:
        protocol.Adapter(setting)
    assert "allow_private" in caught.value.note
