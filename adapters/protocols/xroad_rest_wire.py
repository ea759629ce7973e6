"""One message of X-Road's protocol for REST: what is asked, and whether an answer belongs to it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from adapters.protocols.transport import Request, Response
from adapters.protocols.xroad_rest_facts import PLACE
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Unavailable

# What a security server answers before anything reached the service, by the end of its type.
_NOT_ALLOWED = ("AccessDenied", "AuthenticationFailed", "UnknownMember", "InvalidClientIdentifier")
_NEVER_SENT = ("UnknownService", "ServiceDisabled", "InvalidServiceIdentifier", "OutdatedGlobalConf")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request on its way; the answer must name its number, and may name no other parties."""

    request: Request
    number: str
    client: str
    service: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the requests of one system. Identifiers are percent-encoded part by part."""

    client: str
    provider: str
    security_server: str
    user_prefix: str
    encoding: str

    def asked(self, wire: Mapping[str, str], line: Mapping[str, Any]) -> Asked:
        """A message of its own, with a number of its own, each time."""
        own = {name: wire[each] for name, each in line["headers"].items() if each in wire}
        used = {*PLACE.findall(line["path"]), *line["headers"].values()}
        rest = {name: value for name, value in wire.items() if name not in used}
        path = PLACE.sub(lambda place: quote(wire.get(place[1], ""), safe=""), line["path"])
        client, number = _identifier(self.client), str(uuid.uuid4())
        service = f"{_identifier(self.provider)}/{quote(line['service'], safe='')}"
        target, body = f"/r1/{service}{path}", b""
        headers = {"Accept": "application/json", "X-Road-Client": client, "X-Road-Id": number, **self._optional(own)}
        if line["body"] == "query":
            target += f"?{urlencode(rest, encoding=self.encoding, errors='strict')}" if rest else ""
        else:
            body = json.dumps(rest, ensure_ascii=False, separators=(",", ":")).encode(self.encoding)
            headers["Content-Type"] = f"application/json; charset={self.encoding}"
        return Asked(Request(line["method"].upper(), target, headers, body), number, client, service)

    def _optional(self, own: Mapping[str, str]) -> dict[str, str]:
        headers = {}
        if self.security_server:
            headers["X-Road-Security-Server"] = _identifier(self.security_server)
        for name, value in own.items():
            headers[name] = quote(self.user_prefix + value if name == "X-Road-UserId" else value, safe="/-_.:")
        return headers


def _identifier(parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts.split("/"))


def check_belongs(asked: Asked, response: Response, hashed: tuple[str, ...]) -> None:
    """Raises Garbled unless the answer is one to this very request: its number, its parties, its hash."""
    if _one(response, "X-Road-Id") != asked.number:
        raise Garbled("the answer has no number, or that of another request")
    for name, ours in (("X-Road-Client", asked.client), ("X-Road-Service", asked.service)):
        if response.headers.get_all(name) and _one(response, name) != ours:
            raise Garbled(f"the answer names another {name}")
    try:
        digest = base64.b64decode(_one(response, "X-Road-Request-Hash"), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 64 or (hashed and digest != _hash(asked.request, response, hashed)):
        raise Garbled("the hash of the request is missing or another one")


def _hash(request: Request, response: Response, hashed: tuple[str, ...]) -> bytes:
    """SHA-512 of the head, or of both digests when there is a body. A name we did not send is taken from the answer."""
    path, _, query = request.path.partition("?")
    lines = [request.method, path, query]
    lines += [f"{name}:{request.headers.get(name) or _one(response, name)}" for name in hashed]
    head = hashlib.sha512("".join(f"{line}\r\n" for line in lines).encode()).digest()
    return hashlib.sha512(head + hashlib.sha512(request.body).digest()).digest() if request.body else head


def _one(response: Response, name: str) -> str:
    """The one value of a header; two that differ are none."""
    values = set(response.headers.get_all(name) or ())
    return values.pop().strip() if len(values) == 1 else ""


def made_on_the_way(response: Response, write: bool) -> PortError | None:
    """The error a security server made itself, told by the header that only it may set; its text stays inside.

    `origin` says that it was no department. Client.* and Server.ClientProxy.* were made on our side of the road,
    Server.ServerProxy.* on the department's.
    """
    kinds = response.headers.get_all("X-Road-Error")
    if not kinds:
        return None
    kind = kinds[0].strip()[:100]
    error: PortError
    if kind.endswith(_NOT_ALLOWED):
        error = Denied(f"by a security server: {kind}")
    elif write and not kind.startswith("Client.") and not kind.endswith(_NEVER_SENT):
        error = OutcomeUnknown(f"by a security server: {kind}")
    else:
        error = Unavailable(f"by a security server: {kind}")
    error.sample = response.body[:4096]
    error.origin = "peer:xroad"
    return error
