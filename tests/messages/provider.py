"""What every SMS provider's adapter is tested for, against recorded bytes. Its folder's own test names it."""

import time
from pathlib import Path

import pytest

from adapters.protocols.datasets import Datasets
from hub.port import BadRow, Call, Denied, Garbled, PortError, Record, Rejected, Reply, Setting, Unavailable
from tests.protocols.departments import facts_of
from tests.protocols.recorded import SECRETS, lonely, recorded

ADAPTERS = Path(__file__).parents[2] / "adapters"
MESSAGE = {"phone": "15400000001", "text": "您的申请已办结", "reference": "r" + "0a" * 12}


class SmsProvider:
    """`system` is the folder, `path` where it takes a message."""

    system: str
    path: str

    @pytest.fixture(autouse=True)
    def callback_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(SECRETS, "callback_key", "sample callback key")

    def send(self, sample: str) -> Reply:
        with recorded(self.system, {self.path: f"send_sms.{sample}.json"}, "application/json") as adapter:
            return adapter.call(Call("send_sms", MESSAGE, time.monotonic() + 3))

    def test_a_message_that_is_taken(self) -> None:
        assert self.send("ok").receipt == "20260105000017"

    @pytest.mark.parametrize(
        ("sample", "kind", "reasons"),
        [
            ("wrong_phone", Rejected, ["NUMBER_REFUSED"]),
            ("text", Rejected, ["TEXT_REFUSED"]),
            ("busy", Unavailable, []),
            ("signature", Denied, []),
            ("no_number", Garbled, []),
        ],
    )
    def test_what_is_not_taken(self, sample: str, kind: type[PortError], reasons: list[str]) -> None:
        with pytest.raises(kind) as caught:
            self.send(sample)
        assert [fault.code for fault in caught.value.faults] == reasons

    def test_receipts_without_the_number_they_are_about(self) -> None:
        folder, (_, facts) = ADAPTERS / self.system, facts_of(self.system)
        setting = Setting(self.system, "http://127.0.0.1:9", facts, folder, lonely(self.system), SECRETS)
        *records, bad = Datasets(setting).of_document((folder / "samples/receipts.json").read_bytes(), "json")
        assert [(each.fields["state"], "1540" in str(each)) for each in records if isinstance(each, Record)] == [
            ("delivered", False),
            ("failed", False),
        ]
        assert isinstance(bad, BadRow) and "1540" not in str(bad), "a reference that is none of ours"
