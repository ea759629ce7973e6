"""The WSDL of a planned SOAP system: one operation for each data class, all values as text."""

from __future__ import annotations

from adapters.twins.whole.facts_wire import ESCAPED, INNER
from adapters.twins.whole.plan import Planned, Question

_TYPES = '<xs:element name="{name}" type="xs:string"{least}/>'


def namespace(system: Planned) -> str:
    return f"http://{system.name.replace('_', '-')}.example/service"


def wsdl_of(system: Planned) -> str:
    """As the department hands it out: its own host is in it, which nobody outside reaches (Q06)."""
    about = namespace(system)
    elements = "".join(_elements(system, each) for each in system.operations)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="Service" targetNamespace="{about}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{about}">
<wsdl:types><xs:schema targetNamespace="{about}" elementFormDefault="unqualified">{elements}</xs:schema></wsdl:types>
{"".join(_messages(each.operation) for each in system.operations)}
<wsdl:portType name="Port">{"".join(_ported(each.operation) for each in system.operations)}</wsdl:portType>
<wsdl:binding name="Binding" type="tns:Port">
<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
{"".join(_bound(each.operation) for each in system.operations)}</wsdl:binding>
<wsdl:service name="Service"><wsdl:port name="Port" binding="tns:Binding">
<soap:address location="http://{system.name.replace("_", "-")}.inside.example/services/{system.name}.asmx"/>
</wsdl:port></wsdl:service>
</wsdl:definitions>
"""


def credentials(system: Planned) -> tuple[str, ...]:
    """The elements in which an account goes along in the body."""
    return ("user", "pwd") if "password" in system.auth and system.auth != "wsse_username" else ()


def _elements(system: Planned, question: Question) -> str:
    asked = "".join(_text(name) for name in (*credentials(system), *(each.wire for each in question.key)))
    told = "".join(_text(each.wire, least="" if each.required else ' minOccurs="0"') for each in question.fields)
    record = f'<xs:element name="record" minOccurs="0">{_group(told)}</xs:element>'
    answer = _text(INNER[0]) if ESCAPED in system.quirks else _text("code") + record
    return (
        f'<xs:element name="{question.operation}">{_group(asked)}</xs:element>'
        f'<xs:element name="{question.operation}Response">{_group(answer)}</xs:element>'
    )


def _text(name: str, least: str = "") -> str:
    return _TYPES.format(name=name, least=least)


def _group(inside: str) -> str:
    return f"<xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType>"


def _messages(operation: str) -> str:
    return "".join(
        f'<wsdl:message name="{operation}{side}"><wsdl:part name="parameters" element="tns:{operation}{element}"/>'
        "</wsdl:message>"
        for side, element in (("In", ""), ("Out", "Response"))
    )


def _ported(operation: str) -> str:
    return (
        f'<wsdl:operation name="{operation}"><wsdl:input message="tns:{operation}In"/>'
        f'<wsdl:output message="tns:{operation}Out"/></wsdl:operation>'
    )


def _bound(operation: str) -> str:
    literal = '<soap:body use="literal"/>'
    return (
        f'<wsdl:operation name="{operation}"><soap:operation soapAction=""/>'
        f"<wsdl:input>{literal}</wsdl:input><wsdl:output>{literal}</wsdl:output></wsdl:operation>"
    )
