"""ISO 8583 against the twin of a card host: its dialect (Q30), its reversals (Q31), and its bad days."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from adapters.protocols import iso8583 as protocol
from adapters.protocols.iso8583_dialect import Dialect
from adapters.twins.iso8583_site import Iso8583Site
from adapters.twins.residents import county
from adapters.twins.wire import Server
from hub.errors import Problem
from hub.port import Adapter, Garbled, OutcomeUnknown, PortError, Rejected, Setting, Unavailable
from hub.settings.reader import read_yaml
from tests.protocols.bureau import HAN, LIN, Bureau, ask
from tests.protocols.recorded import lonely

FOLDER = Path(__file__).with_name("clearing")
OTHERS = ["dialect_hex.yaml", "dialect_bcd.yaml", "dialect_lengths.yaml", "dialect_ebcdic.yaml", "dialect_utf8.yaml"]
PERSON = {"id_number": HAN["id_number"]}
PAID = {**PERSON, "amount_fen": 38_000}


class Clearing(Bureau):
    def adapter(self, change: Callable[[dict[str, Any]], Any] = lambda _: None) -> Adapter:
        raw = read_yaml(FOLDER / "system.yaml").value
        change(raw)
        setting = Setting(
            self.system, self.server.address, protocol.FACTS().load(raw), FOLDER, lonely(self.system),
            {"username": "TERM0001"}, allow_private=True,
        )  # fmt: skip
        self.opened.append(protocol.Adapter(setting))
        return self.opened[-1]

    def booked(self) -> list[str]:
        """Our numbers of what stands in the books."""
        undone = self.twin.undone
        return [each["ours"] for each in self.tell("/twin/records", "GET")["records"] if each["trace"] not in undone]


@pytest.fixture(params=["dialect_hex.yaml"])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clearing]:
    running = Clearing("clearing", Server(Iso8583Site("clearing", 1, FOLDER, request.param)).start(), tmp_path)
    yield running
    for adapter in running.opened:
        adapter.close()
    running.server.stop()


def test_reads_and_a_booking_in_hub_fields(bank: Clearing) -> None:
    adapter = bank.adapter()
    assert ask(adapter, "query_balance", **PERSON).fields == {**HAN, "balance_fen": 31_562_872}
    reply = ask(adapter, "pay", key="number-1", **PAID)
    assert (reply.receipt, reply.fields) == ("000000000001", PAID)
    assert ask(adapter, "query_payment", our_number="number-1").receipt == reply.receipt
    with pytest.raises(Rejected):
        ask(adapter, "query_payment", our_number="number-2")
    adapter.probe(time.monotonic() + 3)
    assert bank.booked() == ["number-1"]


@pytest.mark.parametrize("bank", OTHERS, indirect=True)
def test_quirk_Q30_an_answer_in_another_dialect_is_refused(bank: Clearing) -> None:
    adapter = bank.adapter()
    bank.tell("/twin/quirks", Q30=True)
    with pytest.raises(Garbled, match="not of this dialect"):
        ask(adapter, "query_balance", **PERSON)
    with suppress(OutcomeUnknown, Unavailable):  # an answer without such a field is the same in some of them
        assert ask(adapter, "pay", key="k", **PAID).fields == PAID


@pytest.mark.parametrize("other", OTHERS)
def test_quirk_Q30_no_message_of_another_dialect_gives_wrong_values(other: str) -> None:
    """Both ways, over many messages: understood as what it says, or refused."""
    ours, theirs = Dialect.read(FOLDER / "dialect.yaml"), Dialect.read(FOLDER / other)
    luck, refused, people = random.Random(8583), 0, list(county().residents.values())
    for _ in range(2000):
        person = luck.choice(people)
        fields = {
            "t": luck.choice(["0110", "0210", "0410"]), "3": "310000", "7": f"{luck.randrange(10**10):010d}",
            "11": f"{luck.randrange(10**6):06d}", "39": luck.choice(["00", "14", "91"]), "41": "TERM0001",
            "43": person.name, "54": str(luck.randrange(10**9)), "61": person.id_number,
        }  # fmt: skip
        for name in luck.sample(["4", "37", "62", "43", "54"], 2):
            fields.pop(name, None)
        for writer, reader in ((theirs, ours), (ours, theirs)):
            try:
                assert reader.understood(writer.written(fields)) == fields
            except Garbled:
                refused += 1
    assert refused == 4000 or (other in ("dialect_utf8.yaml", "dialect_lengths.yaml") and refused > 2000)


def test_quirk_Q30_fault_F7_row_B92_cut_or_changed_messages(bank: Clearing) -> None:
    adapter, told = bank.adapter(), bank.twin.told
    true, sizes = ask(adapter, "query_balance", **PERSON).fields, list[int]()

    def measured(message: bytes) -> bytes:
        answer: bytes = told(message)
        sizes.append(len(answer))
        return answer

    bank.twin.told = measured
    ask(adapter, "query_balance", **PERSON)
    for framing in ("length", "close"):
        for at in range(sizes[0]):
            bank.tell("/twin/toxics", truncate_at={"at": at, "framing": framing})
            with pytest.raises(Garbled, match=r"ends early|not of this dialect"):
                ask(adapter, "query_balance", **PERSON)
    bank.tell("/twin/toxics", "DELETE")
    assert ask(adapter, "query_balance", **PERSON).fields == true


@pytest.mark.parametrize("kind", ["drop", "late"])
def test_quirk_Q31_fault_F12_a_booking_without_its_answer_is_undone(
    bank: Clearing, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.twins.iso8583_site.LATE_S", 60.0)
    adapter = bank.adapter()
    bank.tell("/twin/quirks", Q31=kind)
    started = time.monotonic()
    with pytest.raises(Unavailable):  # certainly not done: the host says that it is undone
        ask(adapter, "pay", 3, key="number-1", **PAID)
    assert time.monotonic() - started < 10
    assert bank.booked() == []
    assert len(bank.tell("/twin/records", "GET")["records"]) == 1  # and nothing was sent twice
    bank.tell("/twin/quirks", Q31=False)
    assert ask(adapter, "pay", key="number-1", **PAID).receipt
    assert bank.booked() == ["number-1"]


def test_fault_F11_booked_and_lost_is_seen_by_asking(bank: Clearing) -> None:
    adapter = bank.adapter()
    bank.tell("/twin/toxics", accept_then_lose=True)
    assert ask(adapter, "pay", key="number-1", **PAID).receipt
    bank.tell("/twin/toxics", "DELETE")
    assert bank.booked() == []
    with pytest.raises(Rejected):
        ask(adapter, "query_payment", our_number="number-1")


def test_quirk_Q31_without_a_reversal_the_hub_asks(bank: Clearing) -> None:
    adapter = bank.adapter(lambda facts: facts["iso8583"].pop("reversal"))
    bank.tell("/twin/quirks", Q31="drop")
    with pytest.raises(OutcomeUnknown):
        ask(adapter, "pay", key="number-1", **PAID)
    assert bank.booked() == ["number-1"]
    assert ask(adapter, "query_payment", our_number="number-1").receipt == "000000000001"


@pytest.mark.parametrize("toxic", [{"hang": True}, {"garbage": "bytes"}, {"garbage": "empty"}, {"drip": 1000}])
def test_quirk_Q31_an_unconfirmed_reversal_proves_nothing(bank: Clearing, toxic: Mapping[str, Any]) -> None:
    adapter = bank.adapter()
    bank.tell("/twin/toxics", **toxic)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        ask(adapter, "pay", 1.2, key="number-1", **PAID)
    assert time.monotonic() - started < 8
    assert len(bank.tell("/twin/records", "GET")["records"]) <= 1


def test_quirk_Q31_a_reversal_of_what_the_host_has_not_seen_proves_nothing(bank: Clearing) -> None:
    """It may still be on its way inside the host."""
    adapter = bank.adapter()
    bank.tell("/twin/toxics", accept_then_lose=True)
    bank.tell("/twin/quirks", Q31="drop")
    with pytest.raises(OutcomeUnknown):
        ask(adapter, "pay", key="number-1", **PAID)


def test_quirk_Q28_the_answer_to_the_question_before(bank: Clearing) -> None:
    adapter = bank.adapter()
    bank.tell("/twin/quirks", Q28="previous")
    ask(adapter, "query_balance", **PERSON)
    with pytest.raises(Garbled) as caught:
        ask(adapter, "query_balance", id_number=LIN["id_number"])
    assert caught.value.code == "UPSTREAM_MALFORMED"  # by its trace number, before anybody looks whose record it is


@pytest.mark.parametrize(
    ("toxic", "kind"),
    [
        ({"hang": True}, OutcomeUnknown),
        ({"drip": 1000}, OutcomeUnknown),
        ({"garbage": "bytes"}, Garbled),
        ({"garbage": "html"}, Garbled),
        ({"charset": "utf-8"}, Garbled),
        ({"down": True}, Unavailable),
    ],
)
def test_fault_F1_F4_F5_F6_F8(bank: Clearing, toxic: dict[str, Any], kind: type[PortError]) -> None:
    adapter = bank.adapter()
    ask(adapter, "query_balance", **PERSON)
    bank.tell("/twin/toxics", **toxic)
    started = time.monotonic()
    with pytest.raises(kind):
        ask(adapter, "query_balance", 0.6, **PERSON)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"id_number": HAN["id_number"] + "0", "amount_fen": 1}, "TOO_LONG"),
        ({"id_number": "韩山福", "amount_fen": 1}, "FORMAT"),
        ({"id_number": HAN["id_number"], "amount_fen": -1}, "FORMAT"),
        ({"id_number": HAN["id_number"], "amount_fen": 10**12}, "TOO_LONG"),
    ],
)
def test_what_no_field_can_hold_is_told(bank: Clearing, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as caught:
        ask(bank.adapter(), "pay", key="k", **fields)
    assert (caught.value.code, caught.value.status) == (code, 422)
    assert bank.tell("/twin/records", "GET")["calls"] == 0


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ('"4": {data_enc: klingon, max_len: 12}', "charset"),
        ('"4": {data_enc: ascii}', "max_len"),
        ('"4": {data_enc: ascii, max_len: 12, letters: x}', "letters"),
        ("[]", "no "),
        ("}", "dialect"),
    ],
)
def test_a_wrong_dialect_does_not_open(tmp_path: Path, line: str, note: str) -> None:
    file = tmp_path / "dialect.yaml"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(Problem) as caught:
        Dialect.read(file)
    assert caught.value.code == "CONFIG_INVALID" and note in caught.value.note
