"""The desk's side of messages: urgent notices to a region, and the phone tasks for whom nothing else reached."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import notices_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, Page, answer, paged, problem_codes
from blueprints.idempotency import idempotent
from hub.catalogue.cursor import Cursors
from hub.errors import Problem
from hub.offices import is_place

if TYPE_CHECKING:
    from hub.main import Hub
    from hub.messages.calls import Task

_LISTED = ("id", "kind", "about", "urgent", "created_at", "name")


def make(hub: Hub) -> Blueprint:
    """The routes of notices and phone tasks."""
    text = "Urgent notices to a region, and phone tasks"
    blueprint = Blueprint("notices", __name__, url_prefix="/api/v1/desk", description=text)
    _notices(blueprint, hub)
    _fates(blueprint, hub)
    _tasks(blueprint, hub)
    return blueprint


def _notices(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/notices")
    @recorded("notice.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(200, forms.NoticesAnswer, description="The newest 100.", example={"items": [forms.NOTICE]})
    def notices() -> Response:
        """Urgent notices, and those that wait for a second person"""
        with hub.database.session() as session:
            return answer({"items": [asdict(each) for each in hub.notices.page(session)]})

    @blueprint.route("/notices", methods=["POST"])
    @recorded("notice.write")
    @problem_codes(*STAFF, "TOO_SHORT", "CHOICE")
    @blueprint.arguments(forms.NoticeForm)
    @blueprint.response(201, forms.NoticeAnswer, description="Waits for a second person.", example=forms.NOTICE)
    @idempotent()
    def ask(form: dict[str, Any]) -> Response:
        """Write an urgent notice to every inbox of a region"""
        office = caller().region
        if not form["region"].startswith(office if is_place(office) else hub.settings.now.hub.region):
            raise Problem("CHOICE", status=422)
        with hub.database.session() as session:
            notice = hub.notices.ask(session, **form, actor=caller().citizen_id)
            people = hub.notices.for_whom(session, notice)
        noting(target=f"notice:{notice.id}", reason=notice.reason, after={"region": notice.region})
        return answer({**asdict(notice), "people": people}, 201)

    @blueprint.route("/notices/<string:id>/confirmations", methods=["POST"])
    @recorded("notice.confirm")
    @problem_codes(*STAFF, "NOT_FOUND", "SECOND_PERSON_REQUIRED", "STATE_CONFLICT")
    @blueprint.response(200, forms.NoticeAnswer, description="On its way.", example=forms.SENT)
    def confirm(id: str) -> Response:
        """Confirm what somebody else wrote: it goes out at once"""
        with hub.database.session() as session:
            notice = hub.notices.confirm(session, id, caller().citizen_id)
        noting(target=f"notice:{notice.id}", reason=notice.reason, after={"region": notice.region})
        return answer(asdict(notice))


def _fates(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/notices/<string:id>")
    @recorded("notice.read", only_refusals=True)
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(200, forms.NoticeAnswer, description="With a count of each state.", example=forms.SENT)
    def notice(id: str) -> Response:
        """How far a notice has got"""
        with hub.database.session() as session:
            found = hub.notices.get(session, id)
            counts = hub.notices.summary(session, id)
            told = {"people": hub.notices.for_whom(session, found), "read": hub.notices.read_count(session, id)}
        messages = [{"state": state, "channel": channel, "count": count} for state, channel, count in counts]
        return answer({**asdict(found), **told, "messages": messages})

    @blueprint.route("/notices/<string:id>/messages")
    @recorded("notice.read", only_refusals=True)
    @problem_codes(*STAFF, "NOT_FOUND", "CHOICE", "PAGE_INVALID")
    @blueprint.arguments(forms.FatesAsked, location="query")
    @blueprint.response(
        200, forms.FatesAnswer, description="By id.", example={"items": [forms.FATE], "next_cursor": None}
    )
    def messages(asked: dict[str, Any], id: str) -> Response:
        """The state of each message of a notice"""
        cursors, size, state = Cursors(hub.settings.now.hub.token_keys), asked["page_size"], asked.get("state")
        question = f"notice {id} {state}"
        after = cursors.read(question, asked["cursor"], 1)[0] if "cursor" in asked else ""
        with hub.database.session() as session:
            hub.notices.get(session, id)
            found = hub.notices.fates(session, id, state, after, size + 1)
        return answer(paged(found, size, asdict, lambda last: cursors.write(question, (last.id,))))


def _tasks(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/phone-tasks")
    @recorded("message.call")
    @problem_codes(*STAFF, "PAGE_INVALID", "KEY_UNAVAILABLE")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(
        200,
        forms.PhoneTasksAnswer,
        description="The oldest first, of the people of my place.",
        example={"items": [forms.TASK], "next_cursor": None},
    )
    def tasks(asked: dict[str, Any]) -> Response:
        """Whom nothing else reached"""
        cursors, size = Cursors(hub.settings.now.hub.token_keys), asked["page_size"]
        after = _place(cursors.read("phone-tasks", asked["cursor"], 2)) if "cursor" in asked else None
        with hub.database.session() as session:
            found = hub.calls.page(session, caller().region, after, size + 1)

        def place(last: Task) -> str:
            return cursors.write("phone-tasks", (last.created_at.isoformat(), last.id))

        return answer(paged(found, size, lambda each: {name: getattr(each, name) for name in _LISTED}, place))

    @blueprint.route("/phone-tasks/<string:id>")
    @recorded("message.call")
    @problem_codes(*STAFF, "NOT_FOUND", "KEY_UNAVAILABLE")
    @blueprint.response(200, forms.OpenedPhoneTaskAnswer, description="Each look is recorded.", example=forms.OPENED)
    def task(id: str) -> Response:
        """The number to call and what to say"""
        with hub.database.session() as session:
            found = hub.calls.get(session, id, caller().region)
        noting(target=f"message:{found.id}")
        return answer(asdict(found))

    @blueprint.route("/phone-tasks/<string:id>/outcomes", methods=["POST"])
    @recorded("message.call")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "CHOICE")
    @blueprint.arguments(forms.CallOutcomeForm)
    @blueprint.response(200, forms.CalledAnswer, description="At its end.", example={"state": "called"})
    def ended(form: dict[str, Any], id: str) -> Response:
        """How the call ended"""
        reached, code = form["outcome"] == "done", form["outcome"].upper()
        with hub.database.session() as session:
            state = hub.calls.end(session, id, caller().region, reached, "" if reached else f"CALL_{code}")
        noting(target=f"message:{id}", after={"state": state, "outcome": form["outcome"]})
        return answer({"state": state})


def _place(parts: list[str]) -> tuple[datetime, str]:
    try:
        return datetime.fromisoformat(parts[0]), parts[1]
    except ValueError:
        raise Problem("PAGE_INVALID") from None
