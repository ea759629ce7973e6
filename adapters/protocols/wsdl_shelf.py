"""All that a WSDL may load: files of its own folder, and the bundled schemas of the standards. Nothing is ever fetched.

The schemas are our own short texts of the names in each standard (schemas/*.xsd says which), not the published files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from adapters.protocols.facts import unusable

SCHEMAS = Path(__file__).with_name("schemas")
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"
# Namespace: its file, and the addresses it is published at beside the namespace itself.
STANDARDS: dict[str, tuple[str, ...]] = {
    "http://www.w3.org/XML/1998/namespace": ("xml", "http://www.w3.org/2001/xml.xsd", "http://www.w3.org/2001/03/xml.xsd"),
    "http://schemas.xmlsoap.org/soap/encoding/": ("soap_encoding",),
    "http://schemas.xmlsoap.org/soap/envelope/": ("soap_envelope",),
    "http://www.w3.org/2003/05/soap-encoding": ("soap_encoding_12", "http://www.w3.org/2003/05/soap-encoding/"),
    "http://www.w3.org/2003/05/soap-envelope": ("soap_envelope_12", "http://www.w3.org/2003/05/soap-envelope/"),
    "http://www.w3.org/2004/08/xop/include": ("xop_include", "http://www.w3.org/2004/08/xop/include/"),
    "http://www.w3.org/2005/05/xmlmime": ("xmlmime",),
    "http://www.w3.org/2004/11/xmlmime": ("xmlmime_2004",),
    f"{_WSS}secext-1.0.xsd": ("wsse",),
    f"{_WSS}utility-1.0.xsd": ("wsu",),
    "http://www.w3.org/2005/08/addressing": (
        "ws_addressing", "http://www.w3.org/2005/08/addressing/ws-addr.xsd", "http://www.w3.org/2006/03/addressing/ws-addr.xsd",
    ),
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": ("ws_addressing_2004",),
    "http://www.w3.org/2000/09/xmldsig#": (
        "xmldsig", "http://www.w3.org/2000/09/xmldsig", "http://www.w3.org/TR/xmldsig-core/xmldsig-core-schema.xsd",
        "http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd",
    ),
    "http://schemas.microsoft.com/2003/10/Serialization/": ("ms_serialization",),
    "http://schemas.microsoft.com/2003/10/Serialization/Arrays": ("ms_arrays",),
    "http://ws-i.org/profiles/basic/1.1/xsd": ("swaref", "http://ws-i.org/profiles/basic/1.1/swaref.xsd"),
}  # fmt: skip
CATALOGUE = {url: SCHEMAS / f"{file}.xsd" for ns, (file, *urls) in STANDARDS.items() for url in (ns, *urls)}
_IMPORT = "{http://www.w3.org/2001/XMLSchema}import"


class Shelf:
    """What zeep asks for what it needs; it wants no more than `load`. `loaded` keeps the texts that were read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.loaded: list[bytes] = []

    def load(self, url: str) -> bytes:
        """Raises Problem CONFIG_INVALID for anything outside."""
        known = CATALOGUE.get(url.replace("https://", "http://", 1)) or CATALOGUE.get(url.partition("#")[0])
        if known:
            return known.read_bytes()
        parts = urlsplit(url)
        path = Path(unquote(parts.path)).resolve()
        if parts.scheme not in ("", "file") or parts.netloc or not path.is_relative_to(self._folder):
            raise unusable(f"the WSDL needs {url}, which is not in the adapter's folder")
        text = _located(path.read_bytes())
        self.loaded.append(text)
        return text


def _located(text: bytes) -> bytes:
    """An import of a standard's namespace says where it is, whatever it said before; most WSDLs say nothing."""
    if not any(namespace.encode() in text for namespace in STANDARDS):
        return text
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root: Any = etree.fromstring(text, parser)
    except etree.XMLSyntaxError:
        return text  # zeep says what is wrong with it
    if root.getroottree().docinfo.doctype:
        return text  # and refuses this
    here = {element.get("targetNamespace") for element in root.iter("{http://www.w3.org/2001/XMLSchema}schema")}
    for each in root.iter(_IMPORT):
        namespace = each.get("namespace")
        if namespace in STANDARDS and namespace not in here:
            each.set("schemaLocation", namespace)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return written
