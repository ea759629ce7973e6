"""X-Road's protocol for REST against a security server: Q56-Q58, its headers, and whose error it is."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from marshmallow import ValidationError

from hub.errors import Problem
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Rejected, Unavailable
from tests.protocols.residents_by_xroad import ID, NAME, Road, opened


@pytest.fixture
def road() -> Iterator[Road]:
    running = Road()
    yield running
    running.close()


def refused(road: Road, kind: type[PortError], code: str, **asked: Any) -> PortError:
    with pytest.raises(kind) as caught:
        road.ask(**asked)
    assert type(caught.value) is kind and caught.value.code == code, caught.value.note
    return caught.value


def test_a_read_its_rows_and_a_probe(road: Road) -> None:
    fields = road.ask().fields
    assert (fields["id_number"], fields["name"]) == (ID, NAME)
    assert fields["permits"] and set(fields["permits"][0]) == {"number", "since"}
    road.adapter.probe(time.monotonic() + 3)


def test_what_a_request_says_of_itself(road: Road) -> None:
    road.ask()
    assert road.twin.asked
    headers = road.twin.asked.headers
    assert road.twin.asked.path == "/r1/CN-TEST/GOV/360423/RESIDENTS/persons/v1/persons/search"
    assert headers["x-road-client"] == "CN-TEST/GOV/360423/HUB"
    assert headers["x-road-userid"] == "CNE0007"
    assert headers["x-road-represented-party"] == "GOV/360423"
    assert "x-road-request-hash" not in headers and "x-road-issue" not in headers
    assert json.loads(road.twin.asked.body) == {"id": ID}  # what went into a header is not sent twice
    first = uuid.UUID(headers["x-road-id"])
    road.ask()
    assert uuid.UUID(road.twin.asked.headers["x-road-id"]) != first


def test_identifiers_are_encoded_part_by_part(road: Road) -> None:
    adapter = opened(
        road.server.address,
        lambda facts: facts["xroad_rest"].update(provider="CN-TEST/GOV/示范/A_B?"),
        client="CN-TEST/GOV/县通/HUB",
    )
    road.adapter, own = adapter, road.adapter
    refused(road, Unavailable, "DEPARTMENT_UNAVAILABLE")
    assert road.twin.asked
    assert road.twin.asked.path.startswith("/r1/CN-TEST/GOV/%E7%A4%BA%E8%8C%83/A_B%3F/persons/")
    assert road.twin.asked.headers["x-road-client"] == "CN-TEST/GOV/%E5%8E%BF%E9%80%9A/HUB"
    own.close()


@pytest.mark.parametrize("form", [True, "missing", "short"])
def test_quirk_Q56_a_wrong_request_hash(road: Road, form: Any) -> None:
    road.tell("quirks", Q56=form)
    refused(road, Garbled, "UPSTREAM_MALFORMED")
    with pytest.raises(Garbled):  # without a body only the head is hashed
        road.ask("find_moves", external_number="K")


def test_quirk_Q56_without_the_rule_only_the_shape_counts() -> None:
    road = Road(lambda facts: facts["xroad_rest"].pop("hashed"))
    try:
        for form, fine in ((True, True), ("missing", False), ("short", False)):
            road.tell("quirks", Q56=form)
            if fine:
                assert road.ask().fields["name"] == NAME
            else:
                refused(road, Garbled, "UPSTREAM_MALFORMED")
    finally:
        road.close()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("Client.InvalidRequest", Unavailable),
        ("Server.ClientProxy.NetworkError", Unavailable),
        ("Server.ClientProxy.SslAuthenticationFailed", Denied),
        ("Server.ServerProxy.NetworkError", Unavailable),
        ("Server.ServerProxy.AccessDenied", Denied),
        ("Server.ServerProxy.ServiceDisabled", Unavailable),
    ],
)
def test_quirk_Q57_an_error_made_on_the_way_is_the_roads(road: Road, kind: str, error: type[PortError]) -> None:
    road.tell("quirks", Q57=kind)
    told = refused(road, error, "DEPARTMENT_DENIED" if error is Denied else "DEPARTMENT_UNAVAILABLE")
    assert told.origin == "peer:xroad" and kind in told.note
    assert "10.1.2.3" not in str((told.note, told.notice, told.faults)) and b"10.1.2.3" in told.sample


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (404, Rejected, "DEPARTMENT_REJECTED"),
        (403, Denied, "DEPARTMENT_DENIED"),
        (409, Garbled, "UPSTREAM_MALFORMED"),
        (500, Unavailable, "DEPARTMENT_UNAVAILABLE"),
        (503, Unavailable, "DEPARTMENT_UNAVAILABLE"),
    ],
)
def test_quirk_Q57_an_error_of_the_service_is_the_departments(
    road: Road, status: int, error: type[PortError], code: str
) -> None:
    """Also when its body pretends to be one of the road's: only the header tells."""
    road.tell("quirks", Q57=status)
    told = refused(road, error, code)
    assert told.origin == "hub" and "java" not in str((told.note, told.notice, told.faults))
    if status == 404:
        assert told.faults[0].code == "PERSON_NOT_FOUND"


def test_quirk_Q57_on_a_write_only_what_surely_never_left_is_not_done(road: Road) -> None:
    asked = {"operation": "file_move", "key": "K", "id_number": ID, "address": "豫宁街道"}
    for kind, error in (
        ("Client.InvalidRequest", Unavailable),
        ("Server.ServerProxy.ServiceDisabled", Unavailable),
        ("Server.ServerProxy.AccessDenied", Denied),
        ("Server.ServerProxy.NetworkError", OutcomeUnknown),
        ("Server.ClientProxy.NetworkError", OutcomeUnknown),
        ("500", OutcomeUnknown),
    ):
        road.tell("quirks", Q57=kind)
        with pytest.raises(error) as caught:
            road.ask(**asked)  # type: ignore[arg-type]
        assert type(caught.value) is error, kind


@pytest.mark.parametrize("form", ["missing", "other", "two"])
def test_quirk_Q58_another_number_in_the_answer(road: Road, form: str) -> None:
    road.tell("quirks", Q58=form)
    refused(road, Garbled, "UPSTREAM_MALFORMED")
    assert refused(road, Garbled, "UPSTREAM_MALFORMED").note.startswith("the answer has no number")


def test_the_answer_of_another_service_or_client(road: Road) -> None:
    answer = road.twin._passed_on
    for name in ("X-Road-Client", "X-Road-Service"):

        def other(request: Any, value: Any, status: int, name: str = name) -> Any:
            given = answer(request, value, status)
            headers = [(each, "X/Y/Z" if each == name else told) for each, told in given.headers]
            return type(given)(given.body, given.status, given.media_type, headers)

        road.twin._passed_on = other  # type: ignore[method-assign]
        assert name in refused(road, Garbled, "UPSTREAM_MALFORMED").note


def test_a_filing_carries_our_number_as_its_issue_and_is_found_by_it(road: Road) -> None:
    reply = road.ask("file_move", key="XT-1", id_number=ID, address="豫宁街道")
    assert reply.receipt == "YD000001"
    assert road.twin.asked and road.twin.asked.headers["x-road-issue"] == "XT-1"
    assert road.ask("find_moves", external_number="XT-1").fields["moves"] == [{"external_number": "XT-1"}]
    assert road.ask("find_moves", external_number="XT-2").fields["moves"] == []


def test_a_path_holds_what_it_is_given_and_nothing_more(road: Road) -> None:
    assert road.ask("find_moves", external_number="../../x?a=b#/ü").fields["moves"] == []
    assert road.twin.asked and road.twin.asked.path.endswith("/v1/moves/..%2F..%2Fx%3Fa%3Db%23%2F%C3%BC")
    road.ask("find_moves", external_number="a\r\nX-Road-Client: B")
    assert road.twin.asked.path.endswith("/v1/moves/a%0D%0AX-Road-Client%3A%20B")
    for step in (".", "..", ""):
        with pytest.raises(Problem) as caught:
            road.ask("find_moves", external_number=step)
        assert [(fault.path, fault.code) for fault in caught.value.faults] == [("external_number", "FORMAT")]


def test_facts_name_only_what_is_sent() -> None:
    for change in (
        lambda facts: facts["operations"]["find_moves"]["xroad_rest"].update(path="/v1/{nothing}"),
        lambda facts: facts["operations"]["query_person"]["xroad_rest"].update(headers={"X-Road-Issue": "nothing"}),
        lambda facts: facts["operations"]["query_person"]["xroad_rest"].update(headers={"Host": "id"}),
        lambda facts: facts["xroad_rest"].update(client="CN-TEST/GOV"),
        lambda facts: facts["operations"]["status"]["xroad_rest"].update(body="json"),
    ):
        with pytest.raises(ValidationError):
            opened("http://127.0.0.1:9", change)


def test_quirk_Q12_fault_F14_what_the_service_changed(road: Road) -> None:
    road.tell("quirks", Q12="element")
    with structlog.testing.capture_logs() as lines:
        assert road.ask().fields["name"] == NAME
    assert [(line["kind"], line["note"]) for line in lines if line["event"] == "unmapped"] == [("element", "added")]
    for form in ("missing", "code"):
        road.tell("quirks", Q12=form)
        refused(road, Garbled, "UPSTREAM_MALFORMED")


def test_row_B96_somebody_elses_record(road: Road) -> None:
    road.tell("quirks", B96=True)
    refused(road, Garbled, "UPSTREAM_SUBJECT_MISMATCH")
