"""Sessions: refresh tokens turn once (row_B67's ground), an end is heard by every worker, PostgreSQL may be away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from hub.errors import Problem
from hub.login.service import Tokens
from hub.trace import Trace
from tests.login.room import Room, close_database, everything


@pytest.fixture
def tokens(room: Room, trace: Trace) -> Tokens:
    return room.login.sign_in("code-of-the-fixture", trace)


def code_of(run: Callable[[], object]) -> str:
    try:
        run()
    except Problem as problem:
        return problem.code
    return "OK"


def test_a_session_lives_on_by_refreshing(room: Room, tokens: Tokens) -> None:
    principal = room.login.principal(tokens.access_token)
    again = room.login.refresh(tokens.refresh_token)
    assert room.login.principal(again.access_token) == principal
    assert again.refresh_token != tokens.refresh_token and again.expires_in == 900
    assert code_of(lambda: room.login.refresh("made-up")) == "TOKEN_INVALID"


def test_a_reused_refresh_token_ends_the_whole_family(room: Room, tokens: Tokens) -> None:
    newest = room.login.refresh(tokens.refresh_token)
    assert code_of(lambda: room.login.refresh(tokens.refresh_token)) == "SESSION_REVOKED"
    assert code_of(lambda: room.login.refresh(newest.refresh_token)) == "SESSION_REVOKED"
    room.clock.ahead = 20
    assert code_of(lambda: room.login.principal(newest.access_token)) == "SESSION_REVOKED"


def test_the_same_refresh_token_many_times_at_once_turns_once(room: Room, tokens: Tokens) -> None:
    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(code_of, [lambda: room.login.refresh(tokens.refresh_token)] * 12))
    assert outcomes == {"OK": 1, "SESSION_REVOKED": 11}


def test_tokens_are_nowhere_at_rest(room: Room, tokens: Tokens) -> None:
    dump = everything(room.url)
    assert tokens.citizen_id.encode() in dump
    assert tokens.refresh_token.encode() not in dump and tokens.access_token.encode() not in dump


def test_row_B67_an_end_is_heard_by_every_worker_within_60_s(
    room: Room, make_room: Callable[[str], Room], tokens: Tokens
) -> None:
    other = make_room(room.url)
    principal = other.login.principal(tokens.access_token)
    room.login.principal(tokens.access_token)
    room.login.sign_out(principal)
    assert code_of(lambda: room.login.principal(tokens.access_token)) == "SESSION_REVOKED"  # here at once
    assert code_of(lambda: other.login.principal(tokens.access_token)) == "OK"  # there it is still believed
    other.clock.ahead = 20
    assert code_of(lambda: other.login.principal(tokens.access_token)) == "SESSION_REVOKED"
    assert code_of(lambda: other.login.refresh(tokens.refresh_token)) == "SESSION_REVOKED"


def test_a_session_ends_by_itself(room: Room, tokens: Tokens) -> None:
    room.clock.ahead = 30 * 86_400 - 100
    last = room.login.refresh(tokens.refresh_token)
    assert last.expires_in <= 100
    room.clock.ahead = 30 * 86_400
    assert code_of(lambda: room.login.refresh(last.refresh_token)) == "SESSION_REVOKED"
    assert code_of(lambda: room.login.principal(last.access_token)) == "TOKEN_INVALID"


def test_a_believed_token_asks_nobody(room: Room, tokens: Tokens) -> None:
    asked: list[str] = []
    event.listen(room.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for _ in range(50):
        room.login.principal(tokens.access_token)
    assert len(asked) == 2  # the session and the standing, once
    room.clock.ahead = 20
    room.login.principal(tokens.access_token)
    assert len(asked) == 4


def test_fault_F16_without_postgresql_a_token_is_good_until_it_runs_out(room: Room, tokens: Tokens) -> None:
    close_database(room.url)
    assert room.login.principal(tokens.access_token).citizen_id == tokens.citizen_id  # never seen before
    room.clock.ahead = 870
    assert code_of(lambda: room.login.principal(tokens.access_token)) == "OK"
    assert code_of(lambda: room.login.refresh(tokens.refresh_token)) == "STORE_UNAVAILABLE"
    room.clock.ahead = 901
    assert code_of(lambda: room.login.principal(tokens.access_token)) == "TOKEN_INVALID"


def test_fault_F16_an_ended_session_stays_ended_without_postgresql(
    room: Room, make_room: Callable[[str], Room], tokens: Tokens
) -> None:
    other = make_room(room.url)
    room.login.sign_out(room.login.principal(tokens.access_token))
    assert code_of(lambda: other.login.principal(tokens.access_token)) == "SESSION_REVOKED"
    close_database(room.url)
    other.clock.ahead = 60
    assert code_of(lambda: other.login.principal(tokens.access_token)) == "SESSION_REVOKED"


def test_fault_F16_an_end_counts_again_when_postgresql_is_back(
    room: Room, make_room: Callable[[str], Room], tokens: Tokens
) -> None:
    other = make_room(room.url)
    room.login.sign_out(room.login.principal(tokens.access_token))
    close_database(room.url)
    assert code_of(lambda: other.login.principal(tokens.access_token)) == "OK"
    close_database(room.url, open_again=True)
    other.clock.ahead = 3
    assert code_of(lambda: other.login.principal(tokens.access_token)) == "SESSION_REVOKED"


def test_what_is_known_of_tokens_stays_bounded(room: Room, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.login.sessions._MOST_KNOWN", 5)
    latest = tokens
    for _ in range(12):
        latest = room.login.refresh(latest.refresh_token)
        room.login.principal(latest.access_token)
    assert len(room.login._sessions._seen) <= 5


def test_the_sweep_forgets_only_what_is_over(room: Room, tokens: Tokens) -> None:
    room.clock.ahead = 36 * 86_400
    with room.database.session() as session:
        room.login.sweep(session)
    assert tokens.citizen_id.encode() in everything(room.url)  # the person stays
    assert code_of(lambda: room.login.refresh(tokens.refresh_token)) == "SESSION_REVOKED"
    room.clock.ahead = 38 * 86_400
    with room.database.session() as session:
        room.login.sweep(session)
    assert code_of(lambda: room.login.refresh(tokens.refresh_token)) == "TOKEN_INVALID"
