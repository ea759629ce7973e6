"""What a fixed-width core does on a bad day, and what it must never make us deliver (reliability F1-F10, X9)."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.protocols.fixed_width_layout import Layout
from adapters.twins import residents
from hub.port import Adapter, Garbled, OutcomeUnknown, PortError, Unavailable
from tests.protocols.bureau import HAN, LIN, Bureau, ask
from tests.protocols.cores import core, opened, pooled
from tests.protocols.rogue import Rogue

PLATE = {"plate_no": "赣G12345"}
FILED = {**HAN, "item": "rent", "amount_fen": 120_000}
ASKED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "fund_core": ("query_account", HAN),
    "traffic": ("query_violations", PLATE),
}


@pytest.fixture(params=["fund_core", "traffic"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bureau]:
    with core(request.param, tmp_path) as running:
        running.tell("/twin/quirks", alone=False)
        yield running


@pytest.fixture
def fund(tmp_path: Path) -> Iterator[Bureau]:
    with core("fund_core", tmp_path) as running:
        running.tell("/twin/quirks", alone=False)
        yield running


@pytest.fixture(params=[None, pooled], ids=["short", "kept"])
def adapter(request: pytest.FixtureRequest, system: Bureau) -> Adapter:
    """Used once already, so that a fault strikes a kept line too."""
    adapter = opened(system, request.param)
    asked(system, adapter)
    return adapter


def asked(system: Bureau, adapter: Adapter, seconds: float = 10.0) -> Mapping[str, Any]:
    operation, fields = ASKED[system.system]
    return ask(adapter, operation, seconds, **fields).fields


def fails(system: Bureau, adapter: Adapter, kind: type[PortError], code: str, seconds: float = 3.0) -> None:
    started = time.monotonic()
    with pytest.raises(kind) as caught:
        asked(system, adapter, seconds)
    assert time.monotonic() - started < seconds + 8
    assert type(caught.value) is kind and caught.value.code == code
    assert HAN["id_number"] not in str(caught.value)


@pytest.mark.parametrize("toxic", [{"hang": True}, {"latency_ms": 60_000}])
def test_fault_F1_a_core_that_never_answers(system: Bureau, adapter: Adapter, toxic: dict[str, Any]) -> None:
    system.tell("/twin/toxics", **toxic)
    fails(system, adapter, OutcomeUnknown, "DEPARTMENT_TIMEOUT", seconds=0.6)
    system.tell("/twin/toxics", "DELETE")
    assert asked(system, adapter)


@pytest.mark.parametrize("drip", [{"head_ms": 300, "body_ms": 0}, {"head_ms": 0, "body_ms": 400}])
def test_fault_F4_row_B98_a_drip_ends_at_the_deadline(system: Bureau, adapter: Adapter, drip: dict[str, int]) -> None:
    system.tell("/twin/toxics", drip=drip)
    fails(system, adapter, OutcomeUnknown, "DEPARTMENT_TIMEOUT", seconds=0.6)


def test_fault_F8_down_is_certainly_not_done_and_hanging_up_is_not_known(system: Bureau, adapter: Adapter) -> None:
    system.tell("/twin/toxics", status=503)  # a core has no status: it hangs up
    fails(system, adapter, OutcomeUnknown, "DEPARTMENT_TIMEOUT")
    system.tell("/twin/toxics", down=True)
    fails(system, adapter, Unavailable, "DEPARTMENT_UNAVAILABLE")


@pytest.mark.parametrize("kind", ["bytes", "html", "empty", "json"])
def test_fault_F5_garbage(system: Bureau, adapter: Adapter, kind: str) -> None:
    system.tell("/twin/toxics", garbage=kind)
    with pytest.raises(Garbled):
        asked(system, adapter)


def test_fault_F6_row_B91_another_charset(system: Bureau, adapter: Adapter) -> None:
    system.tell("/twin/toxics", charset="utf-8")
    with pytest.raises(Garbled) as caught:
        asked(system, adapter)
    assert caught.value.code == "UPSTREAM_CHARSET" or "MAC" in caught.value.note  # where it is sealed, that tells first


@pytest.mark.parametrize(("width", "name"), [(60, "韩山福"), (9, "韩山福"), (8, "韩山福"), (20, "司马相如的故乡")])
def test_fault_F6_row_B91_a_field_in_another_charset(width: int, name: str) -> None:
    """A core moved to UTF-8 keeps its widths, and cuts where it always did: then only the letters can tell."""
    raw = name.encode()[:width].ljust(width)
    for cut in (False, True):
        field = {"name": "name", "bytes": width, "align": "left", "pad": " ", "cut": cut}
        with pytest.raises(Garbled):
            Layout([field], "gb18030").read(raw)


def test_fault_F6_every_name_cut_anywhere_in_another_charset() -> None:
    """Of all residents and at every width that cuts: nothing wrong is ever read, flagged or not."""
    for person in residents.county().residents.values():
        raw = person.name.encode()
        for width in range(len(person.name[0].encode()), len(raw) + 1):  # less is no whole letter
            field = {"name": "name", "bytes": width, "align": "left", "pad": " ", "cut": True}
            try:
                tree, _ = Layout([field], "gb18030").read(raw[:width])
            except Garbled as error:
                assert error.code == "UPSTREAM_CHARSET"
            else:
                pytest.fail(f"{person.number} at {width}: {tree}")


@pytest.mark.parametrize("framing", ["length", "close"])
def test_fault_F7_row_B92_cut_at_every_byte_is_never_complete(system: Bureau, framing: str) -> None:
    adapter, sizes, told = opened(system, pooled), list[int](), system.twin.told

    def measured(message: bytes) -> bytes:
        answer: bytes = told(message)
        sizes.append(len(answer))
        return answer

    system.twin.told = measured
    asked(system, adapter)
    for at in range(sizes[-1]):
        system.tell("/twin/toxics", truncate_at={"at": at, "framing": framing})
        with pytest.raises(Garbled) as caught:
            asked(system, adapter)
        assert caught.value.code == "UPSTREAM_TRUNCATED" or "MAC" in caught.value.note


def test_fault_F10_row_B97_rows_twice(tmp_path: Path) -> None:
    with core("traffic", tmp_path) as traffic:
        adapter = opened(traffic)
        true = ask(adapter, "query_violations", **PLATE).fields
        traffic.tell("/twin/toxics", duplicate=True)
        assert ask(adapter, "query_violations", **PLATE).fields == true
        traffic.tell("/twin/toxics", duplicate="contradict")
        fails(traffic, adapter, Garbled, "UPSTREAM_CONFLICT")


def test_fault_F12_a_write_is_in_doubt_from_its_first_byte(fund: Bureau) -> None:
    """Whatever goes wrong behind it, and it is never sent a second time by itself."""
    adapter, told = opened(fund, pooled), fund.twin.told
    toxics: list[dict[str, Any]] = [
        {"hang": True}, {"drip": 200}, {"accept_then_drop": True}, {"garbage": "bytes"}, {"garbage": "html"},
        {"garbage": "empty"}, {"truncate_at": 30}, {"truncate_at": {"at": 30, "framing": "close"}},
        {"charset": "utf-16"}, {"status": 500},
    ]  # fmt: skip
    for number, toxic in enumerate(toxics):
        fund.tell("/twin/toxics", **toxic)
        with pytest.raises(OutcomeUnknown):
            ask(adapter, "submit_application", 0.5, key=f"k{number}", **FILED)
        fund.tell("/twin/toxics", "DELETE")
    fund.twin.told = lambda message: told(message)[:6] + b"9" * 20 + told(message)[26:]  # another's serial number
    with pytest.raises(OutcomeUnknown):
        ask(adapter, "submit_application", key="k", **FILED)
    filed = Counter(record["external_no"] for record in fund.tell("/twin/records", "GET")["records"])
    assert filed.pop("k") == 2  # told() is called twice by the line above
    assert set(filed.values()) == {1}


def test_fault_F12_a_write_that_never_left_is_certainly_not_done(fund: Bureau) -> None:
    adapter = opened(fund, pooled)
    ask(adapter, "query_account", **HAN)
    fund.tell("/twin/toxics", down=True)
    with pytest.raises(Unavailable):
        ask(adapter, "submit_application", key="k", **FILED)
    with pytest.raises(Unavailable):
        ask(adapter, "submit_application", -1, key="k", **FILED)


def test_fault_F11_what_was_lost_is_seen_by_asking(fund: Bureau) -> None:
    adapter = opened(fund)
    fund.tell("/twin/toxics", accept_then_lose=True)
    assert ask(adapter, "submit_application", key="k1", **FILED).receipt
    fund.tell("/twin/toxics", late_visible_ms=3000)
    ask(adapter, "submit_application", key="k2", **FILED)
    for number in ("k1", "k2"):
        with pytest.raises(PortError) as caught:
            ask(adapter, "query_status", external_no=number)
        assert caught.value.code == "DEPARTMENT_REJECTED"
    time.sleep(3.1)
    assert ask(adapter, "query_status", external_no="k2").receipt


def test_fault_F5_mutated_answers_deliver_no_wrong_value(fund: Bureau) -> None:
    """The MAC lets nothing through; two hundred and more answers changed at random."""
    adapter, told, luck = opened(fund, pooled), fund.twin.told, random.Random(7)
    for number in range(220):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        fund.twin.told = lambda message, mutation=mutation: mutation(told(message), luck)
        with pytest.raises(Garbled):
            ask(adapter, "query_account", **HAN)


Mutation = Callable[[bytes, random.Random], bytes]
MUTATIONS: list[Mutation] = [
    lambda body, luck: body[: luck.randrange(len(body))],
    lambda body, luck: luck.randbytes(luck.randrange(3000)),
    lambda body, luck: body[: (at := luck.randrange(len(body)))] + b"\xff" + body[at:],
    lambda body, luck: body[: (at := luck.randrange(len(body)))] + bytes([body[at] ^ 1]) + body[at + 1 :],
    lambda body, _: body + body,
    lambda body, _: body + b" ",
    lambda body, _: body.upper().swapcase(),
    lambda body, _: b" " * len(body),
    lambda body, _: b"0" * len(body),
    lambda body, _: b"\x00" * len(body),
]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"999999", "UPSTREAM_TRUNCATED"),
        (b"00", "UPSTREAM_TRUNCATED"),
        (b"000000", "UPSTREAM_MALFORMED"),
        (b"-00001x", "UPSTREAM_MALFORMED"),
        (b" 00010xxxx", "UPSTREAM_MALFORMED"),
        ("００００１２".encode(), "UPSTREAM_MALFORMED"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "UPSTREAM_MALFORMED"),
    ],
)
def test_fault_F5_what_is_no_frame(fund: Bureau, answer: bytes, code: str) -> None:
    with Rogue(lambda guest, _: (guest.recv(4096), guest.sendall(answer))[1]) as rogue:
        fund.server.address = f"tcp://127.0.0.1:{rogue.port}"
        fails(fund, opened(fund), Garbled, code)


@pytest.mark.parametrize("length", [b"\x7f\xff\xff\xff", b"\x00\x10\x00\x01"])
def test_threat_T13_row_B94_a_large_answer_is_refused_before_it_is_read(fund: Bureau, length: bytes) -> None:
    def binary(facts: dict[str, Any]) -> None:
        facts["fixed_width"]["framing"] = {"length_bytes": 4, "length_as": "binary"}

    taken = threading.Event()

    def script(guest: Any, _: int) -> None:
        guest.recv(4096)
        guest.sendall(length)
        taken.set()
        while True:
            guest.sendall(b"x" * 65_536)

    with Rogue(script) as rogue:
        fund.server.address = f"tcp://127.0.0.1:{rogue.port}"
        fails(fund, opened(fund, binary), Garbled, "UPSTREAM_TOO_LARGE")


def test_feat_X9_a_thousand_interleavings_no_mix(fund: Bureau) -> None:
    counted = interleaved(opened(fund, pooled), 1000)
    assert counted == {"own record": 1000}


def test_feat_X9_late_and_wrong_answers_reach_nobody(fund: Bureau) -> None:
    """Some answers come after their caller left, some are of the question before: kept lines must not carry them."""
    adapter, told, luck = opened(fund, pooled), fund.twin.told, random.Random(3)
    last: list[bytes] = []

    def unruly(message: bytes) -> bytes:
        answer: bytes = told(message)
        last.append(answer)
        if luck.random() < 0.1:
            time.sleep(0.15)
        return last[-2] if len(last) > 1 and luck.random() < 0.2 else answer

    fund.twin.told = unruly
    counted = interleaved(adapter, 1000, seconds=0.1)
    assert counted[MIXED] == 0 and counted["own record"] > 50
    assert counted["UPSTREAM_MALFORMED"] > 20 and counted["DEPARTMENT_TIMEOUT"] > 20


MIXED = "somebody else's record"


def interleaved(adapter: Adapter, calls: int, seconds: float = 20) -> Counter[str]:
    """Eight callers for two citizens at once; what came of it, counted."""
    counted: Counter[str] = Counter()
    gate, guard = threading.Barrier(8), threading.Lock()

    def citizen(who: Mapping[str, str]) -> None:
        gate.wait()
        for _ in range(calls // 8):
            try:
                fields = ask(adapter, "query_account", seconds, **who).fields
                outcome = "own record" if all(fields[name] == who[name] for name in who) else MIXED
            except PortError as error:
                outcome = error.code
            with guard:
                counted[outcome] += 1

    threads = [threading.Thread(target=citizen, args=(who,)) for who in (HAN, LIN) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counted
