"""Data that departments share: its catalogue, requests for it, decisions, and the rights that came of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import sharing_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import IDEMPOTENT, STAFF, Blueprint, answer, paged, problem_codes
from blueprints.idempotency import idempotent
from hub.errors import Fault, invalid
from hub.sharing.requests import Wanted

if TYPE_CHECKING:
    from hub.main import Hub
    from hub.sharing.grants import Grant
    from hub.sharing.requests import Request
    from hub.sharing.resources import Resource

_TEXTS = ("TOO_SHORT", "TOO_LONG", "CHOICE", "RANGE", "REQUIRED")


def make(hub: Hub) -> Blueprint:
    """The routes of data sharing."""
    blueprint = Blueprint("sharing", __name__, url_prefix="/api/v1/data", description="Data that departments share")
    _resources(blueprint, hub)
    _asking(blueprint, hub)
    _deciding(blueprint, hub)
    _grants(blueprint, hub)
    return blueprint


def _resources(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/resources")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF, "PAGE_INVALID", "CHOICE")
    @blueprint.arguments(forms.ResourcesPage, location="query")
    @blueprint.response(
        200, forms.ResourcesAnswer, description="By id.", example={"items": [forms.RESOURCE], "next_cursor": None}
    )
    def resources(page: dict[str, Any]) -> Response:
        """Which data there is, whose, and whether it is shared"""
        size, asked = page["page_size"], (page["q"], page["department"], page.get("shared_type", ""))
        with hub.database.session() as session:
            found = hub.sharing.resources.page(session, *asked, page.get("cursor", ""), size + 1)
        return answer(paged(found, size, lambda each: _resource(hub, each), lambda last: last.id))

    @blueprint.route("/resources/<string:id>")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(200, forms.ResourceAnswer, description="As it stands now.", example=forms.RESOURCE)
    def resource(id: str) -> Response:
        """One data resource"""
        with hub.database.session() as session:
            return answer(_resource(hub, hub.sharing.resources.counted(session, id)))

    @blueprint.route("/resources/<string:id>/sharing", methods=["PUT"])
    @recorded("grant.write")
    @problem_codes(*STAFF, "NOT_FOUND", *_TEXTS)
    @blueprint.arguments(forms.SharedForm)
    @blueprint.response(200, forms.ResourceAnswer, description="In force from now on.", example=forms.RESOURCE)
    def share(form: dict[str, Any], id: str) -> Response:
        """Say how my department shares it; "not shared" is argued, and ends by itself"""
        with hub.database.session() as session:
            said = form["shared_type"], form["condition"], form["basis"]
            found = hub.sharing.resources.argue(session, id, caller().region, *said)
        noting(target=f"resource:{found.id}", reason=form["condition"], after={"shared_type": form["shared_type"]})
        return answer(_resource(hub, found))


def _asking(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/requests", methods=["POST"])
    @recorded("grant.write")
    @problem_codes(*STAFF, *IDEMPOTENT, "NOT_FOUND", *_TEXTS)
    @blueprint.arguments(forms.RequestForm)
    @blueprint.response(
        201, forms.WholeRequestAnswer, description="It waits for review, or is refused by rule.",
        example=forms.WHOLE_REQUEST,
    )  # fmt: skip
    @idempotent(required=False)
    def ask(form: dict[str, Any]) -> Response:
        """Ask for another department's data"""
        staff = caller()
        lists = {"fields": tuple(dict.fromkeys(form["fields"])), "officers": ()}
        lists["officers"] = _colleagues(hub, staff.region, form["officers"])
        with hub.database.session() as session:
            made = hub.sharing.requests.ask(session, staff.region, staff.citizen_id, Wanted(**{**form, **lists}))
        noting(target=f"request:{made.id}", reason=form["purpose"], after={"resource": made.wanted.resource})
        return answer(_whole(made), 201)

    @blueprint.route("/requests")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF, "PAGE_INVALID", "NOT_FOUND", "CHOICE")
    @blueprint.arguments(forms.RequestsPage, location="query")
    @blueprint.response(
        200, forms.RequestsAnswer, description="The newest first.",
        example={"items": [forms.REQUEST], "next_cursor": None},
    )  # fmt: skip
    def listed(page: dict[str, Any]) -> Response:
        """Requests of all departments, refused and unanswered ones too"""
        size, asked = page["page_size"], (page["office"], page.get("state", ""), page["late"] == "yes")
        with hub.database.session() as session:
            found = hub.sharing.requests.page(session, *asked, page.get("cursor", ""), size + 1)
        return answer(paged(found, size, _request, lambda last: last.id))

    @blueprint.route("/requests/<string:id>")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(200, forms.WholeRequestAnswer, description="With what was done.", example=forms.WHOLE_REQUEST)
    def one(id: str) -> Response:
        """One request"""
        with hub.database.session() as session:
            return answer(_whole(hub.sharing.requests.get(session, id)))


def _deciding(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/requests/<string:id>/decisions", methods=["POST"])
    @recorded("grant.write")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "SECOND_PERSON_REQUIRED", *_TEXTS)
    @blueprint.arguments(forms.DecisionForm)
    @blueprint.response(200, forms.WholeRequestAnswer, description="As it is now.", example=forms.WHOLE_REQUEST)
    def decide(form: dict[str, Any], id: str) -> Response:
        """Decide what is before my department: as platform, as owner, or upward; a refusal names its law"""
        staff = caller()
        with hub.database.session() as session:
            said = form["decision"], form["reason"], form["basis"]
            done = hub.sharing.requests.decide(session, id, staff.region, staff.citizen_id, *said)
        noting(target=f"request:{done.id}", reason=form["reason"], after={"state": done.state})
        return answer(_whole(done))

    @blueprint.route("/requests/<string:id>/disputes", methods=["POST"])
    @recorded("grant.write")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", *_TEXTS)
    @blueprint.arguments(forms.UpwardForm)
    @blueprint.response(200, forms.WholeRequestAnswer, description="It is upward now.", example=forms.WHOLE_REQUEST)
    def dispute(form: dict[str, Any], id: str) -> Response:
        """Take a refusal upward, once"""
        staff = caller()
        with hub.database.session() as session:
            done = hub.sharing.requests.dispute(session, id, staff.region, staff.citizen_id, form["reason"])
        noting(target=f"request:{done.id}", reason=form["reason"], after={"state": done.state})
        return answer(_whole(done))


def _grants(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/grants")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF, "PAGE_INVALID", "NOT_FOUND")
    @blueprint.arguments(forms.GrantsPage, location="query")
    @blueprint.response(
        200, forms.GrantsAnswer, description="The newest first.", example={"items": [forms.GRANT], "next_cursor": None}
    )
    def grants(page: dict[str, Any]) -> Response:
        """The rights my department has, and those on its data; all of them for platform and auditor"""
        staff, size = caller(), page["page_size"]
        office = "" if _sees_all(hub, staff.region, staff.roles) else staff.region or "-"
        with hub.database.session() as session:
            found = hub.sharing.grants.page(session, office, page["resource"], page.get("cursor", ""), size + 1)
        return answer(paged(found, size, lambda each: _grant(each, staff.citizen_id), lambda last: last.id))

    @blueprint.route("/grants/<string:id>", methods=["DELETE"])
    @recorded("grant.write")
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(200, forms.GrantAnswer, description="It ends now.", example=forms.GRANT)
    def revoke(id: str) -> Response:
        """Take a right back, or give it back"""
        staff = caller()
        with hub.database.session() as session:
            ended = hub.sharing.grants.revoke(session, id, staff.region)
        noting(target=f"grant:{ended.id}", after={"consumer": ended.consumer, "resource": ended.resource})
        return answer(_grant(ended, staff.citizen_id))


def _colleagues(hub: Hub, office: str, usernames: list[str]) -> tuple[str, ...]:
    """Accounts of the own office; a name of another's is as unknown as none."""
    with hub.database.session() as session:
        accounts = [hub.identity.staff(session, name) for name in usernames]
    faults = [
        Fault(f"officers.{place}", "CHOICE")
        for place, each in enumerate(accounts)
        if each is None or not each.usable or each.office != office
    ]
    if faults:
        raise invalid(faults)
    return tuple(each.staff_id for each in accounts if each)


def _sees_all(hub: Hub, office: str, roles: tuple[str, ...]) -> bool:
    """The platform, and who only reads."""
    allowed = {name for role in roles for name in hub.settings.now.roles.get(role, ())}
    return "grant.write" not in allowed or office == hub.settings.now.sharing.platform


def _resource(hub: Hub, resource: Resource) -> dict[str, Any]:
    department = hub.settings.now.departments.get(resource.department)
    return {
        "id": resource.id, "cata_code": resource.code, "cata_title": resource.title, "org_code": resource.department,
        "credit_code": department.credit_code if department else "", "shared_type": resource.shared_type,
        "shared_condition": resource.condition, "basis": resource.basis, "argued_until": resource.argued_until,
        "shared_way": "query" if resource.published else "catalogued",
        "open_type": "open" if resource.open else "closed", "update_cycle": resource.update_cycle,
        "secret_level": resource.classification, "subject": resource.subject, "system": resource.system,
        "item_codes": list(resource.item_codes), "columns": [asdict(each) for each in resource.columns],
        "refusals": resource.refusals, "silent": resource.silent,
    }  # fmt: skip


def _request(request: Request) -> dict[str, Any]:
    wanted = request.wanted
    return {
        "id": request.id, "resource": wanted.resource, "owner": request.owner, "applicant": request.applicant,
        "fields": list(wanted.fields), "purpose": wanted.purpose, "scene": wanted.scene, "basis": wanted.basis,
        "days": wanted.days, "status": request.state, "raised_to": request.raised_to, "silent": request.silent,
        "asked_at": request.asked_at, "review_due": request.review_due, "owner_due": request.owner_due,
        "dispute_due": request.dispute_due, "ended_at": request.ended_at, "refused_by": request.refused_by,
        "refusal_basis": request.refusal_basis, "refusal_reason": request.refusal_reason,
    }  # fmt: skip


def _whole(request: Request) -> dict[str, Any]:
    return {**_request(request), "timeline": [asdict(each) for each in request.acts]}


def _grant(grant: Grant, staff_id: str) -> dict[str, Any]:
    return {
        "id": grant.id, "request": grant.request, "resource": grant.resource, "owner": grant.owner,
        "consumer": grant.consumer, "officers": len(grant.officers), "mine": staff_id in grant.officers,
        "purpose": grant.purpose, "scene": grant.scene, "basis": grant.basis, "fields": list(grant.fields),
        "granted_at": grant.granted_at, "valid_until": grant.valid_until, "revoked_at": grant.revoked_at,
        "revoked_by": grant.revoked_by,
    }  # fmt: skip
