"""Whether a row is about the person asked for, against the county's spellings and numbers (formats 15)."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from adapters.twins.residents import county
from hub.fields import identifier
from hub.matching import names, rules
from hub.matching.rules import Sought, Told

HERE = Path(__file__).parent
TODAY = date(2026, 11, 26)
NUMBER, OLD, NAME, BORN = "362623190205121932", "362623020512193", "韩山福", "1902-05-12"
SOUGHT = Sought(NUMBER, NAME, by_number=False)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


VARIANTS = table(HERE / "name_variants.csv")
CASES = table(HERE.parent / "door" / "identifier_cases.csv")
RESIDENTS = list(county().residents.values())


def judged(told: Told, sought: Sought = SOUGHT) -> str:
    return rules.person(sought, told, TODAY).confidence


def test_row_for_every_spelling_of_the_county_the_number_decides() -> None:
    for each in VARIANTS:
        fit = names.person(each["canonical"], each["stored"])
        assert fit in ("same", "variant"), each
        assert fit == "same" or each["kind"] not in ("dot_U+FF0E", "dot_U+2022", "dot_dropped", "trailing_U+3000")
        sought = Sought(NUMBER, each["canonical"], by_number=False)
        assert judged(Told(NUMBER, each["stored"]), sought) == "certain"
        assert judged(Told(OLD, each["stored"]), sought) == "high"
        assert judged(Told("", each["stored"], BORN), sought) == "doubtful"
        assert judged(Told("", each["stored"]), sought) == "none", "a name alone is nobody"


def test_what_gbk_cannot_hold_says_nothing_of_another_character() -> None:
    assert names.person("王䶮", "王？") == "variant"
    assert names.person("王䶮", "李?") == "other", "the family name is legible"
    assert names.person("王建国", "王建?") == "other", "GBK holds 国: something else was meant"
    assert names.person("王䶮", "王吉") == "other" and names.person("王䶮", "王䶮䶮") == "other"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("韩山福", "HAN SHANFU"), ("韩山福", "han shan fu"), ("韩山福", "Shanfu Han"), ("韩山福", "HANSHANFU"),
        ("单雄信", "Shan Xiongxin"), ("解晓东", "XIE XIAODONG"), ("王解放", "WANG JIEFANG"),
        ("欧阳修文", "OUYANG XIUWEN"), ("欧阳修文", "XIUWEN OUYANG"), ("吕小女", "LYU XIAONYU"),
        ("吕小女", "Lü Xiaonü"), ("王䶮", "WANG YAN"), ("𠮷田明", "JI TIANMING"),
    ],
)  # fmt: skip
def test_pinyin_is_never_more_than_a_hint(name: str, told: str) -> None:
    assert names.person(name, told) == "pinyin"
    sought = Sought(NUMBER, name, by_number=False)
    assert judged(Told("", told, BORN), sought) == "doubtful" and judged(Told("", told), sought) == "none"
    assert judged(Told(NUMBER, told), sought) == "certain" and judged(Told(OLD, told), sought) == "high"


@pytest.mark.parametrize("told", ["HAN SHAN", "LI SHANFU", "HAN SHANFUX", "H S F", "..."])
def test_another_reading_is_another_name(told: str) -> None:
    assert names.person(NAME, told) in ("other", "none")


def test_the_passports_spelling() -> None:
    assert [names.latin(each) for each in ("韩山福", "单雄信", "欧阳修文", "阿依古丽·买买提", "\U00030000山")] == [
        "HAN SHANFU", "SHAN XIONGXIN", "OUYANG XIUWEN", "A YIGULIMAIMAITI", ""]  # fmt: skip


@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] == "id_number"], ids=lambda c: c["why"])
def test_row_each_number_of_the_countys_cases(case: dict[str, str]) -> None:
    """A good one in any writing is its own person, and nobody else; a bad one is never anybody."""
    value, text = case["value"], identifier.imported(case["value"])
    told = Told(value, NAME, BORN)
    if case["expected"] == "invalid" and case["value"] != OLD:
        assert judged(told) == "doubtful", "name and birth date agree: for a person to decide"
        assert judged(Told(value, NAME)) == "none" and judged(Told(value, "李秀英", BORN)) == "none"
        return
    whose = NUMBER if value == OLD else text
    assert judged(told, Sought(whose, NAME)) == ("high" if value == OLD else "certain")
    assert judged(told, Sought("362623191206116013", NAME)) == "none", "a good number of somebody else"


@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] == "credit_code"], ids=lambda c: c["why"])
def test_row_each_code_of_a_company(case: dict[str, str]) -> None:
    sought = Sought("11360423DEM000014P", "示范县（虚构）局", by_number=False)
    good = case["expected"] != "invalid"
    theirs = Told(case["value"], "示范县(虚构)局")
    assert rules.company(sought, theirs).confidence == ("certain" if good else "doubtful")
    assert rules.company(sought, Told(case["value"], "别的局")).confidence == ("doubtful" if good else "none")
    assert rules.company(sought, Told("11360423DEM000022J", sought.name)).confidence == "none" or not good


@pytest.mark.parametrize(
    ("told", "confidence"),
    [
        (Told(NUMBER, NAME, BORN), "certain"),
        (Told(NUMBER, "", ""), "certain"),
        (Told(NUMBER, NAME, "1903-05-12"), "certain"),  # a field that differs is a conflict to show, no other person
        (Told(NUMBER, "李秀英"), "doubtful"),
        (Told(OLD, NAME), "high"),
        (Told(OLD, "李秀英"), "doubtful"),
        (Told(OLD, NAME, "1903-05-12"), "doubtful"),
        (Told("362623191206116013", NAME, BORN), "none"),
        (Told("", NAME, BORN), "doubtful"),
        (Told("", NAME, "19020512"), "doubtful"),
        (Told("", NAME, "1903-05-12"), "none"),
        (Told("", "李秀英", BORN), "none"),
        (Told("", "", BORN), "none"),
        (Told("3626**********1932", NAME), "none"),
        (Told("3626**********1932", NAME, BORN), "doubtful"),
        (Told("3626**********1933", NAME, BORN), "none"),
        (Told(), "none"),
    ],
)
def test_formats_15_5_the_whole_table(told: Told, confidence: str) -> None:
    assert judged(told) == confidence


@pytest.mark.parametrize(
    ("told", "confidence"),
    [(Told(), "high"), (Told("", NAME), "high"), (Told("", "李秀英"), "doubtful"),
     (Told("", NAME, "1999-01-01"), "doubtful"), (Told("3626**********1932"), "high"),
     (Told("362623191206116013"), "none")],
)  # fmt: skip
def test_what_was_found_by_the_number_needs_no_second_number(told: Told, confidence: str) -> None:
    assert judged(told, Sought(NUMBER, NAME, by_number=True)) == confidence


def test_fifteen_digits_do_not_say_which_century() -> None:
    def of(number: str) -> str:
        whole = number + identifier.id_check(number)
        return judged(Told("362623990512193", NAME), Sought(whole, NAME, by_number=False))

    assert of("36262318990512193") == "doubtful" and of("36262319990512193") == "high"
    assert rules.old_number("362623200105121932") == "362623200105121932", "nobody born then ever had 15 digits"


def test_every_residents_old_number_is_that_resident_alone() -> None:
    olds: dict[str, str] = {}
    for each in RESIDENTS:
        old = rules.old_number(each.id_number)
        assert identifier.from_old(old, TODAY).number == each.id_number
        assert olds.setdefault(old, each.id_number) == each.id_number
    assert len(olds) == len(RESIDENTS)


def test_those_who_share_name_and_birth_date_are_never_merged() -> None:
    seen: dict[tuple[str, str], list[str]] = {}
    for each in RESIDENTS:
        seen.setdefault((each.name, each.id_number[6:14]), []).append(each.id_number)
    pairs = [(key, numbers) for key, numbers in seen.items() if len(numbers) > 1]
    assert len(pairs) >= 3
    for (name, born), (one, other, *_) in pairs:
        assert judged(Told(other, name, born), Sought(one, name)) == "none"
        assert judged(Told(rules.old_number(other), name, born), Sought(one, name)) == "none"
        assert judged(Told("", name, born), Sought(one, name, by_number=False)) == "doubtful"
