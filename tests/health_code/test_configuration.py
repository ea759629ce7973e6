"""config/health_code.yaml is read strictly: each complaint at its line, nothing half taken."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hub.fields import TYPES
from hub.settings.checks import field_types_known
from hub.settings.reader import parse
from hub.settings.tables import fill
from hub.systems.fitting import services_fit

SHIPPED = (Path(__file__).parents[2] / "config" / "health_code.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("then: \"00\", reason: nothing_found", "then: \"11\", reason: nothing_found", "then"),
        ("reason: nothing_found}", "reason: nothing}", "no reason 'nothing'"),
        ("when: [{fact: status, is: [none]}]", "when: [{fact: mood, is: [none]}]", "nobody tells 'mood'"),
        ("- {id: risk-area,", "- {id: temperature,", "is a rule already"),
        ("when: [{fact: temperature, at_least: 37.3}]", "when: [{fact: temperature}]", "needs 'is' or 'at_least'"),
        ('on: "2027-12-31"', "on: soon", "is not a date"),
        ("result: pass", "result: maybe", "result"),
        ("latitude: 29.2570", "latitude: 129.2", "must be from -90 to 90"),
        ("valid_days: 14", "valid_days: 0", "must be from 1 to 366"),
        ("  \"10\":\n    name", "  \"02\":\n    name", "is not a grade"),
        ("pending:", "waiting:", "unknown key"),
        ("type: boolean, label: {zh: 14天内接触", "type: boolean, labels: {zh: 14天内接触", "unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(old: str, new: str, told: str) -> None:
    assert SHIPPED.count(old) >= 1
    changed = SHIPPED.replace(old, new, 1)
    tables, complaints = fill({"health_code.yaml": parse("health_code.yaml", changed)})
    line = SHIPPED[: SHIPPED.index(old)].count("\n") + 1
    assert tables.health_code is None
    assert any(told in str(each) and abs(each.line - line) <= 1 for each in complaints), [str(c) for c in complaints]


def test_a_question_of_no_type_and_a_fact_nobody_tells_are_refused() -> None:
    changed = SHIPPED.replace("temperature: {type: tenths", "temperature: {type: heat").replace(
        "shared: [status]", "shared: [status, mood]"
    )
    tables, complaints = fill({"health_code.yaml": parse("health_code.yaml", changed)})
    assert not complaints
    tables.services["health-code"] = SimpleNamespace(  # type: ignore[assignment]
        id="health-code", system="s", operation="o", kind="query", data_class=4, form=(), subject=(), workflow=""
    )
    told = {"kind": "read", "data_class": 4, "request": {"fields": {}}, "answer": {"fields": {"status": {}}}}
    found = [*field_types_known(TYPES)(tables), *services_fit(lambda *_: told)(tables)]
    assert {text for _, _, text in found} == {"no field type 'heat'", "'o' does not tell it"}


def test_feat_F2_two_colours_are_enough() -> None:
    """Without yellow nothing may lead to it."""
    start, end = SHIPPED.index('  "01":\n'), SHIPPED.index('  "10":\n')
    two = SHIPPED[:start] + SHIPPED[end:]
    _, complaints = fill({"health_code.yaml": parse("health_code.yaml", two)})
    assert {"this region has no grade '01'" in str(each) for each in complaints} == {True}
    tables, complaints = fill({"health_code.yaml": parse("health_code.yaml", two.replace('then: "01"', 'then: "10"'))})
    assert not complaints and tables.health_code and set(tables.health_code.grades) == {"00", "10"}
