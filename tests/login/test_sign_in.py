"""Signing in with WeChat: one code, one session (row_B65, security T4), and what each of WeChat's answers becomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from hub.errors import Fault, Problem
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Rejected, Unavailable
from hub.trace import Trace
from tests.login.room import KNOWN, OPENID, SESSION_KEY, Platform, Room, at_last, close_database, everything, plain


def outcome(room: Room, code: str, trace: Trace) -> str:
    try:
        room.login.sign_in(code, trace)
    except Problem as problem:
        return problem.code
    return "OK"


def test_a_stranger_becomes_a_citizen_of_level_0_and_stays_the_same(room: Room, trace: Trace) -> None:
    first, second = room.login.sign_in("one", trace), room.login.sign_in("two", trace)
    assert first.citizen_id == second.citizen_id and first.level == 0
    assert first.access_token != second.access_token and first.refresh_token != second.refresh_token
    assert room.login.principal(first.access_token).level == 0


def test_feat_D1_a_known_person_signs_in_at_the_registered_level(room: Room, trace: Trace) -> None:
    with room.database.session() as session:
        citizen_id = room.identity.register_known(session, KNOWN)
        room.login.bind(session, OPENID, citizen_id)
    tokens = room.login.sign_in("one", trace)
    principal = room.login.principal(tokens.access_token)
    assert (principal.citizen_id, principal.level, principal.region) == (citizen_id, 2, "360423001")


def test_many_first_logins_of_one_person_at_once_make_one_citizen(room: Room, trace: Trace) -> None:
    with ThreadPoolExecutor(10) as pool:
        citizens = {t.citizen_id for t in pool.map(lambda n: room.login.sign_in(f"code-{n}", trace), range(10))}
    assert len(citizens) == 1
    with psycopg.connect(plain(room.url)) as connection:
        assert connection.execute("SELECT count(*) FROM identity_person").fetchone() == (1,)


def test_row_B65_a_code_works_once_and_wechat_is_not_asked_again(room: Room, platform: Platform, trace: Trace) -> None:
    assert [outcome(room, "one", trace), outcome(room, "one", trace)] == ["OK", "LOGIN_CODE_USED"]
    assert len(platform.asked) == 1


def test_threat_T4_fifty_logins_with_one_code_at_once_on_two_workers(
    room: Room, make_room: Callable[[str], Room], platform: Platform, trace: Trace
) -> None:
    workers = [room, make_room(room.url)]
    with ThreadPoolExecutor(50) as pool:
        told = pool.map(lambda n: at_last(lambda: outcome(workers[n % 2], "the-one", trace)), range(50))
        outcomes = Counter(told)
    assert outcomes == {"OK": 1, "LOGIN_CODE_USED": 49}
    assert len(platform.asked) == 1


ANSWERS = [
    (Rejected("40029", faults=(Fault("", "LOGIN_CODE_EXPIRED"),)), "LOGIN_CODE_EXPIRED", "LOGIN_CODE_USED"),
    (Rejected("40226", faults=(Fault("", "LOGIN_BLOCKED"),)), "LOGIN_BLOCKED", "LOGIN_CODE_USED"),
    (Rejected("other", faults=(Fault("", "SOMETHING"),)), "DEPARTMENT_REJECTED", "LOGIN_CODE_USED"),
    (OutcomeUnknown("hung"), "DEPARTMENT_TIMEOUT", "LOGIN_CODE_USED"),
    (Garbled("html"), "UPSTREAM_MALFORMED", "LOGIN_CODE_USED"),
    (Unavailable("refused"), "DEPARTMENT_UNAVAILABLE", "OK"),
    (Denied("40125"), "DEPARTMENT_DENIED", "OK"),
]


@pytest.mark.parametrize(("failure", "told", "again"), ANSWERS, ids=[answer[1] for answer in ANSWERS])
def test_what_wechats_answers_become(
    room: Room, platform: Platform, trace: Trace, failure: PortError, told: str, again: str
) -> None:
    """Only a code that was certainly not taken may be shown again; W6: the hub never sends one twice by itself."""
    platform.fails = failure
    assert outcome(room, "one", trace) == told
    assert len(platform.asked) == 1
    platform.fails = None
    assert outcome(room, "one", trace) == again


def test_without_postgresql_nobody_signs_in_and_wechat_is_not_asked(
    room: Room, platform: Platform, trace: Trace
) -> None:
    close_database(room.url)
    assert outcome(room, "one", trace) == "STORE_UNAVAILABLE"
    assert platform.asked == []


def test_no_transaction_is_open_while_wechat_speaks(room: Room, platform: Platform, trace: Trace) -> None:
    seen: list[tuple[int]] = []

    class Watching(Platform):
        def __call__(self, *question: object) -> object:  # type: ignore[override]
            with psycopg.connect(plain(room.url)) as connection:
                query = (
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                )
                seen.extend(connection.execute(query).fetchall())
            return platform(*question)  # type: ignore[arg-type]

    room.login._ask = Watching()  # type: ignore[assignment]
    assert outcome(room, "one", trace) == "OK"
    assert seen == [(0,)]


def test_threat_T3_openid_and_session_key_are_sealed(room: Room, trace: Trace) -> None:
    tokens = room.login.sign_in("code-in-clear", trace)
    dump = everything(room.url)
    assert tokens.citizen_id.encode() in dump
    for secret in (OPENID, SESSION_KEY, "code-in-clear"):
        assert secret.encode() not in dump
    assert SESSION_KEY not in repr(tokens) and OPENID not in repr(tokens)


def test_the_session_key_is_that_of_the_latest_login(room: Room, platform: Platform, trace: Trace) -> None:
    room.login.sign_in("one", trace)
    with psycopg.connect(plain(room.url)) as connection:
        before = connection.execute("SELECT session_key_sealed FROM login_binding").fetchall()
    room.login.sign_in("two", trace)
    with psycopg.connect(plain(room.url)) as connection:
        after = connection.execute("SELECT session_key_sealed, openid_tag FROM login_binding").fetchall()
    assert len(before) == len(after) == 1 and before[0][0] != after[0][0]
    purpose = f"login.session_key:{after[0][1].hex()}"
    assert room.crypto.open(after[0][0], purpose).decode() == SESSION_KEY
