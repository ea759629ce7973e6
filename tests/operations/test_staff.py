"""Accounts of staff: the security administrator's alone, every act on record, and no credential in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.operations.service import acts
from tests.operations.conftest import Desk

DeskOf = Callable[[str], Desk]
NEW = {"username": "wang.li", "role": "operator", "reason": "joined"}
OTHERS = ("operator", "officer", "verifier", "data_officer", "auditor", "system_admin", "audit_admin", "citizen")


def recorded(hub: Any) -> list[Any]:
    with hub.database.session() as session:
        return list(acts(session))


def test_an_account_is_opened_reset_and_disabled_and_each_act_is_recorded(hub: Any, desk: DeskOf) -> None:
    admin = desk("security_admin")
    made = admin.ask("POST", "/staff", NEW)
    assert made.status_code == 201, made.text
    account = made.json
    assert account["enabled"] and account["role"] == "operator" and len(account["password"]) >= 16
    reset = admin.ask("POST", f"/staff/{account['staff_id']}/reset", {"reason": "forgot it"}).json
    assert reset["password"] != account["password"] and reset["totp_secret"] != account["totp_secret"]
    with hub.database.session() as session:
        known = hub.identity.staff(session, "wang.li")
    assert hub.identity.passwords.matches(known.password_hash, reset["password"])
    assert not hub.identity.passwords.matches(known.password_hash, account["password"])
    off = admin.ask("PATCH", f"/staff/{account['staff_id']}", {"enabled": False, "reason": "left"})
    assert off.json["enabled"] is False
    assert [each["username"] for each in admin.get("/staff")["items"]] == ["security_admin-1", "wang.li"]
    _, last, second, first = recorded(hub)
    assert (first.act, first.outcome, first.reason, first.before) == ("staff.write", "OK", "joined", None)
    assert first.after["role"] == "operator" and first.target == f"staff:{account['staff_id']}"
    assert second.after["credentials"] == "new"
    assert (last.before["enabled"], last.after["enabled"], last.reason) == (True, False, "left")
    assert not any(secret in repr(recorded(hub)) for secret in (
        account["password"], account["totp_secret"], reset["password"], reset["totp_secret"]))  # fmt: skip


def test_a_disabled_account_is_nobody(hub: Any, desk: DeskOf) -> None:
    admin = desk("security_admin")
    made = admin.ask("POST", "/staff", NEW).json
    admin.ask("PATCH", f"/staff/{made['staff_id']}", {"enabled": False, "reason": "left"})
    with hub.database.session() as session:
        assert hub.identity.standing(session, "staff", made["staff_id"]) is None
        assert not hub.identity.staff(session, "wang.li").usable


@pytest.mark.parametrize("role", OTHERS)
def test_nobody_else_keeps_accounts_and_their_tries_are_recorded(hub: Any, desk: DeskOf, role: str) -> None:
    other = desk(role)
    for method, path, body in (("GET", "/staff", None), ("POST", "/staff", NEW)):
        assert other.refused(method, path, body) == (403, "ROLE_REQUIRED")
    if role != "citizen":
        assert [(each.act, each.outcome) for each in recorded(hub)] == [
            ("staff.write", "ROLE_REQUIRED"), ("staff.read", "ROLE_REQUIRED")]  # fmt: skip


def test_what_cannot_be_is_refused_and_recorded(hub: Any, desk: DeskOf) -> None:
    admin = desk("security_admin")
    own = admin.get("/staff")["items"][0]["staff_id"]
    admin.ask("POST", "/staff", NEW)
    assert admin.refused("POST", "/staff", NEW) == (409, "STATE_CONFLICT")
    assert admin.refused("POST", "/staff", {**NEW, "role": "king"}) == (422, "CHOICE")
    assert admin.refused("POST", f"/staff/{own}/reset", {"reason": "mine"}) == (409, "STATE_CONFLICT")
    off = {"enabled": False, "reason": "mine"}
    assert admin.refused("PATCH", f"/staff/{own}", off) == (409, "STATE_CONFLICT")
    assert admin.refused("PATCH", "/staff/362623190205121932", off) == (404, "NOT_FOUND")
    outcomes = [each.outcome for each in recorded(hub)]
    assert outcomes[:5] == ["NOT_FOUND", "STATE_CONFLICT", "STATE_CONFLICT", "CHOICE", "STATE_CONFLICT"]
    assert "362623190205121932" not in repr(recorded(hub))
