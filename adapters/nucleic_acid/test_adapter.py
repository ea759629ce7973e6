"""Recorded results of the queue in, records and answers out."""

import time

from hub.port import BadRow, Call, Delivery, Record
from tests.protocols.queue import RESULTS, Kept, opened

HAN = "362623190205121932"


def read(sample: str) -> list[Record | BadRow]:
    adapter = opened("nucleic_acid", "amqp://127.0.0.1:5672")
    return list(adapter.read(Delivery("m1", (RESULTS / sample).read_bytes(), {"body": "json"})))


def test_a_result() -> None:
    (record,) = read("result.json")
    assert isinstance(record, Record)
    assert (record.dataset, record.version, record.deleted) == ("results", "1", False)
    assert record.fields == {
        "id_number": HAN,
        "name": "韩山福",
        "test_item": "nucleic_acid",
        "test_result": "negative",
        "sampled_at": "2026-01-05T09:30:00+08:00",
        "version": 1,
    }


def test_a_result_that_is_taken_back() -> None:
    (before,), (record,) = read("result.json"), read("taken_back.json")
    assert isinstance(before, Record) and isinstance(record, Record)
    assert (record.key, record.version, record.deleted, record.fields) == (before.key, "2", True, {})


def test_what_a_citizen_is_told() -> None:
    (record,) = read("result.json")
    assert isinstance(record, Record)
    adapter = opened("nucleic_acid", "amqp://127.0.0.1:5672", records=Kept([record.fields]))
    reply = adapter.call(Call("query_results", {"id_number": HAN}, time.monotonic() + 3))
    assert reply.fields["id_number"] == HAN
    assert [row["test_result"] for row in reply.fields["results"]] == ["negative"]
    assert "version" not in reply.fields["results"][0]
