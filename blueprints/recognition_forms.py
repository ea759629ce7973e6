"""What the routes of recognition take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from hub.fields import Boolean, Choice, Form, LongText, Text, Unshaped

_LONGEST = 6000
_VERDICTS = ["accepted", "not_accepted", "cannot_decide", "technical_error"]


class RecognitionForm(Form):
    """`code`: the text of another region's QR (an envelope, or HC1:… of the EU), as it was scanned."""

    code = Text(required=True, min=1, max=_LONGEST)
    purpose = LongText(required=True, min=2, max=200)


class ConversionForm(Form):
    """`code`: what the citizen brought; `consent`: the version of the text he consented to."""

    code = Text(required=True, min=1, max=_LONGEST)
    consent = Text(required=True, min=1, max=20)


class PortableForm(Form):
    consent = Text(required=True, min=1, max=20)


class RuleForm(Form):
    """`rule`: Identifier, Type, Region, Version, ValidFrom, ValidTo, AffectedFields, Logic (CertLogic) and, where it is
    not of all, Kinds and Issuers. An emergency needs no notice and waits for a second person."""

    rule = Unshaped(required=True)
    reason = LongText(required=True, min=2, max=500)
    emergency = Boolean(load_default=False)


class TrustRevocationForm(Form):
    """What is refused from now on. `value`: the id of the credential or batch, or the key's id."""

    what = Choice(required=True, choices=("credential", "batch", "key"))
    issuer = Text(required=True, min=2, max=6)
    value = Text(required=True, min=1, max=200)
    reason = LongText(required=True, min=2, max=500)


class RecognitionAnswer(marshmallow.Schema):
    """`reason` is stable; `advice` says what to do. `facts` carry no name and no number."""

    verdict = fields.String(required=True, metadata={"enum": _VERDICTS})
    reason = fields.String(required=True)
    advice = fields.String(required=True)
    issuer = fields.String(required=True, allow_none=True)
    facts = fields.List(fields.Dict(), required=True)
    rule_version = fields.String(required=True, allow_none=True)
    rules = fields.List(fields.String(), required=True)
    name_masked = fields.String(required=True, allow_none=True)
    trust_version = fields.Integer(required=True, metadata={"description": "Of the signed list; 0: there is none."})
    offline = fields.Boolean(required=True)
    decided_at = fields.DateTime(required=True)


class ConversionAnswer(RecognitionAnswer):
    """`conversion_id` is null, and nothing was used up, where a technical error kept it from being decided."""

    conversion_id = fields.String(required=True, allow_none=True)
    kept_until = fields.DateTime(required=True, allow_none=True)


class PortableAnswer(marshmallow.Schema):
    code = fields.String(required=True)
    qr_svg = fields.String(required=True)
    expires_at = fields.DateTime(required=True)
    facts = fields.List(fields.Dict(), required=True)


class FindingAnswer(marshmallow.Schema):
    what = fields.String(required=True)
    bad = fields.Boolean(required=True)
    note = fields.String(required=True)
    until = fields.DateTime(required=True, allow_none=True)


class StandAnswer(marshmallow.Schema):
    """What is believed here now. `findings`: what ends soon, has ended or cannot be read."""

    region = fields.String(required=True)
    trust_version = fields.Integer(required=True)
    trust_until = fields.DateTime(required=True, allow_none=True)
    issuers = fields.List(fields.String(), required=True)
    revoked = fields.Integer(required=True)
    looked_at = fields.DateTime(required=True, allow_none=True)
    offline = fields.Boolean(required=True)
    findings = fields.List(fields.Nested(FindingAnswer), required=True)


class RuleAnswer(marshmallow.Schema):
    rule = fields.Dict(required=True)
    state = fields.String(required=True, metadata={"enum": ["proposed", "admitted"]})
    in_force = fields.Boolean(required=True)
    emergency = fields.Boolean(required=True)
    reason = fields.String(required=True)
    proposed_by = fields.String(required=True)
    confirmed_by = fields.String(required=True)
    at = fields.DateTime(required=True)


class RulesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(RuleAnswer), required=True)


class TrustRevocationAnswer(marshmallow.Schema):
    """`digest` is how a signed list writes it down; `new`: it was not revoked before."""

    digest = fields.String(required=True)
    new = fields.Boolean(required=True)


_FACT = {"kind": "health_code", "region": "330100", "grade": "00", "report_date": "2026-11-20"}
DECIDED: dict[str, Any] = {
    "verdict": "accepted",
    "reason": "ALL_RULES_HOLD",
    "advice": "可以通行，无须再次申报。",
    "issuer": "330000",
    "facts": [_FACT],
    "rule_version": "1.3.0",
    "rules": ["RR-360423-0001@1.3.0"],
    "name_masked": None,
    "trust_version": 41,
    "offline": False,
    "decided_at": "2026-11-26T09:00:00+08:00",
}
CONVERTED: dict[str, Any] = {**DECIDED, "conversion_id": "17", "kept_until": "2026-12-26T09:00:00+08:00"}
PORTABLE: dict[str, Any] = {
    "code": "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiIzNjA0MjMifQ.c2lnbmF0dXJl",
    "qr_svg": "<svg/>",
    "expires_at": "2026-11-26T09:10:00+08:00",
    "facts": [_FACT],
}
STAND: dict[str, Any] = {
    "region": "360423",
    "trust_version": 41,
    "trust_until": "2026-12-03T00:00:00+08:00",
    "issuers": ["330000", "AT"],
    "revoked": 0,
    "looked_at": "2026-11-26T09:00:00+08:00",
    "offline": False,
    "findings": [{"what": "trust list", "bad": False, "note": "ends 2026-12-03 00:00",
                  "until": "2026-12-03T00:00:00+08:00"}],
}  # fmt: skip
_RULE = {
    "Identifier": "RR-360423-0001",
    "Type": "Acceptance",
    "Region": "360423",
    "Version": "1.3.0",
    "ValidFrom": "2026-12-01T00:00:00+08:00",
    "ValidTo": "2027-12-31T23:59:59+08:00",
    "AffectedFields": ["facts.0.grade"],
    "Logic": {"===": [{"var": "facts.0.grade"}, "00"]},
}
RULE: dict[str, Any] = {
    "rule": _RULE,
    "state": "admitted",
    "in_force": False,
    "emergency": False,
    "reason": "省际互认",
    "proposed_by": "s0d1c2b3a495867768594a3b2c1d0e0f1",
    "confirmed_by": "",
    "at": "2026-11-26T09:00:00+08:00",
}
REVOKED: dict[str, Any] = {"digest": "9f" * 32, "new": True}
