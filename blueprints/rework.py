"""/ops/v1: kept legs and asking them again, jobs, budgets. Every look at a leg's parts is on record, and every act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response

from blueprints import rework_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from blueprints.ids import as_number, as_uuid, going_on
from blueprints.operations_forms import a_page, pages_of
from blueprints.switchboard import page
from hub.errors import Fault, Problem, invalid
from hub.jobs.service import Job
from hub.legs import Leg
from hub.legs.rules import readable, shape
from hub.reruns.service import Rerun
from hub.switches.form import checked_reason

if TYPE_CHECKING:
    from hub.main import Hub

_ACTING = (*STAFF, "NOT_FOUND", "STATE_CONFLICT", "REASON_REQUIRED", "TOO_SHORT")


def add(blueprint: Blueprint, hub: Hub) -> None:
    """The routes, on the blueprint of operations."""
    _legs(blueprint, hub)
    _reruns(blueprint, hub)
    _jobs(blueprint, hub)
    _quotas(blueprint, hub)


def _legs(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/legs/<string:id>")
    @recorded("leg.read")
    @problem_codes(*STAFF, "KEY_UNAVAILABLE")
    @blueprint.response(
        200, forms.OpenedLegAnswer, description="Question and answer; no personal value.", example=forms.OPENED
    )
    def leg(id: str) -> Response:
        """One kept leg with what was asked and answered, personal values hidden"""
        number = as_uuid(id)
        noting(target=f"leg:{number}")
        return answer(_opened(hub, number))

    @blueprint.route("/legs/<string:id>/rerun", methods=["POST"])
    @recorded("leg.rerun")
    @problem_codes(*_ACTING, "KEY_UNAVAILABLE")
    @blueprint.arguments(forms.ReasonForm)
    @blueprint.response(
        200, forms.OutcomeAnswer, description="What came of it; never the answer itself.", example=forms.OUTCOME
    )
    def rerun_leg(wanted: dict[str, Any], id: str) -> Response:
        """Ask the question of one failed read again; a write answers 409 with what is possible"""
        number = as_uuid(id)
        noting(target=f"leg:{number}", reason=_reason(wanted))
        outcome = asdict(hub.asking.ask(number))
        noting(after=outcome)
        return answer(outcome)


def _reruns(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/reruns", methods=["POST"])
    @recorded("leg.rerun")
    @problem_codes(*_ACTING, "DATE", "DATE_RANGE", "TIMEZONE_MISSING", "RANGE_ORDER")
    @blueprint.arguments(forms.RerunForm)
    @blueprint.response(202, forms.RerunAnswer, description="Begun; a worker asks one by one.", example=forms.RERUN)
    def begin(wanted: dict[str, Any]) -> Response:
        """Ask again what a system or service did not answer in some time"""
        reason, (since, until) = _reason(wanted), _between(wanted)
        about = {name: wanted.get(name) for name in ("system", "service")}
        if not any(about.values()):
            raise invalid([Fault("system", "REQUIRED")])
        noting(reason=reason, target=next(f"{name}:{id}" for name, id in about.items() if id))
        with hub.database.session() as session:
            begun = hub.reruns.begin(
                session, reason, caller().citizen_id, system=about["system"], service=about["service"], since=since,
                until=until,
            )  # fmt: skip
        return _told(begun, 202)

    @blueprint.route("/reruns/<string:id>")
    @recorded("job.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(200, forms.RerunAnswer, description="How far it is.", example=forms.RERUN)
    def rerun(id: str) -> Response:
        """One re-run: its state, and how many legs came to which end"""
        with hub.database.session() as session:
            return answer(_rerun(hub.reruns.get(session, _number(id))))

    for act, sentence in (
        ("pause", "Pause a re-run before its next question"),
        ("resume", "Go on with a re-run that is paused or stopped"),
        ("cancel", "End a re-run before its next question"),
    ):
        _moving(blueprint, hub, act, sentence)


def _moving(blueprint: Blueprint, hub: Hub, act: str, sentence: str) -> None:
    @recorded("leg.rerun")
    @problem_codes(*_ACTING)
    @blueprint.arguments(forms.ReasonForm)
    @blueprint.response(200, forms.RerunAnswer, description="As it is now.", example=forms.RERUN)
    def move(wanted: dict[str, Any], id: str) -> Response:
        noting(reason=_reason(wanted), target=f"rerun:{_number(id)}")
        with hub.database.session() as session:
            moved = hub.reruns.move(session, _number(id), act)
        return _told(moved, 200)

    move.__doc__ = sentence
    blueprint.route(f"/reruns/<string:id>/{act}", methods=["POST"], endpoint=f"{act}_rerun")(move)


def _jobs(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/jobs")
    @recorded("job.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.arguments(forms.JobsPage, location="query")
    @blueprint.response(
        200, pages_of(forms.JobAnswer), description="Newest first; done ones are gone.", example=a_page(forms.JOB)
    )
    def jobs(query: dict[str, Any]) -> Response:
        """What waits, runs, has failed or was cancelled"""
        with hub.database.session() as session:
            found = hub.jobs.page(session, query.get("status"), going_on(query), query["page_size"] + 1)
        return answer(page([_job(job) for job in found], query["page_size"]))

    @blueprint.route("/jobs/<string:id>/retry", methods=["POST"])
    @recorded("job.write")
    @problem_codes(*_ACTING)
    @blueprint.arguments(forms.ReasonForm)
    @blueprint.response(200, forms.JobAnswer, description="It waits again.", example=forms.JOB)
    def retry(wanted: dict[str, Any], id: str) -> Response:
        """Try a failed job once more"""
        noting(reason=_reason(wanted), target=f"job:{_number(id)}")
        with hub.database.session() as session:
            return answer(_job(hub.jobs.retry(session, _number(id))))

    @blueprint.route("/jobs/<string:id>/cancel", methods=["POST"])
    @recorded("job.write")
    @problem_codes(*_ACTING)
    @blueprint.arguments(forms.ReasonForm)
    @blueprint.response(
        200, forms.JobAnswer, description="It is not begun; one that runs ends before its next step.", example=forms.JOB
    )
    def cancel(wanted: dict[str, Any], id: str) -> Response:
        """Cancel a job"""
        noting(reason=_reason(wanted), target=f"job:{_number(id)}")
        with hub.database.session() as session:
            return answer(_job(hub.jobs.cancel(session, _number(id))))


def _quotas(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/quotas")
    @recorded("system.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(200, forms.QuotasAnswer, description="Budgets, and what is left of them.", example=forms.QUOTAS)
    def quotas() -> Response:
        """What is left of the budgets of systems and services"""
        return answer({"systems": hub.quotas.systems(), "services": hub.quotas.services()})


def legs_shown(legs: list[Leg]) -> list[dict[str, Any]]:
    """Kept legs without what was said."""
    return [{**asdict(leg), "id": str(leg.id)} for leg in legs]


def _opened(hub: Hub, id: UUID) -> dict[str, Any]:
    with hub.database.session() as session:
        leg = hub.legs.get(session, id)
        question, said = hub.legs.opened(session, id)
        samples = hub.gateway.samples.find(session, leg.trace_id)
    asked, answered = _classes(hub, leg)
    return {
        **legs_shown([leg])[0],
        "question": readable(question.get("fields", {}), asked),
        "answer": readable(said.get("fields", {}), answered),
        "samples": [
            {"kept_at": each.kept_at, "code": each.code, "shape": shape(each.answer)}
            for each in samples
            if each.operation == leg.operation and each.system == leg.system
        ],
    }


def _classes(hub: Hub, leg: Leg) -> tuple[dict[str, Any], dict[str, Any]]:
    """How personal each field of question and answer is; what is not declared any more counts as most personal."""
    service = hub.settings.now.services.get(leg.service)
    asked = {field.name: field.data_class for field in service.form} if service else {}
    declared = hub.systems.declared(leg.system, leg.operation).get("answer", {})
    answered: dict[str, Any] = {name: each.get("class", 4) for name, each in declared.get("fields", {}).items()}
    for name, rows in declared.get("lists", {}).items():
        answered[name] = {field: each.get("class", 4) for field, each in rows["fields"].items()}
    return asked, answered


def _told(rerun: Rerun, status: int) -> Response:
    noting(after={"rerun": rerun.id, "state": rerun.state})
    return answer(_rerun(rerun), status)


def _rerun(rerun: Rerun) -> dict[str, Any]:
    job = str(rerun.job_id) if rerun.job_id else None
    return {**asdict(rerun), "id": str(rerun.id), "job_id": job}


def _job(job: Job) -> dict[str, Any]:
    return {**asdict(job), "id": str(job.id)}


def _reason(wanted: Mapping[str, Any]) -> str:
    return checked_reason(wanted.get("reason"))


def _between(wanted: Mapping[str, Any]) -> tuple[datetime, datetime]:
    since, until = (datetime.fromisoformat(wanted[name]) for name in ("since", "until"))
    if not since < until:
        raise invalid([Fault("until", "RANGE_ORDER")])
    return since, until


def _number(id: str) -> int:
    number = as_number(id)
    if number is None:
        raise Problem("NOT_FOUND")
    return number
