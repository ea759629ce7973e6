"""What follows from a declaration, what a gate does, how far apart two gates are. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.settings.health_code_shapes import GRADES, KEEP, REVIEW, Condition, Gate, PublishedRule, Questions

UNCLEAR = "unclear"
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Decision:
    """`then`: a grade, review or keep. `rule` is empty where none decided."""

    then: str
    rule: str = ""
    reason: str = UNCLEAR


def decided(questions: Questions, told: Mapping[str, Any], shared: Mapping[str, Any] | None) -> Decision:
    """By the first rule that holds. Where it cannot be known whether one holds, because its source is silent, a person
    looks: what is unknown is never taken for good."""
    facts = {field.name: told.get(field.name) for field in questions.form} | dict(shared or {})
    for rule in questions.rules:
        found = _holds(rule, facts)
        if found is None:
            return Decision(REVIEW)
        if found:
            return Decision(rule.then, rule.id, rule.reason)
    return Decision(questions.otherwise)


def allowed(decision: Decision, grade: str | None, under_review: bool) -> Decision:
    """Nobody becomes better by declaring alone: who is yellow, red or under review waits for a person. `grade` is None
    for who never had one."""
    if decision.then == KEEP or grade is None:
        return decision
    if under_review:
        return decision if decision.then == GRADES[-1] else Decision(REVIEW, decision.rule, decision.reason)
    if decision.then == REVIEW or not grade or not is_better(decision.then, grade):
        return decision
    return Decision(REVIEW, decision.rule, decision.reason)


def worse(one: Decision, others: Sequence[Decision]) -> Decision:
    """The one that lets pass least."""
    order = (KEEP, GRADES[0], REVIEW, *GRADES[1:])
    return max((one, *others), key=lambda decision: order.index(decision.then))


def is_better(grade: str, than: str) -> bool:
    return GRADES.index(grade) < GRADES.index(than)


def kilometres(one: Gate, other: Gate) -> float:
    """As the crow flies."""
    a, b = math.radians(one.latitude), math.radians(other.latitude)
    across = math.sin(math.radians(other.longitude - one.longitude) / 2) ** 2
    chord = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * across
    return 2 * _EARTH_KM * math.asin(math.sqrt(chord))


def _holds(rule: PublishedRule, facts: Mapping[str, Any]) -> bool | None:
    """None: nobody can say."""
    found = [_met(condition, facts) for condition in rule.when]
    if False in found:
        return False
    return None if None in found else True


def _met(condition: Condition, facts: Mapping[str, Any]) -> bool | None:
    if condition.fact not in facts:
        return None
    value = facts[condition.fact]
    if condition.at_least is not None:
        return type(value) in (int, float) and value >= condition.at_least
    return any(type(value) is type(each) and value == each for each in condition.any_of)
