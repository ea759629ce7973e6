"""Answers in the form of WeChat's own pages in, Reply or port error out."""

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.wechat.adapter import Adapter
from hub.port import Call, Denied, Garbled, PortError, Rejected, Reply, Setting, Unavailable
from tests.protocols.departments import facts_of
from tests.protocols.recorded import lonely
from tests.protocols.rogue import Rogue, http, read_request

FOLDER = Path(__file__).parent
OPENID = "oDEMO_Gcapq6IAkj0scfVGPdVn2L"


def ask(operation: str, fields: Mapping[str, Any], samples: Mapping[str, str]) -> Reply:
    """`samples` by path; a login answer calls itself text/plain, so all do here."""

    def script(guest: socket.socket, _: int) -> None:
        while request := read_request(guest):
            path = request.split(b" ", 2)[1].decode("ascii").partition("?")[0]
            guest.sendall(http((FOLDER / "samples" / samples[path]).read_bytes(), "Content-Type: text/plain"))

    _, facts = facts_of("wechat")
    with Rogue(script) as served:
        account = {"appid": "sample appid", "secret": "sample secret"}
        setting = Setting("wechat", served.url, facts, FOLDER, lonely("wechat"), account, allow_private=True)
        adapter = Adapter(setting)
        try:
            reply: Reply = adapter.call(Call(operation, fields, time.monotonic() + 3))
        finally:
            adapter.close()
        return reply


def sign_in(sample: str) -> Reply:
    return ask("code2session", {"code": "a-code"}, {"/sns/jscode2session": f"code2session.{sample}.json"})


def check(sample: str) -> Reply:
    samples = {
        "/cgi-bin/stable_token": "stable_token.ok.json",
        "/wxa/checksession": f"check_session.{sample}.json",
    }
    return ask("check_session", {"openid": OPENID, "signature": "0"}, samples)


@pytest.mark.parametrize("sample", ["ok", "unionid"])
def test_errcode_absent_or_zero_is_success(sample: str) -> None:
    assert sign_in(sample).fields == {"openid": OPENID, "session_key": "c2FtcGxlLWtleS0wMTIzNA=="}


@pytest.mark.parametrize(
    ("sample", "kind", "reasons"),
    [
        ("used", Rejected, ["LOGIN_CODE_EXPIRED"]),
        ("blocked", Rejected, ["LOGIN_BLOCKED"]),
        ("busy", Unavailable, []),
        ("secret", Denied, []),
        ("unlisted", Garbled, []),
        ("empty", Garbled, []),
    ],
)
def test_what_is_no_success(sample: str, kind: type[PortError], reasons: list[str]) -> None:
    with pytest.raises(kind) as caught:
        sign_in(sample)
    assert [fault.code for fault in caught.value.faults] == reasons


def test_a_session_key_is_checked_with_a_token() -> None:
    assert check("ok").fields == {}
    with pytest.raises(Rejected):
        check("old")


def with_token(operation: str, path: str, sample: str, **fields: Any) -> Reply:
    return ask(operation, fields, {"/cgi-bin/stable_token": "stable_token.ok.json", path: f"{operation}.{sample}.json"})


@pytest.mark.parametrize("sample", ["ok", "number"])
def test_a_phone_number_whose_country_is_text_or_number(sample: str) -> None:
    """W10: WeChat's table and its example differ."""
    reply = with_token("phone_number", "/wxa/business/getuserphonenumber", sample, code="a-code")
    assert reply.fields == {"phone": "15400000005", "country": "86", "appid": "sample appid", "at": 1793600000}


def test_a_phone_code_that_was_used() -> None:
    with pytest.raises(Rejected) as caught:
        with_token("phone_number", "/wxa/business/getuserphonenumber", "used", code="a-code")
    assert [fault.code for fault in caught.value.faults] == ["LOGIN_CODE_EXPIRED"]


def test_a_face_check_from_its_beginning_to_its_result() -> None:
    person = {"sequence": "s1", "openid": OPENID, "name": "韩波德", "id_number": "362623191206116013"}
    begun = with_token("begin_face_check", "/cityservice/face/identify/getverifyid", "ok", **person)
    assert begun.fields == {"verify_id": "sample-verify-id", "seconds": 3600}
    asked = {"verify_id": "sample-verify-id", "sequence": "s1", "openid": OPENID}
    path = "/cityservice/face/identify/queryverifyinfo"
    assert with_token("face_result", path, "ok", **asked).fields == {"result": 10000}
    with pytest.raises(Rejected):
        with_token("face_result", path, "unknown", **asked)


def test_a_subscribe_message_and_why_it_may_not_be_sent() -> None:
    path = "/cgi-bin/message/subscribe/send"
    message: dict[str, Any] = {"openid": OPENID, "template_id": "template-1", "data": {"thing1": "复工备案"}}
    assert with_token("send_message", path, "ok", **message).fields == {"message_id": "2840573928561115136"}
    for sample, code in (("used", "MESSAGE_NOT_ALLOWED"), ("template", "TEMPLATE_REFUSED")):
        with pytest.raises(Rejected) as caught:
            with_token("send_message", path, sample, **message)
        assert [fault.code for fault in caught.value.faults] == [code]
