"""Department words to hub words and back: every type, every refusal, lists of 0, 1 and n rows."""

import copy
from pathlib import Path
from typing import Any

import pytest
import structlog
from marshmallow import Schema, ValidationError

from adapters.protocols.mapping import FACTS, Operation, operations
from adapters.protocols.values import NUMBERS
from hub.errors import Problem
from hub.fields.document import NUMBERS as fields_of_numbers
from hub.fields.document import told
from hub.port import Call, Denied, Garbled, PortError, Rejected, Reply, Setting, Unavailable
from hub.systems.opening import Drawer

ID = "362623190205121932"
RAW: dict[str, Any] = {
    "name": {"zh": "系统", "en": "System"},
    "department": "medical_insurance",
    "protocol": "none",
    "encoding": "gbk",
    "subject": "id_number",
    "probe": {"operation": "ask", "fields": {"id_number": ID}},
    "operations": {
        "ask": {
            "kind": "read",
            "data_class": 3,
            "request": {
                "fields": {
                    "id_number": {"to": "aac002", "required": True},
                    "name": {"to": "aac003", "max_bytes": 8},
                    "year": {"to": "aae001", "as": "integer"},
                    "amount": {"to": "je", "as": "yuan"},
                    "since": {"to": "rq", "as": "date", "formats": ["%Y%m%d"]},
                    "at": {"to": "sj", "as": "datetime"},
                    "urgent": {"to": "jj", "as": "boolean"},
                    "status": {"to": "zt", "as": "code", "table": "status"},
                },
                "constants": {"aae100": "1"},
                "key": "wbbh",
            },
            "outcome": {
                "path": "Head.Code",
                "ok": ["0000"],
                "denied": ["9001"],
                "unavailable": ["8001"],
                "rejected": {"1001": {"code": "NOT_INSURED", "zh": "未参保", "en": "Not insured"}},
            },
            "answer": {
                "fields": {
                    "id_number": {"from": "Body.aac002", "class": 3},
                    "name": {"from": "Body.aac003", "class": 3},
                    "balance_fen": {"from": "Body.akc087", "as": "yuan", "required": True, "class": 3},
                    "days": {"from": "Body.ts", "as": "integer", "class": 2},
                    "paid_fen": {"from": "Body.fen", "as": "fen", "class": 2},
                    "born": {"from": "Body.rq", "as": "date", "class": 3, "absent": ["00000000"]},
                    "at": {"from": "Body.sj", "as": "datetime", "class": 2},
                    "urgent": {"from": "Body.jj", "as": "boolean", "class": 2},
                    "status": {"from": "Body.zt", "as": "code", "table": "status", "class": 2},
                },
                "lists": {
                    "payments": {
                        "from": "Body.Rows.Row",
                        "fields": {
                            "no": {"from": "xh", "required": True, "class": 2},
                            "paid_fen": {"from": "je", "as": "yuan", "class": 3},
                        },
                        "key": ["no"],
                        "count": "Body.Total",
                        "ignored": ["bz"],
                    }
                },
                "receipt": "Body.ywlsh",
                "ignored": ["Head.Msg"],
            },
        }
    },
    "codes": {"status": {"1": "normal", "01": "normal", "2": "suspended"}},
}


def load() -> dict[str, Any]:
    return dict(Facts().load(copy.deepcopy(RAW)))


class Facts(FACTS):
    """As a protocol without sections of its own."""


def setting(**more: Any) -> Setting:
    return Setting("test", "", load(), Path(), Drawer(), **more)


def operation() -> Operation:
    return operations(setting())["ask"]


def call(**fields: Any) -> Call:
    return Call("ask", {"id_number": ID, **fields}, 0.0, key="K-1")


def tree(rows: Any = "", total: str = "0", code: str = "0000", **body: Any) -> dict[str, Any]:
    group = {"aac002": ID, "akc087": "12.5", "Rows": rows, "Total": total, **body}
    return {"Head": {"Code": code, "Msg": "成功"}, "Body": group}


def reply(answer: Any, **fields: Any) -> Reply:
    return operation().reply(answer, call(**fields), 1, 2)


def refused(kind: type[PortError], code: str, answer: Any) -> PortError:
    with pytest.raises(kind) as caught:
        reply(answer)
    assert caught.value.code == code
    return caught.value


def test_every_type_on_its_way_out() -> None:
    sent = operation().outgoing(
        call(
            name="张三",
            year=2024,
            amount=1205,
            since="1902-05-12",
            at="2024-01-02T03:04:05",
            urgent=True,
            status="normal",
        )
    )
    assert sent == {
        "aae100": "1", "wbbh": "K-1", "aac002": ID, "aac003": "张三", "aae001": "2024", "je": "12.05", "rq": "19020512",
        "sj": "2024-01-02 03:04:05", "jj": "1", "zt": "1",
    }  # fmt: skip


def test_what_is_not_given_is_not_sent() -> None:
    assert operation().outgoing(call(year=None)) == {"aae100": "1", "wbbh": "K-1", "aac002": ID}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"id_number": None}, "REQUIRED"),
        ({"status": "unheard of"}, "CHOICE"),
        ({"since": "yesterday"}, "FORMAT"),
        ({"name": "王䶮"}, "NAME_NOT_REPRESENTABLE"),
        ({"name": "欧阳长长长"}, "TOO_LONG"),  # 10 bytes in 5 characters
        ({"name": "a\x01"}, "TEXT_CONTROL"),
    ],
)
def test_what_cannot_be_sent_is_the_callers_to_put_right(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as caught:
        operation().outgoing(call(**fields))
    assert not isinstance(caught.value, PortError)
    assert (caught.value.code, caught.value.status, caught.value.faults[0].path) == (code, 422, next(iter(fields)))


def test_a_write_without_our_number_is_not_sent() -> None:
    with pytest.raises(Problem) as caught:
        operation().outgoing(Call("ask", {"id_number": ID}, 0.0))
    assert caught.value.code == "IDEMPOTENCY_KEY_REQUIRED"


@pytest.mark.parametrize("text", ["{{7*7}}", "${7*7}", "{0.x}", "%(x)s", "' OR 1", "</a>"])
def test_row_B61_text_is_never_anything_but_text(text: str) -> None:
    assert operation().outgoing(call(name=text))["aac003"] == text
    assert reply(tree(aac003=text)).fields["name"] == text


def test_every_type_on_its_way_in() -> None:
    got = reply(
        tree(aac003="  张三　", ts="-3", fen="1205", rq="19020512", sj="20240102030405", jj="否", zt="01", ywlsh="D9")
    )
    assert got.fields == {
        "id_number": ID, "name": "张三", "balance_fen": 1250, "days": -3, "paid_fen": 1205, "born": "1902-05-12",
        "at": "2024-01-02T03:04:05+08:00", "urgent": False, "status": "normal", "payments": [],
    }  # fmt: skip
    assert (got.receipt, got.done, got.request_bytes, got.response_bytes) == ("D9", True, 1, 2)


def test_the_optional_may_be_missing_empty_or_marked_so() -> None:
    got = reply(tree(rq="00000000", ts=" ", zt=""))
    assert {got.fields[name] for name in ("born", "days", "status", "name")} == {None}


@pytest.mark.parametrize(
    "body",
    [
        {"akc087": None},
        {"akc087": ""},
        {"akc087": "12.345"},
        {"akc087": "1,200.00"},
        {"akc087": "1e3"},
        {"akc087": "１２"},
        {"akc087": {"x": "1"}},
        {"ts": "1.0"},
        {"ts": "99999999999999999999"},
        {"rq": "19020230"},
        {"rq": "1902/05/12"},
        {"rq": "0000-00-00"},
        {"sj": "20240102250000"},
        {"jj": "maybe"},
        {"zt": "3"},
        {"aac003": "a\x01"},
        {"aac002": None},
    ],
)
def test_quirk_Q12_what_is_missing_or_not_understood_is_garbled(body: dict[str, Any]) -> None:
    refused(Garbled, "UPSTREAM_MALFORMED", tree(**body))


def test_feat_C9_an_unmapped_code_and_an_unknown_element_are_reported_once() -> None:
    asked = operation()
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            asked.reply(tree(xjb="1"), call(), 0, 0)
            with pytest.raises(Garbled):
                asked.reply(tree(zt="7"), call(), 0, 0)
            with pytest.raises(Garbled):
                asked.reply(tree(zt=ID), call(), 0, 0)
    assert [(line["kind"], line["note"]) for line in lines] == [
        ("element", "Body.xjb"),
        ("code table status", "7"),
        ("code table status", "?"),  # whatever is too long to be a code may be a person's
    ]


def test_what_is_ignored_on_purpose_is_not_reported() -> None:
    with structlog.testing.capture_logs() as lines:
        reply(tree(rows={"Row": {"xh": "1", "bz": {"deep": "x"}}}, total="1"))
    assert lines == []


def test_results_by_table() -> None:
    no = refused(Rejected, "DEPARTMENT_REJECTED", tree(code="1001"))
    assert [(fault.code, fault.message) for fault in no.faults] == [
        ("NOT_INSURED", {"zh": "未参保", "en": "Not insured"})
    ]
    refused(Denied, "DEPARTMENT_DENIED", tree(code="9001"))
    refused(Unavailable, "DEPARTMENT_UNAVAILABLE", tree(code="8001"))
    refused(Garbled, "UPSTREAM_MALFORMED", tree(code="4711"))
    refused(Garbled, "UPSTREAM_MALFORMED", {"Body": {}})


@pytest.mark.parametrize(
    ("rows", "total", "numbers"),
    [
        (None, "0", []),
        ("", "0", []),
        ({"Row": ""}, "0", []),
        ({"Row": {"xh": "1", "je": "1"}}, "1", ["1"]),
        ({"Row": [{"xh": "1"}, {"xh": "2"}]}, "2", ["1", "2"]),
    ],
)
def test_quirk_Q8_no_one_and_many_rows_are_all_a_list(rows: Any, total: str, numbers: list[str]) -> None:
    assert [row["no"] for row in reply(tree(rows, total)).fields["payments"]] == numbers


def test_fault_F10_a_doubled_row_counts_once_a_contradicting_one_stops_it() -> None:
    one, other = {"xh": "1", "je": "1.00"}, {"xh": "1", "je": "2.00"}
    assert reply(tree({"Row": [one, dict(one), {"xh": "2"}]}, "3")).fields["payments"] == [
        {"no": "1", "paid_fen": 100},
        {"no": "2", "paid_fen": None},
    ]
    refused(Garbled, "UPSTREAM_CONFLICT", tree({"Row": [one, other]}, "2"))


def test_row_B97_a_value_that_stands_twice() -> None:
    assert reply(tree(akc087=["1", "1"])).fields["balance_fen"] == 100
    refused(Garbled, "UPSTREAM_CONFLICT", tree(akc087=["1", "2"]))


def test_fault_F7_the_declared_number_of_rows() -> None:
    refused(Garbled, "UPSTREAM_TRUNCATED", tree({"Row": {"xh": "1"}}, "2"))
    refused(Garbled, "UPSTREAM_TRUNCATED", tree({"Row": {"xh": "1"}}, ""))


@pytest.mark.parametrize("rows", ["text", {"Row": "text"}, {"Row": [{"xh": "1"}, "text"]}])
def test_rows_that_are_none(rows: Any) -> None:
    refused(Garbled, "UPSTREAM_MALFORMED", tree(rows, "1"))


def test_row_B96_somebody_elses_record_is_stopped() -> None:
    refused(Garbled, "UPSTREAM_SUBJECT_MISMATCH", tree(aac002="362623190008226786"))


def test_a_check_digit_in_small_letters_is_the_same_person() -> None:
    answer = tree(aac002="36262319130306434x")
    assert operation().reply(answer, Call("ask", {"id_number": "36262319130306434X"}, 0.0), 0, 0).fields


@pytest.mark.parametrize("answer", ["", "text", None, {}, [], {"Head": "x"}, {"Head": [], "Body": ""}])
def test_answers_of_another_shape(answer: Any) -> None:
    with pytest.raises(Garbled):
        reply(answer)


# -- the schema


def wrong(path: str, value: Any) -> dict[str, Any]:
    facts = copy.deepcopy(RAW)
    level = facts
    *above, last = path.split("/")
    for name in above:
        level = level[name]
    level[last] = value
    return facts


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("encoding", "latin-1"),
        ("surprise", 1),
        ("department", "No Name"),
        ("probe", {"operation": "none"}),
        ("filing", {"class": "R1"}),
        ("operations/ask/kind", "maybe"),
        ("operations/ask/data_class", 2),
        ("operations/ask/request/fields/year/as", "number"),
        ("operations/ask/request/fields/status/table", "none"),
        ("operations/ask/request/fields/since/formats", ["%d.%m"]),
        ("operations/ask/answer/fields/status", {"from": "a", "as": "code", "class": 1}),
        ("operations/ask/answer/fields/name", {"from": "a", "as": "text"}),
        ("operations/ask/answer/fields/id_number", {"from": "a b", "class": 3}),
        ("operations/ask/answer/fields", {"name": {"from": "a", "class": 3}}),  # whose record is it?
        ("operations/ask/answer/lists/payments/key", ["unknown"]),
        ("operations/ask/answer/lists/payments/key", []),
        ("operations/ask/outcome/rejected/1001/code", "lower"),
        ("operations/ask/outcome/ok", [0]),
        ("codes/status", {"1": 1}),
    ],
)
def test_wrong_facts_are_refused(path: str, value: Any) -> None:
    schema: Schema = Facts()
    schema.load(copy.deepcopy(RAW))
    with pytest.raises(ValidationError):
        schema.load(wrong(path, value))


def test_a_write_declares_how_it_files() -> None:
    facts = wrong("operations/ask/kind", "write")
    facts["operations"]["look"] = RAW["operations"]["ask"]
    facts["probe"]["operation"] = "look"
    with pytest.raises(ValidationError):
        Facts().load(facts)
    Facts().load(facts | {"filing": {"class": "R1", "query": "look", "by": "name", "match": ["no"], "settle_s": 2.5}})


def numbered(kind: str, told_as: str) -> tuple[Any, list[tuple[str, str, str]]]:
    """What becomes of a number in a field of that kind, and what is reported."""
    facts, reported = load(), []
    given = {**facts["operations"]["ask"]["answer"]["fields"]["name"], "from": "Body.haoma", "number": kind}
    facts["operations"]["ask"]["answer"]["fields"]["number"] = given
    heard = lambda *words: reported.append(words)  # noqa: E731
    asked = operations(setting(unmapped=heard, numbers=told), facts)["ask"]
    answer = asked.reply(tree(haoma=told_as), call(), 1, 2).fields
    assert answer["balance_fen"] == 1250, "the rest of the answer stays"
    return answer["number"], reported


@pytest.mark.parametrize(
    ("kind", "told_as", "number"),
    [
        ("id_number", "11010519491231002x", "11010519491231002X"),
        ("id_number", "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("id_number", "110105491231002", "110105491231002"),
        ("credit_code", "91350100M000100Y43", "91350100M000100Y43"),
        ("phone", "+86 138-0000-0000", "13800000000"),
    ],
)
def test_a_number_of_an_answer_is_told_in_its_one_form(kind: str, told_as: str, number: str) -> None:
    assert numbered(kind, told_as) == (number, [])


@pytest.mark.parametrize(
    ("kind", "wrong", "code"),
    [
        ("id_number", "110105194912310021", "ID_CHECKSUM"),
        ("id_number", "110105491331002", "ID_FORMAT"),
        ("credit_code", "91350100M000100Y44", "ID_CHECKSUM"),
        ("licence_id", "1.2.156.3005.2.1", "ID_FORMAT"),
        ("phone", "1380000000", "PHONE_FORMAT"),
    ],
)
def test_feat_C9_a_wrong_number_of_an_answer_is_left_out_and_reported_without_it(
    kind: str, wrong: str, code: str
) -> None:
    assert numbered(kind, wrong) == (None, [("ask", f"{kind} number", code)])


def test_which_numbers_there_are_is_the_same_on_both_sides() -> None:
    assert set(NUMBERS) == set(fields_of_numbers)


@pytest.mark.parametrize(
    ("place", "more", "says"),
    [
        (("fields", "name"), {"number": "id"}, "Must be one of"),
        (("fields", "name"), {"number": "phone", "pattern": "x"}, "no pattern besides"),
        (("fields", "days"), {"number": "phone"}, "only a text"),
        (("lists", "payments", "fields", "no"), {"number": "phone"}, "left out of a row"),
    ],
)
def test_a_kind_of_number_that_cannot_be_is_a_complaint(
    place: tuple[str, ...], more: dict[str, str], says: str
) -> None:
    raw = copy.deepcopy(RAW)
    entry = raw["operations"]["ask"]["answer"]
    for name in place:
        entry = entry[name]
    entry.update(more)
    with pytest.raises(ValidationError, match=says):
        Facts().load(raw)
