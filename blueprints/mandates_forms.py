"""What the routes of mandates and consents take and answer, with an example of each."""

from __future__ import annotations

import re
from typing import Any

import marshmallow
from marshmallow import ValidationError, fields

from hub.fields import Choice, DateTime, Form, Group, IdNumber, Items, Name, Text
from hub.mandates.service import KINDS

_MOST_SCOPES = 50


class CreditCode(Text):
    """A unified social credit code: 18 digits and capitals without I, O, S, V, Z."""

    _form = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}", re.ASCII)

    def _shaped(self, text: str) -> Any:
        if not self._form.fullmatch(text):
            raise ValidationError("FORMAT")
        return text

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$"}


class SubjectForm(Form):
    """Whom to act for: a child or a parent by number and name, a company by its credit code."""

    kind = Choice(choices=KINDS, required=True)
    id_number = IdNumber()
    name = Name(min=1)
    credit_code = CreditCode()

    @marshmallow.validates_schema(skip_on_field_errors=True)
    def is_named(self, data: dict[str, Any], **_: Any) -> None:
        wanted = {"credit_code"} if data["kind"] == "company" else {"id_number", "name"}
        given = set(data) - {"kind"}
        for name in wanted - given:
            raise ValidationError("REQUIRED", name)
        for name in given - wanted:
            raise ValidationError("UNKNOWN_FIELD", name)


class MandateForm(Form):
    """`scope` names services (`service:<id>`), themes (`theme:<id>`) and kinds of licences (`licence:<kind>`); at most
    three years."""

    subject = Group(SubjectForm, required=True)
    scope = Items(Text(required=True, min=1, max=110), required=True, min=1, max=_MOST_SCOPES)
    expires_at = DateTime(required=True)


class ConsentForm(Form):
    """The version and the hash of the text the person was shown."""

    service = Text(required=True, min=1, max=100)
    version = Text(required=True, min=1, max=20)
    sha256 = Text(required=True, min=64, max=64)


class MandateAnswer(marshmallow.Schema):
    """The other side's name is masked. `side` is mine."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    side = fields.String(required=True, metadata={"enum": ["holder", "represented"]})
    state = fields.String(required=True, metadata={"enum": ["offered", "in_force", "expired", "ended"]})
    holder_name = fields.String(required=True)
    subject_name = fields.String(required=True)
    subject_number = fields.String(required=True)
    scope = fields.List(fields.String(), required=True)
    proof = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True)
    accepted_at = fields.DateTime(required=True, allow_none=True)
    ended_at = fields.DateTime(required=True, allow_none=True)
    ended_by = fields.String(required=True, allow_none=True)


class ActedAnswer(marshmallow.Schema):
    """One exchange made under a mandate."""

    at = fields.DateTime(required=True)
    service = fields.String(required=True)
    system = fields.String(required=True)
    purpose = fields.String(required=True)
    outcome = fields.String(required=True)
    trace_id = fields.String(required=True)


class ConsentAnswer(marshmallow.Schema):
    """A consent as it was given; `current` when it still counts under the text of today."""

    id = fields.String(required=True)
    service = fields.String(required=True)
    purpose = fields.String(required=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")
    version = fields.String(required=True)
    sha256 = fields.String(required=True, metadata={"pattern": "^[0-9a-f]{64}$"})
    given_at = fields.DateTime(required=True)
    withdrawn_at = fields.DateTime(required=True, allow_none=True)
    by_representative = fields.Boolean(required=True)
    current = fields.Boolean(required=True)


def list_of(schema: type[marshmallow.Schema]) -> type[marshmallow.Schema]:
    """All of them: one person's are few."""
    name = schema.__name__.removesuffix("Answer") + "List"
    items = fields.List(fields.Nested(schema), required=True)
    return marshmallow.Schema.from_dict({"items": items, "next_cursor": fields.String(allow_none=True)}, name=name)


_AT = "2026-01-05T09:30:00+08:00"
MANDATE: dict[str, Any] = {
    "id": "m5f0c1d2e3a4b5968778695a4b3c2d1e0",
    "kind": "child",
    "side": "holder",
    "state": "in_force",
    "holder_name": "韩*福",
    "subject_name": "韩*宝",
    "subject_number": "360*************21",
    "scope": ["service:residence-certificate", "theme:education"],
    "proof": "household_register",
    "created_at": _AT,
    "expires_at": "2027-01-05T09:30:00+08:00",
    "accepted_at": _AT,
    "ended_at": None,
    "ended_by": None,
}
ACTED = {
    "at": _AT,
    "service": "residence-certificate",
    "system": "household_registration",
    "purpose": "本人查询",
    "outcome": "OK",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
}
CONSENT = {
    "id": "n5f0c1d2e3a4b5968778695a4b3c2d1e0",
    "service": "social-assistance",
    "purpose": "核对救助资格",
    "fields": ["name", "id_number", "monthly_amount_fen"],
    "version": "1",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "given_at": _AT,
    "withdrawn_at": None,
    "by_representative": False,
    "current": True,
}
