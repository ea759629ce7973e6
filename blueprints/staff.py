"""/ops/v1/staff: the accounts of those who run the hub, kept by the security administrator and nobody else.

Every act is recorded with before and after, the refused ones too; no credential is in the record.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response
from marshmallow import fields

from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from hub.errors import Fault, Problem, invalid
from hub.fields import Boolean, Form, LongText, Text
from hub.identity.rules import is_office

if TYPE_CHECKING:
    from hub.identity.accounts import Account, Credentials
    from hub.main import Hub

_REASON = 500


class AccountForm(Form):
    """`oidc_subject` is what the county's issuer calls the person (`sub`)."""

    username = Text(required=True, min=3, max=64)
    role = Text(required=True, min=1, max=64)
    office = Text(max=64, load_default="")
    oidc_subject = Text(min=1, max=255)
    reason = LongText(required=True, max=_REASON)


class EnableForm(Form):
    enabled = Boolean(required=True)
    reason = LongText(required=True, max=_REASON)


class ResetForm(Form):
    reason = LongText(required=True, max=_REASON)


class AccountAnswer(marshmallow.Schema):
    """One account, without its credentials."""

    staff_id = fields.String(required=True)
    username = fields.String(required=True)
    role = fields.String(required=True)
    office = fields.String(required=True, metadata={"description": "A region or a department; empty: the county."})
    enabled = fields.Boolean(required=True)
    by_oidc = fields.Boolean(required=True)
    expires_at = fields.DateTime(required=True)
    created_at = fields.DateTime(required=True)


class HandedOverAnswer(AccountAnswer):
    """With its new credentials, this once."""

    password = fields.String(required=True)
    totp_secret = fields.String(required=True)


class AccountList(marshmallow.Schema):
    items = fields.List(fields.Nested(AccountAnswer), required=True)
    next_cursor = fields.String(allow_none=True)


_ACCOUNT = {
    "staff_id": "s0d1c2b3a495867768594a3b2c1d0e0f1",
    "username": "wang.li",
    "role": "operator",
    "office": "",
    "enabled": True,
    "by_oidc": False,
    "expires_at": "2026-04-05T09:30:00+08:00",
    "created_at": "2026-01-05T09:30:00+08:00",
}
_HANDED_OVER = {**_ACCOUNT, "password": "…", "totp_secret": "…"}


def add(blueprint: Blueprint, hub: Hub) -> None:
    """Hangs the routes of accounts under /ops/v1."""
    _looking(blueprint, hub)
    _opening(blueprint, hub)
    _changing(blueprint, hub)


def _looking(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/staff")
    @recorded("staff.read")
    @problem_codes(*STAFF)
    @blueprint.response(
        200, AccountList, description="All of them.", example={"items": [_ACCOUNT], "next_cursor": None}
    )
    def accounts() -> Response:
        """The accounts of staff"""
        with hub.database.session() as session:
            found = hub.accounts.all(session)
        return answer({"items": [asdict(each) for each in found], "next_cursor": None})


def _opening(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/staff", methods=["POST"])
    @recorded("staff.write")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "CHOICE", "TOO_SHORT", "OVERLOADED")
    @blueprint.arguments(AccountForm)
    @blueprint.response(201, HandedOverAnswer, description="Opened for 90 days.", example=_HANDED_OVER)
    def open_account(form: dict[str, Any]) -> Response:
        """Open an account"""
        noting(reason=form["reason"])
        if form["role"] not in hub.settings.now.roles:
            raise invalid([Fault("role", "CHOICE")])
        if not is_office(form["office"], hub.settings.now):
            raise invalid([Fault("office", "CHOICE")])
        fresh, hashed = hub.accounts.made()
        with hub.database.session() as session:
            at_issuer = _at_issuer(hub, form)
            made = hub.accounts.create(
                session, form["username"], form["role"], fresh, hashed, at_issuer, form["office"]
            )  # fmt: skip
        noting(target=f"staff:{made.staff_id}", after=_noted(made))
        return answer(_handed_over(made, fresh), 201)


def _changing(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/staff/<string:id>", methods=["PATCH"])
    @recorded("staff.write", "staff:{id}")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT")
    @blueprint.arguments(EnableForm)
    @blueprint.response(200, AccountAnswer, description="As it is now.", example=_ACCOUNT)
    def enable(form: dict[str, Any], id: str) -> Response:
        """Disable an account, or enable it again"""
        _not_oneself(id, form["reason"])
        with hub.database.session() as session:
            before = hub.accounts.get(session, id)
            after = hub.accounts.enable(session, id, form["enabled"])
        noting(before=_noted(before), after=_noted(after))
        return answer(asdict(after))

    @blueprint.route("/staff/<string:id>/reset", methods=["POST"])
    @recorded("staff.write", "staff:{id}")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "OVERLOADED")
    @blueprint.arguments(ResetForm)
    @blueprint.response(200, HandedOverAnswer, description="The old ones are void.", example=_HANDED_OVER)
    def reset(form: dict[str, Any], id: str) -> Response:
        """Give an account a new password and a new one-time code"""
        _not_oneself(id, form["reason"])
        fresh, hashed = hub.accounts.made()
        with hub.database.session() as session:
            before = hub.accounts.get(session, id)
            after = hub.accounts.reset(session, id, fresh, hashed)
        noting(before=_noted(before), after={**_noted(after), "credentials": "new"})
        return answer(_handed_over(after, fresh))


def _at_issuer(hub: Hub, form: dict[str, Any]) -> str:
    return hub.oidc.subject(form["oidc_subject"]) if "oidc_subject" in form else ""


def _not_oneself(id: str, reason: str) -> None:
    """Nobody keeps the own account: a second administrator does."""
    noting(reason=reason)
    if caller().citizen_id == id:
        raise Problem("STATE_CONFLICT")


def _noted(account: Account) -> dict[str, Any]:
    return {"role": account.role, "enabled": account.enabled, "expires_at": account.expires_at.isoformat()}


def _handed_over(account: Account, fresh: Credentials) -> dict[str, Any]:
    return {**asdict(account), **asdict(fresh)}
