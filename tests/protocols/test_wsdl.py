"""A SOAP system that is not described truly does not open: wrong names, missing secrets, imports from the network."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters.protocols import wsdl
from adapters.protocols.wsdl_shelf import CATALOGUE, STANDARDS
from hub.errors import Problem
from tests.protocols.departments import Change, opened
from tests.protocols.watch import WATCH

MEDICAL = Path(__file__).parents[2] / "adapters/medical_insurance/service.wsdl"
NOWHERE = "http://127.0.0.1:9"


def not_opened(system: str, change: Change | None = None, **secrets: str) -> str:
    with pytest.raises(Problem) as caught:
        opened(system, NOWHERE, change, **secrets)
    assert caught.value.code == "CONFIG_INVALID"
    return caught.value.note


def changed(path: str, value: Any) -> Change:
    def change(facts: dict[str, Any]) -> None:
        level = facts
        *above, last = path.split("/")
        for name in above:
            level = level[name]
        level[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("operations/ping/soap/operation", "pong", "pong"),
        ("operations/query_balance/request/fields/year/to", "aae999", "aae999"),
        ("operations/query_balance/request/constants", {}, "aae100"),
        ("operations/query_balance/answer/fields/balance_fen/from", "Body.akc999", "akc999"),
        ("operations/query_payments/answer/lists/payments/count", "Body.Count", "Body.Count"),
        ("operations/query_payments/answer/lists/payments/from", "Body.Row", "Body.Row"),
        ("operations/query_balance/outcome/path", "Head.Code", "Head.Code"),
        ("soap/wsdl", "other.wsdl", "cannot be read"),
        ("soap/service", "OtherService", "0 SOAP ports"),
    ],
)
def test_names_that_the_wsdl_does_not_know(path: str, value: Any, told: str) -> None:
    assert told in not_opened("medical_insurance", changed(path, value))


def test_names_of_the_outer_message_around_escaped_xml() -> None:
    assert "xmlIn" in not_opened("household_registration", changed("soap/inner/request/element", "xmlIn"))
    assert "out" in not_opened("household_registration", changed("soap/inner/answer/element", "out"))
    assert "fwbm" in not_opened("household_registration", changed("operations/ping/soap/outer", {}))


@pytest.mark.parametrize("system", ["medical_insurance", "household_registration"])
def test_a_missing_secret(system: str) -> None:
    assert "password" in not_opened(system, password="")


def test_what_is_kept_of_a_wsdl() -> None:
    message = wsdl.read(MEDICAL)["queryPayments"]
    assert (message.soap12, message.action, message.rpc) == (False, "urn:yb:queryPayments", False)
    assert [(child.name, child.required) for child in message.request.children] == [
        ("aae100", True), ("aac002", True), ("aae030", False), ("aae031", False),
    ]  # fmt: skip
    assert message.request.children[0].tag == "{http://ybj.example/service}aae100"
    assert message.answer.find("Body.Rows.Row.akc264") and not message.answer.find("Body.Rows.akc264")


SCHEMA = """<?xml version="1.0"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap12/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t" name="T">
  <wsdl:types><xs:schema targetNamespace="urn:t">%s
    <xs:element name="ask"><xs:complexType><xs:sequence>
      <xs:element name="a" type="xs:string"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="told"><xs:complexType><xs:sequence><xs:any/></xs:sequence></xs:complexType></xs:element>
  </xs:schema></wsdl:types>
  <wsdl:message name="in"><wsdl:part name="body" element="t:ask"/></wsdl:message>
  <wsdl:message name="out"><wsdl:part name="body" element="t:told"/></wsdl:message>
  <wsdl:portType name="P"><wsdl:operation name="ask">
    <wsdl:input message="t:in"/><wsdl:output message="t:out"/>
  </wsdl:operation></wsdl:portType>
  <wsdl:binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="ask"><soap:operation soapAction="urn:ask"/><wsdl:input><soap:body use="literal"/></wsdl:input>
    <wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>
  <wsdl:service name="S"><wsdl:port name="P" binding="t:B">
    <soap:address location="http://x.example/"/>
  </wsdl:port></wsdl:service>
</wsdl:definitions>"""


def written(folder: Path, imported: str) -> Path:
    file = folder / "service.wsdl"
    file.write_text(SCHEMA % imported, encoding="utf-8")
    return file


def test_soap_1_2_unqualified_names_and_open_content(tmp_path: Path) -> None:
    message = wsdl.read(written(tmp_path, ""))["ask"]
    assert (message.soap12, message.action) == (True, "urn:ask")
    assert [child.tag for child in message.request.children] == ["a"]
    assert message.answer.find("whatever.there.is")


def test_standard_schemas_come_from_the_catalogue(tmp_path: Path) -> None:
    both = (
        '<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="http://www.w3.org/2001/xml.xsd"/>'
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/" '
        'schemaLocation="http://schemas.xmlsoap.org/soap/encoding/"/>'
        '<xs:complexType name="Names" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/"><xs:complexContent>'
        '<xs:restriction base="e:Array"/></xs:complexContent></xs:complexType>'
    )
    with WATCH.nothing_asked():
        assert wsdl.read(written(tmp_path, both))


@pytest.mark.parametrize("namespace", sorted(STANDARDS))
@pytest.mark.parametrize("said", ["nothing", "namespace", "https", "elsewhere"])
def test_each_standard_is_in_the_catalogue_whatever_the_wsdl_says_of_its_place(
    tmp_path: Path, namespace: str, said: str
) -> None:
    place = {
        "nothing": "",
        "namespace": f'schemaLocation="{namespace}"',
        "https": f'schemaLocation="{namespace.replace("http:", "https:")}"',
        "elsewhere": 'schemaLocation="../../wsdl/standard.xsd"',
    }[said]
    with WATCH.nothing_asked():
        messages = wsdl.read(written(tmp_path, f'<xs:import namespace="{namespace}" {place}/>'))
    assert messages["ask"].action == "urn:ask"


@pytest.mark.parametrize("url", sorted(CATALOGUE))
def test_the_bundled_texts_are_whole_and_of_their_namespace(url: str) -> None:
    root = etree.fromstring(CATALOGUE[url].read_bytes())
    assert root.get("targetNamespace") in STANDARDS and CATALOGUE[root.get("targetNamespace")] == CATALOGUE[url]
    assert root[0].tag is not etree.Comment and "not a copy" in str(root.getprevious())


def test_names_of_the_standards_resolve(tmp_path: Path) -> None:
    """What real WSDLs take from them: a token, an endpoint, an attachment, a guid, an encoded string."""
    used = {
        "wsse": (
            "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
            "ref",
            "Security",
        ),
        "wsu": (
            "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
            "ref",
            "Timestamp",
        ),
        "wsa": ("http://www.w3.org/2005/08/addressing", "ref", "ReplyTo"),
        "wsa04": ("http://schemas.xmlsoap.org/ws/2004/08/addressing", "ref", "EndpointReference"),
        "xop": ("http://www.w3.org/2004/08/xop/include", "ref", "Include"),
        "xmime": ("http://www.w3.org/2005/05/xmlmime", "type", "base64Binary"),
        "ds": ("http://www.w3.org/2000/09/xmldsig#", "ref", "Signature"),
        "ser": ("http://schemas.microsoft.com/2003/10/Serialization/", "type", "guid"),
        "arr": ("http://schemas.microsoft.com/2003/10/Serialization/Arrays", "type", "ArrayOfstring"),
        "ref": ("http://ws-i.org/profiles/basic/1.1/xsd", "type", "swaRef"),
        "enc": ("http://schemas.xmlsoap.org/soap/encoding/", "type", "string"),
        "enc12": ("http://www.w3.org/2003/05/soap-encoding", "type", "Array"),
        "env": ("http://schemas.xmlsoap.org/soap/envelope/", "ref", "Header"),
    }
    imports = "".join(f'<xs:import namespace="{namespace}"/>' for namespace, _, _ in used.values())
    names = " ".join(f'xmlns:{prefix}="{namespace}"' for prefix, (namespace, _, _) in used.items())
    elements = "".join(
        f'<xs:element ref="{prefix}:{name}"/>'
        if kind == "ref"
        else f'<xs:element name="{prefix}" type="{prefix}:{name}"/>'
        for prefix, (_, kind, name) in used.items()
    )
    inside = f"<xs:complexType><xs:sequence>{elements}</xs:sequence></xs:complexType>"
    own = f'{imports}<xs:element {names} name="all">{inside}</xs:element>'
    file = written(tmp_path, own)
    file.write_text(file.read_text().replace('element="t:told"', 'element="t:all"'), encoding="utf-8")
    answer = wsdl.read(file)["ask"].answer
    assert len(answer.children) == len(used)
    assert answer.find("ReplyTo.Address") and answer.find("arr.string") and answer.find("Security.anything")


def test_several_files_of_one_namespace(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.xsd").write_text(
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x">'
            f'<xs:element name="{name}" type="xs:string"/></xs:schema>',
            encoding="utf-8",
        )
    own = "".join(f'<xs:import namespace="urn:x" schemaLocation="{name}.xsd"/>' for name in ("one", "two"))
    own += (
        '<xs:element name="both"><xs:complexType><xs:sequence xmlns:x="urn:x"><xs:element ref="x:one"/>'
        '<xs:element ref="x:two"/></xs:sequence></xs:complexType></xs:element>'
    )
    file = written(tmp_path, own)
    file.write_text(file.read_text().replace('element="t:told"', 'element="t:both"'), encoding="utf-8")
    assert [child.tag for child in wsdl.read(file)["ask"].answer.children] == ["{urn:x}one", "{urn:x}two"]


@pytest.mark.parametrize(
    "location",
    [
        "http://schemas.example/x.xsd",
        "https://schemas.example/x.xsd",
        "/etc/hostname",
        "file:///etc/hostname",
        "../x.xsd",
    ],
)
def test_threat_T14_nothing_is_fetched_from_outside_the_folder(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (tmp_path / "x.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>', encoding="utf-8")
    with WATCH.nothing_asked(), pytest.raises(Problem, match="not in the adapter's folder"):
        wsdl.read(written(folder, f'<xs:import namespace="urn:x" schemaLocation="{location}"/>'))


def test_a_wsdl_with_a_document_type_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "")
    file.write_text(file.read_text().replace("<wsdl:def", "<!DOCTYPE d [<!ENTITY x 'y'>]><wsdl:def", 1))
    with pytest.raises(Problem):
        wsdl.read(file)
