"""What may be done to a case in which step, by when it has to be done, and what delay comes to. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Literal

from hub.clock import CHINA
from hub.errors import Fault, Problem, invalid
from hub.settings.shapes import Service
from hub.settings.workflow_shapes import Act, Cards, Workflow
from hub.workdays import Workdays

Card = Literal["none", "warning", "yellow", "red"]
DRAFT = "draft"
WAITING = "waiting"
"""Handed in with others of a bundle, and begins after them."""
OF_APPLICANT: Mapping[str, tuple[str, ...]] = {DRAFT: ("edit", "submit", "withdrawal"), WAITING: ("withdrawal",)}
"""What may be done before a case is submitted."""
CORRECTION_DAYS = 15
NO_PROMISE = timedelta(days=365)
"""How long after a promise that was not kept in time no other is taken (features E7)."""
_DEFAULT_DAYS = 20  # Licensing Law, art. 42: where nothing else is set
_END_OF_DAY = time(23, 59, 59, tzinfo=CHINA)
_DAY = timedelta(days=1)
_WEEK_OVER_WORKING_WEEK = 7 / 5


def new_receipt_no(now: datetime) -> str:
    """20 characters: every department's number field has room. Its ten digits of chance tell nothing of the number of
    cases."""
    return _number("BJ", now)


def new_bundle_no(now: datetime) -> str:
    """The same for several applications that were made at once."""
    return _number("YJ", now)


def _number(kind: str, now: datetime) -> str:
    return f"{kind}{now.astimezone(CHINA):%Y%m%d}{secrets.randbelow(10**10):010d}"


def possible(workflow: Workflow, status: str, by: Iterable[str]) -> tuple[str, ...]:
    """The acts of this step that are theirs to do: `by` is the applicant, or an officer's permissions."""
    whose = frozenset(by)
    if status in OF_APPLICANT:
        return OF_APPLICANT[status] if "applicant" in whose else ()
    stage = workflow.stages.get(status)
    return tuple(name for name, act in stage.acts.items() if act.by in whose) if stage else ()


def allowed(workflow: Workflow, status: str, name: str, by: Iterable[str]) -> Act:
    """Raises STATE_CONFLICT with what is possible instead, ROLE_REQUIRED for another's act."""
    whose = frozenset(by)
    stage = workflow.stages.get(status)
    act = stage.acts.get(name) if stage else None
    if act is None:
        raise conflict(workflow, status, whose)
    if act.by not in whose:
        raise Problem("ROLE_REQUIRED")
    return act


def conflict(workflow: Workflow, status: str, by: Iterable[str]) -> Problem:
    return Problem("STATE_CONFLICT", extra={"case_status": status, "possible": list(possible(workflow, status, by))})


def way_to(workflow: Workflow, status: str, act: str) -> tuple[str, ...]:
    """The acts that lead to this one: a department that decides has accepted before, whether it said so or not. Raises
    STATE_CONFLICT where it cannot be done now, nor after one other act."""
    stages = workflow.stages
    here = stages[status].acts if status in stages else {}
    if act in here:
        return (act,)
    for first in ("accept", "resume"):
        if first in here and act in stages[here[first].to].acts:
            return first, act
    raise conflict(workflow, status, ("case.write",))


def items_of(text: str) -> list[dict[str, str]]:
    """A list of corrections as a department writes it: a line for each, `fields.<name>` or `materials.<type>`, `=`,
    what is wrong. Raises REQUIRED for none."""
    lines = [line.partition("=") for line in text.splitlines() if line.strip()]
    if not lines or not all(path and message.strip() for path, _, message in lines):
        raise invalid([Fault("items", "REQUIRED")])
    return [{"path": path.strip(), "message": message.strip()} for path, _, message in lines]


def document_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """The result document an event brings, where it brings one."""
    names = {"name": "document_name", "number": "document_number", "text": "document_text"}
    return {name: str(fields[theirs]) for name, theirs in names.items() if fields.get(theirs)}


@dataclass(frozen=True, slots=True)
class Terms:
    """By when a case is promised, and by when the law wants it; both the end of a day."""

    promised_at: datetime
    legal_at: datetime


def terms(service: Service, start: datetime, workdays: Workdays) -> Terms:
    """Counted from the day after `start`, each in its own unit."""
    guide = service.guide
    legal = int(guide.get("legal_days", guide.get("promised_days", _DEFAULT_DAYS)))
    promised = int(guide.get("promised_days", legal))
    return Terms(
        _end(start, promised, guide.get("promised_unit", "working_day"), workdays),
        _end(start, legal, guide.get("legal_unit", "working_day"), workdays),
    )


def length(guide: Mapping[str, Any]) -> float:
    """How long a service promises to take, in calendar days, to compare."""
    days = int(guide.get("promised_days", guide.get("legal_days", _DEFAULT_DAYS)))
    unit = guide.get("promised_unit", guide.get("legal_unit", "working_day"))
    return days * _WEEK_OVER_WORKING_WEEK if unit == "working_day" else days


def _end(start: datetime, days: int, unit: str, workdays: Workdays) -> datetime:
    if unit == "working_day":
        return workdays.after(start, days)
    return datetime.combine(start.astimezone(CHINA).date() + timedelta(days=days), _END_OF_DAY)


def longer(moment: datetime, started: datetime, ended: datetime, workdays: Workdays) -> datetime:
    """A term after a pause: so many working days later as the pause had."""
    return workdays.after(moment, workdays.between(started, ended))


def next_card(
    card: str, raised: int, promised_at: datetime, cards: Cards, workdays: Workdays
) -> tuple[datetime, Card, int] | None:
    """What delay comes to next: when, which card, and how many of the chain have it by then."""
    if card == "none":
        if cards.warning:
            return _before(promised_at, cards.warning, workdays), "warning", 0
        return promised_at, "yellow", 0
    if card == "warning":
        return promised_at, "yellow", 0
    if card == "yellow":
        return workdays.after(promised_at, cards.red), "red", 1
    if raised < len(cards.chain):
        return workdays.after(promised_at, cards.red + cards.every * raised), "red", raised + 1
    return None


def _before(moment: datetime, days: int, workdays: Workdays) -> datetime:
    """The end of the working day that many before."""
    day = moment.astimezone(CHINA).date()
    while days > 0:
        day -= _DAY
        days -= workdays.is_working(day)
    return datetime.combine(day, _END_OF_DAY)


def shown_card(card: str) -> str:
    return "none" if card == "warning" else card


def visible(service: Service, fields: Mapping[str, Any], shows: int) -> dict[str, Any]:
    """The fields an officer sees in a step: those up to this data class. Who it is, is class 3."""
    classes = {field.name: field.data_class for field in service.form}
    return {name: value for name, value in fields.items() if classes.get(name, 3) <= shows}


def wanted(service: Service) -> dict[str, bool]:
    """The kinds of papers a service takes, and whether each must be there."""
    return {
        each["type"]: bool(each["required"])
        for each in service.guide.get("materials", ())
        if each.get("type") and each.get("source", "citizen") == "citizen"
    }


def check_papers(service: Service, given: Iterable[str], promised: Iterable[str]) -> None:
    """Raises CHOICE for a paper nobody asked for, REQUIRED for one that is neither there nor promised."""
    asked, there, later = wanted(service), set(given), set(promised)
    faults = [Fault(f"materials.{type}", "CHOICE") for type in sorted((there | later) - asked.keys())]
    faults += [
        Fault(f"materials.{type}", "REQUIRED")
        for type, must in asked.items()
        if must and type not in there and type not in later
    ]
    if faults:
        raise invalid(faults)


def check_items(service: Service, items: Sequence[Mapping[str, str]]) -> None:
    """A correction list names fields of the form and kinds of papers only. Raises CHOICE."""
    known = {f"fields.{field.name}" for field in service.form} | {f"materials.{type}" for type in wanted(service)}
    faults = [Fault(f"items.{place}.path", "CHOICE") for place, each in enumerate(items) if each["path"] not in known]
    if faults:
        raise invalid(faults)


def check_corrections(items: Sequence[Mapping[str, str]], fields: Iterable[str], papers: Iterable[str]) -> None:
    """Only what was listed is open again, and all of it is wanted. Raises FIELD_CLOSED, REQUIRED."""
    asked = [each["path"] for each in items]
    given = [f"fields.{name}" for name in fields] + [f"materials.{type}" for type in papers]
    faults = [Fault(path, "FIELD_CLOSED") for path in given if path not in asked]
    faults += [Fault(path, "REQUIRED") for path in dict.fromkeys(asked) if path not in given]
    if faults:
        raise invalid(faults)
