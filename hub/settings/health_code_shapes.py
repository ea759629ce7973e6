"""What config/health_code.yaml looks like in memory: questions, published rules, grades, gates, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

REVIEW = "review"
KEEP = "keep"
GRADES = ("00", "01", "10")
"""Green, yellow, red; their order is not that of numbers. A region of two colours has the first and the last."""
RESULTS = ("pass", "stop", "cannot_decide")


@dataclass(frozen=True, slots=True)
class Condition:
    """`fact` is one of `any_of`, or a number of at least `at_least`."""

    fact: str
    any_of: tuple[Any, ...] = ()
    at_least: float | None = None


@dataclass(frozen=True, slots=True)
class PublishedRule:
    """Where all conditions hold it decides: a grade, or `review` by a person."""

    id: str
    text: Mapping[str, str]
    when: tuple[Condition, ...]
    then: str
    reason: str


@dataclass(frozen=True, slots=True)
class Questions:
    """What one kind of declaration asks (fields as a service's form has them) and the rules in their order; where none
    holds: `review`, or `keep` what was."""

    title: Mapping[str, str]
    form: tuple[Any, ...]
    rules: tuple[PublishedRule, ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Grade:
    id: str
    name: Mapping[str, str]
    advice: Mapping[str, str]
    result: str


@dataclass(frozen=True, slots=True)
class Gate:
    """A place where codes are scanned; degrees (GCJ-02)."""

    id: str
    name: Mapping[str, str]
    region: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one verifier: scans and look-ups a day, look-ups a minute, hours of a shift. Of one code: two gates further
    apart than so many km within so many seconds are an alarm."""

    scans_a_day: int = 500
    lookups_a_day: int = 100
    lookups_a_minute: int = 10
    shift_hours: int = 8
    relay_km: float = 5.0
    relay_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Ending:
    """The last day it is open, by which order, and what becomes of its data then: delete or archive."""

    on: date
    order: str
    then: str


@dataclass(frozen=True, slots=True)
class HealthCode:
    """`service` is the one of config/services whose switch, mandates and shared facts (`shared`, fields of its answer)
    count here."""

    service: str
    ending: Ending
    grades: Mapping[str, Grade]
    reasons: Mapping[str, Mapping[str, str]]
    questions: Mapping[str, Questions]
    shared: tuple[str, ...] = ()
    pending: Mapping[str, str] = field(default_factory=dict)  # advice while a person looks at it
    valid_days: int = 14
    review_minutes: int = 60
    appeal_hours: int = 24
    offline_minutes: int = 30
    paper_days: int = 90
    limits: Limits = Limits()
    gates: Mapping[str, Gate] = field(default_factory=dict)

    def rules(self) -> Mapping[str, PublishedRule]:
        """Every published rule by its id."""
        return {rule.id: rule for each in self.questions.values() for rule in each.rules}
