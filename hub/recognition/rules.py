"""What a region makes of others' facts: its own versioned rules, when they may begin, and the verdict they come to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from hub.clock import CHINA
from hub.errors import Fault, invalid
from hub.recognition.carried import Carried
from hub.recognition.certlogic import Evaluation, LogicFault, access, check, is_true

Verdict = Literal["accepted", "not_accepted", "cannot_decide", "technical_error"]
_IDENTIFIER = re.compile(r"(GR|VR|TR|RR|IR)-([1-9][0-9]{5}|[A-Z]{2})-[0-9]{4}", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}", re.ASCII)
_PATH = re.compile(r"[a-z_A-Z0-9]+(\.[a-z_A-Z0-9]+){0,7}", re.ASCII)
_NEEDED = ("Identifier", "Type", "Region", "Version", "ValidFrom", "ValidTo", "AffectedFields", "Logic")
_MEMBERS = {*_NEEDED, "Country", "SchemaVersion", "Engine", "EngineVersion", "CertificateType", "Description",
            "Kinds", "Issuers"}  # fmt: skip
_BY_PREFIX = {"VR": ("vaccination",), "TR": ("test",), "RR": ("recovery", "health_code")}
_NOTICE, _AHEAD = timedelta(hours=48), timedelta(days=14)
_WRITING = timedelta(minutes=5)  # "from now" is a little before now when it arrives


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of one rule. `kinds` and `issuers`: of what and of whom it speaks; empty means of all."""

    identifier: str
    type: str  # Acceptance: true accepts | Invalidation: true refuses
    region: str
    version: str
    valid_from: datetime
    valid_to: datetime
    affected: tuple[str, ...]
    logic: Any
    kinds: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.identifier}@{self.version}"

    def speaks_of(self, carried: Carried) -> bool:
        """An issuer is named by its whole code or by the first digits of it."""
        of_kind = not self.kinds or any(fact["kind"] in self.kinds for fact in carried.facts)
        id = carried.issuer.id
        return of_kind and (not self.issuers or any(id == each or _is_within(id, each) for each in self.issuers))


@dataclass(frozen=True, slots=True)
class Ruling:
    """`rule_version` is that of the rule which decided; `rules` are all that were asked."""

    verdict: Verdict
    reason: str
    rule_version: str = ""
    rules: tuple[str, ...] = ()


def read(document: Mapping[str, Any]) -> Rule:
    """A rule in the form of the EU gateway, with a region's code in the place of the country. Raises Problem."""
    faults = [Fault(name, "REQUIRED") for name in _NEEDED if name not in document]
    faults += [Fault("rule", "UNKNOWN_FIELD") for name in document if name not in _MEMBERS]
    faults += _misfits(document) if not faults else []
    if faults:
        raise invalid(faults)
    identifier = document["Identifier"]
    kinds = document.get("Kinds") or _BY_PREFIX.get(identifier[:2], ())
    return Rule(
        identifier, document["Type"], document["Region"], document["Version"], _moment(document["ValidFrom"]),
        _moment(document["ValidTo"]), tuple(document["AffectedFields"]), document["Logic"], tuple(kinds),
        tuple(document.get("Issuers", ())),
    )  # fmt: skip


def check_admission(rule: Rule, known: Iterable[Rule], region: str, now: datetime, emergency: bool) -> None:
    """Whether a region may put this rule into force. An emergency waives the notice only. Raises Problem."""
    faults = []
    if rule.region != region or rule.identifier.split("-")[1] != region:
        faults.append(Fault("Region", "RULE_REGION"))
    if any(number(rule.version) <= number(old.version) for old in known if old.identifier == rule.identifier):
        faults.append(Fault("Version", "RULE_VERSION"))
    ahead = rule.valid_from - now
    least = -_WRITING if emergency or rule.type != "Acceptance" else _NOTICE
    if not least <= ahead <= _AHEAD or rule.valid_to <= rule.valid_from:
        faults.append(Fault("ValidFrom", "RULE_NOTICE"))
    if faults:
        raise invalid(faults)


def in_force(rules: Iterable[Rule], region: str, now: datetime) -> list[Rule]:
    """Of each rule of the region the newest version that has begun; nothing once that version has ended."""
    newest: dict[str, Rule] = {}
    for rule in rules:
        if rule.region == region and rule.valid_from <= now:
            old = newest.get(rule.identifier)
            if old is None or number(rule.version) > number(old.version):
                newest[rule.identifier] = rule
    return [rule for _, rule in sorted(newest.items()) if now <= rule.valid_to]


def rule_on(
    carried: Carried, rules: Iterable[Rule], region: str, grades: Sequence[str], now: datetime,
    value_sets: Mapping[str, Sequence[str]],
) -> Ruling:  # fmt: skip
    """The verdict of the rules in force: technical_error before not_accepted before cannot_decide before accepted."""
    asked = [rule for rule in rules if rule.speaks_of(carried)]
    data = context(carried, region, now, value_sets)
    found = [(rule, _outcome(rule, data)) for rule in asked]
    names = tuple(rule.name for rule in asked)
    for outcome, verdict, reason in _ORDER:
        first = next((rule for rule, came in found if came == outcome), None)
        if first is not None:
            return Ruling(verdict, reason, first.version, names)
    accepting = [rule for rule in asked if rule.type == "Acceptance"]
    if not accepting:
        return Ruling("cannot_decide", "NO_RULE", "", names)
    version = max((rule.version for rule in accepting), key=number)
    if not _knows_grades(carried, accepting, grades):
        return Ruling("cannot_decide", "GRADE_UNKNOWN_HERE", version, names)
    return Ruling("accepted", "ALL_RULES_HOLD", version, names)


_ORDER: tuple[tuple[str, Verdict, str], ...] = (
    ("broken", "technical_error", "RULE_BROKEN"),
    ("refuses", "not_accepted", "RULE_REFUSED"),
    ("lacks", "cannot_decide", "FACT_MISSING"),
)


def context(
    carried: Carried, region: str, now: datetime, value_sets: Mapping[str, Sequence[str]]
) -> dict[str, Any]:  # fmt: skip
    """What a rule's logic sees, under our names and under those of the EU's rules."""
    told = now.isoformat(timespec="milliseconds")
    sets = {name: list(codes) for name, codes in value_sets.items()}
    times = {"iat": carried.issued_at.isoformat(), "exp": carried.expires_at.isoformat()}
    external = {"now": told, "value_sets": sets, "issuer": carried.issuer.id, "region": region,
                "validationClock": told, "valueSets": sets, "issuerCountryCode": carried.issuer.id,
                "countryCode": region, **times}  # fmt: skip
    return {"facts": [dict(fact) for fact in carried.facts], "payload": carried.payload, "external": external}


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _outcome(rule: Rule, data: Mapping[str, Any]) -> str:
    if any(access(data, path) is None for path in rule.affected):
        return "lacks"
    evaluation = Evaluation()
    try:
        value = is_true(evaluation.of(rule.logic, data))
    except LogicFault:
        return "lacks" if evaluation.missing else "broken"
    return "holds" if value is (rule.type == "Acceptance") else "refuses"


def _knows_grades(carried: Carried, accepting: Iterable[Rule], grades: Sequence[str]) -> bool:
    """A grade this region does not have is decided by a rule that speaks of it, or not at all."""
    foreign = [place for place, fact in enumerate(carried.facts) if fact.get("grade", grades[0]) not in grades]
    spoken = {path for rule in accepting for path in rule.affected}
    return all(f"facts.{place}.grade" in spoken for place in foreign)


def _misfits(document: Mapping[str, Any]) -> list[Fault]:
    checks: Mapping[str, Any] = {
        "Identifier": lambda value: _fits(_IDENTIFIER, value),
        "Type": lambda value: value in ("Acceptance", "Invalidation"),
        "Region": lambda value: isinstance(value, str),
        "Version": lambda value: _fits(_VERSION, value),
        "ValidFrom": lambda value: _moment(value) is not None,
        "ValidTo": lambda value: _moment(value) is not None,
        "AffectedFields": lambda value: _are_texts(value) and all(map(_PATH.fullmatch, value)),
        "Kinds": lambda value: _are_texts(value) and bool(value),
        "Issuers": lambda value: _are_texts(value) and bool(value),
    }
    faults = [Fault(name, "FORMAT") for name, is_right in checks.items() if name in document
              and not _tried(is_right, document[name])]  # fmt: skip
    try:
        check(document["Logic"])
    except LogicFault:
        faults.append(Fault("Logic", "RULE_LOGIC"))
    return faults


def _tried(is_right: Any, value: Any) -> bool:
    try:
        return bool(is_right(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("without offset")
    return moment.astimezone(CHINA)


def _fits(form: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 50 and all(isinstance(each, str) and len(each) < 100
                                                               for each in value)  # fmt: skip


def _is_within(id: str, prefix: str) -> bool:
    return prefix.isdigit() and id.isdigit() and id.startswith(prefix)
