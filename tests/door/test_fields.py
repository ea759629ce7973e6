"""The strict fields: rows B21-B29 and B33-B49 of the bad-input table, without a server."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clock import CHINA, Clock
from hub.errors import KINDS, Problem
from hub.fields import TYPES, Form, Group, IdNumber, Items, Text, id_check, load

HARMLESS = "{{7*7}} ${7*7} {0.__class__} %s ' OR 1=1 -- </name>"
CASES = Path(__file__).with_name("identifier_cases.csv")


class Noon(Clock):
    """2026-06-01 12:00, always."""

    def now(self) -> datetime:
        return datetime(2026, 6, 1, 12, tzinfo=CHINA)


def one(kind: str, value: Any, **options: Any) -> Any:
    options.setdefault("required", True)
    schema = Form.from_dict({"x": TYPES[kind](clock=Noon(), **options)})()
    return load(schema, {"x": value})["x"]


def code(kind: str, value: Any, **options: Any) -> str:
    with pytest.raises(Problem) as told:
        one(kind, value, **options)
    assert told.value.status == 422
    assert [fault.code for fault in told.value.faults] == [told.value.code]
    assert not isinstance(value, str) or len(value) < 2 or value not in repr(told.value.faults)
    return told.value.code


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "a\r\nb", "TEXT_CONTROL"),
        ("text", "a\tb", "TEXT_CONTROL"),
        ("text", "a\u2028b", "TEXT_CONTROL"),
        ("text", "a\u0001b", "TEXT_CONTROL"),
        ("long_text", "a\x0bb", "TEXT_CONTROL"),
        ("text", "a\u202eb", "TEXT_INVISIBLE"),
        ("name", "张\u200b三", "TEXT_INVISIBLE"),
        ("name", "张\u3164三", "TEXT_INVISIBLE"),
        ("long_text", "a\U000e0041", "TEXT_INVISIBLE"),
        ("text", "", "REQUIRED"),
        ("text", " \u3000 ", "REQUIRED"),
        ("name", "\u3000", "REQUIRED"),
        ("id_number", "", "REQUIRED"),
        ("date", None, "REQUIRED"),
        ("name", "张" * 51, "TOO_LONG"),
        ("text", 1, "TYPE"),
        ("integer", "1", "TYPE"),
        ("integer", "１２", "TYPE"),
        ("integer", 1.9, "TYPE"),
        ("integer", 1.0, "TYPE"),
        ("integer", True, "TYPE"),
        ("integer", 2**60, "RANGE"),
        ("tenths", "36.6", "TYPE"),
        ("tenths", True, "TYPE"),
        ("tenths", 36.65, "FORMAT"),
        ("tenths", 2.0**60, "RANGE"),
        ("boolean", "yes", "TYPE"),
        ("boolean", 1, "TYPE"),
        ("money_fen", 0.1 + 0.2, "TYPE"),
        ("money_fen", "100", "TYPE"),
        ("money_fen", 0, "AMOUNT_RANGE"),
        ("money_fen", -1, "AMOUNT_RANGE"),
        ("money_fen", 10**13, "AMOUNT_RANGE"),
        ("amount", "1E+999999", "AMOUNT_RANGE"),
        ("amount", "-0.001", "AMOUNT_RANGE"),
        ("amount", "0", "AMOUNT_RANGE"),
        ("amount", "0.001", "AMOUNT_SCALE"),
        ("amount", "1E-999999", "AMOUNT_SCALE"),
        ("amount", 0.3, "TYPE"),
        ("amount", "１", "FORMAT"),
        ("amount", "NaN", "FORMAT"),
        ("date", "2020-02-30", "DATE"),
        ("date", "2020-2-3", "DATE"),
        ("date", "２０２０-02-03", "DATE"),
        ("date", "0000-01-01", "DATE_RANGE"),
        ("date", "9999-12-31", "DATE_RANGE"),
        ("birth_date", "2026-06-02", "DATE_RANGE"),
        ("birth_date", "1875-01-01", "DATE_RANGE"),
        ("datetime", "2026-01-01T00:00:00", "TIMEZONE_MISSING"),
        ("datetime", "2026-01-01", "DATE"),
        ("datetime", "2026-02-30T00:00:00Z", "DATE"),
        ("datetime", "0001-01-01T00:00:00+23:00", "DATE_RANGE"),
        ("datetime", "0000-01-01T00:00:00Z", "DATE_RANGE"),
        ("year", 9999, "DATE_RANGE"),
        ("year", 0, "DATE_RANGE"),
        ("year", "2020", "TYPE"),
        ("phone", "1380000000", "PHONE_FORMAT"),
        ("phone", "１３８００００００００", "PHONE_FORMAT"),
        ("region", "36042", "FORMAT"),
        ("choice", "z", "CHOICE"),
    ],
)
def test_a_fault_has_its_code(kind: str, value: Any, expected: str) -> None:
    assert code(kind, value, **({"choices": ("a", "b")} if kind == "choice" else {})) == expected


@pytest.mark.parametrize(
    ("kind", "value", "loaded"),
    [
        ("text", HARMLESS, HARMLESS),
        ("text", " a\u3000", "a"),
        ("long_text", "a\r\nb", "a\r\nb"),
        ("name", "阿依\u2022古丽", "阿依\u00b7古丽"),
        ("name", "阿依\u30fb古丽", "阿依\u00b7古丽"),
        ("name", "阿依.古丽", "阿依\u00b7古丽"),
        ("name", "王䶮𠮷", "王䶮𠮷"),
        ("amount", "12.5", 1250),
        ("amount", "12.500", 1250),
        ("amount", "1E2", 10000),
        ("date", "2024-02-29", "2024-02-29"),
        ("birth_date", "1902-05-12", "1902-05-12"),
        ("datetime", "2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00"),
        ("year", 2027, 2027),
        ("phone", "138 0000 0000", "13800000000"),
        ("phone", "+8613800000000", "13800000000"),
        ("choice", "a", "a"),
        ("region", "360423001", "360423001"),
        ("money_fen", 1, 1),
        ("tenths", 36.6, 36.6),
    ],
)  # fmt: skip
def test_row_B63_a_right_value_is_loaded_in_its_one_form(kind: str, value: Any, loaded: Any) -> None:
    assert one(kind, value, **({"choices": ("a", "b")} if kind == "choice" else {})) == loaded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("110105194912310021", "ID_CHECKSUM"),
        ("11010519491231020X", "ID_CHECKSUM"),
        ("440524188001010041", "ID_CHECKSUM"),
        ("110105194902300012", "ID_FORMAT"),
        ("110105204912310026", "ID_FORMAT"),
        ("999999194912310025", "ID_FORMAT"),
        ("000000000000000001", "ID_FORMAT"),
        ("１10105194912310021", "ID_FORMAT"),
        ("11010519491231002", "ID_FORMAT"),
        ("1101051949123100211", "ID_FORMAT"),
        ("110105491231002", "ID_OBSOLETE"),
    ],
)
def test_row_B45_to_B49_id_numbers(value: str, expected: str) -> None:
    assert code("id_number", value) == expected


def test_row_B46_checksum_and_format_read_the_same() -> None:
    assert KINDS["ID_CHECKSUM"].title == KINDS["ID_FORMAT"].title


def test_id_numbers_of_the_published_cases() -> None:
    for case in csv.DictReader(CASES.open(encoding="utf-8")):
        if case["kind"] != "id_number":
            continue
        full_width = any("０" <= sign <= "９" for sign in case["value"])
        if case["expected"] in {"valid", "normalise", "warn"} and not full_width:
            assert one("id_number", case["value"]) == case["value"].strip().upper(), case["why"]
        else:
            assert code("id_number", case["value"]) in {"ID_FORMAT", "ID_CHECKSUM", "ID_OBSOLETE", "REQUIRED"}, case


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_any_wrong_character_and_any_swap_is_caught(number: str) -> None:
    alternatives = [number[:i] + c + number[i + 1 :] for i in range(18) for c in "0123456789X" if c != number[i]]
    swaps = [number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(17) if number[i] != number[i + 1]]
    assert one("id_number", number) == number
    for wrong in alternatives + swaps:
        assert code("id_number", wrong) in {"ID_CHECKSUM", "ID_FORMAT"}


class Person(Form):
    """A form with a list and a group."""

    id_number = IdNumber(required=True)
    tags = Items(Text(max=3), max=2)


class Outer(Form):
    """The group."""

    person = Group(Person, required=True)


def told(data: Any, schema: Form) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as problem:
        load(schema, data)
    return [(fault.path, fault.code) for fault in problem.value.faults]


def test_row_B27_B29_unknown_fields_are_refused() -> None:
    valid = {"id_number": "11010519491231002X"}
    assert told({**valid, "is_admin": True}, Person()) == [("is_admin", "UNKNOWN_FIELD")]
    assert told({**valid, "__proto__": {}}, Person()) == [("__proto__", "UNKNOWN_FIELD")]
    assert told({**valid, "constructor": {}}, Person()) == [("constructor", "UNKNOWN_FIELD")]


def test_an_unknown_field_that_is_no_plain_word_is_not_repeated() -> None:
    assert told({"person": {"id_number": "11010519491231002X", "11010519491231002X": 1}}, Outer()) == [
        ("person", "UNKNOWN_FIELD")
    ]


def test_paths_are_dotted_and_at_most_twenty_are_listed() -> None:
    wrong = {"person": {"id_number": "1", "tags": ["abcd", "x"]}}
    assert told(wrong, Outer()) == [("person.id_number", "ID_FORMAT"), ("person.tags.0", "TOO_LONG")]
    assert told({"person": {"tags": ["a", "b", "c"]}}, Outer()) == [
        ("person.id_number", "REQUIRED"),
        ("person.tags", "TOO_LONG"),
    ]
    assert told({"person": []}, Outer()) == [("person", "TYPE")]
    assert len(told({f"x{n}": 1 for n in range(150)}, Person())) == 20


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [("2024-02-01", "2024-01-01", "RANGE_ORDER"), ("2023-01-01", "2024-01-03", "RANGE_TOO_LONG")],
)
def test_row_B44_a_period_is_in_order_and_at_most_a_year(start: str, end: str, expected: str) -> None:
    schema = Form.from_dict({"from": TYPES["date"](), "to": TYPES["date"]()})()
    assert told({"from": start, "to": end}, schema) == [("to", expected)]
    assert load(schema, {"from": "2024-01-01", "to": "2025-01-01"})
    assert load(schema, {"from": "2024-01-01"})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"[0-9XxE+.-]{0,20}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(kind=st.sampled_from(sorted(TYPES)), value=ANYTHING, required=st.booleans())
def test_nothing_but_a_value_or_a_problem_comes_out(kind: str, value: Any, required: bool) -> None:
    try:
        one(kind, value, required=required)
    except Problem as problem:
        assert problem.status == 422


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_type_draws_a_valid_json_schema(kind: str) -> None:
    drawn = TYPES[kind](required=True, choices=("a",)).json_schema()
    jsonschema.Draft202012Validator.check_schema(drawn)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", "abc"), ("name", "王䶮"), ("id_number", "11010519491231002X"), ("amount", "1.20"), ("year", 2024)],
)
def test_what_is_loaded_also_passes_its_json_schema(kind: str, value: Any) -> None:
    jsonschema.validate(value, TYPES[kind](required=True, clock=Noon()).json_schema())
    one(kind, value)


def test_the_check_digit() -> None:
    assert id_check("11010519491231002") == "X"


class Flatly(Form):
    """One of each that a flat form may have."""

    text = Text(required=True, min=2, max=5)
    id_number = IdNumber()
    count = TYPES["integer"](min=1, max=9, load_default=3)
    renamed_ = TYPES["boolean"](data_key="renamed", attribute="renamed")


_VALUES = st.one_of(st.none(), st.booleans(), st.integers(-2, 12), st.text(max_size=7), st.just([]), st.just({}))
_NAMES = st.sampled_from(["text", "id_number", "count", "renamed", "renamed_", "other", ""])


@given(st.one_of(st.dictionaries(_NAMES, _VALUES, max_size=5), _VALUES))
def test_a_flat_form_is_read_as_its_schema_reads_it_or_not_at_all(sent: Any) -> None:
    schema = Flatly()
    assert schema.flat is not None
    read = schema.flat.read(sent)
    told = schema.validate(sent) if isinstance(sent, dict) else {"_schema": ["TYPE"]}
    assert (read is None) == bool(told), (read, told)
    assert read is None or list(read.items()) == list(schema.load(sent).items())


def test_a_form_that_is_more_than_its_fields_is_never_read_flatly() -> None:
    period = {"from": TYPES["date"](), "to": TYPES["date"]()}
    grouped = {"inner": Group(Flatly), "several": Items(Text())}
    assert [Form.from_dict(each)().flat for each in (period, grouped)] == [None, None]  # type: ignore[attr-defined]
