"""Signing in through the whole hub against the WeChat twin: real bytes, real PostgreSQL and Redis, two workers."""

from __future__ import annotations

import base64
import io
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis import Redis

from adapters.twins.wechat import WeChat
from adapters.twins.wire import Server
from blueprints import login as doors
from blueprints.frame import build
from hub import logs
from hub.errors import Problem
from hub.gateway.orders import Caller
from hub.main import Hub
from hub.trace import new
from tests.login.room import OPENID, admin, at_last, everything, new_code


def platform(twin: Server) -> WeChat:
    assert isinstance(twin.twin, WeChat)
    return twin.twin


def problem_of(run: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as told:
        run()
    return told.value


def test_a_code_of_wechat_signs_in(hub: Hub, twin: Server) -> None:
    tokens = hub.login.sign_in(new_code(twin), new())
    assert hub.login.principal(tokens.access_token).citizen_id == tokens.citizen_id
    assert hub.login.sign_in(new_code(twin), new()).citizen_id == tokens.citizen_id


def test_row_B65_fifty_at_once_on_two_workers_one_success(hub: Hub, make_hub: Callable[[], Hub], twin: Server) -> None:
    workers, code = [hub, make_hub()], new_code(twin)

    def outcome(number: int) -> str:
        try:
            return workers[number % 2].login.sign_in(code, new()).citizen_id[:1]
        except Problem as problem:
            return problem.code

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda number: at_last(lambda: outcome(number)), range(50)))
    assert sorted(outcomes) == ["LOGIN_CODE_USED"] * 49 + ["c"]
    assert platform(twin).calls == 1


def test_fault_F18_an_emptied_redis_lets_no_code_be_used_again(hub: Hub, twin: Server, redis: str) -> None:
    code = new_code(twin)
    hub.login.sign_in(code, new())
    Redis.from_url(redis).flushall()
    assert problem_of(lambda: hub.login.sign_in(code, new())).code == "LOGIN_CODE_USED"
    assert platform(twin).calls == 1


def test_row_B65_a_code_of_six_minutes_ago(hub: Hub, twin: Server) -> None:
    code = new_code(twin)
    admin(twin, "PUT", "clock", ahead_s=360)
    assert problem_of(lambda: hub.login.sign_in(code, new())).code == "LOGIN_CODE_EXPIRED"
    assert problem_of(lambda: hub.login.sign_in(code, new())).code == "LOGIN_CODE_USED"


@pytest.mark.parametrize(
    ("errcode", "told", "status", "action"),
    [(40029, "LOGIN_CODE_EXPIRED", 401, "login"), (40226, "LOGIN_BLOCKED", 403, "call"),
     (45011, "DEPARTMENT_UNAVAILABLE", 503, "wait"), (45009, "DEPARTMENT_UNAVAILABLE", 503, "wait"),
     (-1, "DEPARTMENT_UNAVAILABLE", 503, "wait"), (40013, "DEPARTMENT_DENIED", 503, "wait"),
     (40125, "DEPARTMENT_DENIED", 503, "wait"), (40163, "UPSTREAM_MALFORMED", 502, "wait")],
)  # fmt: skip
def test_wechats_errcodes(hub: Hub, twin: Server, errcode: int, told: str, status: int, action: str) -> None:
    """W5, W6: each has its own sentence and next step; the code goes to WeChat once."""
    admin(twin, "PUT", "quirks", WT1=errcode)
    code = new_code(twin)
    problem = problem_of(lambda: hub.login.sign_in(code, new()))
    assert (problem.code, problem.status, problem.kind.action) == (told, status, action)
    assert platform(twin).calls == 1
    if action == "wait":
        assert problem.origin == "department:wechat" and problem.retry_after


def test_after_the_platform_was_busy_the_same_code_may_be_tried_again(hub: Hub, twin: Server) -> None:
    code = new_code(twin)
    admin(twin, "PUT", "quirks", WT1=-1)
    problem_of(lambda: hub.login.sign_in(code, new()))
    admin(twin, "PUT", "quirks", WT1=False)
    assert hub.login.sign_in(code, new()).level == 0


FAULTS: list[tuple[Mapping[str, Any], str]] = [
    ({"down": True}, "DEPARTMENT_UNAVAILABLE"),
    ({"hang": True}, "DEPARTMENT_TIMEOUT"),
    ({"drip": 100}, "DEPARTMENT_TIMEOUT"),
    ({"status": 500}, "DEPARTMENT_TIMEOUT"),
    ({"garbage": "html"}, "UPSTREAM_CHARSET"),
    ({"garbage": "json"}, "UPSTREAM_MALFORMED"),
    ({"truncate_at": 20}, "UPSTREAM_TRUNCATED"),
    ({"accept_then_drop": True}, "DEPARTMENT_TIMEOUT"),
]


@pytest.mark.parametrize(
    ("toxics", "told"), FAULTS, ids=[" ".join(each[0]) + str(*each[0].values()) for each in FAULTS]
)
def test_twin_WT16_faults_have_one_answer_in_time_and_no_second_call(
    hub: Hub, twin: Server, toxics: Mapping[str, Any], told: str
) -> None:
    code = new_code(twin)
    admin(twin, "PUT", "toxics", **toxics)
    started = time.monotonic()
    problem = problem_of(lambda: hub.login.sign_in(code, new()))
    assert (problem.code, problem.origin) == (told, "department:wechat")
    assert time.monotonic() - started <= 10 and platform(twin).calls <= 1
    admin(twin, "DELETE", "toxics")
    again = "" if "down" in toxics else "LOGIN_CODE_USED"
    if again:
        assert problem_of(lambda: hub.login.sign_in(code, new())).code == again
    else:
        assert hub.login.sign_in(code, new()).level == 0


def check_session(hub: Hub) -> str:
    fields = {"openid": OPENID, "signature": "0" * 64}
    try:
        hub.gateway.ask("wechat", "check_session", fields, Caller("hub", 3, "hub"), new(), 3.0)
    except Problem as problem:
        return problem.note
    return "ok"


def test_twin_WT4_one_token_for_all_workers_fetched_once(hub: Hub, make_hub: Callable[[], Hub], twin: Server) -> None:
    """W9: one holder, one fetch at a time, however many ask."""
    workers = [hub, make_hub(), make_hub()]
    hub.login.sign_in(new_code(twin), new())
    before = platform(twin).calls
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda number: check_session(workers[number % 3]), range(12))) == {"SESSION_KEY_OLD"}
    assert platform(twin).calls - before == 12 + 1


def test_twin_WT4_a_revoked_token_is_read_again_once_and_never_forced(hub: Hub, twin: Server) -> None:
    hub.login.sign_in(new_code(twin), new())
    assert check_session(hub) == "SESSION_KEY_OLD"
    admin(twin, "DELETE", "tokens")
    assert check_session(hub) == "SESSION_KEY_OLD"
    told = json.loads(urllib.request.urlopen(f"{twin.url}/twin/tokens", timeout=30).read())
    assert (told["issued"], told["forced"]) == (2, 0)


def test_the_probe_proves_the_account(hub: Hub, twin: Server) -> None:
    assert hub.gateway.probe("wechat").state == "works"
    admin(twin, "DELETE", "tokens")
    admin(twin, "PUT", "quirks", WT4=40125)
    assert hub.gateway.probe("wechat").state != "works"


def test_threat_T3_a_planted_session_key_is_found_nowhere(
    hub: Hub,
    twin: Server,
    redis: str,
    fresh_database: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Answers, logs, PostgreSQL and Redis are searched for the key, the openid, the code, the app's secret, the token.

    Good and broken answers of WeChat are both walked through, because a broken one is where samples are kept.
    """
    planted = base64.b64encode(b"planted-16-bytes").decode()
    admin(twin, "POST", "session-keys", openid=OPENID, session_key=planted)
    lines, code, cut = io.StringIO(), new_code(twin), new_code(twin)
    logs.configure(lines)
    # One that spoke before, in another test of this process, goes on speaking to where it spoke then.
    monkeypatch.setattr("blueprints.problems._log", structlog.get_logger("problems"))
    app = build(hub, [doors.make]).test_client()
    answers = [app.post("/api/v1/sessions", json={"code": code}) for _ in range(2)]
    token = answers[0].get_json()["access_token"]
    answers.append(app.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}))
    assert _held(hub) == planted
    admin(twin, "POST", "session-keys", openid=OPENID, session_key=planted)
    admin(twin, "PUT", "toxics", truncate_at=len(planted) + 30)
    answers.append(app.post("/api/v1/sessions", json={"code": cut}))
    admin(twin, "DELETE", "toxics")
    check_session(hub)  # brings a token into Redis
    assert [answer.status_code for answer in answers] == [201, 401, 200, 502]
    hub.exchanges.close()
    structlog.reset_defaults()
    spoken = "".join([lines.getvalue(), *capfd.readouterr()])
    assert answers[3].headers["X-Trace-Id"] in spoken  # the logs that are searched are those of these calls
    places = {
        "answers": b"".join(answer.data + str(answer.headers).encode() for answer in answers),
        "logs": spoken.encode(),
        "postgresql": everything(fresh_database),
        "redis": _redis_bytes(redis),
    }
    assert answers[0].get_json()["citizen_id"].encode() in places["postgresql"] and b"hub:shared" in places["redis"]
    secret = (hub.home / "secrets/wechat_secret").read_text(encoding="ascii")
    for value in (planted, "planted-16-bytes", OPENID, code, cut, secret, platform(twin)._tokens[-1].text):
        assert [name for name, text in places.items() if value.encode() in text] == []


def _held(hub: Hub) -> str:
    with hub.database.read() as connection:
        tag, sealed = connection.exec_driver_sql("SELECT openid_tag, session_key_sealed FROM login_binding").one()
    return hub.crypto.open(sealed, f"login.session_key:{tag.hex()}").decode()


def _redis_bytes(url: str) -> bytes:
    """All that Redis holds, and its own files: the AOF and a fresh dump."""
    client = Redis.from_url(url)
    client.save()
    folder = Path(client.config_get("dir")["dir"])  # type: ignore[index, call-overload]
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    values = [client.dump(key) for key in client.scan_iter()]
    return files + b"".join(value for value in values if isinstance(value, bytes))
