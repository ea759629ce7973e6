"""Several applications at once (一件事): what there is, handed in with one form, followed under one receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import bundles_forms as forms
from blueprints.cases import ONE, SENT, admitted, case, happened, prepare, receipt, who_applies
from blueprints.catalogue import client_version, visitor
from blueprints.contract import EITHER, Blueprint, Page, answer, problem_codes
from blueprints.idempotency import idempotent, kept
from blueprints.problems import in_language
from hub.catalogue import forms as service_forms
from hub.catalogue.answers import in_language as guide_in_language
from hub.catalogue.rules import worst
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.cases.views import BundleView
    from hub.main import Hub
    from hub.settings.bundle_shapes import Bundle
    from hub.settings.shapes import Service

_IF_SIGNED_IN = ("TOKEN_INVALID", "SESSION_REVOKED", "STORE_UNAVAILABLE")


def make(hub: Hub) -> Blueprint:
    """The routes of bundles."""
    blueprint = Blueprint("bundles", __name__, url_prefix="/api/v1/bundles", description="Several applications at once")
    _looking(blueprint, hub)
    _applying(blueprint, hub)
    return blueprint


def _looking(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("")
    @problem_codes("PAGE_INVALID", *_IF_SIGNED_IN)
    @blueprint.doc(security=EITHER)
    @blueprint.arguments(Page, location="query")
    @blueprint.response(200, forms.BundlesAnswer, description="In the order of config.", example=forms.BUNDLES)
    def bundles(page: dict[str, Any]) -> Response:
        """What can be applied for at once"""
        if "cursor" in page:
            raise Problem("PAGE_INVALID")  # a county has a few; they are one page
        found = [_entry(hub, *each) for each in hub.cases.bundles.all()]
        return answer({"items": found[: page["page_size"]], "next_cursor": None})

    @blueprint.route("/<string:bundle_id>")
    @problem_codes("NOT_FOUND", *_IF_SIGNED_IN)
    @blueprint.doc(security=EITHER)
    @blueprint.response(200, forms.BundleDetail, description="With its one guide and its one form.")
    def bundle(bundle_id: str) -> Response:
        """One bundle: guide, form, departments"""
        found, whole = hub.cases.bundles.one(bundle_id)
        departments = hub.settings.now.departments
        offices = [hub.settings.now.services[part.service].department for part in found.parts]
        detail = {
            "departments": [in_language(departments[id].name, asking.language()) for id in dict.fromkeys(offices)],
            "guide": guide_in_language(whole.guide, asking.language()),
            "form": service_forms.json_schema(whole, asking.language()),
            "subject": list(whole.subject),
        }
        return answer({**_entry(hub, found, whole), **detail})


def _applying(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/<string:bundle_id>/cases", methods=["POST"])
    @problem_codes(*SENT)
    @blueprint.arguments(forms.BundleForm)
    @blueprint.response(
        202, forms.BundleReceiptAnswer, description="All of it is kept, or none.", example=forms.BUNDLE_RECEIPT
    )
    @idempotent(ours=True)
    def submit(form: dict[str, Any], bundle_id: str) -> Response:
        """Apply for all of it with one form"""
        caller = who_applies()
        shares = hub.cases.bundles.shared_out(bundle_id, form["fields"], form["materials"], form["promised"])
        hub.materials.disk.room_for_submissions()
        passed = []
        for share in shares:
            passed.append(share.passed(admitted(hub, share.service, caller, share.fields)))
            prepare(hub, caller.subject, share.service, share.papers)
        with hub.database.session() as session:
            made = hub.cases.bundles.submit(session, caller, bundle_id, passed)
            location = f"/api/v1/bundles/{bundle_id}/cases/{made.receipt_no}"
            return kept(session, answer(_receipt(made), 202, Location=location))

    @blueprint.route("/<string:bundle_id>/cases/<string:bundle_no>")
    @problem_codes(*ONE)
    @blueprint.response(
        200, forms.BundleCaseAnswer, description="All parts with one timeline.", example=forms.BUNDLE_CASE
    )
    def one(bundle_id: str, bundle_no: str) -> Response:
        """Where all of it stands"""
        with hub.database.session() as session:
            return answer(_whole(hub.cases.bundles.shown(session, who_applies(), bundle_no, bundle_id)))

    @blueprint.route("/cases/<string:bundle_no>")
    @problem_codes(*ONE)
    @blueprint.response(
        200, forms.BundleCaseAnswer, description="All parts with one timeline.", example=forms.BUNDLE_CASE
    )
    def by_its_number(bundle_no: str) -> Response:
        """Where all of it stands, by its receipt number alone: a message or a part names no more"""
        with hub.database.session() as session:
            return answer(_whole(hub.cases.bundles.shown(session, who_applies(), bundle_no)))


def _entry(hub: Hub, bundle: Bundle, whole: Service) -> dict[str, Any]:
    """How it stands is how its worst part does: it is handed in as one."""
    parts = [hub.catalogue.detail(part.service, asking.language(), visitor(hub), client_version()).answer
             for part in bundle.parts]  # fmt: skip
    status = worst(*(part["status"] for part in parts))
    notices = [part["notice"] for part in parts if part["status"] == status and part["notice"]]
    return {
        "id": bundle.id,
        "title": in_language(bundle.title, asking.language()),
        "summary": in_language(bundle.summary, asking.language()),
        "services": [part.service for part in bundle.parts],
        "level": whole.level,
        "status": status,
        "notice": notices[0] if notices else None,
    }


def _receipt(view: BundleView) -> dict[str, Any]:
    return {
        "receipt_no": view.receipt_no,
        "status": view.status,
        "promised_at": view.promised_at,
        "parts": [{**receipt(part), "service": part.service} for part in view.parts],
    }


def _whole(view: BundleView) -> dict[str, Any]:
    story = [(part.receipt_no, each) for part in view.parts for each in part.timeline]
    ended = all(part.clock == "ended" for part in view.parts)
    return {
        "receipt_no": view.receipt_no,
        "bundle": view.bundle,
        "title": in_language(view.title, asking.language()),
        "status": view.status,
        "submitted_at": view.submitted_at,
        "promised_at": view.promised_at,
        "parts": [case(part) for part in view.parts],
        "timeline": [
            {**happened(each, asking.language()), "receipt_no": number}
            for number, each in sorted(story, key=lambda each: each[1].at)
        ],
        "result": [
            {"receipt_no": part.receipt_no, "service": part.service, "document": part.result}
            for part in view.parts
            if part.result
        ]
        if ended
        else None,
    }
