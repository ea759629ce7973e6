"""Drafts a SOAP system from its WSDL: every operation with its elements, and one invented answer each as a sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from zeep.exceptions import Error
from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import SoapBinding

from adapters.protocols import guessing
from adapters.protocols.drafting import Draft, Shape, Wishes, Writer, invented, leaves, started
from adapters.protocols.soap_envelope import SOAP11, SOAP12
from adapters.protocols.wsdl import DEPTH, Message, Node, read
from adapters.protocols.wsdl_shelf import Shelf

_KINDS = {"decimal": "decimal", "double": "decimal", "float": "decimal", "boolean": "boolean", "date": "date",
          "datetime": "datetime"}  # fmt: skip
_WHOLE = ("integer", "int", "long", "short", "byte", "unsignedint", "unsignedlong", "nonnegativeinteger")


def draft(source: str, wishes: Wishes) -> Draft:
    """Raises Problem CONFIG_INVALID or ValueError where nothing can be made of it."""
    file = Path(source)
    made = started(wishes, "soap")
    document = _document(file)
    service, port = _port(document, made)
    address = port.binding_options.get("address", "") if port.binding_options else ""
    made.address, made.media_type = address.removesuffix(urlsplit(address).path or "/"), "text/xml"
    made.facts["soap"] = {"path": urlsplit(address).path or "/", **_names(document, service, port)}
    made.files = {"service.wsdl": file.read_bytes(), **_imported(file)}
    messages = read(file, service, port.name)
    writer = Writer(made, wishes)
    bodies = {name: port.binding.get(name) for name in port.binding.all()}
    account = _account([_shapes(each.input.body) for each in bodies.values()])
    header = {} if account else _in_header([messages[name] for name in bodies])
    if account or header:
        made.facts["soap"]["credentials" if account else "header"] = account or header
        made.secrets = tuple(account or header)
    made.open["soap",] = (
        "how one signs in: security (none, text, digest), credentials in the body, or header in the SOAP header"
    )
    for theirs, operation in bodies.items():
        _operation(writer, made, theirs, operation, messages[theirs], frozenset(account.values()))
    return writer.finish()


def _document(file: Path) -> Any:
    shelf: Any = Shelf(file.parent)
    try:
        return Document(str(file), shelf, settings=Settings(forbid_dtd=True))
    except (Error, OSError, LookupError, ValueError, etree.XMLSyntaxError) as error:
        raise ValueError(f"the WSDL cannot be read: {type(error).__name__} {error}") from error


def _ports(document: Any) -> Iterator[tuple[str, Any]]:
    for name, service in document.services.items():
        for port in service.ports.values():
            if isinstance(port.binding, SoapBinding):
                yield name, port


def _port(document: Any, made: Draft) -> tuple[str, Any]:
    found = list(_ports(document))
    if not found:
        raise ValueError("the WSDL has no SOAP port")
    for service, port in found[1:]:
        made.unsupported[f"{service}.{port.name}"] = "another port of the same WSDL; name it under soap: to use it"
    return found[0]


def _names(document: Any, service: str, port: Any) -> dict[str, str]:
    """Only where there is a choice."""
    return {"service": service, "port": port.name} if len(list(_ports(document))) > 1 else {}


def _imported(file: Path) -> dict[str, bytes]:
    """The schemas beside it, if it imports any: nothing is ever fetched."""
    return {path.name: path.read_bytes() for path in file.parent.glob("*.xsd") if path.name in file.read_text("utf-8")}


def _operation(
    writer: Writer, made: Draft, theirs: str, operation: Any, message: Message, account: frozenset[str]
) -> None:
    request, answer = _shapes(operation.input.body), _shapes(operation.output.body)
    if any(shape.many and shape.required for shape in request):
        made.unsupported[theirs] = "its request needs a list, which system.yaml cannot describe"
        return
    asked = [shape for shape in _flat(request) if shape.name not in account]
    name = writer.operation(theirs, asked, answer, {"operation": theirs})
    path = made.facts["soap"]["path"]
    made.samples[f"{name}.draft.xml"] = (path, _sample(message, operation.output.body, answer, made.facts["encoding"]))


def _flat(request: list[Shape]) -> list[Shape]:
    return [Shape(path, each.kind, each.required, choices=each.choices) for path, each in leaves(request)]


def _account(requests: list[list[Shape]]) -> dict[str, str]:
    """The elements for our account, where every operation has them in the same place."""
    found: dict[str, str] = {}
    for path, _ in leaves(requests[0]) if requests else ():
        part = guessing.account_part(path)
        if part and part not in found and all(path in dict(leaves(each)) for each in requests):
            found[part] = path
    return found if len(found) == 2 else {}


def _in_header(messages: list[Message]) -> dict[str, str]:
    """The same in the SOAP header that the WSDL declares for every operation."""
    places = [set(_paths(each.header)) if each.header else set() for each in messages]
    everywhere = set[str]().union(*places).intersection(*places)
    found = {guessing.account_part(path.rpartition(".")[2]): path for path in sorted(everywhere)}
    found.pop("", None)
    return found if len(found) == 2 else {}


def _paths(node: Node, above: str = "") -> Iterator[str]:
    for child in node.children:
        yield from _paths(child, f"{above}{child.name}.") if child.children else (above + child.name,)


def _shapes(element: Any, depth: int = 0) -> list[Shape]:
    """What stands inside an element."""
    members = getattr(element.type, "elements", ()) if depth <= DEPTH else ()
    return [_shape(each, depth) for _, each in members if hasattr(each, "qname")]


def _shape(element: Any, depth: int) -> Shape:
    children = tuple(_shapes(element, depth + 1))
    return Shape(
        element.name, _kind(element.type), not element.is_optional, bool(element.accepts_multiple), children,
        group=bool(children), tag=element.qname.text,
    )  # fmt: skip


def _kind(kind: Any) -> str:
    for each in type(kind).__mro__:
        name = each.__name__.lower()
        if name in _WHOLE:
            return "integer"
        if name in _KINDS:
            return _KINDS[name]
    return ""


def _sample(message: Message, body: Any, answer: list[Shape], charset: str) -> bytes:
    soap = SOAP12 if message.soap12 else SOAP11
    envelope = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap})
    root = etree.SubElement(etree.SubElement(envelope, f"{{{soap}}}Body"), body.qname.text)
    _fill(root, answer)
    return etree.tostring(envelope, encoding="unicode").encode(charset)


def _fill(above: Any, shapes: list[Shape] | tuple[Shape, ...]) -> None:
    for shape in shapes:
        element = etree.SubElement(above, shape.tag or shape.name)
        if shape.group:
            _fill(element, shape.children)
        else:
            element.text = invented(shape)
