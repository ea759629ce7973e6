"""The public catalogue: services with their guides, departments, themes, regions. Nobody need be signed in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response, request
from marshmallow import fields

from blueprints import asking
from blueprints.auth import caller
from blueprints.contract import EITHER, Blueprint, Page, problem_codes
from blueprints.ready import Ready
from hub.catalogue.rules import AUDIENCES, KINDS, LONGEST_QUERY, Query, Visitor
from hub.errors import Problem
from hub.fields import Choice, Region, Text

if TYPE_CHECKING:
    from hub.main import Hub

_VERSION = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,5}){0,3}", re.ASCII)
_STATUSES = ["open", "closed", "maintenance", "limited"]
# Nobody need be signed in; who is, sees what is open to him.
_IF_SIGNED_IN = ("TOKEN_INVALID", "SESSION_REVOKED", "STORE_UNAVAILABLE")


class ServicesAsked(Page):
    """What to look for; all of it must fit."""

    q = Text(max=LONGEST_QUERY, metadata={"description": "Everyday words, pinyin, initials, an official code"})
    department = Text(max=64)
    theme = Text(max=64)
    kind = Choice(choices=KINDS)
    audience = Choice(choices=AUDIENCES)
    region = Region(metadata={"description": "This region and all below it"})


class RegionsAsked(Page):
    """`parent`: what lies right below it, in the whole country; 100000 is the country."""

    parent = Region()


class CodesAnswer(marshmallow.Schema):
    """Official codes, opaque; there may be more of them."""

    class Meta:
        unknown = marshmallow.INCLUDE

    catalog_code = fields.String(required=True, allow_none=True)
    task_code = fields.String(required=True, allow_none=True)


class ServiceEntry(marshmallow.Schema):
    """One service in a list."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    department = fields.String(required=True)
    department_name = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    themes = fields.List(fields.String(), required=True)
    audience = fields.String(required=True, metadata={"enum": list(AUDIENCES)})
    region = fields.String(required=True)
    region_name = fields.String(required=True, allow_none=True)
    level = fields.Integer(required=True, metadata={"minimum": 0, "maximum": 3})
    status = fields.String(required=True, metadata={"enum": _STATUSES})
    notice = fields.String(required=True, allow_none=True)
    codes = fields.Nested(CodesAnswer, required=True)


class ServiceDetail(ServiceEntry):
    """A service with its guide. `form` is JSON Schema 2020-12; null when the service takes no call."""

    guide = fields.Dict(required=True, metadata={"description": "Materials, fees, legal and promised days, FAQ …"})
    form = fields.Dict(required=True, allow_none=True)
    limits = fields.Dict(required=True)
    minimum_client = fields.String(required=True, allow_none=True)
    subject = fields.List(fields.String(), required=True)
    parts = fields.List(fields.String(), required=True)
    data_class = fields.Integer(required=True, metadata={"minimum": 1, "maximum": 4})
    link = fields.String(required=True, allow_none=True)
    version = fields.String(required=True)
    effective_from = fields.Date(required=True, allow_none=True)
    effective_until = fields.Date(required=True, allow_none=True)


class DepartmentEntry(marshmallow.Schema):
    """One department."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    short_name = fields.String(required=True)
    credit_code = fields.String(required=True, allow_none=True)
    region = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)


class ThemeEntry(marshmallow.Schema):
    """One theme to browse by."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class LicenceKindEntry(marshmallow.Schema):
    """One kind of electronic licence; `licence:<id>` is what a mandate names it by."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    department = fields.String(required=True)
    companies = fields.Boolean(required=True)


class RegionEntry(marshmallow.Schema):
    """One administrative division."""

    code = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    level = fields.String(required=True, metadata={"enum": ["province", "city", "county", "town", "village"]})
    parent = fields.String(required=True)


def _page_of(entry: type[marshmallow.Schema]) -> type[marshmallow.Schema]:
    name = entry.__name__.removesuffix("Entry")
    items = fields.List(fields.Nested(entry), required=True)
    return marshmallow.Schema.from_dict(
        {"items": items, "next_cursor": fields.String(required=True, allow_none=True)}, name=f"{name}Page"
    )


_EXAMPLE = {
    "id": "medical-insurance-balance",
    "title": "医保个人账户余额查询",
    "department": "medical_insurance",
    "department_name": "县医疗保障局",
    "kind": "query",
    "themes": ["health", "social_security"],
    "audience": "person",
    "region": "360423",
    "region_name": "武宁县",
    "level": 2,
    "status": "open",
    "notice": None,
    "codes": {
        "catalog_code": "360025003003",
        "task_code": "360Z0250030003-360423000000-000-11360423DEM00025XL-1-00",
    },
}


def make(hub: Hub) -> Blueprint:
    """The routes of the catalogue."""
    blueprint = Blueprint("catalogue", __name__, url_prefix="/api/v1", description="What there is, and how to get it")
    ready = Ready(hub.catalogue)
    _services(blueprint, hub, ready)
    _lists(blueprint, hub, ready)
    return blueprint


def _services(blueprint: Blueprint, hub: Hub, ready: Ready) -> None:
    @blueprint.route("/services")
    @ready.view
    @problem_codes("PAGE_INVALID", *_IF_SIGNED_IN)
    @blueprint.doc(security=EITHER)
    @blueprint.arguments(ServicesAsked, location="query")
    @blueprint.response(
        200, _page_of(ServiceEntry), description="In order.", example={"items": [_EXAMPLE], "next_cursor": None}
    )
    def services(asked: dict[str, Any]) -> Response:
        """Find services

        Those that can be used here come first, then the shorter title. A closed one is listed with its notice. What
        is not found exactly is looked for with one slip: a wrong character, one left out, one that sounds the same.
        """
        return ready.page(hub.catalogue.search(Query(**asked), asking.language(), visitor(hub), client_version(), _who))

    @blueprint.route("/services/<string:service_id>")
    @ready.view
    @problem_codes("NOT_FOUND", *_IF_SIGNED_IN)
    @blueprint.doc(security=EITHER)
    @blueprint.response(200, ServiceDetail, description="The service with its guide.")
    def service(service_id: str) -> Response:
        """One service: guide, form, limits"""
        detail = hub.catalogue.detail(service_id, asking.language(), visitor(hub), client_version())
        return ready.answer(detail.answer, detail.stamp)


def _lists(blueprint: Blueprint, hub: Hub, ready: Ready) -> None:
    @blueprint.route("/departments")
    @ready.view
    @problem_codes("PAGE_INVALID")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(200, _page_of(DepartmentEntry), description="In the order of config.")
    def departments(asked: dict[str, Any]) -> Response:
        """The departments"""
        return ready.page(hub.catalogue.departments(asking.language(), **asked))

    @blueprint.route("/themes")
    @ready.view
    @problem_codes("PAGE_INVALID")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(200, _page_of(ThemeEntry), description="In the order of config.")
    def themes(asked: dict[str, Any]) -> Response:
        """What citizens browse by"""
        return ready.page(hub.catalogue.themes(asking.language(), **asked))

    @blueprint.route("/licence-kinds")
    @ready.view
    @problem_codes("PAGE_INVALID")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(200, _page_of(LicenceKindEntry), description="In the order of config.")
    def licence_kinds(asked: dict[str, Any]) -> Response:
        """The kinds of electronic licences that can be held here"""
        return ready.page(hub.catalogue.licence_kinds(asking.language(), **asked))

    @blueprint.route("/regions")
    @ready.view
    @problem_codes("PAGE_INVALID")
    @blueprint.arguments(RegionsAsked, location="query")
    @blueprint.response(200, _page_of(RegionEntry), description="By code.")
    def regions(asked: dict[str, Any]) -> Response:
        """The regions served here, or with `parent` those right below it"""
        return ready.page(hub.catalogue.regions(asking.language(), **asked))


def visitor(hub: Hub) -> Visitor:
    """Who looks matters only while something is open to some citizens only; a token that is not needed is not read."""
    if "HTTP_AUTHORIZATION" not in asking.environ() or not hub.catalogue.is_personal():
        return Visitor()
    principal = caller()
    return Visitor(principal.citizen_id, principal.region)


def _who() -> str:
    """The citizen who is signed in, for words that find nothing; a token that is no good is nobody's here."""
    if "HTTP_AUTHORIZATION" not in asking.environ():
        return ""
    try:
        return caller().citizen_id
    except Problem:
        return ""


def client_version() -> str:
    said = request.headers.get("X-Client-Version", "")
    return said if _VERSION.fullmatch(said) else ""
