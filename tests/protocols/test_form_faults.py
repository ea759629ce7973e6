"""What a form department does on a bad day, and what it must never make us deliver (reliability F1-F10)."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.twins.twin import Answer, Request
from hub.port import Adapter, Garbled, OutcomeUnknown, PortError, Unavailable
from tests.protocols.bureau import HAN, Bureau, ask
from tests.protocols.conftest import Worker

SYSTEM, LIST, PAIRS = "social_security", "query_contributions", "query_pension"


@pytest.fixture
def social(start: Callable[[str], Bureau]) -> Iterator[Bureau]:
    yield start(SYSTEM)


@pytest.fixture
def adapter(social: Bureau, worker: Worker) -> Adapter:
    """Logged in already, so that a fault strikes the question itself."""
    adapter = social.open(worker(SYSTEM))
    ask(adapter, LIST, **HAN)
    return adapter


def fails(adapter: Adapter, kind: type[PortError], code: str, operation: str = LIST, seconds: float = 3.0) -> PortError:
    started = time.monotonic()
    with pytest.raises(kind) as caught:
        ask(adapter, operation, seconds, **HAN)
    assert time.monotonic() - started < seconds + 8
    assert caught.value.code == code
    assert HAN["id_number"] not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("toxic", [{"hang": True}, {"latency_ms": 60_000}])
def test_fault_F1_a_department_that_never_answers(social: Bureau, adapter: Adapter, toxic: dict[str, Any]) -> None:
    social.tell("/twin/toxics", **toxic)
    fails(adapter, OutcomeUnknown, "DEPARTMENT_TIMEOUT", seconds=0.6)


@pytest.mark.parametrize("drip", [{"head_ms": 300, "body_ms": 0}, {"head_ms": 0, "body_ms": 100}])
def test_fault_F4_row_B98_a_drip_ends_at_the_deadline(social: Bureau, adapter: Adapter, drip: dict[str, int]) -> None:
    social.tell("/twin/toxics", drip=drip)
    fails(adapter, OutcomeUnknown, "DEPARTMENT_TIMEOUT", seconds=0.6)


def test_down_is_certainly_not_done(social: Bureau, adapter: Adapter) -> None:
    social.tell("/twin/toxics", down=True)
    fails(adapter, Unavailable, "DEPARTMENT_UNAVAILABLE")


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_fault_F8_a_failing_server(social: Bureau, adapter: Adapter, status: int) -> None:
    social.tell("/twin/toxics", status=status)
    fails(adapter, Unavailable, "DEPARTMENT_UNAVAILABLE")


@pytest.mark.parametrize("kind", ["bytes", "html", "empty", "json"])
def test_fault_F5_garbage(social: Bureau, adapter: Adapter, kind: str) -> None:
    social.tell("/twin/toxics", garbage=kind)
    with pytest.raises(Garbled):
        ask(adapter, LIST, **HAN)


def test_fault_F6_row_B91_another_charset(social: Bureau, adapter: Adapter) -> None:
    social.tell("/twin/toxics", charset="utf-8")
    fails(adapter, Garbled, "UPSTREAM_CHARSET")


@pytest.mark.parametrize("framing", ["length", "close", "chunked"])
def test_fault_F7_row_B92_cut_anywhere_is_never_complete(social: Bureau, adapter: Adapter, framing: str) -> None:
    social.tell("/twin/quirks", Q18=False)
    whole = ask(adapter, PAIRS, **HAN)
    length = len(page_of(social, "/pension/view.do"))
    for at in range(0, length, 1 if framing == "close" else 37):
        social.tell("/twin/toxics", truncate_at={"at": at, "framing": framing})
        try:
            reply = ask(adapter, PAIRS, **HAN)
        except Garbled:
            continue
        assert framing == "close" and at >= length - 1 and reply.fields == whole.fields  # the last line break alone


def page_of(social: Bureau, path: str) -> bytes:
    """The bytes of the page as the twin writes it."""
    (cookie,) = social.twin._visits
    form = f"sfzh={HAN['id_number']}&xm=%BA%AB%C9%BD%B8%A3".encode()
    return bytes(social.twin.answer(Request("POST", path, "", {"cookie": f"JSESSIONID={cookie}"}, form)).body)


def test_fault_F10_row_B97_rows_twice(social: Bureau, adapter: Adapter) -> None:
    rows = ask(adapter, LIST, **HAN).fields["contributions"]
    social.tell("/twin/toxics", duplicate=True)
    assert ask(adapter, LIST, **HAN).fields["contributions"] == rows
    social.tell("/twin/toxics", duplicate="contradict")
    fails(adapter, Garbled, "UPSTREAM_CONFLICT")


def test_fault_F5_three_hundred_mutated_pages_deliver_no_wrong_value(social: Bureau, adapter: Adapter) -> None:
    """Structure, letters and whole documents are spoiled; what still comes through is what was meant."""
    true = {operation: ask(adapter, operation, **HAN).fields for operation in (LIST, PAIRS)}
    answer, luck = social.twin.answer, random.Random(5)
    refused = 0
    for number in range(300):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        operation, path = ((LIST, "/contributions/list.do"), (PAIRS, "/pension/view.do"))[number // 2 % 2]

        def spoiled(request: Request, path: str = path, mutation: Mutation = mutation) -> Answer:
            page: Answer = answer(request)
            return Answer(mutation(page.body, luck), 200, page.media_type) if request.path == path else page

        social.twin.answer = spoiled
        try:
            delivered = ask(adapter, operation, **HAN).fields
            wrong = {name for name, value in delivered.items() if value not in (true[operation][name], None)}
            assert not wrong, f"mutation {number}"  # what may be blank may be blanked
        except (Garbled, Unavailable):
            refused += 1
        social.twin.answer = answer
    assert refused > 200


Mutation = Callable[[bytes, random.Random], bytes]


def _text(change: Callable[[str, random.Random], str]) -> Mutation:
    return lambda body, luck: change(body.decode("gb18030"), luck).encode("gb18030")


def _without_a(pattern: str) -> Mutation:
    def change(text: str, luck: random.Random) -> str:
        found = luck.choice(list(re.finditer(pattern, text)))
        return text[: found.start()] + text[found.end() :]

    return _text(change)


def _value(new: str) -> Mutation:
    """One cell of the answer holds something else. Not a name: one name in place of another nobody can tell."""

    def change(text: str, luck: random.Random) -> str:
        found = luck.choice(list(re.finditer(r"(?<=<td>)(?!韩山福)[^<]+(?=</td>)", text)))
        return text[: found.start()] + new + text[found.end() :]

    return _text(change)


MUTATIONS: list[Mutation] = [
    lambda body, luck: body[: luck.randrange(len(body) - 1)],
    lambda body, luck: luck.randbytes(luck.randrange(1, 3000)),
    lambda body, luck: body[: (at := luck.randrange(len(body)))] + luck.randbytes(3) + b"\xff" + body[at:],
    lambda body, _: body.decode("gb18030").encode("utf-8"),
    lambda body, _: body.decode("gb18030").encode("utf-16"),
    lambda body, _: body.decode("gb18030").encode("utf-8").decode("latin-1").encode("utf-8"),
    lambda body, _: b"",
    lambda body, _: b'{"code": "0", "data": []}',
    lambda body, _: b'<?xml version="1.0" encoding="GBK"?><root><a>1</a></root>',
    lambda body, _: b"PK\x03\x04" + body,
    lambda body, _: body.replace(b"<td>", b"<td>\x00", 1),
    lambda body, _: body + body,
    _without_a(r"<tr>.*?</tr>"),
    _without_a(r"<td>.*?</td>"),
    _without_a(r"<th>.*?</th>"),
    _without_a(r"</?table[^>]*>"),
    _without_a(r"</?t[dhr]>"),
    _without_a(r"<body>|</body>|</html>|<html>"),
    _text(lambda text, luck: text.replace(luck.choice(["公民身份号码", "缴费基数", "待遇状态", "险种"]), "新名称")),
    _text(lambda text, _: text.replace("<table", "<!-- <table", 1)),
    _value(""),
    _value("#REF!"),
    _value("null"),
    _value("1,234.5"),
    _value("一二三"),
    _value("锟斤拷"),
    _value("-"),
]
