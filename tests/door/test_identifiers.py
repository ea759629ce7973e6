"""Numbers by their official rules (feat_D2, row_B45-B49): published examples, the county's cases, and properties."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from hub.fields import TYPES, identifier
from hub.fields.identifier import Identifier, imported, read

TODAY = date(2026, 11, 25)
with (Path(__file__).with_name("identifier_cases.csv")).open(encoding="utf-8", newline="") as table:
    CASES = [(row["kind"], row["value"], row["expected"]) for row in csv.DictReader(table)]
GOOD = {
    "id_number": ["11010519491231002X", "440524188001010014"],
    "credit_code": [
        "91350100M000100Y43", "11100000000013338W", "11330105002500287C", "11370800MB28559184", "11430000006122244L",
    ],
    "licence_id": [
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
    ],
    "hk_macao_permit": ["H12345678", "M1234567801"],
    "taiwan_permit": ["12345678", "0123456701", "0123456701A"],
    "passport": ["E12345678", "EA1234567", "G12345678"],
    "foreign_permit": ["CAN110182101001"],
}  # fmt: skip
BAD = [
    ("id_number", "110105194912310021", "ID_CHECKSUM"),
    ("id_number", "11010519491231020X", "ID_CHECKSUM"),
    ("id_number", "440524188001010041", "ID_CHECKSUM"),
    ("id_number", "110105194902300012", "ID_FORMAT"),
    ("id_number", "110105204912310026", "ID_FORMAT"),
    ("id_number", "999999194912310025", "ID_FORMAT"),
    ("id_number", "000000000000000001", "ID_FORMAT"),
    ("id_number", "１１0105194912310021", "ID_FORMAT"),
    ("id_number", "1101051949123100", "ID_FORMAT"),
    ("id_number", "110105491231002", "ID_OBSOLETE"),
    ("credit_code", "91350100M000100Y4Z", "ID_FORMAT"),
    ("credit_code", "1137080OMB28559184", "ID_FORMAT"),
    ("credit_code", "91310115MA1H8R7C6D", "ID_CHECKSUM"),
    ("credit_code", "11370800MB28559148", "ID_CHECKSUM"),
    ("credit_code", "11100000000013383W", "ID_CHECKSUM"),
    ("credit_code", "000000000000000000", "ID_FORMAT"),
    ("licence_id", "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000430.001.U", "ID_CHECKSUM"),
    ("licence_id", "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.U", "ID_CHECKSUM"),
    ("licence_id", "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052210.002.0", "ID_CHECKSUM"),
    ("licence_id", "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.O", "ID_CHECKSUM"),
    ("hk_macao_permit", "K12345678", "ID_FORMAT"),
    ("taiwan_permit", "1234567", "ID_FORMAT"),
    ("passport", "E1234 5678", "ID_FORMAT"),
    ("foreign_permit", "911010519491231002", "ID_CHECKSUM"),
    ("foreign_permit", "CAN1101821010", "ID_FORMAT"),
]


@pytest.mark.parametrize(("kind", "number"), [(kind, number) for kind, numbers in GOOD.items() for number in numbers])
def test_feat_D2_published_examples(kind: str, number: str) -> None:
    assert read(kind, number, TODAY).number == TYPES[kind](required=True).accept(number.lower()) == number


@pytest.mark.parametrize(("kind", "number", "code"), BAD)
def test_feat_D2_what_is_wrong_has_its_code(kind: str, number: str, code: str) -> None:
    for attempt in (lambda: read(kind, number, TODAY), lambda: TYPES[kind](required=True).accept(number)):
        with pytest.raises(ValidationError) as told:
            attempt()
        assert told.value.messages == [code]


@pytest.mark.parametrize(("kind", "value", "expected"), CASES)
def test_feat_D2_the_countys_cases_on_import(kind: str, value: str, expected: str) -> None:
    tidy = imported(value)
    if expected == "invalid":
        with pytest.raises(ValidationError):
            read(kind, tidy, TODAY)
        return
    found = read(kind, tidy, TODAY)
    assert (found.number != value) == (expected == "normalise")
    assert expected != "warn" or found.doubts


def test_all_residents_have_good_numbers_under_an_abolished_code() -> None:
    residents = Path(__file__).parents[2] / "adapters/twins/county/residents.csv"
    with residents.open(encoding="utf-8", newline="") as rows:
        found = [read("id_number", row["id_number"], TODAY) for row in csv.DictReader(rows)]
    assert len(found) == 2000 and {each.doubts for each in found} == {("area_abolished",)}


def test_formats_15_5_the_old_number_of_a_department_becomes_the_new_one() -> None:
    assert identifier.from_old("110105491231002", TODAY) == Identifier("11010519491231002X", ("derived_from_15",))
    for wrong in ("110105491331002", "11010549123100", ""):
        with pytest.raises(ValidationError):
            identifier.from_old(wrong, TODAY)


def test_known_vector_of_the_licence_check() -> None:
    assert identifier.licence_check("A12425GABC1234002") == "M"


def test_an_unknown_area_is_told_and_not_refused() -> None:
    body = "119999" + "19900101" + "001"
    assert read("id_number", body + identifier.id_check(body), TODAY).doubts == ("area_unknown",)


def test_the_newer_card_of_a_foreigner_has_the_citizens_check() -> None:
    body = "91101051949123100"
    good = body + identifier.id_check(body)
    assert read("foreign_permit", good, TODAY).number == good
    with pytest.raises(ValidationError):
        read("foreign_permit", body + ("0" if good[-1] != "0" else "1"), TODAY)


@settings(max_examples=300)
@given(st.sampled_from(["11010519491231002X", "440524188001010014", "91350100M000100Y43"]), st.data())
def test_any_wrong_character_and_any_swap_of_neighbours_is_caught(number: str, data: st.DataObject) -> None:
    kind = "credit_code" if "Y" in number else "id_number"
    place = data.draw(st.integers(0, 17))
    other = data.draw(st.sampled_from("0123456789X" if kind == "id_number" else "0123456789ABCDEFGHJKLMNPQRTUWXY"))
    changed = number[:place] + other + number[place + 1 :]
    at = data.draw(st.integers(0, 16))
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    for wrong in {changed, swapped} - {number}:
        with pytest.raises(ValidationError):
            read(kind, wrong, TODAY)


@settings(max_examples=300)
@given(st.sampled_from(identifier.KINDS), st.text(max_size=90))
def test_no_text_is_anything_but_refused_with_a_code(kind: str, text: str) -> None:
    try:
        read(kind, imported(text), TODAY)
    except ValidationError as error:
        assert error.messages[0] in ("ID_FORMAT", "ID_CHECKSUM", "ID_OBSOLETE")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("阿依古丽•买买提", "阿依古丽·买买提"), ("阿依古丽．买买提", "阿依古丽·买买提"), (" 王䶮 ", "王䶮"),
     ("𠮷田", "𠮷田"),
     ("〇龑", "〇龑")],
)  # fmt: skip
def test_feat_D2_names_with_dots_rare_characters_and_blanks(typed: str, kept: str) -> None:
    assert TYPES["name"](required=True).accept(typed) == kept
