"""What a service behind X-Road does on a bad day, and what it must never make us deliver (reliability F1-F10)."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.twins import toxics
from adapters.twins.twin import Answer
from hub.port import Garbled, OutcomeUnknown, PortError, Unavailable
from tests.protocols.residents_by_xroad import ID, Road
from tests.protocols.test_signed_rest_faults import MUTATIONS


@pytest.fixture
def road() -> Iterator[Road]:
    running = Road()
    yield running
    running.close()


@pytest.mark.parametrize("toxic", [{"hang": True}, {"latency_ms": 60_000}, {"drip": {"head_ms": 300}}, {"drip": 100}])
def test_fault_F1_fault_F4_silence_and_drip_end_at_the_deadline(road: Road, toxic: dict[str, Any]) -> None:
    road.tell("toxics", **toxic)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown) as caught:
        road.ask(seconds=0.6)
    assert caught.value.code == "DEPARTMENT_TIMEOUT" and time.monotonic() - started < 8


@pytest.mark.parametrize("kind", toxics.GARBAGE)
def test_fault_F5_garbage(road: Road, kind: str) -> None:
    road.tell("toxics", garbage=kind)
    for _ in range(10):
        with pytest.raises(Garbled):
            road.ask()


def test_fault_F5_200_mutated_answers_give_no_wrong_value(road: Road) -> None:
    true = dict(road.ask().fields)
    luck, refused, wrong = random.Random(7), 0, []
    for number in range(200):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        road.twin.spoiled = lambda given, mutate=mutate: Answer(  # type: ignore[method-assign, misc]
            mutate(given.body, luck), given.status, given.media_type, given.headers
        )
        try:
            got = dict(road.ask().fields)
        except PortError:
            refused += 1
            continue
        if got != true:
            wrong.append(got)
    assert not wrong and refused > 150


def test_fault_F6_another_charset(road: Road) -> None:
    road.tell("toxics", charset="gb18030")
    with pytest.raises(Garbled) as caught:
        road.ask()
    assert caught.value.code == "UPSTREAM_CHARSET"


@pytest.mark.parametrize("framing", toxics.FRAMINGS)
@pytest.mark.parametrize("operation", ["query_person", "find_moves"])
def test_fault_F7_cut_at_every_byte(road: Road, framing: str, operation: str) -> None:
    road.ask("file_move", key="K", id_number=ID, address="豫宁街道")
    asked = {"id_number": ID} if operation == "query_person" else {"external_number": "K"}
    sizes: list[int] = []
    plain = road.twin.spoiled
    road.twin.spoiled = lambda given: sizes.append(len(given.body)) or plain(given)  # type: ignore[func-returns-value, method-assign]
    assert road.ask(operation, **asked).fields
    for length in range(0, sizes[-1], 1 if framing == "close" else 23):
        road.twin.set_toxics(toxics.read({"truncate_at": {"at": length, "framing": framing}}))
        with pytest.raises(Garbled):
            road.ask(operation, **asked)


def test_fault_F8_down_and_500(road: Road) -> None:
    for toxic in ({"down": True}, {"status": 503}):
        road.tell("toxics", **toxic)
        with pytest.raises((Unavailable, Garbled)) as caught:  # an answer without our number is nobody's
            road.ask()
        assert toxic != {"down": True} or type(caught.value) is Unavailable


def test_fault_F10_doubled_and_contradicting_rows(road: Road) -> None:
    alone = road.ask().fields["permits"]
    road.tell("toxics", duplicate=True)
    assert alone and road.ask().fields["permits"] == alone
    road.tell("toxics", duplicate="contradict")
    with pytest.raises(Garbled) as caught:
        road.ask()
    assert caught.value.code == "UPSTREAM_CONFLICT"


def test_fault_F11_answered_and_lost_is_seen_by_asking(road: Road) -> None:
    road.tell("toxics", accept_then_lose=True)
    road.ask("file_move", key="XT-8", id_number=ID, address="豫宁街道")
    road.tell("toxics")
    assert road.ask("find_moves", external_number="XT-8").fields["moves"] == []


def test_fault_F12_filed_without_an_answer_is_found_by_our_number(road: Road) -> None:
    road.tell("toxics", accept_then_drop=True)
    with pytest.raises(OutcomeUnknown):
        road.ask("file_move", key="XT-9", id_number=ID, address="豫宁街道")
    road.tell("toxics")
    assert road.ask("find_moves", external_number="XT-9").fields["moves"] == [{"external_number": "XT-9"}]
    assert len(road.twin.records.all()) == 1
