"""What a signed REST department does on a bad day, and what it must never make us deliver (reliability F1-F10)."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.protocols.json_answer import DEPTH, read_json
from adapters.twins.twin import Answer, Request
from hub.port import Adapter, Garbled, OutcomeUnknown, PortError, Unavailable
from tests.protocols.bureau import HAN, Bureau, ask
from tests.protocols.conftest import Worker

FUND, VEHICLES = "housing_fund", "vehicle_administration"
READS = {FUND: ("query_account", "query_records"), VEHICLES: ("query_vehicles", "query_licence")}


@pytest.fixture(params=[FUND, VEHICLES])
def system(request: pytest.FixtureRequest, start: Callable[[str], Bureau]) -> Iterator[Bureau]:
    yield start(request.param)


@pytest.fixture
def adapter(system: Bureau, worker: Worker) -> Adapter:
    """With its token already, so that a fault strikes the question itself."""
    adapter = system.open(worker(system.system))
    ask(adapter, READS[system.system][0], **HAN)
    return adapter


def fails(
    system: Bureau, adapter: Adapter, kind: type[PortError], code: str, number: int = 0, seconds: float = 3.0
) -> None:
    started = time.monotonic()
    with pytest.raises(kind) as caught:
        ask(adapter, READS[system.system][number], seconds, **HAN)
    assert time.monotonic() - started < seconds + 8
    assert caught.value.code == code
    assert HAN["id_number"] not in str(caught.value)


@pytest.mark.parametrize("toxic", [{"hang": True}, {"latency_ms": 60_000}])
def test_fault_F1_a_department_that_never_answers(system: Bureau, adapter: Adapter, toxic: dict[str, Any]) -> None:
    system.tell("/twin/toxics", **toxic)
    fails(system, adapter, OutcomeUnknown, "DEPARTMENT_TIMEOUT", seconds=0.6)


@pytest.mark.parametrize("drip", [{"head_ms": 300, "body_ms": 0}, {"head_ms": 0, "body_ms": 100}])
def test_fault_F4_row_B98_a_drip_ends_at_the_deadline(system: Bureau, adapter: Adapter, drip: dict[str, int]) -> None:
    system.tell("/twin/toxics", drip=drip)
    fails(system, adapter, OutcomeUnknown, "DEPARTMENT_TIMEOUT", seconds=0.6)


def test_fault_F8_down_or_failing_is_certainly_not_done(system: Bureau, adapter: Adapter) -> None:
    system.tell("/twin/toxics", status=503)
    fails(system, adapter, Unavailable, "DEPARTMENT_UNAVAILABLE")
    system.tell("/twin/toxics", down=True)
    fails(system, adapter, Unavailable, "DEPARTMENT_UNAVAILABLE")


@pytest.mark.parametrize("kind", ["bytes", "html", "empty", "json"])
def test_fault_F5_garbage(system: Bureau, adapter: Adapter, kind: str) -> None:
    system.tell("/twin/toxics", garbage=kind)
    with pytest.raises(Garbled):
        ask(adapter, READS[system.system][0], **HAN)


def test_quirk_Q4_maintenance_page_under_200(system: Bureau, adapter: Adapter) -> None:
    page = "<html><body><h2>系统维护公告</h2></body></html>".encode("gbk" if system.system == FUND else "utf-8")
    system.twin.answer = lambda request: Answer(page)
    with pytest.raises(Unavailable) as caught:
        ask(adapter, READS[system.system][0], **HAN)
    assert isinstance(caught.value.notice, dict) and "维护" in caught.value.notice["zh"]


def test_fault_F6_row_B91_another_charset(system: Bureau, adapter: Adapter) -> None:
    system.tell("/twin/toxics", charset="utf-8" if system.system == FUND else "gb18030")
    with pytest.raises(Garbled) as caught:
        ask(adapter, READS[system.system][0], **HAN)
    assert caught.value.code == "UPSTREAM_CHARSET"


@pytest.mark.parametrize("framing", ["length", "close", "chunked"])
def test_fault_F7_row_B92_cut_anywhere_is_never_complete(system: Bureau, adapter: Adapter, framing: str) -> None:
    answer, sizes = system.twin.answer, []

    def measured(request: Request) -> Answer:
        given: Answer = answer(request)
        sizes.append(len(given.body))
        return given

    system.twin.answer = measured
    ask(adapter, READS[system.system][0], **HAN)
    for at in range(0, sizes[-1], 1 if framing == "close" else 19):
        system.tell("/twin/toxics", truncate_at={"at": at, "framing": framing})
        with pytest.raises(Garbled):
            ask(adapter, READS[system.system][0], **HAN)


def test_fault_F10_row_B97_rows_twice(system: Bureau, adapter: Adapter) -> None:
    operation = "query_records" if system.system == FUND else "query_vehicles"
    true = ask(adapter, operation, **HAN).fields
    system.tell("/twin/toxics", duplicate=True)
    assert ask(adapter, operation, **HAN).fields == true
    system.tell("/twin/toxics", duplicate="contradict")
    fails(system, adapter, Garbled, "UPSTREAM_CONFLICT", READS[system.system].index(operation))


def test_fault_F5_mutated_answers_deliver_no_wrong_value(system: Bureau, adapter: Adapter) -> None:
    operations = READS[system.system]
    true = {operation: ask(adapter, operation, **HAN).fields for operation in operations}
    answer, luck, refused = system.twin.answer, random.Random(7), 0
    for number in range(220):
        mutation, operation = MUTATIONS[number % len(MUTATIONS)], operations[number // len(MUTATIONS) % 2]

        def spoiled(request: Request, mutation: Mutation = mutation) -> Answer:
            given: Answer = answer(request)
            if request.path == "/oauth/token":
                return given
            return Answer(mutation(given.body, luck), 200, given.media_type, given.headers)

        system.twin.answer = spoiled
        try:
            delivered = ask(adapter, operation, **HAN).fields
            wrong = {name for name, value in delivered.items() if value not in (true[operation][name], None)}
            assert not wrong, f"mutation {number}"
        except (Garbled, Unavailable):
            refused += 1
        system.twin.answer = answer
    assert refused > (215 if system.system == VEHICLES else 160)  # a signed answer lets nothing through


Mutation = Callable[[bytes, random.Random], bytes]


def _without_a(pattern: bytes) -> Mutation:
    def change(body: bytes, luck: random.Random) -> bytes:
        found = list(re.finditer(pattern, body))
        one = luck.choice(found) if found else None
        return body[: one.start()] + body[one.end() :] if one else b""

    return change


def _value(new: bytes) -> Mutation:
    """One value that is no name holds something else."""

    def change(body: bytes, luck: random.Random) -> bytes:
        one = luck.choice(list(re.finditer(rb'(?<=: )("[!-~]*"|[0-9]+)|(?<=":)("[!-~]*?"|[0-9]+)', body)))
        return body[: one.start()] + new + body[one.end() :]

    return change


MUTATIONS: list[Mutation] = [
    lambda body, luck: body[: luck.randrange(len(body))],
    lambda body, luck: luck.randbytes(luck.randrange(1, 3000)),
    lambda body, luck: body[: (at := luck.randrange(len(body)))] + b"\xff\x00" + body[at:],
    lambda body, _: body.decode("latin-1").encode("utf-16"),
    lambda body, _: b"",
    lambda body, _: b"[" + body + b"]",
    lambda body, _: b"null",
    lambda body, _: body + body,
    lambda body, _: b"[" * 100_000,
    lambda body, _: b'<?xml version="1.0"?><root/>',
    _without_a(rb'[{,]\s*"[a-zA-Z]+":\s*("[^"]*"|[0-9]+)'),
    _without_a(rb"[{}\[\]]"),
    _without_a(rb'"'),
    _value(b"null"),
    _value(b"NaN"),
    _value(b"-Infinity"),
    _value(b"1e400"),
    _value(b'"#REF!"'),
    _value(b'"\\ud800"'),
    _value(b'"\\u0000"'),
    _value(b"{}"),
    _value(b"[]"),
]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "null", "[]", '"a"', "1", '{"a": 1, "a": 1}', '{"a": {"b": 1, "b": 2}}', '{"a": NaN}',
        '{"a": Infinity}', '{"a": 01}', '{"a": 1,}', "{'a': 1}", '{"a": "\\ud800"}', '{"a": "\x01"}', "{} {}",
        '{"a": ' + "[" * (DEPTH + 1) + "]" * (DEPTH + 1) + "}", '{"a": ' * 200_000,
        '{"a": "\\u951f\\u65a4\\u62f7"}', '{"a": "\\u00c3\\u00a5"}',
    ],
)  # fmt: skip
def test_json_is_read_strictly(text: str) -> None:
    with pytest.raises(Garbled):
        read_json(text)


def test_json_numbers_stay_the_text_they_were() -> None:
    text = '\ufeff{"a": 1.10, "b": 12345678901234567890123, "c": true, "d": null, "e": [{"f": -0}], "g": "\\u97e9"}'
    assert read_json(text) == {
        "a": "1.10", "b": "12345678901234567890123", "c": "true", "d": None, "e": [{"f": "-0"}], "g": "韩"
    }  # fmt: skip
    assert json.loads(text.removeprefix("\ufeff"))["g"] == "韩"
