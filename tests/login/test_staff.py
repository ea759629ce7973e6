"""Staff sign-in: three proofs, one refusal for all, an attempt budget (security T31; threat: guessing)."""

from __future__ import annotations

import base64
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from hub.errors import Problem
from hub.identity.rules import one_time_code, step_of
from tests.login.room import Room, everything

SECRET = base64.b32encode(b"12345678901234567890").decode()
PASSWORD = "correct horse battery staple"


@pytest.fixture
def staff(room: Room) -> Room:
    room.clock.stop()  # so that no thirty seconds end in the middle of a test
    open_account(room, "operator", "operator")
    return room


def open_account(room: Room, username: str, role: str, days: float = 90) -> None:
    hashed = room.identity.passwords.hash(PASSWORD)
    with room.database.session() as session:
        expires_at = room.clock.now() + timedelta(days=days)
        room.identity.open_account(session, username, hashed, SECRET, role, expires_at)


def totp(room: Room, ahead: int = 0) -> str:
    return one_time_code(b"12345678901234567890", step_of(room.clock.now()) + ahead)


def attempt(room: Room, username: str = "operator", password: str = PASSWORD, code: str | None = None) -> str:
    try:
        room.login.staff_sign_in(username, password, totp(room) if code is None else code)
    except Problem as problem:
        return problem.code
    return "OK"


def test_all_three_proofs_open_a_staff_session(staff: Room) -> None:
    tokens = staff.login.staff_sign_in("operator", PASSWORD, totp(staff))
    principal = staff.login.principal(tokens.access_token)
    assert (principal.kind, principal.roles, principal.level) == ("staff", ("operator",), 0)
    again = staff.login.refresh(tokens.refresh_token)
    assert (again.kind, again.roles) == ("staff", ("operator",))


@pytest.mark.parametrize(
    ("username", "password", "code"),
    [("operator", "wrong", None), ("operator", PASSWORD, "000000"), ("nobody", PASSWORD, None), ("operator", "", None)],
)
def test_every_refusal_is_the_same(staff: Room, username: str, password: str, code: str | None) -> None:
    assert attempt(staff, username, password, code) == "LOGIN_FAILED"


def test_a_one_time_code_opens_one_session(staff: Room) -> None:
    """Somebody who looked over a shoulder has thirty seconds, and gets nothing for them."""
    code = totp(staff)
    with ThreadPoolExecutor(4) as pool:
        outcomes = Counter(pool.map(lambda _: attempt(staff, code=code), range(4)))
    assert outcomes == {"OK": 1, "LOGIN_FAILED": 3}
    assert attempt(staff, code=totp(staff, 1)) == "OK"


def test_five_attempts_then_a_wait_also_for_the_right_password(staff: Room) -> None:
    assert [attempt(staff, password="wrong") for _ in range(5)] == ["LOGIN_FAILED"] * 5
    with pytest.raises(Problem) as told:
        staff.login.staff_sign_in("operator", PASSWORD, totp(staff))
    assert told.value.code == "RATE_LIMITED" and 0 < (told.value.retry_after or 0) <= 900
    staff.clock.ahead = 901
    assert attempt(staff) == "OK"


def test_attempts_at_once_do_not_slip_through_the_budget(staff: Room) -> None:
    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(lambda _: attempt(staff, password="wrong"), range(12)))
    assert outcomes == {"LOGIN_FAILED": 5, "RATE_LIMITED": 7}


def test_a_name_that_does_not_exist_has_a_budget_too(staff: Room) -> None:
    """Otherwise the budget itself would tell which names exist."""
    assert [attempt(staff, "nobody") for _ in range(6)] == ["LOGIN_FAILED"] * 5 + ["RATE_LIMITED"]
    assert attempt(staff) == "OK"  # and one name's attempts are not another's
    assert b"nobody" not in everything(staff.url)


def test_success_gives_the_attempts_back(staff: Room) -> None:
    assert [attempt(staff, password="wrong") for _ in range(4)] == ["LOGIN_FAILED"] * 4
    assert attempt(staff) == "OK"
    assert [attempt(staff, password="wrong") for _ in range(5)] == ["LOGIN_FAILED"] * 5


def test_threat_T31_an_account_that_ran_out_ends_its_sessions_within_60_s(room: Room) -> None:
    room.clock.stop()
    open_account(room, "former", "auditor", days=1)
    tokens = room.login.staff_sign_in("former", PASSWORD, totp(room))
    room.clock.ahead = 86_400 - 200
    tokens = room.login.staff_sign_in("former", PASSWORD, totp(room))
    room.login.principal(tokens.access_token)
    room.clock.ahead = 86_400 + 20
    with pytest.raises(Problem) as told:
        room.login.principal(tokens.access_token)
    assert told.value.code == "SESSION_REVOKED"
    with pytest.raises(Problem) as told:
        room.login.refresh(tokens.refresh_token)
    assert told.value.code == "SESSION_REVOKED"
    assert attempt(room, "former") == "LOGIN_FAILED"


def test_passwords_and_totp_secrets_are_not_in_clear_at_rest(staff: Room) -> None:
    dump = everything(staff.url)
    assert b"operator" in dump and b"$argon2id$" in dump
    assert PASSWORD.encode() not in dump and SECRET.encode() not in dump


def test_a_staff_session_is_over_after_its_hours(staff: Room) -> None:
    tokens = staff.login.staff_sign_in("operator", PASSWORD, totp(staff))
    staff.clock.ahead = 8 * 3600 + 1
    with pytest.raises(Problem) as told:
        staff.login.refresh(tokens.refresh_token)
    assert told.value.code == "SESSION_REVOKED"
