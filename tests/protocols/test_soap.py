"""SOAP against the twins of its two systems: every quirk Q1-Q12, and the faults of reliability 5, on real bytes."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog

from hub.errors import Problem
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Rejected, Unavailable
from tests.protocols.departments import NOBODY, Department, opened
from tests.protocols.rogue import Rogue, always, http

ID = "362623190205121932"
NAME = "韩山福"
READS = {"medical_insurance": "query_balance", "household_registration": "query_person"}
LISTS = {"medical_insurance": ("query_payments", "payments"), "household_registration": ("query_members", "members")}
BOTH = pytest.mark.parametrize("department", ["medical_insurance", "household_registration"], indirect=True)


@pytest.fixture
def department(request: pytest.FixtureRequest) -> Iterator[Department]:
    running = Department(getattr(request, "param", "medical_insurance"))
    yield running
    running.close()


@pytest.fixture
def household() -> Iterator[Department]:
    running = Department("household_registration")
    yield running
    running.close()


def read(department: Department, person: str = ID, seconds: float = 10.0) -> dict[str, Any]:
    return dict(department.ask(READS[department.twin.system], seconds, id_number=person).fields)


def refused(department: Department, kind: type[PortError], code: str, person: str = ID) -> PortError:
    with pytest.raises(kind) as caught:
        read(department, person)
    assert caught.value.code == code
    return caught.value


@BOTH
def test_a_read_and_a_probe(department: Department) -> None:
    assert read(department)["name"] == NAME
    department.adapter.probe(time.monotonic() + 3)
    assert refused(department, Rejected, "DEPARTMENT_REJECTED", NOBODY).faults[0].code in {
        "NOT_INSURED", "PERSON_NOT_FOUND",
    }  # fmt: skip


@BOTH
@pytest.mark.parametrize("charset", ["gbk", "gb2312", "gb18030"])
def test_quirk_Q1_chinese_charsets_declared_rightly(department: Department, charset: str) -> None:
    department.quirk(Q1=charset)
    assert read(department)["name"] == NAME


@BOTH
def test_quirk_Q1_rare_names_survive(department: Department) -> None:
    for person in department.twin.county.residents.values():  # type: ignore[attr-defined]
        if not set(person.name).isdisjoint("䶮𠮷㐂㛃𬴊·"):
            assert read(department, person.id_number)["name"] == person.name


@BOTH
def test_quirk_Q2_gbk_declared_utf_8_is_read_and_recorded_once(department: Department) -> None:
    department.quirk(Q2=True)
    with structlog.testing.capture_logs() as lines:
        assert read(department)["name"] == read(department)["name"] == NAME
    assert [(line["kind"], line["note"]) for line in lines] == [("charset", "utf-8")]


@BOTH
@pytest.mark.parametrize("form", [True, "header"])
def test_quirk_Q3_gbk_declared_nowhere_or_only_by_http(department: Department, form: Any) -> None:
    department.quirk(Q3=form)
    assert read(department)["name"] == NAME


@BOTH
def test_quirk_Q4_a_maintenance_page_is_told_with_our_notice(department: Department) -> None:
    department.quirk(Q4=True)
    error = refused(department, Unavailable, "DEPARTMENT_UNAVAILABLE")
    assert isinstance(error.notice, dict) and error.notice["zh"].endswith("请稍后再试。")
    assert "8:00" not in str(error.notice)  # the department's own words stay inside


@BOTH
def test_quirk_Q4_any_other_page_is_garbled(department: Department) -> None:
    department.quirk(Q4="other")
    assert refused(department, Garbled, "UPSTREAM_MALFORMED").sample.startswith(b"<html>")


@BOTH
def test_quirk_Q5_row_B91_utf_8_where_gbk_is_pinned(department: Department) -> None:
    department.quirk(Q5=True)
    refused(department, Garbled, "UPSTREAM_CHARSET")


def pin_utf_8(facts: dict[str, Any]) -> None:
    facts["encoding"] = "utf-8"


def test_quirk_Q5_unless_utf_8_is_pinned() -> None:
    department = Department("medical_insurance", pin_utf_8)
    try:
        department.quirk(Q5=True)
        assert read(department)["name"] == NAME
        department.quirk(Q5=False)
        refused(department, Garbled, "UPSTREAM_CHARSET")
    finally:
        department.close()


@BOTH
@pytest.mark.parametrize("status", ["500", "200"])
def test_quirk_Q6_an_unknown_fault_stays_inside(department: Department, status: str) -> None:
    department.quirk(Q6=status)
    error = refused(department, Garbled, "UPSTREAM_MALFORMED")
    assert b"NullPointerException" in error.sample
    shown = (str(error), error.notice, error.faults, error.extra)
    assert "java" not in str(shown) and "NullPointer" not in str(shown)


@BOTH
def test_quirk_Q6_feat_C1_a_known_fault_is_the_departments_no(department: Department) -> None:
    department.quirk(Q6="known")
    fault = refused(department, Rejected, "DEPARTMENT_REJECTED").faults[0]
    assert isinstance(fault.message, dict) and set(fault.message) == {"zh", "en"}


def test_quirk_Q7_a_system_that_reads_gbk_only(household: Department) -> None:
    assert read(household)["name"] == NAME  # request_encoding: gbk

    def in_utf_8(facts: dict[str, Any]) -> None:
        facts["soap"]["request_encoding"] = "utf-8"

    other = opened("household_registration", household.server.address, in_utf_8)
    household.adapter, own = other, household.adapter
    refused(household, Garbled, "UPSTREAM_MALFORMED")
    household.adapter = own


def test_quirk_Q7_chinese_arrives_as_it_was_sent(household: Department) -> None:
    household.ask("file_application", key="K", id_number=ID, name=NAME, kind="address_change", reason='迁居 <a>&"]]>')
    assert household.records()[0]["SQLY"] == '迁居 <a>&"]]>'


@BOTH
@pytest.mark.parametrize("rows", ["0", "1", "2", "7"])
def test_quirk_Q8_every_list_of_no_one_and_many(department: Department, rows: str) -> None:
    operation, name = LISTS[department.twin.system]
    department.quirk(Q8=rows)
    found = department.ask(operation, id_number=ID).fields[name]
    assert isinstance(found, list) and len(found) == int(rows)


def test_quirk_Q9_every_call_has_a_nonce_of_its_own(department: Department) -> None:
    department.quirk(Q9=True)
    with ThreadPoolExecutor(8) as pool:
        assert {each["name"] for each in pool.map(lambda _: read(department), range(40))} == {NAME}


def test_quirk_Q9_a_refused_token_is_denied() -> None:
    department = Department("medical_insurance", password="wrong")
    try:
        refused(department, Denied, "DEPARTMENT_DENIED")
        with pytest.raises(Denied):
            department.adapter.probe(time.monotonic() + 3)
    finally:
        department.close()


def test_quirk_Q9_a_system_that_suddenly_wants_a_token(household: Department) -> None:
    household.quirk(Q9=True)
    refused(household, Denied, "DEPARTMENT_DENIED")


def test_a_refused_password_in_the_body_is_denied() -> None:
    department = Department("household_registration", password="wrong")
    try:
        refused(department, Denied, "DEPARTMENT_DENIED")
    finally:
        department.close()


@BOTH
def test_quirk_Q10_fault_F1_silence_ends_at_the_deadline(department: Department) -> None:
    department.quirk(Q10=True)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown) as caught:
        read(department, seconds=0.7)
    assert caught.value.code == "DEPARTMENT_TIMEOUT"
    assert 0.65 < time.monotonic() - started < 8


@BOTH
def test_quirk_Q10_the_wsdl_is_never_fetched(department: Department) -> None:
    department.quirk(Q10="wsdl")
    again = opened(department.twin.system, department.server.address)
    department.adapter, own = again, department.adapter
    assert read(department)["name"] == NAME
    own.close()


@BOTH
@pytest.mark.parametrize("form", ["doctype", "entity", "external", "utf-16", "utf-7"])
def test_quirk_Q11_row_B90_unsafe_xml_is_refused(department: Department, form: str) -> None:
    department.quirk(Q11=form)
    refused(department, Garbled, "UPSTREAM_UNSAFE_XML")


@BOTH
def test_quirk_Q12_a_new_element_is_reported_and_harmless(department: Department) -> None:
    department.quirk(Q12="element")
    with structlog.testing.capture_logs() as lines:
        assert read(department)["name"] == NAME
    assert [line["kind"] for line in lines if line["event"] == "unmapped"] == ["element"]


def test_quirk_Q12_a_missing_element_and_an_unknown_code(department: Department) -> None:
    for form in ("missing", "code"):
        department.quirk(Q12=form)
        refused(department, Garbled, "UPSTREAM_MALFORMED")


def test_quirk_Q12_the_same_inside_escaped_xml(household: Department) -> None:
    household.quirk(Q12="missing")
    with pytest.raises(Garbled):
        household.ask("query_residence", id_number=ID)
    household.quirk(Q12="code")
    with pytest.raises(Garbled):
        household.ask("query_members", id_number=ID)


@BOTH
def test_row_B96_somebody_elses_record(department: Department) -> None:
    department.quirk(B96=True)
    refused(department, Garbled, "UPSTREAM_SUBJECT_MISMATCH")


# -- toxics


@BOTH
def test_fault_F1_a_system_that_hangs_and_heals(department: Department) -> None:
    department.toxic(hang=True)
    with pytest.raises(OutcomeUnknown):
        read(department, seconds=0.5)
    department.toxic()
    assert read(department)["name"] == NAME


@BOTH
@pytest.mark.parametrize("drip", [{"head_ms": 300}, {"body_ms": 800}])
def test_fault_F4_a_drip_ends_at_the_deadline(department: Department, drip: dict[str, int]) -> None:
    department.toxic(drip=drip)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        read(department, seconds=1.0)
    assert 0.9 < time.monotonic() - started < 8


@BOTH
@pytest.mark.parametrize("kind", ["bytes", "html", "empty", "json"])
def test_fault_F5_garbage_is_never_an_answer(department: Department, kind: str) -> None:
    department.toxic(garbage=kind)
    for _ in range(25):
        with pytest.raises(Garbled):
            read(department)


@BOTH
def test_fault_F5_mutated_answers_are_refused_or_still_this_persons(department: Department) -> None:
    """200 answers with one spoiled bit: a port error, or every declared field of this very person."""
    whole = read(department)
    with Rogue(always(b"")) as rogue:
        captured = captured_answer(department)
        adapter = opened(department.twin.system, rogue.url)
        department.adapter, own = adapter, department.adapter
        wrong = []
        for number in range(200):
            position = number * 7919 % len(captured)
            byte = bytes([captured[position] ^ (1 << number % 8)])
            rogue.script = always(http(captured[:position] + byte + captured[position + 1 :]))
            try:
                got = read(department)
            except PortError:
                continue
            if got.keys() != whole.keys() or got["id_number"] != whole["id_number"]:
                wrong.append(got)
        department.adapter = own
        own.close()
    assert not wrong


@BOTH
def test_fault_F7_a_cut_is_never_taken_for_the_whole(department: Department) -> None:
    """Cut at every byte, in a connection whose end alone says that the answer is over (row_B92)."""
    captured = captured_answer(department).rstrip()
    with Rogue(always(b"")) as rogue:
        adapter = opened(department.twin.system, rogue.url)
        department.adapter, own = adapter, department.adapter
        for length in range(len(captured)):
            rogue.script = always(b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n" + captured[:length])
            with pytest.raises(Garbled):
                read(department)
        department.adapter = own
        own.close()


@BOTH
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_fault_F7_truncation_by_the_twin(department: Department, framing: str) -> None:
    department.toxic(truncate_at={"at": 200, "framing": framing})
    refused(department, Garbled, "UPSTREAM_TRUNCATED")


@BOTH
def test_fault_F6_another_charset_under_the_same_label(department: Department) -> None:
    department.toxic(charset="utf-8")
    refused(department, Garbled, "UPSTREAM_CHARSET")


@BOTH
def test_fault_F10_doubled_rows_count_once_contradicting_ones_stop_it(department: Department) -> None:
    operation, name = LISTS[department.twin.system]
    alone = department.ask(operation, id_number=ID).fields[name]
    department.toxic(duplicate=True)
    assert alone and department.ask(operation, id_number=ID).fields[name] == alone
    department.toxic(duplicate="contradict")
    with pytest.raises(Garbled) as caught:
        department.ask(operation, id_number=ID)
    assert caught.value.code == "UPSTREAM_CONFLICT"


@BOTH
def test_fault_F8_down_and_500(department: Department) -> None:
    read(department)
    department.toxic(down=True)
    refused(department, Unavailable, "DEPARTMENT_UNAVAILABLE")
    department.toxic(status=500)
    refused(department, Unavailable, "DEPARTMENT_UNAVAILABLE")
    department.toxic()
    assert read(department)["name"] == NAME


@BOTH
@pytest.mark.parametrize("text", ["</x><admin>1</a>", "]]>", "<![CDATA[", "{{7*7}}", "${7*7}", "&lt;", "%s"])
def test_row_B59_what_a_value_holds_is_never_markup(department: Department, text: str) -> None:
    refused(department, Rejected, "DEPARTMENT_REJECTED", text)  # asked as it is, and nobody has such a number


@pytest.mark.parametrize("text", ["' OR 1=1 --", "縗"])
def test_row_B55_row_B58_what_breaks_the_register_is_told_and_not_sent(household: Department, text: str) -> None:
    with pytest.raises(Problem) as caught:
        read(household, text)
    assert caught.value.code == "CHAR_FORBIDDEN" and household.twin.calls == 0


def test_row_B58_where_it_is_only_text_it_is_asked_as_it_stands(department: Department) -> None:
    answer, asked = department.twin.answer, []
    department.twin.answer = lambda request: (asked.append(request.body), answer(request))[1]  # type: ignore[method-assign]
    refused(department, Rejected, "DEPARTMENT_REJECTED", "' OR 1=1 --")
    assert b">' OR 1=1 --<" in asked[0]


def test_row_B53_a_name_the_register_cannot_store_is_not_sent(household: Department) -> None:
    with pytest.raises(Problem) as caught:
        household.ask("file_application", key="K", id_number=ID, name="王䶮", kind="address_change", reason="x")
    assert caught.value.code == "NAME_NOT_REPRESENTABLE"
    assert household.records() == [] and household.twin.calls == 0


@BOTH
def test_feat_X9_many_at_once_each_get_their_own(department: Department) -> None:
    people = list(department.twin.county.residents.values())[:200]  # type: ignore[attr-defined]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda person: read(department, person.id_number)["name"], people))
    assert got == [person.name for person in people]


# -- filing


def file(household: Department, key: str) -> Any:
    return household.ask("file_application", key=key, id_number=ID, name=NAME, kind="address_change", reason="迁居")


def found(household: Department, key: str) -> list[str]:
    rows = household.ask("query_application", external_number=key).fields["applications"]
    return [row["receipt_number"] for row in rows]


def test_a_filing_has_the_departments_number_and_is_found_by_ours(household: Department) -> None:
    reply = file(household, "XT-1")
    assert reply.receipt == "HJSQ00000001" and reply.fields["status"] == "accepted"
    assert found(household, "XT-1") == [reply.receipt]
    assert found(household, "XT-2") == []
    assert [record["external_number"] for record in household.records()] == ["XT-1"]


def test_fault_F12_filed_without_an_answer_is_unknown_and_can_be_asked_for(household: Department) -> None:
    household.toxic(accept_then_drop=True)
    with pytest.raises(OutcomeUnknown):
        file(household, "XT-1")
    household.toxic()
    assert found(household, "XT-1") == ["HJSQ00000001"] and len(household.records()) == 1


def test_fault_F11_answered_and_lost_is_not_found(household: Department) -> None:
    household.toxic(accept_then_lose=True)
    assert file(household, "XT-1").receipt
    household.toxic()
    assert found(household, "XT-1") == [] == household.records()


def test_filed_and_visible_later(household: Department) -> None:
    household.toxic(late_visible_ms=3000)
    file(household, "XT-1")
    assert found(household, "XT-1") == [] and len(household.records()) == 1
    time.sleep(3.05)
    assert found(household, "XT-1") == ["HJSQ00000001"]


def test_a_filing_is_never_sent_twice_by_us(household: Department) -> None:
    """Class R1: the same number twice would be two applications."""
    for number, toxics in enumerate(
        ({"accept_then_drop": True}, {"truncate_at": 50}, {"garbage": True}, {"status": 500})
    ):
        household.toxic(**toxics)
        with pytest.raises((OutcomeUnknown, Garbled)):
            file(household, f"XT-{number}")
    assert len(household.records()) == 3  # under status 500 nothing was carried out
    assert household.twin.calls == 4


def test_maintenance_leaves_a_filing_in_doubt(household: Department) -> None:
    household.quirk(Q4=True)
    with pytest.raises(OutcomeUnknown):
        file(household, "XT-1")


def captured_answer(department: Department) -> bytes:
    """The body of one healthy answer, as it came over the wire."""
    adapter: Any = department.adapter
    kept: list[bytes] = []
    answers, tree = adapter._answers, adapter._answers.tree
    answers.tree = lambda *asked: (kept.append(asked[2].body), tree(*asked))[1]
    read(department)
    del answers.tree
    return kept[0]
