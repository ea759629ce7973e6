"""What the files of config/ may hold, services and texts excepted."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from hub.settings.movement_shapes import Flow
from hub.settings.papers import MaterialsSchema, UploadsSchema
from hub.settings.pieces import (
    Address,
    Matching,
    Reference,
    Sentence,
    Strict,
    SwitchSchema,
    Words,
    check_issuer,
    check_url,
    identifier,
    refuse_secrets,
    region,
    switchable,
    whole,
)
from hub.settings.shapes import COMMUNITY, Department, Licence, Materials, Peak, Region, Switch, TaskKind, Theme
from hub.workdays import Wait

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\]", re.ASCII)
_NETWORK = re.compile(r"[0-9a-fA-F:.]{2,45}(/[0-9]{1,3})?", re.ASCII)
_PERMISSION = re.compile(r"[a-z_]+\.[a-z_]+", re.ASCII)
_LICENCE_TYPE = re.compile(r"[0-9A-Z]{18}[0-9]{3}", re.ASCII)
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}", re.ASCII)


class LegsSchema(Strict):
    """For how many days question and answer of a call are kept, sealed, by data class; 0: only that it happened."""

    class_1 = whole(0, 90, load_default=7)
    class_2 = whole(0, 90, load_default=7)
    class_3 = whole(0, 30, load_default=0)
    class_4 = whole(0, 30, load_default=0)
    failed = whole(1, 30, load_default=7)


class PersonaSchema(Strict):
    """A person whom the departments know as a test: only references, for it looks like anybody."""

    id_number = Reference(required=True)
    name = Reference(required=True)


class WitnessSchema(Strict):
    """Where a witness of the ledger is asked, and the public key it cosigns with (C2SP: name+id+key)."""

    address = Address(required=True)
    key = fields.String(required=True, validate=validate.Length(1, 200))


class StampingSchema(Strict):
    """Where a time stamping authority (RFC 3161) is asked, and the certificates (PEM) its own is checked against."""

    address = Address(required=True)
    roots = Reference(required=True)


class OidcSchema(Strict):
    """Where staff may sign in as well: code flow with PKCE."""

    issuer = fields.String(required=True, validate=check_issuer)
    client_id = fields.String(required=True, validate=validate.Length(1, 200))
    redirect_uri = fields.String(required=True, validate=check_url)
    client_secret = Reference()


class FlowSchema(Strict):
    smallest_group = whole(2, 1000, load_default=5)
    keep_days = whole(1, 400, load_default=30)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Flow:
        return Flow(**data)


class PeakSchema(Strict):
    mode = fields.String(load_default="auto", validate=validate.OneOf(["auto", "always", "never"]))
    late_ms = whole(5, 1000, load_default=20)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Peak:
        return Peak(**data)


class HubSchema(Strict):
    name = Sentence(required=True)
    region = region(required=True)
    hosts = fields.List(Matching(_HOST, "a host name"), required=True, validate=validate.Length(1, 50))
    trusted_proxies = fields.List(Matching(_NETWORK, "an address or a network"), load_default=list)
    ops_listener = fields.String(load_default="same", validate=validate.OneOf(["same", "own"]))
    access_seconds = whole(60, 3600, load_default=900)
    refresh_days = whole(1, 90, load_default=30)
    token_keys = fields.Dict(keys=identifier(), values=Reference(), required=True, validate=validate.Length(1, 5))
    seal_keys = fields.Dict(keys=identifier(), values=Reference(), required=True, validate=validate.Length(1, 20))
    sign_keys = fields.Dict(keys=identifier(), values=Reference(), load_default=dict, validate=validate.Length(0, 20))
    suite = fields.String(load_default="intl", validate=validate.OneOf(["intl", "sm"]))
    hotline = Matching(re.compile(r"[0-9-]{3,20}", re.ASCII), "a telephone number", load_default="12345")
    max_in_flight = whole(1, 512, load_default=220)
    peak = fields.Nested(PeakSchema, load_default=Peak)
    staff_hours = whole(1, 24, load_default=8)
    legs = fields.Nested(LegsSchema, load_default=lambda: LegsSchema().load({}))
    probe_minutes = whole(1, 1440, load_default=15)
    oidc = fields.Nested(OidcSchema, load_default=None)
    guardianship = identifier(load_default="")
    personas = fields.Dict(keys=identifier(), values=fields.Nested(PersonaSchema), load_default=dict)
    parties = fields.Dict(
        keys=identifier(), values=fields.String(validate=validate.Length(1, 200)), load_default=dict
    )
    signers = fields.Dict(
        keys=identifier(),
        values=fields.Dict(keys=identifier(), values=Reference(), validate=validate.Length(1, 5)),
        load_default=dict,
    )
    witnesses = fields.Dict(keys=identifier(), values=fields.Nested(WitnessSchema), load_default=dict)
    stamping = fields.Nested(StampingSchema, load_default=None)
    materials = fields.Nested(MaterialsSchema, load_default=Materials)
    flow = fields.Nested(FlowSchema, load_default=Flow)
    sighting_days = whole(1, 90, load_default=21)
    minimum_client = fields.String(load_default="", validate=validate.Regexp(r"^([0-9]+(\.[0-9]+){0,3})?\Z"))


class LimitsSchema(Strict):
    cap = whole(1, 256, load_default=8)
    deadline_s = fields.Float(load_default=3.0, validate=validate.Range(0.1, 30, error="must be from 0.1 to 30"))
    per_minute = whole(0, 1_000_000, load_default=0)

    @validates_schema(pass_original=True, skip_on_field_errors=True)
    def deadline_is_a_number(self, _data: dict[str, Any], original: Any, **_: Any) -> None:
        if not isinstance(original.get("deadline_s", 0), int | float):
            raise ValidationError("must be a number", "deadline_s")


class SystemSchema(Strict):
    """One system under its id: where it is and how it is treated."""

    address = Address(required=True)
    secrets = fields.Dict(keys=identifier(), values=Reference(), load_default=dict)
    limits = fields.Nested(LimitsSchema, load_default=lambda: LimitsSchema().load({}))
    allow_private = switchable(load_default=False)
    options = fields.Dict(keys=fields.String(), load_default=dict, validate=refuse_secrets)
    expires = fields.Dict(keys=identifier(), values=fields.Date(), load_default=dict)
    switch = fields.Nested(SwitchSchema, load_default=Switch)


class DepartmentSchema(Strict):
    name = Sentence(required=True)
    short_name = Sentence()
    credit_code = Matching(_CREDIT_CODE, "a credit code of 18 characters", load_default="")
    region = region(required=True)
    phone = Words(40, load_default="")
    uploads = fields.Nested(UploadsSchema, load_default=dict)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Department:
        return Department(id="", **{"short_name": data["name"], **data})


class ThemeSchema(Strict):
    name = Sentence(required=True)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Theme:
        return Theme(id="", **data)


class RegionSchema(Strict):
    name = Sentence(required=True)
    schemes = fields.Dict(keys=identifier(), values=identifier(), load_default=dict)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Region:
        return Region(code="", **data)


class SourceSchema(Strict):
    """Which question gets a person's licences of this kind from their issuer."""

    system = identifier(required=True)
    operation = identifier(required=True)


class LicenceSchema(Strict):
    title = Sentence(required=True)
    department = identifier(required=True)
    type_code = Matching(_LICENCE_TYPE, "a credit code and three digits", required=True)
    fields_ = fields.Dict(
        keys=identifier(), values=Sentence(), data_key="fields", attribute="fields", load_default=dict,
        validate=validate.Length(0, 30),
    )  # fmt: skip
    public = switchable(load_default=False)
    companies = switchable(load_default=False)
    days = whole(1, 36500, load_default=1825)
    source = fields.Nested(SourceSchema)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Licence:
        source = data.pop("source", {})
        return Licence(id="", **data, **source)


class WaitSchema(Strict):
    """Working days or minutes, one of them."""

    working_days = whole(1, 365)
    minutes = whole(1, 100_000)

    @validates_schema
    def one(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("needs working_days or minutes, one of them")

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Wait:
        return Wait(**data)


class TaskKindSchema(Strict):
    title = Sentence(required=True)
    answers = fields.Dict(keys=identifier(), values=Sentence(), required=True, validate=validate.Length(1, 10))
    yellow = fields.Nested(WaitSchema, required=True)
    red = fields.Nested(WaitSchema, required=True)
    per_week = whole(1, 10_000, load_default=40)
    office = identifier(load_default=COMMUNITY)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> TaskKind:
        return TaskKind(id="", **data)


def permissions() -> fields.List[str]:
    """What a role may do: a list of permissions, each `thing.act`."""
    permission = Matching(_PERMISSION, "a permission like switch.write")
    return fields.List(permission, required=True, validate=validate.Length(1, 100))
