"""What each style of SOAP does on a bad day: it ends at the deadline, or in one of the five errors, or in the truth."""

from __future__ import annotations

import base64
import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from adapters.twins import toxics
from adapters.twins.soap_styles import PHOTO
from adapters.twins.twin import Answer
from hub.port import Garbled, OutcomeUnknown, PortError
from tests.protocols.archives import ID, STYLES, Office

FEW = ("encoded", "mtom", "dataset", "cdata", "latin")


@pytest.fixture(params=FEW)
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    running = Office(request.param)
    yield running
    running.close()


@pytest.mark.parametrize("toxic", [{"hang": True}, {"latency_ms": 60_000}])
def test_fault_F1_an_office_that_never_answers(office: Office, toxic: dict[str, Any]) -> None:
    office.tell("toxics", **toxic)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown) as caught:
        office.ask(seconds=0.5)
    assert caught.value.code == "DEPARTMENT_TIMEOUT" and time.monotonic() - started < 8


@pytest.mark.parametrize("drip", [{"head_ms": 300}, {"body_ms": 100}])
def test_fault_F4_a_drip_ends_at_the_deadline(office: Office, drip: dict[str, int]) -> None:
    office.tell("toxics", drip=drip)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        office.ask(seconds=0.6)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("kind", toxics.GARBAGE)
def test_fault_F5_garbage_is_never_an_answer(office: Office, kind: str) -> None:
    office.tell("toxics", garbage=kind)
    for _ in range(10):
        with pytest.raises(Garbled):
            office.ask()


def test_fault_F5_200_mutated_answers_give_no_wrong_value(office: Office) -> None:
    true = dict(office.ask().fields)
    plain, luck, refused, wrong = office.twin.answer, random.Random(7), 0, []
    for number in range(200):
        mutate = MUTATIONS[number % len(MUTATIONS)]

        def spoiled(request: Any, mutate: Mutation = mutate) -> Answer:
            given = plain(request)
            at = given.body.find(PHOTO)  # nothing in MIME tells one picture from another
            body = mutate(given.body, luck) if at < 0 else mutate(given.body[:at], luck) + given.body[at:]
            return Answer(body, given.status, given.media_type, given.headers)

        office.twin.answer = spoiled  # type: ignore[method-assign]
        try:
            got = dict(office.ask().fields)
        except PortError:
            refused += 1
            continue
        rows, known = got.pop("files"), true["files"]
        if any(value not in (None, true[name]) for name, value in got.items()) or not all(
            any(all(value in (None, row[name]) for name, value in one.items()) for row in known) for one in rows
        ):
            wrong.append((number, got, rows))
    assert not wrong and refused > 100


def test_fault_F6_another_charset_under_the_same_label(office: Office) -> None:
    office.tell("toxics", charset="gb18030")
    if office.twin.quirk("style") in ("latin", "mtom"):  # all ASCII, or with a picture: the same bytes in either
        assert office.ask().fields["id_number"] == ID
    else:
        with pytest.raises(Garbled) as caught:
            office.ask()
        assert caught.value.code == "UPSTREAM_CHARSET"


@pytest.mark.parametrize("style", STYLES)
def test_fault_F7_cut_at_every_byte(style: str) -> None:
    office = Office(style)
    try:
        kept: list[Answer] = []
        plain = office.twin.answer
        office.twin.answer = lambda request: kept.append(plain(request)) or kept[-1]  # type: ignore[func-returns-value, method-assign]
        true = office.ask().fields
        body = kept[-1].body.rstrip()
        for length in _lengths(body):
            office.twin.set_toxics(toxics.read({"truncate_at": {"at": length, "framing": "close"}}))
            try:
                got = office.ask().fields
            except Garbled:
                continue
            assert length == len(body) and got == true, f"{length} of {len(body)} bytes were taken for the whole"
    finally:
        office.close()


def _lengths(body: bytes) -> Iterator[int]:
    """Every byte; of the inside of the picture, which is all alike, every 17th."""
    coded = base64.b64encode(PHOTO)
    picture = coded if coded in body else PHOTO
    at = body.find(picture)
    inside = range(at + 20, at + len(picture) - 20) if at >= 0 else range(0)
    return (length for length in range(len(body) + 1) if length not in inside or length % 17 == 0)


def test_fault_F10_doubled_rows_count_once_contradicting_ones_stop_it(office: Office) -> None:
    alone = office.ask().fields["files"]
    office.tell("toxics", duplicate=True)
    assert alone and office.ask().fields["files"] == alone
    office.tell("toxics", duplicate="contradict")
    with pytest.raises(Garbled) as caught:
        office.ask()
    assert caught.value.code == "UPSTREAM_CONFLICT"


def test_fault_F14_an_element_that_is_new_and_one_that_is_gone(office: Office) -> None:
    name = {"mtom": "c:name", "latin": "c:name", "cdata": "XM"}.get(office.twin.quirk("style"), "xm").encode()
    plain = office.twin.answer

    def changed(pattern: bytes, by: bytes) -> None:
        def answer(request: Any) -> Answer:
            given = plain(request)
            body = re.sub(pattern, by, given.body, count=1)
            assert body != given.body
            return Answer(body, given.status, given.media_type, given.headers)

        office.twin.answer = answer  # type: ignore[method-assign]

    changed(b"(<%s[ >])" % name, rb"<added>new</added>\1")
    with structlog.testing.capture_logs() as lines:
        assert office.ask().fields["id_number"] == ID
    told = [line["note"] for line in lines if line["event"] == "unmapped" and line["kind"] == "element"]
    assert len(told) == 1 and told[0].endswith("added")
    changed(rb"<%s( [^>]*)?(/>|>.*?</%s>)" % (name, name), b"")
    with pytest.raises(Garbled) as caught:
        office.ask()
    assert caught.value.code == "UPSTREAM_MALFORMED"


Mutation = Callable[[bytes, random.Random], bytes]


def _without_a(pattern: bytes, by: bytes = b"") -> Mutation:
    def change(body: bytes, luck: random.Random) -> bytes:
        found = list(re.finditer(pattern, body, re.DOTALL))
        one = luck.choice(found) if found else None
        return body[: one.start()] + by + body[one.end() :] if one else b""

    return change


MUTATIONS: list[Mutation] = [
    lambda body, luck: body[: luck.randrange(len(body) - 80)],
    lambda body, luck: luck.randbytes(luck.randrange(1, 3000)),
    lambda body, luck: body[: (at := luck.randrange(len(body) // 3))] + b"\xff\x00" + body[at:],
    lambda body, _: body.decode("latin-1").encode("utf-16"),
    lambda body, _: body.decode("latin-1").encode("cp037"),
    lambda body, _: b"",
    lambda body, _: body + body,
    lambda body, _: b"<a>" * 100_000,
    lambda body, _: b'{"code": "0"}',
    lambda body, _: body.replace(b":Body", b":Bdy"),
    lambda body, _: body.replace(b"Envelope", b"Umschlag"),
    lambda body, _: body.replace(b"/envelope/", b"/other/"),
    lambda body, _: body.replace(ID.encode(), b"362623190008226786"),
    lambda body, _: body.replace(b"<soap:Body>", b"<soap:Body><soap:Fault><faultcode>x</faultcode></soap:Fault>"),
    _without_a(rb"<[A-Za-z0-9:]+(?: [^<>]*)?>[^<>]*</[A-Za-z0-9:]+>"),
    _without_a(rb"</?[A-Za-z0-9:]+[ >]"),
    _without_a(rb">"),
    _without_a(rb'"'),
    _without_a(rb"<", b"&"),
    _without_a(rb"</", b"&x;</"),
    _without_a(rb"(?<=>)(?=<)", b"<![CDATA[<x/>]]>"),
    _without_a(rb"(?<=>)[0-9-]+(?=<)", b"#REF!"),
]
