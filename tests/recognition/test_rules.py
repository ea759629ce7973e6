"""A region's own rules over others' facts: which may begin when, which are in force, and the order of verdicts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.errors import Problem
from hub.recognition.carried import Carried
from hub.recognition.rules import Rule, Ruling, check_admission, in_force, read, rule_on
from hub.recognition.trust import Issuer
from tests.recognition.authority import NOW
from tests.recognition.region import rule

OWN = "340100"
FRESH = {"not-after": [{"plusTime": [{"var": "external.now"}, 0, "day"]},
                       {"plusTime": [{"var": "facts.0.report_date"}, 14, "day"]}]}  # fmt: skip


def carried(issuer: str = "330000", way: Any = "facts", **fact: Any) -> Carried:
    whole = {"kind": "health_code", "region": "330100", "grade": "00", "report_date": "2026-11-20", **fact}
    facts = ({name: value for name, value in whole.items() if value is not ...},)
    return Carried(Issuer(issuer, way), facts, NOW - timedelta(minutes=1), NOW + timedelta(hours=1))


def ruled(what: Carried, *rules: dict[str, Any], grades: tuple[str, ...] = ("00", "01", "10")) -> Ruling:
    known = [read(rule(OWN, **each)) for each in rules]
    return rule_on(what, in_force(known, OWN, NOW), OWN, grades, NOW, {})


def test_feat_G2_the_rule_of_the_receiving_region_decides() -> None:
    fresh = {"AffectedFields": ["facts.0.report_date"], "Logic": FRESH, "Version": "1.3.0"}
    good = ruled(carried(), fresh)
    assert (good.verdict, good.reason, good.rule_version) == ("accepted", "ALL_RULES_HOLD", "1.3.0")
    old = ruled(carried(report_date="2026-11-01"), fresh)
    assert (old.verdict, old.reason, old.rules) == ("not_accepted", "RULE_REFUSED", ("RR-340100-0001@1.3.0",))


@pytest.mark.parametrize(
    "rules",
    [[], [{"Type": "Invalidation", "Logic": False}], [{"Issuers": ["350000"]}], [{"Kinds": ["test"]}],
     [{"ValidFrom": "2027-01-01T00:00:00+08:00"}], [{"ValidTo": "2026-11-01T00:00:00+08:00"}]],
    ids=["none at all", "only refusing ones", "another issuer", "another kind", "not yet", "no longer"],
)  # fmt: skip
def test_feat_G3_no_rule_is_never_accepted(rules: list[dict[str, Any]]) -> None:
    found = ruled(carried(), *rules)
    assert (found.verdict, found.reason) == ("cannot_decide", "NO_RULE")


def test_feat_G3_that_a_region_asks_nothing_is_a_rule_too() -> None:
    assert ruled(carried(), {"Logic": True, "AffectedFields": []}).verdict == "accepted"


def test_feat_G3_a_fact_that_is_missing_cannot_be_decided() -> None:
    fresh = {"AffectedFields": ["facts.0.report_date"], "Logic": FRESH}
    assert ruled(carried(report_date=...), fresh).reason == "FACT_MISSING"
    unnamed = {"AffectedFields": [], "Logic": FRESH}
    found = ruled(carried(report_date=...), unnamed)
    assert (found.verdict, found.reason) == ("cannot_decide", "FACT_MISSING"), "though the rule forgot to name it"


def test_feat_G3_one_refusal_beats_what_is_missing_and_a_broken_rule_beats_all() -> None:
    lacking = {"Identifier": "RR-340100-0002", "AffectedFields": ["facts.0.dose"], "Logic": True}
    refusing = {"Identifier": "RR-340100-0003", "Type": "Invalidation", "Logic": True, "AffectedFields": []}
    broken = {"Identifier": "RR-340100-0004", "Logic": {"+": [1, "1"]}, "AffectedFields": []}
    holding = {"Logic": True, "AffectedFields": []}
    assert ruled(carried(), holding, lacking).verdict == "cannot_decide"
    assert ruled(carried(), holding, lacking, refusing).verdict == "not_accepted"
    found = ruled(carried(), holding, lacking, refusing, broken)
    assert (found.verdict, found.reason) == ("technical_error", "RULE_BROKEN")


def test_feat_G3_a_region_of_two_colours_decides_yellow_by_its_own_rule_or_not_at_all() -> None:
    two = ("00", "10")
    fresh = {"AffectedFields": ["facts.0.report_date"], "Logic": FRESH}
    assert ruled(carried(), fresh, grades=two).verdict == "accepted"
    yellow = ruled(carried(grade="01"), fresh, grades=two)
    assert (yellow.verdict, yellow.reason) == ("cannot_decide", "GRADE_UNKNOWN_HERE")
    own = {"AffectedFields": ["facts.0.grade"], "Logic": {"===": [{"var": "facts.0.grade"}, "00"]}}
    assert ruled(carried(grade="01"), own, grades=two).verdict == "not_accepted", "by its own rule"
    lenient = {"AffectedFields": ["facts.0.grade"], "Logic": {"in": [{"var": "facts.0.grade"}, ["00", "01"]]}}
    assert ruled(carried(grade="01"), lenient, grades=two).verdict == "accepted", "by its own rule"


def test_a_newer_version_takes_over_on_its_day_and_an_issuer_is_named_by_its_first_digits() -> None:
    old, new = {"Version": "1.2.0"}, {"Version": "1.10.0", "ValidFrom": "2026-11-26T09:00:00+08:00"}
    later = {"Version": "2.0.0", "ValidFrom": "2026-11-27T09:00:00+08:00"}
    known = [read(rule(OWN, **each)) for each in (later, old, new)]
    assert [each.version for each in in_force(known, OWN, NOW)] == ["1.10.0"]
    assert not in_force(known, "350100", NOW), "rules of other regions are kept, and are not ours"
    assert ruled(carried(), {"Issuers": ["33"], "Logic": True, "AffectedFields": []}).verdict == "accepted"


def test_the_rules_of_the_EU_read_the_certificate_as_it_was_written() -> None:
    what = Carried(Issuer("AT", "dcc"), ({"kind": "vaccination", "dose": 1, "doses": 2},), NOW, NOW,
                   payload={"v": [{"dn": 1, "sd": 2}]})  # fmt: skip
    complete = {">=": [{"var": "payload.v.0.dn"}, {"var": "payload.v.0.sd"}]}
    found = ruled(what, {"Identifier": "VR-340100-0001", "AffectedFields": ["payload.v.0.dn"], "Logic": complete})
    assert found.verdict == "not_accepted"


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"Identifier": "XX-340100-0001"}, "Identifier", "FORMAT"),
    ({"Identifier": "RR-3401-0001"}, "Identifier", "FORMAT"),
    ({"Identifier": 7}, "Identifier", "FORMAT"), ({"Type": "Sometimes"}, "Type", "FORMAT"),
    ({"Version": "1.3"}, "Version", "FORMAT"), ({"ValidFrom": "2026-12-01T00:00:00"}, "ValidFrom", "FORMAT"),
    ({"ValidTo": 5}, "ValidTo", "FORMAT"), ({"AffectedFields": "facts"}, "AffectedFields", "FORMAT"),
    ({"Kinds": []}, "Kinds", "FORMAT"), ({"Logic": {"nonsense": [1]}}, "Logic", "RULE_LOGIC"),
    ({"Logic": {"if": [1]}}, "Logic", "RULE_LOGIC"), ({"Logic": None}, "Logic", "RULE_LOGIC"),
    ({"Own": 1}, "rule", "UNKNOWN_FIELD"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "path", "code"), WRONG, ids=str)
def test_a_rule_that_is_not_of_the_form_is_refused(changed: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(Problem) as problem:
        read(rule(OWN, **changed))
    assert [(fault.path, fault.code) for fault in problem.value.faults] == [(path, code)]


def admitted(known: list[Rule] | None = None, emergency: bool = False, region: str = OWN, **changed: Any) -> str:
    made = read(rule(OWN, **{"ValidFrom": (NOW + timedelta(hours=49)).isoformat(), **changed}))
    try:
        check_admission(made, known or [], region, NOW, emergency)
    except Problem as problem:
        return problem.faults[0].code
    return "OK"


def test_feat_G2_a_rule_begins_with_notice_and_rises_and_is_the_regions_own() -> None:
    at = lambda **away: {"ValidFrom": (NOW + timedelta(**away)).isoformat()}  # noqa: E731
    assert admitted() == "OK"
    assert admitted(**at(hours=48)) == "OK"
    assert admitted(**at(hours=47, minutes=59)) == "RULE_NOTICE"
    assert admitted(**at(days=15)) == "RULE_NOTICE"
    assert admitted(**at(hours=0), Type="Invalidation") == "OK", "what refuses may begin at once"
    assert admitted(**at(hours=0), emergency=True) == "OK"
    assert admitted(**at(hours=-1), emergency=True) == "RULE_NOTICE", "never before now"
    assert admitted(region="350100") == "RULE_REGION"
    assert admitted(Identifier="RR-350100-0001") == "RULE_REGION"
    known = [read(rule(OWN, Version="1.9.0"))]
    assert admitted(known, Version="1.9.0") == admitted(known, Version="1.8.9") == "RULE_VERSION"
    assert admitted(known, Version="1.10.0") == "OK", "numbers, not letters"
