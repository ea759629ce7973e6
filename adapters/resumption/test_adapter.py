"""A recorded event in, a record out."""

from pathlib import Path

from hub.port import Delivery, Record
from tests.protocols.queue import opened

SAMPLES = Path(__file__).with_name("samples")


def test_an_event() -> None:
    adapter = opened("resumption", "stomp://127.0.0.1:61613")
    (record,) = adapter.read(Delivery("m1", (SAMPLES / "event.xml").read_bytes(), {"body": "xml"}))
    assert isinstance(record, Record)
    assert (record.key, record.version) == ("K-1", "2026-01-06T10:00:00+08:00")
    assert record.fields["org_name"] == "示范纺织有限公司（虚构）"
    assert (record.fields["current_step"], record.fields["handling_result"]) == ("decided", "approved")
