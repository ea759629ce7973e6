"""The same protocol without a signature, as platforms speak it: `errcode`, a token in the query, secrets as stamps."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from adapters.protocols.signed_rest import FACTS, Adapter
from adapters.twins.twin import Answer, Request, Twin, as_json
from adapters.twins.wire import Server
from hub.port import Denied, Garbled, Rejected, Setting, Unavailable
from tests.protocols.bureau import ask
from tests.protocols.conftest import Worker

ANSWER_CODES = {
    "path": "errcode", "ok": ["", "0"], "denied": ["40125"], "unavailable": ["-1"],
    "rejected": {"40029": {"code": "CODE_INVALID", "zh": "登录凭证无效。", "en": "The code is not valid."}},
}  # fmt: skip
PLATFORM: dict[str, Any] = {
    "name": {"zh": "平台", "en": "Platform"},
    "department": "platform",
    "protocol": "signed_rest",
    "encoding": "utf-8",
    "probe": {"operation": "code_to_session", "fields": {"code": "probe"}, "rejected_is_fine": True},
    "signed_rest": {
        "sign": {"algorithm": "none"},
        "stamps": {
            "appid": {"in": "parameters", "secret": "appid"},
            "secret": {"in": "parameters", "secret": "secret"},
        },
        "token": {
            "operation": "stable_token", "field": "token", "seconds_field": "seconds",
            "name": "access_token", "in": "query", "lost": ["40001", "42001"],
        },
    },
    "operations": {
        "stable_token": {
            "kind": "read",
            "data_class": 4,
            "request": {"constants": {"grant_type": "client_credential"}},
            "signed_rest": {"method": "post", "path": "/cgi-bin/stable_token", "body": "json", "token": False},
            "outcome": ANSWER_CODES,
            "answer": {
                "fields": {
                    "token": {"from": "access_token", "required": True, "class": 4},
                    "seconds": {"from": "expires_in", "as": "integer", "required": True, "class": 1},
                }
            },
        },
        "code_to_session": {
            "kind": "read",
            "data_class": 4,
            "request": {
                "fields": {"code": {"to": "js_code", "required": True}},
                "constants": {"grant_type": "authorization_code"},
            },
            "signed_rest": {"method": "get", "path": "/sns/jscode2session", "body": "query", "token": False},
            "outcome": ANSWER_CODES,
            "answer": {
                "fields": {
                    "openid": {"from": "openid", "required": True, "class": 3},
                    "session_key": {"from": "session_key", "required": True, "class": 4},
                },
                "ignored": ["errmsg", "unionid"],
            },
        },
        "phone_number": {
            "kind": "read",
            "data_class": 3,
            "request": {"fields": {"code": {"to": "code", "required": True}}},
            "signed_rest": {"method": "post", "path": "/wxa/business/getuserphonenumber", "stamps": []},
            "outcome": ANSWER_CODES,
            "answer": {
                "fields": {
                    "phone": {"from": "phone_info.purePhoneNumber", "required": True, "class": 3},
                    "country": {"from": "phone_info.countryCode", "required": True, "class": 2},
                },
                "ignored": ["errmsg", "phone_info.phoneNumber"],
            },
        },
    },
}  # fmt: skip


class Platform(Twin):
    """Answers with `errcode` only when something is wrong, or 0, as it likes."""

    seen: list[Request]
    valid, issued = "", 0

    def answer(self, request: Request) -> Answer:
        self.seen.append(request)
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        if request.path == "/sns/jscode2session":
            return as_json(self._session(asked))
        body = json.loads(request.body)
        if request.path == "/cgi-bin/stable_token":
            self.issued += 1
            self.valid = f"T{self.issued}"
            return as_json({"access_token": self.valid, "expires_in": 7200})
        if asked.get("access_token") != self.valid:
            return as_json({"errcode": 42001, "errmsg": "access_token expired"})
        assert set(body) == {"code"}
        phone = {"phoneNumber": "", "purePhoneNumber": "0000", "countryCode": 86}
        return as_json({"errcode": 0, "errmsg": "ok", "phone_info": phone})

    def _session(self, asked: dict[str, str]) -> dict[str, Any]:
        assert asked["grant_type"] == "authorization_code" and asked["appid"] == "wx1"
        errors = {"used": 40029, "busy": -1, "strange": 99999}
        if asked["secret"] != "s1":
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if asked["js_code"] in errors:
            return {"errcode": errors[asked["js_code"]], "errmsg": "…"}
        return {"openid": "oDEMO", "session_key": "a+/b=="}


@pytest.fixture
def platform() -> Iterator[Server]:
    twin = Platform("platform", "signed_rest")
    twin.seen = []
    server = Server(twin).start()
    yield server
    server.stop()


@pytest.fixture
def adapter(platform: Server, worker: Worker) -> Iterator[Adapter]:
    adapter = opened(platform, worker)
    yield adapter
    adapter.close()


def opened(platform: Server, worker: Worker, secret: str = "s1") -> Adapter:
    return Adapter(
        Setting(
            "platform", platform.address, FACTS().load(PLATFORM), Path(), worker("platform"),
            {"appid": "wx1", "secret": secret}, allow_private=True,
        )
    )  # fmt: skip


def test_parameters_in_the_query_and_no_signature(platform: Server, adapter: Adapter) -> None:
    assert ask(adapter, "code_to_session", code="0a1+b/c d").fields == {"openid": "oDEMO", "session_key": "a+/b=="}
    (request,) = platform.twin.seen  # type: ignore[attr-defined]
    assert parse_qs(request.query)["js_code"] == ["0a1+b/c d"] and request.body == b""


@pytest.mark.parametrize(("code", "kind"), [("used", Rejected), ("busy", Unavailable), ("strange", Garbled)])
def test_result_codes_by_table_absent_is_success(adapter: Adapter, code: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        ask(adapter, "code_to_session", code=code)


def test_a_wrong_secret_is_denied(platform: Server, worker: Worker) -> None:
    with pytest.raises(Denied):
        ask(opened(platform, worker, "wrong"), "code_to_session", code="x")


def test_the_token_goes_in_the_query_beside_a_json_body(platform: Server, adapter: Adapter) -> None:
    assert ask(adapter, "phone_number", code="p").fields == {"phone": "0000", "country": "86"}
    twin: Any = platform.twin
    twin.valid = "gone"
    assert ask(adapter, "phone_number", code="p").fields["country"] == "86"
    assert twin.issued == 2


def test_one_token_for_all_callers(platform: Server, worker: Worker, new_worker: Callable[[], Worker]) -> None:
    adapters = [opened(platform, each) for each in (worker, new_worker())]
    threads = [
        threading.Thread(target=ask, args=(adapters[number % 2], "phone_number", 20), kwargs={"code": "p"})
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert platform.twin.issued == 1  # type: ignore[attr-defined]
