"""Rules, codes, divisions, cursors, files read piece by piece: what needs no database."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue import codes, divisions
from hub.catalogue.copying import line
from hub.catalogue.cursor import Cursors
from hub.catalogue.reading import NotJson, values
from hub.catalogue.rules import Period, older_than, too_long, worst
from hub.errors import Problem


@pytest.mark.parametrize(
    ("client", "minimum", "older"),
    [
        ("1.9", "1.10", True),
        ("1.10", "1.10.0", False),
        ("2", "1.99.99", False),
        ("1.0.0.1", "1", False),
        ("", "9", False),
        ("1", "", False),
    ],
)
def test_feat_A8_versions_are_numbers(client: str, minimum: str, older: bool) -> None:
    assert older_than(client, minimum) == older


def test_feat_B3_a_period_holds_its_first_and_last_day() -> None:
    period = Period(date(2026, 1, 1), date(2026, 1, 31))
    assert [period.holds(date(2026, 1, day)) for day in (1, 31)] == [True, True]
    assert not period.holds(date(2025, 12, 31))
    assert not period.holds(date(2026, 2, 1))
    assert Period(date(2026, 1, 1)).holds(date(9999, 12, 31))


def test_feat_B4_units() -> None:
    assert not too_long(5, "working_day", 7, "calendar_day")
    assert too_long(5, "working_day", 6, "calendar_day")
    assert not too_long(7, "calendar_day", 5, "working_day")


def test_worst() -> None:
    assert worst("open", "limited") == "limited"
    assert worst("maintenance", "closed", "open") == "closed"


@pytest.mark.parametrize(
    "code",
    ["91350100M000100Y43", "11100000000013338W", "11330105002500287C", "11370800MB28559184", "11430000006122244L"],
)
def test_credit_codes_that_are_right(code: str) -> None:
    assert codes.credit_code(code) is None
    for place in range(18):
        for sign in codes.CREDIT_ALPHABET:
            if sign != code[place]:
                assert codes.credit_code(code[:place] + sign + code[place + 1 :])


@pytest.mark.parametrize(
    "code",
    ["91350100M000100Y4Z", "1137080OMB28559184", "91310115MA1H8R7C6D", "11370800MB28559148", "11100000000013383W",
     "000000000000000000", "", "１1370800MB28559184"],
)  # fmt: skip
def test_credit_codes_that_are_wrong(code: str) -> None:
    assert codes.credit_code(code)


@pytest.mark.parametrize(
    ("scheme", "code", "right"),
    [
        ("organisation_base", "11370800MB285591843370117002011", True),
        ("organisation_base", "11370800MB285591853370117002011", False),
        ("dashed", "360Z0250030003-360423000000-000-11360423DEM00025XL-1-00", True),
        ("dashed", "512023380002-511602000000-000-11511301008778490F-1-00", True),
        ("dashed", "511A0080800002-511602000000-000-1151130000877869M-1-00", False),
        ("base", "000725001001", True),
        ("any", "…", True),
    ],
)
def test_feat_B2_a_validator_for_each_scheme(scheme: str, code: str, right: bool) -> None:
    assert (codes.VALIDATORS[scheme](code) is None) == right


@pytest.mark.parametrize(
    ("code", "today"),
    [("360423", "360423"), ("362623", "360423"), ("360423100", "360423100"), ("999999", None), ("110100", None)],
)
def test_regions_of_today(code: str, today: str | None) -> None:
    assert divisions.in_force(code) == today


def test_divisions() -> None:
    assert [divisions.prefix(code) for code in ("360000", "360400", "360423", "360423100")] == [
        "36", "3604", "360423", "360423100",
    ]  # fmt: skip
    assert [divisions.parent(code) for code in ("360000", "360400", "360423", "360423100")] == [
        "100000", "360000", "360400", "360423",
    ]  # fmt: skip
    assert divisions.shortest("511602000000") == "511602"
    assert divisions.shortest("360423100000") == "360423100"
    assert len(divisions.below("100000")) >= 31
    assert "110101" in divisions.below("110000")
    assert "360423" in divisions.below("360400")
    assert "360423" not in divisions.below("360000")


def test_row_B79_cursors() -> None:
    old, new = Cursors({"a": "x" * 40}), Cursors({"b": "y" * 40, "a": "x" * 40})
    cursor = old.write("question", ("1", "2"))
    assert old.read("question", cursor, 2) == ["1", "2"]
    assert new.read("question", cursor, 2) == ["1", "2"]  # while keys rotate
    for question, text, parts in (("other", cursor, 2), ("question", cursor, 3), ("question", "", 2)):
        with pytest.raises(Problem, match="PAGE_INVALID"):
            old.read(question, text, parts)
    with pytest.raises(Problem, match="PAGE_INVALID"):
        Cursors({"b": "y" * 40}).read("question", cursor, 2)


@given(st.text(max_size=80))
def test_row_B79_no_text_is_a_cursor(text: str) -> None:
    with pytest.raises(Problem, match="PAGE_INVALID"):
        Cursors({"a": "x" * 40}).read("question", text, 1)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


class Slow(io.BytesIO):
    """Gives three bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(3 if size is None or size > 3 or size < 0 else size)


@given(st.lists(_JSON, max_size=5), st.booleans(), st.sampled_from([None, 1]))
def test_a_file_is_read_piece_by_piece(whole: list[Any], by_lines: bool, indent: int | None) -> None:
    text = "\n".join(map(json.dumps, whole)) if by_lines else json.dumps(whole, indent=indent, ensure_ascii=False)
    if by_lines and whole and isinstance(whole[0], list):
        return  # an array first is the whole file
    assert list(values(Slow(text.encode("utf-8", "surrogatepass")))) == whole


@pytest.mark.parametrize("text", ["[1, 2", "[1}", "{", "[] []", "nul", '"abc', "[1] 2"])
def test_what_breaks_off(text: str) -> None:
    with pytest.raises(NotJson):
        list(values(Slow(text.encode())))


def test_a_copied_line_keeps_every_sign() -> None:
    assert line(["a\tb\\c\nd\r", None, True, 5, date(2026, 1, 2), ['x"y', "\\", "逗,号"], []]) == (
        'a\\tb\\\\c\\nd\\r\t\x1e\tTrue\t5\t2026-01-02\t{"x\\\\"y","\\\\\\\\","逗,号"}\t{}'
    )
