"""What the routes of licences take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import ValidationError, fields

from blueprints.contract import Page
from hub.credentials.codes import SHAPE
from hub.credentials.rules import ACTS
from hub.errors import Problem
from hub.fields import Choice, CreditCode, Form, IdNumber, Integer, Items, Name, Text, Unshaped
from hub.settings.pieces import IDENTIFIER

_STATES = ["valid", "not_yet_valid", "suspended", "expired", "replaced", "revoked"]


_PERSON, _COMPANY = ("id_number", "name"), ("credit_code", "org_name")


class Code(Text):
    """What a QR held. Whatever it is, it is a code of ours or it is not: no other complaint is made."""

    def accept(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > 64 or not value.isascii():
            raise Problem("QR_INVALID")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 36, "maxLength": 36, "pattern": "^[A-Za-z0-9_-]*$"}


class Word(Text):
    """An id of the configuration, or the name of a field."""

    def _shaped(self, text: str) -> str:
        if not IDENTIFIER.fullmatch(text):
            raise ValidationError("FORMAT")
        return str(super()._shaped(text))


class PresentationForm(Form):
    """Which fields may be seen, and for how many minutes."""

    fields_ = Items(Word(required=True), min=0, max=40, data_key="fields", attribute="fields")
    minutes = Integer(min=1, max=30, load_default=5)


class CopyForm(Form):
    """For which purpose and how many days a copy is good."""

    fields_ = Items(Word(required=True), min=0, max=40, data_key="fields", attribute="fields")
    purpose = Text(required=True, min=2, max=60)
    days = Integer(required=True, min=1, max=365)


class VerificationForm(Form):
    """The text of the QR."""

    code = Code(required=True)

    def load(self, data: dict[str, Any], **options: Any) -> Any:  # type: ignore[override]
        """What looks like a code of ours needs no second look."""
        usual = data.keys() == {"code"} and type(data["code"]) is str and SHAPE.fullmatch(data["code"])
        return data if usual else super().load(data, **options)


class IssueForm(Form):
    """A new licence of the hub's own desk: of a person by number and name, or of a company by credit code and name."""

    type = Word(required=True, max=60)
    id_number = IdNumber()
    name = Name(min=1)
    credit_code = CreditCode()
    org_name = Text(min=1, max=100)
    fields_ = Unshaped(required=True, data_key="fields", attribute="fields")
    days = Integer(min=1, max=36500)
    batch = Text(max=40, load_default="")
    reason = Text(required=True, min=2, max=200)

    @marshmallow.validates_schema(skip_on_field_errors=True)
    def is_named(self, data: dict[str, Any], **_: Any) -> None:
        of_company = "credit_code" in data or "org_name" in data
        wanted, other = (_COMPANY, _PERSON) if of_company and "id_number" not in data else (_PERSON, _COMPANY)
        faults = {name: "REQUIRED" for name in wanted if not data.get(name)}
        faults |= {name: "UNKNOWN_FIELD" for name in other if name in data}
        if faults:
            raise ValidationError({name: [code] for name, code in faults.items()})


class LicenceChangeForm(Form):
    """What is done to a licence, and why."""

    act = Choice(required=True, choices=ACTS)
    days = Integer(min=1, max=36500)
    reason = Text(required=True, min=2, max=200)


class RevocationForm(Form):
    """A whole batch, or all that a key signed."""

    kind = Choice(required=True, choices=("batch", "key"))
    target = Text(required=True, min=1, max=60)
    reason = Text(required=True, min=2, max=200)


class ChecksPage(Page):
    """`?page_size=&cursor=`"""


class LicenceAnswer(marshmallow.Schema):
    """One licence. `id` is the hub's own; `fields` are texts."""

    id = fields.String(required=True)
    type = fields.String(required=True)
    title = fields.String(required=True)
    licence_id = fields.String(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": _STATES})
    valid_from = fields.String(required=True)
    valid_until = fields.String(required=True)
    fields_ = fields.Dict(required=True, data_key="fields", attribute="fields")
    source = fields.String(required=True)
    proof = fields.String(metadata={"description": "Signed by the desk (JWS): can be checked offline"})


class MissingAnswer(marshmallow.Schema):
    """A kind of licence that could not be asked for, and why."""

    type = fields.String(required=True)
    code = fields.String(required=True)


class LicencesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(LicenceAnswer), required=True)
    missing = fields.List(fields.Nested(MissingAnswer), required=True)


class PresentationAnswer(marshmallow.Schema):
    code = fields.String(required=True)
    qr_svg = fields.String(required=True)
    expires_at = fields.DateTime(required=True)


class CopyAnswer(marshmallow.Schema):
    """`file` is where the PDF is; `proof` (JWS) is signed over fields, purpose, term and the digest of the PDF."""

    copy_id = fields.String(required=True)
    purpose = fields.String(required=True)
    valid_until = fields.DateTime(required=True)
    file = fields.String(required=True)
    proof = fields.String(required=True)


class VerificationAnswer(marshmallow.Schema):
    valid = fields.Boolean(required=True)
    state = fields.String(required=True, metadata={"enum": _STATES})
    type = fields.String(required=True)
    title = fields.String(required=True)
    fields_ = fields.Dict(required=True, data_key="fields", attribute="fields")
    checked_at = fields.DateTime(required=True)


class CheckAnswer(marshmallow.Schema):
    """`by` is the verifier's account; null for a passer-by. `mandate_id`: the mandate under which it had been shown;
    null where its holder did."""

    checked_at = fields.DateTime(required=True)
    by = fields.String(required=True, allow_none=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")
    mandate_id = fields.String(required=True, allow_none=True)


class ChecksAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(CheckAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class KeysAnswer(marshmallow.Schema):
    """A JWK set, and the keys that were taken back."""

    keys = fields.List(fields.Dict(), required=True)
    revoked = fields.List(fields.Dict(), required=True)


class IssuedTypeAnswer(marshmallow.Schema):
    """A kind of licence the desk issues; `fields`: the label of each thing it says. `companies`: they hold it, too."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    companies = fields.Boolean(required=True)
    fields_ = fields.Dict(required=True, data_key="fields")


class IssuedTypesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(IssuedTypeAnswer), required=True)


class IssuedAnswer(marshmallow.Schema):
    """What the desk issued or changed; nothing of its holder."""

    id = fields.String(required=True)
    licence_id = fields.String(required=True)
    type = fields.String(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": _STATES})
    valid_from = fields.String(required=True)
    valid_until = fields.String(required=True)


class RevocationAnswer(marshmallow.Schema):
    """In force when `confirmed_at` is there."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    target = fields.String(required=True)
    reason = fields.String(required=True)
    asked_by = fields.String(required=True)
    asked_at = fields.DateTime(required=True)
    confirmed_by = fields.String(required=True, allow_none=True)
    confirmed_at = fields.DateTime(required=True, allow_none=True)


class RevocationsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(RevocationAnswer), required=True)


_ID = "l5f0c1d2e3a4b5968778695a4b3c2d1e0"
_LICENCE_ID = "1.2.156.3005.2.11360423DEM0000650011.11360423DEM0000650.20260000018.001.9"
_AT = "2026-01-05T09:30:00+08:00"
_TERM = {"version": 1, "state": "valid", "valid_from": "2013-05-02", "valid_until": "2036-06-30"}
LICENCE = {
    "id": _ID,
    "type": "driving-licence",
    "title": "机动车驾驶证",
    "licence_id": _LICENCE_ID,
    **_TERM,
    "fields": {"licence_class": "C1", "first_issued_on": "2013-05-02"},
    "source": "vehicle_administration",
}
LICENCES = {"items": [LICENCE], "missing": [{"type": "driving-licence", "code": "DEPARTMENT_TIMEOUT"}]}
PRESENTATION = {"code": "q3J0dW5nZW4taXN0LWVpbi1Db2RlLWhpZXJh", "qr_svg": "<svg/>", "expires_at": _AT}
COPY = {
    "copy_id": "p0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "purpose": "入学报名",
    "valid_until": _AT,
    "file": f"/api/v1/me/credentials/{_ID}/copies/p0f1e2d3c4b5a69788796a5b4c3d2e1f0/file",
    "proof": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
}
VERIFICATION = {
    "valid": True,
    "state": "valid",
    "type": "driving-licence",
    "title": "机动车驾驶证",
    "fields": {"licence_class": "C1"},
    "checked_at": _AT,
}
CHECK = {"checked_at": _AT, "by": "verifier", "fields": ["licence_class"], "mandate_id": None}
CHECKS = {"items": [CHECK], "next_cursor": None}
KEYS = {
    "keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "c1.ed25519",
              "alg": "EdDSA", "use": "sig"}],
    "revoked": [],
}  # fmt: skip
ISSUED = {"id": _ID, "licence_id": _LICENCE_ID, "type": "senior-citizen-card", **_TERM}
ISSUED_TYPE = {
    "id": "senior-citizen-card", "title": "老年人优待证", "companies": False, "fields": {"level": "优待类别"},
}  # fmt: skip
REVOCATION = {
    "id": "r0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "kind": "batch",
    "target": "2026-01",
    "reason": "印制错误",
    "asked_by": "s0d1c2b3a495867768594a3b2c1d0e0f1",
    "asked_at": _AT,
    "confirmed_by": None,
    "confirmed_at": None,
}
