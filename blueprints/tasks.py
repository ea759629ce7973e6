"""The phone of village and neighbourhood staff: their tasks, which they confirm or ask back, and how many they have."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import tasks_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, paged, problem_codes
from blueprints.problems import in_language
from hub.tasks import rules

if TYPE_CHECKING:
    from hub.main import Hub
    from hub.tasks.service import Task

_WEEK = timedelta(days=7)


def make(hub: Hub) -> Blueprint:
    """The routes of tasks."""
    blueprint = Blueprint("tasks", __name__, url_prefix="/api/v1/desk", description="Tasks of grass-roots offices")
    _looking(blueprint, hub)
    _doing(blueprint, hub)
    return blueprint


def _looking(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/tasks")
    @recorded("task.read")
    @problem_codes(*STAFF, "PAGE_INVALID")
    @blueprint.arguments(forms.TasksPage, location="query")
    @blueprint.response(
        200, forms.TasksAnswer, description="The most urgent first.",
        example={"items": [forms.TASK], "next_cursor": None},
    )  # fmt: skip
    def tasks(page: dict[str, Any]) -> Response:
        """What my office has before it, and the offices below"""
        size = page["page_size"]
        with hub.database.session() as session:
            found = hub.tasks.page(session, caller().region, page["state"] == "open", page.get("cursor", ""), size + 1)
        return answer(paged(found, size, _shown, lambda last: last.id))

    @blueprint.route("/tasks/<string:id>")
    @recorded("task.read", "task:{id}")
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(200, forms.WholeTaskAnswer, description="With all that was done.", example=forms.WHOLE)
    def task(id: str) -> Response:
        """One task"""
        with hub.database.session() as session:
            return answer(_whole(hub.tasks.get(session, id, caller().region)))

    @blueprint.route("/load")
    @recorded("task.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(200, forms.LoadsAnswer, description="By office and kind, the last 7 days.", example=forms.LOAD)
    def load() -> Response:
        """How much each office was given and did: who is overloaded"""
        since = hub.clock.now() - _WEEK
        with hub.database.session() as session:
            found = hub.tasks.load(session, caller().region, since)
        return answer({"since": since, "items": found})


def _doing(blueprint: Blueprint, hub: Hub) -> None:
    def described(permission: str, *codes: str) -> Any:
        def mark(view: Any) -> Any:
            view = blueprint.response(200, forms.WholeTaskAnswer, description="As it is now.", example=forms.WHOLE)(
                view
            )
            return recorded(permission, "task:{id}")(problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", *codes)(view))

        return mark

    @blueprint.route("/tasks/<string:id>/acknowledge", methods=["POST"])
    @described("task.write")
    def acknowledge(id: str) -> Response:
        """Say that somebody is at it"""
        with hub.database.session() as session:
            return answer(_whole(hub.tasks.acknowledge(session, id, caller().region, caller().citizen_id)))

    @blueprint.route("/tasks/<string:id>/confirm", methods=["POST"])
    @described("task.write", "CHOICE")
    @blueprint.arguments(forms.ConfirmForm)
    def confirm(form: dict[str, Any], id: str) -> Response:
        """Give one of the answers"""
        noting(after={"answer": form["answer"]})
        with hub.database.session() as session:
            return answer(_whole(hub.tasks.confirm(session, id, caller().region, caller().citizen_id, **form)))

    @blueprint.route("/tasks/<string:id>/query", methods=["POST"])
    @described("task.write", "TOO_SHORT")
    @blueprint.arguments(forms.NoteForm)
    def query(form: dict[str, Any], id: str) -> Response:
        """Ask back"""
        with hub.database.session() as session:
            return answer(_whole(hub.tasks.query(session, id, caller().region, caller().citizen_id, form["note"])))

    @blueprint.route("/tasks/<string:id>/reply", methods=["POST"])
    @described("task.reply", "TOO_SHORT")
    @blueprint.arguments(forms.NoteForm)
    def reply(form: dict[str, Any], id: str) -> Response:
        """Answer what an office asked"""
        with hub.database.session() as session:
            return answer(_whole(hub.tasks.reply(session, id, caller().region, caller().citizen_id, form["note"])))


def _shown(task: Task) -> dict[str, Any]:
    language = asking.language()
    return {
        "id": task.id,
        "kind": task.kind.id,
        "title": in_language(task.kind.title, language),
        "office": task.office,
        "raised_to": task.raised_to,
        "about": task.about,
        "told": dict(task.told),
        "state": task.state,
        "card": task.card,
        "assigned_at": task.assigned_at,
        "red_at": task.red_at,
        "acknowledged_at": task.acknowledged_at,
        "done_at": task.done_at,
        "answers": {name: in_language(text, language) for name, text in task.kind.answers.items()},
        "possible": list(rules.possible(task.state)),
    }


def _whole(task: Task) -> dict[str, Any]:
    return {**_shown(task), "acts": list(task.acts)}
