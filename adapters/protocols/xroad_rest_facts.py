"""What system.yaml says about a service behind X-Road (message protocol for REST, r1): who asks whom, and each call."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from adapters.protocols.facts import Facts, OperationFacts, ReasonFacts, Strict, Words, texts
from adapters.protocols.maintenance import MaintenanceFacts

_PART = r"[^/\x00-\x20\x7f]+"
_MEMBER = validate.Regexp(re.compile(rf"{_PART}(/{_PART}){{2,3}}\Z"), error="is not INSTANCE/CLASS/MEMBER[/SUBSYSTEM]")
_SERVER = validate.Regexp(re.compile(rf"({_PART}(/{_PART}){{3}})?\Z"), error="is not INSTANCE/CLASS/MEMBER/SERVER")
_CODE = validate.Regexp(re.compile(r"[^\x00-\x20\x7f]+\Z"), error="is not a service code")
_PATH = validate.Regexp(re.compile(r"(/([!-.0->@-z|~]|\{[^/{}]+\})*)*\Z", re.ASCII), error="is not a path")
_STATUS = validate.Regexp(re.compile(r"[45][0-9]{2}\Z", re.ASCII), error="is not a status from 400 to 599")
PLACE = re.compile(r"\{([^/{}]+)\}")
HEADERS = ("X-Road-UserId", "X-Road-Issue", "X-Road-Represented-Party")


class XroadOperationFacts(Strict):
    """`path` may hold `{name}` of a wire name; `headers` says which wire name goes into which optional header.
    `statuses` are the service's own refusals: a status it answers with, and the reason we tell."""

    service = Words(required=True, validate=_CODE)
    method = Words(required=True, validate=validate.OneOf(["get", "post", "put", "delete"]))
    path = Words(load_default="", validate=_PATH)
    body = Words(load_default="json", validate=validate.OneOf(["json", "query"]))
    headers = fields.Dict(keys=Words(validate=validate.OneOf(HEADERS)), values=Words(), load_default=dict)
    statuses = fields.Dict(
        keys=Words(validate=_STATUS),
        values=fields.Nested(ReasonFacts),
        load_default=dict,
    )

    @validates_schema
    def get_has_no_body(self, data: dict[str, Any], **_: Any) -> None:
        if data["method"] in ("get", "delete") and data["body"] != "query":
            raise ValidationError("a GET or DELETE sends its parameters in the query", "body")


class XroadFacts(Strict):
    """`client` is who we are, `provider` whom we ask, both as the federation wrote them down; `options.client` of
    systems.yaml replaces the first. `user_prefix` stands before an X-Road-UserId. `hashed` lists the header lines that
    the security servers hash, in their order; without it only the shape of the hash is looked at, since the security
    server on our side has verified it."""

    client = Words(required=True, validate=_MEMBER)
    provider = Words(required=True, validate=_MEMBER)
    security_server = Words(load_default="", validate=_SERVER)
    user_prefix = Words(load_default="")
    hashed = texts(load_default=list)
    maintenance = fields.Nested(MaintenanceFacts, load_default=None)


class XroadRestOperationFacts(OperationFacts):
    xroad_rest = fields.Nested(XroadOperationFacts, required=True)


class FACTS(Facts):
    """Offered by every protocol under this name."""

    xroad_rest = fields.Nested(XroadFacts, required=True)
    operations = fields.Dict(keys=Words(), values=fields.Nested(XroadRestOperationFacts), required=True)

    @validates_schema
    def known_wire_names(self, data: dict[str, Any], **_: Any) -> None:
        for name, operation in data["operations"].items():
            request, own = operation["request"], operation["xroad_rest"]
            wire = {*request["constants"], request["key"], *(sent["to"] for sent in request["fields"].values())}
            unknown = {*PLACE.findall(own["path"]), *own["headers"].values()} - wire
            if unknown:
                raise ValidationError({"operations": {name: [f"nothing is sent as {', '.join(sorted(unknown))}"]}})
