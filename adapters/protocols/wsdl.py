"""Reads the WSDL vendored in an adapter's folder, once, when the adapter is opened. Nothing is ever fetched.

zeep resolves the WSDL's imports, styles and types; what is kept of it is a small table of what each operation sends
and answers. The address in a WSDL is some host inside the department and is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree
from zeep.exceptions import Error
from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding
from zeep.xsd import Any as AnyElement
from zeep.xsd import ComplexType
from zeep.xsd.elements.builtins import Schema as InlineSchema

from adapters.protocols.facts import unusable
from adapters.protocols.wsdl_shelf import Shelf

DEPTH = 12
_WSDL = "http://schemas.xmlsoap.org/wsdl/"


@dataclass(frozen=True, slots=True)
class Node:
    """An element of a message. `anything` says that it may hold elements the schema does not name."""

    name: str
    tag: str
    required: bool
    children: tuple[Node, ...] = ()
    anything: bool = False
    type: str = ""  # of a value, by its local name in XML Schema

    def find(self, path: str) -> Node | None:
        """The element at a dotted path below; itself where anything may follow."""
        node = self
        for name in path.split(".") if path else ():
            if node.anything:
                return node
            below = next((child for child in node.children if child.name == name), None)
            if below is None:
                return None
            node = below
        return node


@dataclass(frozen=True, slots=True)
class Message:
    """What one operation is called with. `action` is its SOAPAction, which may be empty; `header` is what the WSDL
    declares in the SOAP header. `bare_request` and `bare_answer` say that the body's element is itself the value: then
    `request` and `answer` stand for the body, and the element is their one child. `encoded` is rpc/encoded."""

    soap12: bool
    action: str
    rpc: bool
    request: Node
    answer: Node
    encoded: bool = False
    header: Node | None = None
    bare_request: bool = False
    bare_answer: bool = False


class _Unsupported(Exception):
    """Why an operation cannot be called; one line."""


def read(file: Path, service: str = "", port: str = "") -> dict[str, Message]:
    """Every operation of the one SOAP port meant that can be called. Raises Problem CONFIG_INVALID."""
    return listed(file, service, port)[0]


def listed(file: Path, service: str = "", port: str = "") -> tuple[dict[str, Message], dict[str, str]]:
    """What `read` gives, and each operation that cannot be called with one line why."""
    shelf = Shelf(file.parent)
    asked: Any = shelf  # zeep asks for no more than `load`
    try:
        document = Document(str(file), asked, settings=Settings(forbid_dtd=True))
        binding = _binding(document, service, port)
        encoded = _encoded(shelf, binding.name.localname)
        messages, unsupported = {}, {}
        for name in binding.all():
            try:
                messages[name] = _message(binding.get(name), binding, name in encoded)
            except _Unsupported as reason:
                unsupported[name] = str(reason)
        return messages, unsupported
    except (Error, OSError, LookupError, ValueError, AttributeError, NotImplementedError, TypeError) as error:
        raise unusable(f"the WSDL cannot be read: {type(error).__name__} {error}") from error


def _binding(document: Any, service: str, port: str) -> Any:
    found = [
        each.binding
        for name, offered in document.services.items()
        for each in offered.ports.values()
        if isinstance(each.binding, SoapBinding) and service in ("", name) and port in ("", each.name)
    ]
    if len(found) != 1:
        raise ValueError(f"{len(found)} SOAP ports fit; name the service and the port")
    return found[0]


def _encoded(shelf: Shelf, binding: str) -> set[str]:
    """The operations whose bodies are encoded, which zeep forgets; each part then says its type."""
    found: set[str] = set()
    for text in shelf.loaded:
        for each in etree.fromstring(text, _parser()).iter(f"{{{_WSDL}}}binding"):
            if each.get("name") == binding:
                for operation in each.iter(f"{{{_WSDL}}}operation"):
                    if any(body.get("use") == "encoded" for body in operation.iterfind(f"{{{_WSDL}}}input/{{*}}body")):
                        found.add(str(operation.get("name")))
    return found


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _message(operation: Any, binding: Any, encoded: bool) -> Message:
    rpc = operation.style == "rpc"
    if operation.output is None:
        raise _Unsupported("one-way: nothing is ever answered, so nobody could tell whether it was done")
    if encoded and not rpc:
        raise _Unsupported("document/encoded: no profile says what its messages look like")
    (request, bare_request), (answer, bare_answer) = (
        _part(operation.input, "request", rpc), _part(operation.output, "answer", rpc),
    )  # fmt: skip
    header = _node(operation.input.header, 0) if operation.input.header is not None else None
    return Message(
        isinstance(binding, Soap12Binding),
        operation.soapaction or "",
        rpc,
        _around(request) if bare_request else request,
        _around(answer) if bare_answer else answer,
        encoded,
        header if header and header.children else None,
        bare_request,
        bare_answer,
    )


def _part(message: Any, what: str, rpc: bool) -> tuple[Node, bool]:
    """The element in a body, and whether it is itself the value."""
    body = message.body
    if body is None:
        if rpc:
            return Node(what, what, True), False  # an answer without a value
        raise _Unsupported(f"its {what} has no element in the body (empty, or only MIME parts)")
    if message._is_body_wrapped:
        raise _Unsupported(f"its {what} has several elements in the body")
    if isinstance(body, AnyElement) or body.type is None:
        raise _Unsupported(f"its {what} is any element at all: the WSDL does not say what to send")
    return _node(body, 0), not rpc and not isinstance(body.type, ComplexType)


def _around(value: Node) -> Node:
    return Node("Body", "", True, (value,))


def _node(element: Any, depth: int) -> Node:
    if depth > DEPTH:  # a type that holds itself: what is mapped is never that deep
        return Node(element.name, element.qname.text, False, anything=True)
    members = list(_members(element.type))
    kind = element.type.qname.localname if not members and element.type.qname is not None else ""
    return Node(
        element.name,
        element.qname.text,
        not element.is_optional,
        tuple(_node(each, depth + 1) for each in members if not isinstance(each, AnyElement | InlineSchema)),
        any(isinstance(each, AnyElement) for each in members),
        kind,
    )


def _members(kind: Any) -> Iterator[Any]:
    for _, element in getattr(kind, "elements", ()):
        yield element
