"""Writes SOAP requests. Every value goes through the serialiser; no text is ever joined into markup."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from adapters.protocols.facts import unusable
from adapters.protocols.wsdl import Message, Node

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
_ENCODING11 = "http://schemas.xmlsoap.org/soap/encoding/"
_ENCODING12 = "http://www.w3.org/2003/05/soap-encoding"
_XSI, _XSD = "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/2001/XMLSchema"
_NOTHING: Mapping[str, str] = {}
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_WSSE = f"{{{_WSS}wssecurity-secext-1.0.xsd}}"
_WSU = f"{{{_WSS}wssecurity-utility-1.0.xsd}}"
_TOKEN = f"{_WSS}username-token-profile-1.0#"
_BASE64 = f"{_WSS}soap-message-security-1.0#Base64Binary"

Plan = tuple[tuple[str, "str | Plan"], ...]
"""Which elements to write, in order: a tag with the wire name of its text, or with what stands inside it."""


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Inner:
    """The document that is escaped into the element `wire` of the request."""

    wire: str
    root: str
    declaration: str
    plan: Plan


def planned(node: Node, wire: Iterable[str], above: str = "") -> Plan:
    """The elements of a message that are sent, in the schema's order. Raises Problem CONFIG_INVALID for a name the
    schema does not know, and for a required element that nothing is mapped to."""
    names = set(wire)
    for name in names:
        if node.find(name[len(above) :]) is None:
            raise unusable(f"WSDL: {name} is no element of {node.name}")
    steps: list[tuple[str, str | Plan]] = []
    for child in node.children:
        path = above + child.name
        below = {name for name in names if name.startswith(path + ".")}
        if path in names:
            steps.append((child.tag, path))
        elif below:
            steps.append((child.tag, planned(child, below, path + ".")))
        elif child.required:
            raise unusable(f"WSDL: {path} of {node.name} is required, and nothing is sent in it")
    return tuple(steps)


def unplanned(wire: Iterable[str]) -> Plan:
    """The same for a document without a schema: in the order declared, groups by dots."""
    groups: dict[str, Any] = {}
    for name in wire:
        *above, last = name.split(".")
        level = groups
        for part in above:
            level = level.setdefault(part, {})
        level[last] = name
    return _frozen(groups)


def _frozen(groups: Mapping[str, Any]) -> Plan:
    return tuple((tag, what if isinstance(what, str) else _frozen(what)) for tag, what in groups.items())


class Envelope:
    """The request of one operation, ready to be filled by many threads."""

    def __init__(self, message: Message, plan: Plan, header: Plan, inner: Inner | None, encoding: str) -> None:
        self._message, self._plan, self._header, self._inner = message, plan, header, inner
        self._types = _types(message.request) if message.encoded else {}
        self._encoding = encoding
        self._soap = SOAP12 if message.soap12 else SOAP11
        self._declaration = _declaration(encoding.upper())
        self.headers = self._headers()

    def write(
        self, wire: Mapping[str, str], account: Account | None, digest: bool, header: Mapping[str, str] = _NOTHING
    ) -> bytes:
        """The bytes of one request; made anew for each attempt, since nonce and time must not repeat (Q9)."""
        root = etree.Element(f"{{{self._soap}}}Envelope", nsmap=self._prefixes())
        if account or header:
            above = etree.SubElement(root, f"{{{self._soap}}}Header")
            if account:
                _sign_in(above, self._soap, account, digest)
            _fill(above, self._header, header)
        body = etree.SubElement(root, f"{{{self._soap}}}Body")
        request = body if self._message.bare_request else etree.SubElement(body, self._message.request.tag)
        if self._inner:
            wire = {**wire, self._inner.wire: _document(self._inner, wire)}
        _fill(request, self._plan, wire, self._types)
        if self._message.encoded:
            style = _ENCODING12 if self._message.soap12 else _ENCODING11
            request.set(f"{{{self._soap}}}encodingStyle", style)
        text = self._declaration + etree.tostring(root, encoding="unicode")
        return text.encode(self._encoding, "xmlcharrefreplace")

    def _prefixes(self) -> dict[str, str]:
        own = {"soapenv": self._soap}
        return own | {"xsi": _XSI, "xsd": _XSD} if self._message.encoded else own

    def _headers(self) -> Mapping[str, str]:
        charset = f"charset={self._encoding.upper()}"
        if self._message.soap12:
            kind = {"Content-Type": f'application/soap+xml; {charset}; action="{self._message.action}"'}
        else:  # present even when empty: some systems ask for exactly that
            kind = {"Content-Type": f"text/xml; {charset}", "SOAPAction": f'"{self._message.action}"'}
        return {**kind, "Accept": "text/xml", "Accept-Encoding": "identity"}


def _fill(parent: Any, plan: Plan, wire: Mapping[str, str], types: Mapping[str, str] = _NOTHING) -> None:
    for tag, what in plan:
        if not isinstance(what, str):
            group = etree.SubElement(parent, tag)
            _fill(group, what, wire, types)
        elif (text := wire.get(what)) is not None:
            element = etree.SubElement(parent, tag)
            element.text = text
            if what in types:
                element.set(f"{{{_XSI}}}type", f"xsd:{types[what]}")


def _types(node: Node, above: str = "") -> dict[str, str]:
    """What rpc/encoded says of each value: its type in XML Schema, by its path."""
    found = {above + child.name: child.type for child in node.children if child.type}
    for child in node.children:
        found |= _types(child, f"{above}{child.name}.")
    return found


def _document(inner: Inner, wire: Mapping[str, str]) -> str:
    root = etree.Element(inner.root)
    _fill(root, inner.plan, wire)
    return _declaration(inner.declaration) + str(etree.tostring(root, encoding="unicode"))


def _declaration(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>'


def _sign_in(header: Any, soap: str, account: Account, digest: bool) -> None:
    """The user token of WS-Security. Digest = Base64(SHA-1(nonce + created + password)): weak, and not our choice."""
    nonce, created = os.urandom(16), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    security = etree.SubElement(header, f"{_WSSE}Security", nsmap={"wsse": _WSSE[1:-1], "wsu": _WSU[1:-1]})
    security.set(f"{{{soap}}}mustUnderstand", "1")
    token = etree.SubElement(security, f"{_WSSE}UsernameToken")
    etree.SubElement(token, f"{_WSSE}Username").text = account.username
    password = etree.SubElement(
        token, f"{_WSSE}Password", Type=_TOKEN + ("PasswordDigest" if digest else "PasswordText")
    )
    password.text = account.password
    if digest:
        secret = nonce + created.encode() + account.password.encode()
        password.text = base64.b64encode(hashlib.sha1(secret, usedforsecurity=False).digest()).decode()
    etree.SubElement(token, f"{_WSSE}Nonce", EncodingType=_BASE64).text = base64.b64encode(nonce).decode()
    etree.SubElement(token, f"{_WSU}Created").text = created
