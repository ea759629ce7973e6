"""Reads the WSDL vendored in an adapter's folder, once, when the adapter is opened. Nothing is ever fetched.

zeep resolves the WSDL's imports, styles and types; what is kept of it is a small table of what each operation sends
and answers. The address in a WSDL is some host inside the department and is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from zeep.exceptions import Error
from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding
from zeep.xsd import Any as AnyElement

from adapters.protocols.facts import unusable

SCHEMAS = Path(__file__).with_name("schemas")
CATALOGUE = {
    "http://www.w3.org/2001/xml.xsd": SCHEMAS / "xml.xsd",
    "http://www.w3.org/XML/1998/namespace": SCHEMAS / "xml.xsd",
    "http://schemas.xmlsoap.org/soap/encoding/": SCHEMAS / "soap_encoding.xsd",
}
DEPTH = 12


@dataclass(frozen=True, slots=True)
class Node:
    """An element of a message. `anything` says that it may hold elements the schema does not name."""

    name: str
    tag: str
    required: bool
    children: tuple[Node, ...] = ()
    anything: bool = False

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
    """What one operation is called with. `action` is its SOAPAction, which may be empty."""

    soap12: bool
    action: str
    rpc: bool
    request: Node
    answer: Node


class _Shelf:
    """All that zeep may load: files of the adapter's folder and the catalogue."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def load(self, url: str) -> bytes:
        if url in CATALOGUE:
            return CATALOGUE[url].read_bytes()
        parts = urlsplit(url)
        path = Path(unquote(parts.path)).resolve()
        if parts.scheme not in ("", "file") or not path.is_relative_to(self._folder):
            raise unusable(f"the WSDL needs {url}, which is not in the adapter's folder")
        return path.read_bytes()


def read(file: Path, service: str = "", port: str = "") -> dict[str, Message]:
    """Every operation of the one SOAP port meant. Raises Problem CONFIG_INVALID."""
    shelf: Any = _Shelf(file.parent)  # zeep asks for no more than `load`
    try:
        document = Document(str(file), shelf, settings=Settings(forbid_dtd=True))
        binding = _binding(document, service, port)
        return {name: _message(binding.get(name), binding) for name in binding.all()}
    except (Error, OSError, LookupError, ValueError, AttributeError) as error:
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


def _message(operation: Any, binding: Any) -> Message:
    rpc = operation.style == "rpc"
    request, answer = _node(operation.input.body, 0), _node(operation.output.body, 0)
    return Message(isinstance(binding, Soap12Binding), operation.soapaction or "", rpc, request, answer)


def _node(element: Any, depth: int) -> Node:
    if depth > DEPTH:  # a type that holds itself: what is mapped is never that deep
        return Node(element.name, element.qname.text, False, anything=True)
    members = list(_members(element.type))
    return Node(
        element.name,
        element.qname.text,
        not element.is_optional,
        tuple(_node(each, depth + 1) for each in members if not isinstance(each, AnyElement)),
        any(isinstance(each, AnyElement) for each in members),
    )


def _members(kind: Any) -> Iterator[Any]:
    for _, element in getattr(kind, "elements", ()):
        yield element
