"""One office, every style of SOAP: the same answer out of each, and nothing out of a spoiled one."""

from __future__ import annotations

import base64
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from lxml import etree

from adapters.protocols import wsdl
from adapters.twins.soap_styles import PHOTO
from hub.commands.doctor import gaps
from hub.errors import Problem
from hub.port import Garbled, PortError, Rejected, Unavailable
from tests.protocols.archives import FOLDER, ID, NAME, STYLES, Office

Open = Callable[..., Office]


@pytest.fixture
def opened() -> Iterator[Open]:
    running: list[Office] = []

    def make(style: str, change: Callable[[dict[str, Any]], None] | None = None) -> Office:
        running.append(Office(style, change))
        return running[-1]

    yield make
    for each in running:
        each.close()


def refused(office: Office, kind: type[PortError], code: str, **spoiled: Any) -> PortError:
    office.tell("quirks", **spoiled)
    with pytest.raises(kind) as caught:
        office.ask()
    assert caught.value.code == code, caught.value.note
    return caught.value


@pytest.mark.parametrize("style", STYLES)
def test_every_style_gives_the_same_fields(opened: Open, style: str) -> None:
    office = opened(style)
    with structlog.testing.capture_logs() as lines:
        fields = dict(office.ask().fields)
    photo = fields.pop("photo", None)
    assert photo in (None, base64.b64encode(PHOTO).decode())
    assert photo or style in ("encoded", "dataset", "text", "cdata")
    person = office.twin.county.residents[ID]
    assert fields == {
        "id_number": ID,
        "name": NAME,
        "files": [
            {"number": row["bh"], "title": row["tm"], "filed_on": row["rq"]} for row in office.twin.files(person)
        ],
    }
    assert len(fields["files"]) > 0
    assert [line for line in lines if line["event"] == "unmapped" and line["kind"] == "element"] == []
    office.adapter.probe(time.monotonic() + 3)


def test_document_literal_bare_both_ways(opened: Open) -> None:
    office = opened("literal")
    assert office.ask("query_name").fields == {"name": NAME}
    assert office.twin.asked and b"<ns0:idNumber" in office.twin.asked.body


def test_rpc_encoded_requests_say_their_types(opened: Open) -> None:
    office = opened("encoded")
    office.ask()
    assert office.twin.asked
    request = etree.fromstring(office.twin.asked.body)[0][0]
    assert request.tag == "{urn:da}queryFiles" and "encodingStyle" in " ".join(request.keys())
    assert request[0].get("{http://www.w3.org/2001/XMLSchema-instance}type") == "xsd:string"


@pytest.mark.parametrize(("operation", "action"), [("query_files", '"urn:da/queryFiles"'), ("query_name", '""')])
def test_soapaction_is_sent_also_when_it_is_empty(opened: Open, operation: str, action: str) -> None:
    office = opened("literal")
    office.ask(operation)
    assert office.twin.asked and office.twin.asked.headers["soapaction"] == action


def test_soapaction_as_the_system_wants_it(opened: Open) -> None:
    office = opened("literal", lambda facts: facts["operations"]["query_files"]["soap"].update(action=""))
    office.ask()
    assert office.twin.asked and office.twin.asked.headers["soapaction"] == '""'


def test_soap_1_2_carries_the_action_in_its_type(opened: Open) -> None:
    office = opened("twelve")
    office.ask()
    assert office.twin.asked and "soapaction" not in office.twin.asked.headers
    assert 'action="urn:da/queryFiles"' in office.twin.asked.headers["content-type"]


def test_the_account_in_the_header_the_wsdl_declares(opened: Open) -> None:
    header = {"username": "AuthHeader.UserName", "password": "AuthHeader.Password"}

    def signed(facts: dict[str, Any]) -> None:
        facts["soap"]["header"] = header
        del facts["operations"]["query_name"]
        facts["probe"] = {"operation": "query_files", "fields": {"id_number": ID}}

    office = opened("dataset", signed)
    office.ask()
    assert office.twin.asked
    above = etree.fromstring(office.twin.asked.body)[0]
    assert above.findtext("{urn:da}AuthHeader/{urn:da}Password") == "secret <&>"
    with pytest.raises(Problem, match="declares no header"):
        opened("literal", lambda facts: facts["soap"].update(header=header))


def test_latin_1_chinese_goes_out_as_references(opened: Open) -> None:
    office = opened("latin")
    with pytest.raises(Rejected):
        office.ask(person="张三")
    assert office.twin.asked and b"&#24352;&#19977;" in office.twin.asked.body


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("style", ["literal", "encoded", "mtom", "twelve"])
def test_a_fault_is_a_fault_under_either_status(opened: Open, style: str, status: int) -> None:
    office = opened(style)
    refused(office, Unavailable, "DEPARTMENT_UNAVAILABLE", fault=status)
    office.tell("quirks", fault=False)
    with pytest.raises(Rejected) as caught:
        office.ask(person="nobody")
    assert caught.value.faults[0].code == "PERSON_NOT_FOUND"


# -- what is spoiled


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("cycle", "UPSTREAM_MALFORMED"),
        ("missing", "UPSTREAM_MALFORMED"),
        ("doubled", "UPSTREAM_MALFORMED"),
        ("two", "UPSTREAM_MALFORMED"),
        ("bomb", "UPSTREAM_TOO_LARGE"),
    ],
)
def test_threat_T13_references_that_lead_astray_or_multiply(opened: Open, how: str, code: str) -> None:
    started = time.process_time()
    refused(opened("encoded"), Garbled, code, spoiled=how)
    assert time.process_time() - started < 20


@pytest.mark.parametrize("style", ["mtom", "attached"])
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("unclosed", "UPSTREAM_TRUNCATED"),
        ("many", "UPSTREAM_TOO_LARGE"),
        ("twice", "UPSTREAM_MALFORMED"),
        ("lost", "UPSTREAM_MALFORMED"),
        ("named", "UPSTREAM_MALFORMED"),
        ("rootless", "UPSTREAM_MALFORMED"),
    ],
)
def test_threat_T13_parts_that_are_wrong_or_multiply(opened: Open, style: str, how: str, code: str) -> None:
    refused(opened(style), Garbled, code, spoiled=how)


@pytest.mark.parametrize("style", ["literal", "mtom", "twelve"])
def test_the_answer_of_another_operation(opened: Open, style: str) -> None:
    assert "of this operation" in refused(opened(style), Garbled, "UPSTREAM_MALFORMED", spoiled="other").note


def test_a_part_in_base64(opened: Open) -> None:
    office = opened("mtom")
    office.tell("quirks", spoiled="base64")
    assert office.ask().fields["photo"] == base64.b64encode(PHOTO).decode()


def test_threat_T14_a_document_type_within_escaped_xml(opened: Open) -> None:
    for style in ("text", "cdata"):
        refused(opened(style), Garbled, "UPSTREAM_UNSAFE_XML", spoiled="doctype")
        refused(opened(style), Garbled, "UPSTREAM_MALFORMED", spoiled="deep")


def test_threat_T13_markup_that_appears_only_within_the_text(opened: Open) -> None:
    office = opened("text")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(office, Garbled, "UPSTREAM_TOO_LARGE", spoiled="many")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 60_000_000


def test_fault_F6_chinese_bytes_where_latin_1_is_pinned(opened: Open) -> None:
    refused(opened("latin"), Garbled, "UPSTREAM_CHARSET", spoiled="gbk")


def test_fault_F6_a_wrong_charset_behind_character_references(opened: Open) -> None:
    refused(opened("literal"), Garbled, "UPSTREAM_CHARSET", spoiled="hidden")


# -- the WSDL


def test_operations_that_cannot_be_called_are_listed_with_one_line_why(opened: Open) -> None:
    messages, unsupported = wsdl.listed(FOLDER / "service.wsdl", "", "Literal")
    assert set(messages) == {"queryFiles", "queryName", "getFiles", "getText"}
    assert unsupported.keys() == {"notify", "dump", "compare"}
    assert all("\n" not in why and len(why) < 120 for why in unsupported.values())
    adapter = opened("literal").adapter
    assert adapter.unsupported == unsupported
    findings = [f"{each.verdict} {each.found}" for each in gaps("archives", adapter)]  # what hub doctor shows
    assert findings == [f"watch {name} cannot be called: {why}" for name, why in sorted(unsupported.items())]
    with pytest.raises(Problem, match="one-way"):
        opened("literal", lambda facts: facts["operations"]["query_name"]["soap"].update(operation="notify"))


def test_several_namespaces_come_with_one_import(opened: Open) -> None:
    """The WSDL imports two schemas from a block of no namespace; one of them imports the other again."""
    message = wsdl.read(FOLDER / "service.wsdl", "", "Literal")["queryFiles"]
    assert [child.tag for child in message.answer.children][:3] == [
        "{urn:da:common}idNumber", "{urn:da:common}name", "{urn:da:types}zp",
    ]  # fmt: skip
