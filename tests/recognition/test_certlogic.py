"""CertLogic, by the cases of its published test suite (specification 1.3): values, dates, faults, what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from hub.recognition.certlogic import Evaluation, LogicFault, evaluate, moment, paths

VAR: Any = {"var": ""}
MINOR = {"after": [{"plusTime": [{"var": "dob"}, 18, "year"]}, {"plusTime": [{"var": "now"}, 0, "hour"]}]}

VALUES: list[tuple[Any, Any, Any]] = [
    (True, None, True), (17, None, 17), ("apple", None, "apple"), (["a", {"var": "b"}], {"b": 1}, ["a", 1]),
    ({"===": [1, 1]}, None, True), ({"===": [1, "1"]}, None, False), ({"===": [0, "0"]}, None, False),
    ({"===": [1, True]}, None, False), ({"in": [True, [1]]}, None, False),
    ({">": [2, 1]}, None, True), ({">": [1, 1]}, None, False), ({">=": [1, 1]}, None, True),
    ({"<": [1, 2, 3]}, None, True), ({"<": [1, 1, 3]}, None, False), ({"<": [1, 4, 3]}, None, False),
    ({"<=": [{"var": "0"}, {"var": "1"}, {"var": "2"}]}, [0, 2, 1], False),
    ({"<=": [{"var": "0"}, {"var": "1"}, {"var": "2"}]}, [0, 1, 2], True),
    ({"!": [[]]}, None, True), ({"!": [0]}, None, True), ({"!": [""]}, None, True), ({"!": ["0"]}, None, False),
    ({"!": [{"var": "x"}]}, {}, True), ({"!": [{"var": "x"}]}, {"x": {}}, True),
    ({"and": [1, 3]}, None, 3), ({"and": [[], True]}, None, []), ({"and": ["0", True]}, None, True),
    ({"and": [0, {"nonsense": [1]}]}, None, 0),
    ({"in": ["Bart", ["Bart", "Lisa"]]}, None, True), ({"in": [{"var": "x"}, ["a"]]}, {}, False),
    ({"+": [1, -2]}, None, -1),
    ({"if": [[], "apple", "banana"]}, None, "banana"), ({"if": ["0", "apple", "banana"]}, None, "apple"),
    ({"if": [-1, "apple", {"nonsense": [1]}]}, None, "apple"),
    ({"var": "a.b"}, {"a": {"b": "c"}}, "c"), ({"var": "1.1"}, ["x", ["y", "beer"]], "beer"),
    ({"var": "a"}, None, None), ({"var": "x"}, "foo", None), ({"var": "-1"}, [1], None), ({"var": "9"}, [1], None),
    ({"var": "9" * 5000}, [1], None),
    (VAR, {"a": 1}, {"a": 1}),
    ({"reduce": [{"var": "n"}, {"+": [{"var": "accumulator"}, {"var": "current.v"}]}, 0]}, {"n": [{"v": 2}, {"v": 3}]},
     5),
    ({"reduce": [{"var": "n"}, {"var": "current"}, 7]}, {}, 7),
    ({"reduce": [[], {"var": "current"}, 7]}, {}, 7),
    ({"extractFromUVCI": [VAR, 1]}, "URN:UVCI:01:NL:187/37512422923", "NL"),
    ({"extractFromUVCI": [VAR, 1]}, "01:AT:10807843F94AEE0EE5093FBC254BD813#B", "AT"),
    ({"extractFromUVCI": [VAR, 3]}, "URN:UVCI:01:AT:10807843F94AEE0EE5093FBC254BD813#B", "B"),
    ({"extractFromUVCI": [VAR, 2]}, "foo/bar::baz#999lizards", ""),
    ({"extractFromUVCI": [VAR, 5]}, "a::c/#/f", "f"), ({"extractFromUVCI": [VAR, 6]}, "a::c/#/f", None),
    ({"extractFromUVCI": [VAR, -1]}, "01:NL", None), ({"extractFromUVCI": [VAR, 0]}, "", ""),
    ({"extractFromUVCI": [VAR, 0]}, None, None),
    ({"after": [{"plusTime": ["2021-01-02", 0, "day"]}, {"plusTime": ["2021-01-01", 0, "day"]}]}, None, True),
    ({"not-after": [{"plusTime": ["2021-01-01", 0, "day"]}, {"plusTime": ["2021-01-01", 0, "day"]}]}, None, True),
    ({"before": [{"plusTime": ["2021-01-01", 0, "day"]}, {"plusTime": ["2021-01-01", 0, "day"]}]}, None, False),
    ({"not-before": [{"plusTime": ["2020-12-24", 180, "day"]}, {"plusTime": ["2021-06-23T00:00:00Z", 0, "day"]}]}, None,
     False),
    ({"not-before": [{"plusTime": ["2020-12-25", 180, "day"]}, {"plusTime": ["2021-06-23T00:00:00Z", 0, "day"]}]}, None,
     True),
    ({"before": [{"plusTime": ["2021-01-01", n, "day"]} for n in (0, 1, 2)]}, None, True),
    (MINOR, {"dob": "2004-01-01", "now": "2021-12-31T23:59:59.999Z"}, True),
    (MINOR, {"dob": "2004-01-01", "now": "2022-01-01T00:00:00.000Z"}, False),
    (MINOR, {"dob": "2004-01", "now": "2022-01-30T13:37:00.042Z"}, True),
    (MINOR, {"dob": "2004-01", "now": "2022-01-31T00:00:00.000"}, False),
    (MINOR, {"dob": "2004", "now": "2022-12-30T13:37:00.042Z"}, True),
    (MINOR, {"dob": "2004", "now": "2022-12-31T13:37:00.042Z"}, False),
    ({"and": [{"var": "dob"}, MINOR]}, {"dob": "", "now": "2022-02-27T13:37:00.042Z"}, ""),
]  # fmt: skip

DATES = [
    ("2021-05-04", 0, "day", "2021-05-04T00:00:00.000"),
    ("2021-08-20T12:03:12+02", 0, "day", "2021-08-20T10:03:12.000"),
    ("2021-08-20T12:03:12+0200", 0, "day", "2021-08-20T10:03:12.000"),
    ("2021-08-01T00:00:00+1:00", 0, "day", "2021-07-31T23:00:00.000"),
    ("2021-08-01T00:00:00.01Z", 0, "day", "2021-08-01T00:00:00.010"),
    ("2021-08-01T00:00:00.0019Z", 0, "day", "2021-08-01T00:00:00.001"),
    ("2021-06-23", -180, "day", "2020-12-25T00:00:00.000"),
    ("2021-06-23T00:00:00Z", 72, "hour", "2021-06-26T00:00:00.000"),
    ("2021-12-01T00:00:00.000Z", 1, "month", "2022-01-01T00:00:00.000"),
    ("2021-12-01T00:00:00.000Z", -12, "month", "2020-12-01T00:00:00.000"),
    ("2020-02-29T00:00:00.000Z", 1, "month", "2020-03-29T00:00:00.000"),
    ("2020-02-29T00:00:00.000Z", 1, "year", "2021-02-28T00:00:00.000"),
    ("2021-02-01T00:00:00.000Z", -1, "year", "2020-02-01T00:00:00.000"),
]

FAULTS: list[tuple[Any, Any]] = [
    (None, None), (1.5, None), ({}, None), ({"a": [1], "b": [1]}, None), ({"nonsense": [1]}, None), ({"and": 1}, None),
    ({"and": [True]}, None), ({"===": [1]}, None), ({"!": []}, None), ({"!": [1, 2]}, None), ({"if": [1, 2]}, None),
    ({"<": [1, "2"]}, None), ({"<": [1, True]}, None), ({"<": [1, 2, 3, 4]}, None), ({"+": [1, "1"]}, None),
    ({"in": [1, "12"]}, None), ({"after": ["2021-01-01", "2020-01-01"]}, None), ({"var": 1}, None),
    ({"plusTime": ["yesterday", 0, "day"]}, None), ({"plusTime": [{"var": "x"}, 0, "day"]}, {}),
    ({"plusTime": ["2021-02-30", 0, "day"]}, None), ({"plusTime": ["2021-01-01", 1, "week"]}, None),
    ({"plusTime": ["2021-01-01", 10**9, "day"]}, None), ({"plusTime": ["2021-01-01", 10**9, "year"]}, None),
    ({"plusTime": ["2021-01-01", "1", "day"]}, None), ({"if": [{"plusTime": ["2021-01-01", 0, "day"]}, 1, 2]}, None),
    ({"reduce": ["text", 1, 2]}, None), ({"extractFromUVCI": [1, 0]}, None), ({"extractFromUVCI": ["a", "0"]}, None),
    ({"dccDateOfBirth": ["2004-01-01T00:00:00Z"]}, None),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "data", "expected"), VALUES, ids=str)
def test_feat_G2_an_expression_has_the_value_that_its_language_says(expression: Any, data: Any, expected: Any) -> None:
    found = evaluate(expression, data)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(("text", "amount", "unit", "expected"), DATES)
def test_feat_G2_dates_are_reckoned_as_the_specification_says(text: str, amount: int, unit: str, expected: str) -> None:
    found = evaluate({"plusTime": [text, amount, unit]}, None)
    assert found.isoformat(timespec="milliseconds") == f"{expected}+00:00"


@pytest.mark.parametrize(("expression", "data"), FAULTS, ids=str)
def test_feat_G2_what_is_wrong_is_a_fault_and_never_a_value(expression: Any, data: Any) -> None:
    with pytest.raises(LogicFault):
        evaluate(expression, data)


def test_a_date_of_birth_may_be_known_by_its_year_only() -> None:
    assert evaluate({"dccDateOfBirth": ["2004-02"]}, None) == moment("2004-02-29")


def test_an_expression_that_never_ends_is_ended() -> None:
    deep: Any = True
    for _ in range(200):
        deep = {"!": [deep]}
    with pytest.raises(LogicFault):
        evaluate(deep, None)
    wide = {"reduce": [{"var": "n"}, {"reduce": [[1] * 200, {"var": "accumulator"}, 0]}, 0]}
    with pytest.raises(LogicFault):
        evaluate(wide, {"n": list(range(500))})


def test_feat_X13_what_was_asked_for_and_is_not_there_is_known() -> None:
    found = Evaluation()
    logic = {"and": [{"var": "a"}, {"reduce": [{"var": "n"}, {"var": "current.x"}, 1]}, {"var": "b.c"}]}
    assert found.of(logic, {"a": 1, "n": [{}]}) is None
    assert found.missing == set(), "inside a reduce the data are others, and the third was not come to"
    assert paths(logic) == {"a", "n", "b.c"}
