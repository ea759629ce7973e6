"""The one form, the one set of papers and the one guide that the applications of a bundle make together. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from hub.cases import rules
from hub.settings.bundle_shapes import Bundle, BundlePart, together
from hub.settings.shapes import FormField, Service

_LISTS = ("conditions", "basis")


def merged(bundle: Bundle, services: Mapping[str, Service]) -> Service:
    """A bundle as if it were one application. What several parts ask alike is asked once; a paper that one of them must
    have must be there."""
    parts = [(part, services[part.service]) for part in bundle.parts]
    form = dict[str, FormField]()
    for part, service in parts:
        for field in part.asks(service):
            form[field.name] = together(form[field.name], field) if field.name in form else field
    first = parts[0][1]
    return Service(
        id=bundle.id, title=bundle.title, department=first.department, kind="application", themes=(),
        audience=first.audience, region=first.region, level=max(service.level for _, service in parts),
        data_class=max(service.data_class for _, service in parts), form=tuple(form.values()),
        subject=tuple(dict.fromkeys(name for _, service in parts for name in service.subject)),
        guide=_guide(parts),
    )  # fmt: skip


def share(part: BundlePart, service: Service, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What of the one form's fields goes to this part, under its own names, and what is fixed for it."""
    names = {field.name: part.names.get(field.name, field.name) for field in service.form}
    names |= {name: name for name in service.subject if name not in names}
    closed = part.fixed.keys() | part.takes.keys()
    asked = {own: fields[name] for own, name in names.items() if name in fields and own not in closed}
    return {**part.fixed, **asked}


def wanted(part: BundlePart, service: Service) -> Set[str]:
    """The types of paper this part takes from the applicant: one paper serves all who ask for it."""
    return rules.wanted(service).keys() - part.papers.keys()


def _guide(parts: Sequence[tuple[BundlePart, Service]]) -> dict[str, Any]:
    """Fees stand singly and as a sum; no paper is asked for that another part's result is."""
    services = [service for _, service in parts]
    guides = [service.guide for service in services]
    lists = {name: _once(each for guide in guides for each in guide.get(name, ())) for name in _LISTS}
    papers = (each for part, service in parts for each in service.guide.get("materials", ())
              if each.get("type") not in part.papers)  # fmt: skip
    return {
        **{name: found for name, found in lists.items() if found},
        **_time(parts),
        "materials": _materials(papers),
        "fees": [{"service": each.id, **fee} for each in services for fee in each.guide.get("fees", ())],
        "fees_total_fen": sum(int(fee.get("amount_fen", 0)) for guide in guides for fee in guide.get("fees", ())),
        "visits": max(int(guide.get("visits", 0)) for guide in guides),
    }


def _time(parts: Sequence[tuple[BundlePart, Service]]) -> dict[str, Any]:
    """As long as the slowest takes, with those before it; in its own unit while all have the same."""
    ways: dict[str, list[Mapping[str, Any]]] = {}
    for part, service in parts:
        before = max((ways[id] for id in part.after), key=_calendar_days, default=[])
        ways[service.id] = [*before, service.guide]
    slowest = max(ways.values(), key=_calendar_days)
    if len(slowest) == 1:
        return {name: slowest[0][name] for name in ("promised_days", "promised_unit") if name in slowest[0]}
    units = {guide.get("promised_unit", "working_day") for guide in slowest}
    if len(units) == 1 and all("promised_days" in guide for guide in slowest):
        return {"promised_days": sum(int(guide["promised_days"]) for guide in slowest), "promised_unit": units.pop()}
    return {"promised_days": math.ceil(_calendar_days(slowest)), "promised_unit": "calendar_day"}


def _calendar_days(way: Iterable[Mapping[str, Any]]) -> float:
    return sum(rules.length(guide) for guide in way)


def _once(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _materials(papers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of one type are one paper; one without a type is its own."""
    found, untyped = dict[str, Mapping[str, Any]](), list[Mapping[str, Any]]()
    for paper in papers:
        type = paper.get("type")
        if not type:
            untyped.append(paper)
        elif type in found:
            found[type] = {**found[type], "required": found[type].get("required") or paper.get("required")}
        else:
            found[type] = paper
    return [*found.values(), *_once(untyped)]


def overall(clocks: Sequence[tuple[str, bool]], approved: Sequence[bool | None]) -> str:
    """How the whole stands. `clocks`: each part's clock, and whether it waits for the applicant; `approved`: how each
    was decided, None where it was not."""
    if any(yours for _, yours in clocks):
        return "waits_for_you"
    if any(clock != "ended" for clock, _ in clocks):
        return "in_progress"
    if all(approved):
        return "approved"
    if any(approved):
        return "partly_approved"
    return "withdrawn" if all(each is None for each in approved) else "refused"
