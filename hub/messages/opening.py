"""Puts the parts of the room together for hub/main.py: the inboxes, and what brings a message further: WeChat, and the
systems that can `send_sms`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.gateway.orders import Caller
from hub.gateway.service import Gateway
from hub.identity.service import Identity
from hub.jobs.service import Jobs
from hub.messages.attempts import Attempts
from hub.messages.calls import Calls
from hub.messages.channels import BySms, ByWeChat
from hub.messages.notices import Notices
from hub.messages.providers import Providers
from hub.messages.push import Push
from hub.messages.service import Messages
from hub.messages.subscriptions import Subscriptions
from hub.port import Reply
from hub.settings.shapes import Snapshot
from hub.systems import Systems
from hub.trace import new

_SEND_S = 3.0
_SMS_POINTS = 50


@dataclass(frozen=True, slots=True)
class MessagesRoom:
    """What doors and rounds ask."""

    messages: Messages
    notices: Notices
    calls: Calls
    push: Push
    subscriptions: Subscriptions


def open_messages(
    *, database: Database, crypto: Crypto, clock: Clock, gateway: Gateway, systems: Systems, jobs: Jobs,
    identity: Identity, now: Callable[[], Snapshot], openid_of: Callable[[Session, str], str | None],
) -> MessagesRoom:  # fmt: skip
    def send(system: str, operation: str, fields: Mapping[str, Any], citizen_id: str) -> Reply:
        """A message to a citizen; that it was sent, and by whom, stands in the citizen's own record."""
        return gateway.ask(system, operation, fields, Caller(citizen_id, 3, "hub"), new(), _SEND_S)

    def sms_shares() -> dict[str, int]:
        attached = now().systems
        able = [id for id in attached if "send_sms" in (systems.operations(id) or ())]
        return {id: int(attached[id].options.get("points", _SMS_POINTS)) for id in able}

    def is_well(system: str) -> bool:
        health = gateway.health(system)
        return health.state != "off" and health.breaker == "closed"

    def phone_of(session: Session, citizen_id: str) -> str | None:
        profile = identity.copy(session, citizen_id)
        return profile.phone.value if profile else None

    templates = lambda: now().messages  # noqa: E731
    attempts, subscriptions = Attempts(clock), Subscriptions(clock)
    messages = Messages(templates, crypto, clock)
    providers = Providers(sms_shares, is_well, attempts, clock)
    push = Push(
        database=database, jobs=jobs, clock=clock, messages=messages, templates=templates, attempts=attempts,
        providers=providers, by_wechat=ByWeChat(database, send, attempts, subscriptions, openid_of),
        by_sms=BySms(database, send, attempts, providers, phone_of),
    )  # fmt: skip
    notices = Notices(database, jobs, clock, identity, messages, templates)
    return MessagesRoom(messages, notices, Calls(clock, identity, messages), push, subscriptions)
