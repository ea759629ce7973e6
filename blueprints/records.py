"""One person's or company's record over several departments, and the queue of rows that somebody must decide."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import records_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, paged, problem_codes
from blueprints.exchange import SUBJECT, shown_given
from blueprints.problems import Problems
from hub.errors import Problem
from hub.exchange.records import Wanted

if TYPE_CHECKING:
    from hub.exchange.joining import Joined
    from hub.exchange.records import Part
    from hub.main import Hub
    from hub.matching.queue import Match


def make(hub: Hub) -> Blueprint:
    """The routes of records and matches."""
    blueprint = Blueprint("records", __name__, url_prefix="/api/v1/data", description="One record over departments")
    _putting_together(blueprint, hub)
    _waiting(blueprint, hub)
    _deciding(blueprint, hub)
    return blueprint


def _putting_together(blueprint: Blueprint, hub: Hub) -> None:
    problems = Problems(hub)

    @blueprint.route("/records", methods=["POST"])
    @recorded("data.query")
    @problem_codes(*STAFF, *SUBJECT)
    @blueprint.arguments(forms.RecordForm, example=forms.WANTED)
    @blueprint.response(
        207, forms.RecordAnswer, description="Each part with its own status; nothing is kept.", example=forms.RECORD
    )
    def record(form: dict[str, Any]) -> Response:
        """Put one person's or company's record together out of several departments' data"""
        staff = caller()
        resources = tuple(dict.fromkeys(form.pop("resources")))
        made = hub.records.put_together(Wanted(resources, staff.region, staff.citizen_id, **form), asking.trace())
        exchanges = {
            each.resource: str(each.outcome.statement.exchange_id)
            for each in made.parts
            if not isinstance(each.outcome, Problem)
        }
        noting(target="record", after={"exchanges": exchanges, "failed": len(made.parts) - len(exchanges)})
        parts = [_part(problems, each) for each in made.parts]
        return answer({"fields": [_joined(each) for each in made.fields], "parts": parts}, 207)


def _waiting(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/matches")
    @recorded("match.read", only_refusals=True)
    @problem_codes(*STAFF, "PAGE_INVALID", "NOT_FOUND", "CHOICE")
    @blueprint.arguments(forms.MatchesPage, location="query")
    @blueprint.response(
        200, forms.MatchesAnswer, description="The newest first.",
        example={"items": [forms.MATCH], "next_cursor": None},
    )  # fmt: skip
    def listed(page: dict[str, Any]) -> Response:
        """Rows that may be about somebody: those my department keeps, and those it asked for"""
        size, asked = page["page_size"], (page.get("state", ""), page.get("cursor", ""))
        with hub.database.session() as session:
            found = hub.matching.queue.page(session, caller().region, *asked, size + 1)
        return answer(paged(found, size, _match, lambda last: last.id))

    @blueprint.route("/matches/<string:id>")
    @recorded("match.read")
    @problem_codes(*STAFF, "NOT_FOUND", "EVIDENCE_UNAVAILABLE", "KEY_UNAVAILABLE")
    @blueprint.response(
        200, forms.MatchAnswer, description="For who keeps the row, and the platform; the citizen sees the look.",
        example=forms.WHOLE_MATCH,
    )  # fmt: skip
    def one(id: str) -> Response:
        """One of them: whom was asked for, and what the row says"""
        staff = caller()
        found = hub.exchange.matches.look(id, staff.region, staff.citizen_id)
        noting(target=f"match:{found.id}")
        return answer(_match(found))


def _deciding(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/matches/<string:id>/decisions", methods=["POST"])
    @recorded("match.write")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "CHOICE", "TOO_SHORT", "TOO_LONG")
    @blueprint.arguments(forms.MatchDecisionForm)
    @blueprint.response(200, forms.MatchAnswer, description="Used from the next question on.", example=forms.MATCH)
    def decide(form: dict[str, Any], id: str) -> Response:
        """Decide whether it is the same person; the values are wiped with it"""
        staff = caller()
        done = hub.exchange.matches.decide(id, staff.region, staff.citizen_id, form["outcome"], form["reason"])
        noting(target=f"match:{done.id}", after={"outcome": form["outcome"]})
        return answer(_match(done))


def _part(problems: Problems, part: Part) -> dict[str, Any]:
    if not isinstance(part.outcome, Problem):
        return {"resource": part.resource, "status": 200, "body": shown_given(part.outcome)}
    status, body = problems.part(part.outcome)
    return {"resource": part.resource, "status": status, "body": body}


def _joined(joined: Joined) -> dict[str, Any]:
    values = [{"value": each.value, "said": [asdict(said) for said in each.said]} for each in joined.values]
    return {"field": joined.field, "label": joined.label, "state": joined.state, "values": values}


def _match(match: Match) -> dict[str, Any]:
    sought = {"number": match.sought.number, "name": match.sought.name} if match.sought else None
    told = asdict(match.told) if match.told else None
    return {**{name: getattr(match, name) for name in forms.MATCH}, "sought": sought, "told": told}
