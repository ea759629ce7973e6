"""Signing in and out, and what the hub knows of the one who is signed in."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response
from marshmallow import fields

from blueprints import asking
from blueprints.auth import caller, proved_key, require
from blueprints.contract import DEPARTMENT, SIGNED_IN, STAFF, Blueprint, answer, problem_codes
from blueprints.mandates import mandate_shown
from blueprints.mandates_forms import MANDATE, MandateAnswer
from hub.errors import Problem
from hub.fields import Form, Text
from hub.operations.service import Act, record

if TYPE_CHECKING:
    from hub.identity.service import Prefilled
    from hub.login.service import Tokens
    from hub.main import Hub

_CODES = ("LOGIN_CODE_USED", "LOGIN_CODE_EXPIRED", "LOGIN_BLOCKED")
_WECHAT = tuple(code for code in DEPARTMENT if code != "DEPARTMENT_REJECTED")


class CodeForm(Form):
    """What wx.login gave."""

    code = Text(required=True, min=1, max=128)


class RefreshForm(Form):
    """The refresh token of the last answer; it works once."""

    refresh_token = Text(required=True, min=1, max=128)


class StaffForm(Form):
    """A staff account and its one-time code."""

    username = Text(required=True, min=1, max=64)
    password = Text(required=True, min=1, max=256)
    totp = Text(required=True, min=6, max=6)


class OidcForm(Form):
    """What the issuer's redirect carried, and the ticket of the attempt."""

    code = Text(required=True, min=1, max=2048)
    state = Text(required=True, min=1, max=200)
    ticket = Text(required=True, min=1, max=1024)


class OidcAttemptAnswer(marshmallow.Schema):
    """The ticket stays with the client; it is in no address."""

    authorization_url = fields.String(required=True)
    state = fields.String(required=True)
    ticket = fields.String(required=True)


class SessionAnswer(marshmallow.Schema):
    """Tokens of a citizen."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds until the access token ends"})
    citizen_id = fields.String(required=True)
    level = fields.Integer(required=True, metadata={"minimum": 0, "maximum": 3})


class StaffSessionAnswer(marshmallow.Schema):
    """Tokens of a member of staff."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True)
    staff_id = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)


class StaffMeAnswer(marshmallow.Schema):
    """Who is signed in, and what the roles permit."""

    staff_id = fields.String(required=True)
    username = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    office = fields.String(required=True, metadata={"description": "A region or a department; empty: the county."})
    permissions = fields.List(fields.String(), required=True)


class PrefilledAnswer(marshmallow.Schema):
    """One masked value; `unavailable` says plainly that it is not known."""

    value = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)
    updated_at = fields.String(required=True, allow_none=True)
    classification = fields.Integer(required=True, metadata={"minimum": 1, "maximum": 4})
    unavailable = fields.Boolean(required=True)


class MeAnswer(marshmallow.Schema):
    """What the hub knows of a citizen."""

    citizen_id = fields.String(required=True)
    level = fields.Integer(required=True, metadata={"minimum": 0, "maximum": 3})
    name = fields.Nested(PrefilledAnswer, required=True)
    id_number = fields.Nested(PrefilledAnswer, required=True)
    phone = fields.Nested(PrefilledAnswer, required=True)
    mandates = fields.List(fields.Nested(MandateAnswer), required=True)


_TOKENS = {
    "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InQxIn0.e30.c2ln",
    "refresh_token": "pR0n1vS2yY5mKkq0Q4c7Yb8d1o3F6g9hJ2kL5mN8pQs",
    "expires_in": 900,
}
CITIZEN = {**_TOKENS, "citizen_id": "c5f0c1d2e3a4b5968778695a4b3c2d1e0", "level": 2}
_STAFF = {**_TOKENS, "staff_id": "s0d1c2b3a495867768594a3b2c1d0e0f1", "roles": ["operator"]}
_STAFF_ME = {
    "staff_id": _STAFF["staff_id"],
    "username": "wang.li",
    "roles": ["operator"],
    "office": "",
    "permissions": ["service.read", "switch.write"],
}
_ATTEMPT = {
    "authorization_url": "https://sso.example.gov.cn/authorize?response_type=code&client_id=hub&state=Zm9v",
    "state": "Zm9v",
    "ticket": "pR0n1vS2yY5mKkq0Q4c7Yb8d",
}
_ME = {
    "citizen_id": CITIZEN["citizen_id"],
    "level": 2,
    "name": {
        "value": "韩*福",
        "source": "household_registration",
        "updated_at": "2026-01-05T09:30:00+08:00",
        "classification": 3,
        "unavailable": False,
    },
    "id_number": {
        "value": "362*************32",
        "source": "household_registration",
        "updated_at": "2026-01-05T09:30:00+08:00",
        "classification": 3,
        "unavailable": False,
    },
    "phone": {"value": None, "source": None, "updated_at": None, "classification": 3, "unavailable": True},
    "mandates": [MANDATE],
}


def make(hub: Hub) -> Blueprint:
    """The routes around sessions."""
    blueprint = Blueprint("login", __name__, url_prefix="/api/v1", description="Sessions")
    _citizens(blueprint, hub)
    _staff(blueprint, hub)
    _staff_at_issuer(blueprint, hub)
    _whoever(blueprint, hub)
    return blueprint


def _citizens(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/sessions", methods=["POST"])
    @problem_codes("PROOF_INVALID", *_CODES, "STORE_UNAVAILABLE", "TOO_SHORT", *_WECHAT)
    @blueprint.arguments(CodeForm)
    @blueprint.response(201, SessionAnswer, description="Signed in. A code works once.", example=CITIZEN)
    def sign_in(form: dict[str, Any]) -> Response:
        """Sign in with the code of wx.login"""
        return answer(session_answer(hub.login.sign_in(form["code"], asking.trace(), proved_key())), 201)

    @blueprint.route("/me")
    @problem_codes(*SIGNED_IN, "ROLE_REQUIRED", "NOT_FOUND", "KEY_UNAVAILABLE")
    @blueprint.response(200, MeAnswer, description="Masked. What is not known says so.", example=_ME)
    def me() -> Response:
        """What the hub knows of me"""
        principal = require()
        with hub.database.session() as session:
            profile = hub.identity.profile(session, principal.citizen_id)
            mandates = hub.mandates.of(session, principal.citizen_id)
        if profile is None:
            raise Problem("SESSION_REVOKED")
        return answer(
            {
                "citizen_id": principal.citizen_id,
                "level": profile.level,
                "name": prefilled(profile.name),
                "id_number": prefilled(profile.id_number),
                "phone": prefilled(profile.phone),
                "mandates": [mandate_shown(each) for each in mandates if each.state in ("offered", "in_force")],
            }
        )


def _staff(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/staff/sessions", methods=["POST"])
    @problem_codes("PROOF_INVALID", "LOGIN_FAILED", "RATE_LIMITED", "STORE_UNAVAILABLE", "KEY_UNAVAILABLE", "TOO_SHORT")
    @blueprint.arguments(StaffForm)
    @blueprint.response(201, StaffSessionAnswer, description="Signed in. A one-time code works once.", example=_STAFF)
    def staff_sign_in(form: dict[str, Any]) -> Response:
        """Sign in as a member of staff"""
        tokens = hub.login.staff_sign_in(form["username"], form["password"], form["totp"], proved_key())
        return answer(session_answer(_noted(hub, tokens)), 201)

    @blueprint.route("/staff/me")
    @problem_codes(*STAFF)
    @blueprint.response(200, StaffMeAnswer, description="As configuration has it now.", example=_STAFF_ME)
    def staff_me() -> Response:
        """Who I am as a member of staff, and what I may do"""
        principal = caller()
        if principal.kind != "staff":
            raise Problem("ROLE_REQUIRED")
        with hub.database.session() as session:
            username = hub.identity.username(session, principal.citizen_id) or ""
        permitted = hub.settings.now.roles
        return answer(
            {
                "staff_id": principal.citizen_id,
                "username": username,
                "roles": list(principal.roles),
                "office": principal.region,
                "permissions": sorted({name for role in principal.roles for name in permitted.get(role, ())}),
            }
        )


def _staff_at_issuer(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/staff/oidc/attempts", methods=["POST"])
    @problem_codes("NOT_FOUND", "DEPARTMENT_UNAVAILABLE", "STORE_UNAVAILABLE")
    @blueprint.response(201, OidcAttemptAnswer, description="Where the browser goes.", example=_ATTEMPT)
    def begin_at_issuer() -> Response:
        """Begin signing in at the county's own issuer"""
        return answer(asdict(hub.oidc.begin()), 201)

    @blueprint.route("/staff/oidc/sessions", methods=["POST"])
    @problem_codes("NOT_FOUND", "LOGIN_FAILED", "PROOF_INVALID", "DEPARTMENT_UNAVAILABLE", "STORE_UNAVAILABLE",
                   "KEY_UNAVAILABLE", "TOO_SHORT")  # fmt: skip
    @blueprint.arguments(OidcForm)
    @blueprint.response(201, StaffSessionAnswer, description="Signed in; an attempt counts once.", example=_STAFF)
    def sign_in_at_issuer(form: dict[str, Any]) -> Response:
        """Sign in with the code the issuer gave"""
        return answer(session_answer(_noted(hub, hub.oidc.sign_in(**form, key_thumbprint=proved_key()))), 201)


def _noted(hub: Hub, tokens: Tokens) -> Tokens:
    """A member of staff who came in is on the record of acts."""
    act = Act(hub.clock.now(), tokens.citizen_id, tokens.roles, "session.begin", "", "OK", asking.trace().id)
    with hub.database.session() as session:
        record(session, act)
    return tokens


def _whoever(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/sessions/refresh", methods=["POST"])
    @problem_codes("TOKEN_INVALID", "PROOF_INVALID", "SESSION_REVOKED", "STORE_UNAVAILABLE", "TOO_SHORT")
    @blueprint.arguments(RefreshForm)
    @blueprint.response(200, SessionAnswer, description="New tokens; staff get theirs.", example=CITIZEN)
    def refresh(form: dict[str, Any]) -> Response:
        """New tokens for a refresh token, which ends with it"""
        return answer(session_answer(hub.login.refresh(form["refresh_token"], proved_key())))

    @blueprint.route("/sessions/current", methods=["DELETE"])
    @problem_codes(*SIGNED_IN)
    @blueprint.response(204, description="Signed out, on every worker within 60 seconds.")
    def sign_out() -> Response:
        """Sign out"""
        hub.login.sign_out(caller())
        return Response(status=204)


def session_answer(tokens: Tokens) -> dict[str, Any]:
    given = {name: getattr(tokens, name) for name in _TOKENS}
    if tokens.kind == "staff":
        return {**given, "staff_id": tokens.citizen_id, "roles": list(tokens.roles)}
    return {**given, "citizen_id": tokens.citizen_id, "level": tokens.level}


def prefilled(known: Prefilled) -> dict[str, Any]:
    return {**asdict(known), "unavailable": known.value is None}
