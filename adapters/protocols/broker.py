"""What the two kinds of message broker have in common: where it is, as whom we speak, what comes and what goes."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.protocols.facts import unusable
from adapters.protocols.target import Target, resolve
from hub.port import Delivery, Setting

_PORTS = {"amqp": 5672, "amqps": 5671, "stomp": 61613, "stomps": 61614}


@dataclass(frozen=True, slots=True)
class Message:
    """One of ours. `id` is our own number for it; `exchange` only where the broker has such."""

    topic: str
    body: bytes
    content_type: str
    id: str = ""
    exchange: str = ""


class Broker(Protocol):
    """Deadlines are monotonic seconds. Raises the port's errors."""

    def publish(self, message: Message, deadline: float) -> None:
        """Returns when the broker has confirmed that it has it."""

    def receive(self, deadline: float) -> Iterator[Delivery]:
        """What waits in the queue now. Not acknowledged, it comes again."""

    def acknowledge(self, delivery: Delivery) -> None: ...

    def knock(self, deadline: float) -> None:
        """Sign in and out again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the broker of a system is, and our account there."""

    target: Target
    tls: ssl.SSLContext | None
    username: str
    password: str
    own: Mapping[str, Any]

    @classmethod
    def of(cls, setting: Setting) -> Place:
        """The rules for addresses are those of HTTP systems. Raises CONFIG_INVALID."""
        scheme, _, rest = setting.address.partition("://")
        wire = setting.facts["message_queue"]["wire"]
        if scheme not in (wire, f"{wire}s"):
            raise unusable(f"the system's address is not {wire}:// or {wire}s://")
        where = rest.split("/")[0]
        has_port = ":" in where.rpartition("]")[2]
        http = "https" if scheme.endswith("s") else "http"
        target = resolve(f"{http}://{where if has_port else f'{where}:{_PORTS[scheme]}'}", setting.allow_private)
        lacking = sorted(name for name in ("username", "password") if not setting.secrets.get(name))
        if lacking:
            raise unusable(f"no secret {', '.join(lacking)}")
        tls = ssl.create_default_context(cafile=_ca_file(setting)) if target.secure else None
        account = setting.secrets["username"], setting.secrets["password"]
        return cls(target, tls, *account, setting.facts["message_queue"])


def _ca_file(setting: Setting) -> str | None:
    name = setting.options.get("ca_file")
    return str(setting.folder / name) if name else None


def delivered(id: str, body: bytes, kind: str, handle: Any) -> Delivery:
    """A message without a name goes by its own bytes."""
    return Delivery(id or hashlib.sha256(body).hexdigest(), body, {"body": kind, "by": "queue"}, handle)
