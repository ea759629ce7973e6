"""The two channels that machines carry: WeChat's subscribe message and SMS. No transaction is open while they speak."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.orm import Session

from hub.database import Database
from hub.errors import Problem
from hub.messages import rules
from hub.messages.attempts import Attempts
from hub.messages.providers import Providers
from hub.messages.rules import Verdict
from hub.messages.shares import chosen
from hub.messages.subscriptions import Subscriptions
from hub.port import OutcomeUnknown, Rejected, Reply
from hub.settings.shapes import Template

Ask = Callable[[str, str, Mapping[str, Any], str], Reply]
"""One question to a system: system, operation, fields, whose data it is (citizen id)."""

WECHAT = "wechat"
_STOPPED_S = 3600.0
_NO_CONSENT, _TEMPLATE, _NUMBER, _TEXT = "MESSAGE_NOT_ALLOWED", "TEMPLATE_REFUSED", "NUMBER_REFUSED", "TEXT_REFUSED"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way. `values` are in clear: it stays in memory."""

    id: str
    citizen_id: str
    template: Template
    values: Mapping[str, str]
    channel: str
    tries: int


class ByWeChat:
    """`openid_of` tells the WeChat user of a citizen, None where there is none."""

    def __init__(
        self,
        database: Database,
        ask: Ask,
        attempts: Attempts,
        subscriptions: Subscriptions,
        openid_of: Callable[[Session, str], str | None],
    ) -> None:
        self._database, self._ask, self._attempts = database, ask, attempts
        self._subscriptions, self._openid_of = subscriptions, openid_of
        self._stopped: dict[str, float] = {}
        self._log = structlog.get_logger()

    def send(self, letter: Letter) -> tuple[Verdict, str]:
        wechat = letter.template.wechat
        if wechat is None or self._stopped.get(wechat.template_id, 0.0) > time.monotonic():
            return "never", _TEMPLATE
        with self._database.session() as session:
            if self._subscriptions.left(session, letter.citizen_id).get(wechat.template_id, 0) < 1:
                return "never", _NO_CONSENT
            openid = self._openid_of(session, letter.citizen_id)
            if openid is None:
                return "never", "OPENID_UNKNOWN"
            reference = self._attempts.begin(session, letter.id, "wechat", WECHAT)
        data = rules.wechat_data(wechat.fields, letter.values)
        fields = {
            "openid": openid,
            "template_id": wechat.template_id,
            "page": letter.template.page or None,
            "data": data,
        }
        verdict, outcome, code = self._asked(fields, letter.citizen_id)
        with self._database.session() as session:
            self._attempts.end(session, reference, outcome, code)
            if outcome in ("accepted", "unknown") or code == _NO_CONSENT:
                spent = letter.citizen_id, wechat.template_id
                self._subscriptions.spend(session, *spent, all=code == _NO_CONSENT)
        return verdict, code

    def _asked(self, fields: Mapping[str, Any], citizen_id: str, token_lost: bool = False) -> tuple[Verdict, str, str]:
        """When WeChat took our token no more it took nothing else: once more, with the new one."""
        try:
            self._ask(WECHAT, "send_message", fields, citizen_id)
        except Rejected as error:
            code = error.faults[0].code if error.faults else error.code
            if code == _TEMPLATE:
                self._stopped[fields["template_id"]] = time.monotonic() + _STOPPED_S
            if code not in (_NO_CONSENT, "OPENID_UNKNOWN"):
                self._log.error("message_template_refused", template=fields["template_id"], code=code)
            return "never", "not_wanted" if code == _NO_CONSENT else "refused", code
        except OutcomeUnknown as error:
            if error.code == "UPSTREAM_SESSION" and not token_lost:
                return self._asked(fields, citizen_id, token_lost=True)
            return "later", "unknown", error.code
        except Problem as error:
            return "later", "failed", error.code
        return "done", "accepted", ""


class BySms:
    """Through the provider that is chosen by its share; what fails goes through the other one at once."""

    def __init__(
        self,
        database: Database,
        ask: Ask,
        attempts: Attempts,
        providers: Providers,
        phone_of: Callable[[Session, str], str | None],
    ) -> None:
        self._database, self._ask, self._attempts = database, ask, attempts
        self._providers, self._phone_of = providers, phone_of

    def send(self, letter: Letter) -> tuple[Verdict, str]:
        with self._database.session() as session:
            phone = self._phone_of(session, letter.citizen_id)
            points = self._providers.points(session)
            without = self._attempts.failed_with(session, letter.id)
        if phone is None or not points.keys() - without:
            return "never", "NO_PHONE" if phone is None else "UNDELIVERED"
        text, refused, code = rules.filled(letter.template.sms, letter.values), 0, "DEPARTMENT_UNAVAILABLE"
        asked = 0
        while system := chosen(points, random.random(), without):
            without.add(system)
            if not self._providers.is_well(system):
                continue
            asked += 1
            verdict, code = self._tried(letter, system, phone, text)
            if verdict != "later":
                return verdict, code
            refused += code == _TEXT
        return ("never" if asked and refused == asked else "later"), code

    def _tried(self, letter: Letter, system: str, phone: str, text: str) -> tuple[Verdict, str]:
        with self._database.session() as session:
            reference = self._attempts.begin(session, letter.id, "sms", system)
        verdict, outcome, code = self._asked(
            system, {"phone": phone, "text": text, "reference": reference}, letter.citizen_id
        )
        with self._database.session() as session:
            self._attempts.end(session, reference, outcome, code)
        return verdict, code

    def _asked(self, system: str, fields: Mapping[str, Any], citizen_id: str) -> tuple[Verdict, str, str]:
        try:
            self._ask(system, "send_sms", fields, citizen_id)
        except Rejected as error:
            code = error.faults[0].code if error.faults else error.code
            return ("never", "not_wanted", code) if code == _NUMBER else ("later", "refused", code)
        except OutcomeUnknown as error:
            return "later", "unknown", error.code
        except Problem as error:
            return "later", "failed", error.code
        return "accepted", "accepted", ""
