"""The way up: phone (1), real name (2), face (3). Whoever is asked is asked through the gateway, and what counts is
that answer alone.

One number belongs to one citizen. A second WeChat user who proves the same name and number joins that citizen when both
have proved the same phone; otherwise it is refused, because name and number alone are known to many.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.fields import Phone
from hub.identity.rules import level_required, require_level
from hub.identity.service import Identity
from hub.login import rules, sealed_data
from hub.login.service import Ask, Login
from hub.login.sessions import Tokens
from hub.login.tokens import Principal
from hub.port import Rejected, Reply, Unavailable
from hub.settings.live import Settings
from hub.trace import Trace

AskRegister = Callable[[str, Mapping[str, Any], Trace, str], Reply]
"""One question to the register of persons: operation, fields, trace, the citizen who asks."""

_FACE_GOOD = 10000
# Refusals leave at whole steps of this, so that the time tells nothing of what the register found.
_STEP_S = 0.25


class Levels:
    """One for the process."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        identity: Identity,
        login: Login,
        ask: Ask,
        ask_register: AskRegister,
    ) -> None:
        self._settings, self._database, self._clock = settings, database, clock
        self._identity, self._login = identity, login
        self._ask, self._ask_register = ask, ask_register

    def phone_by_code(self, principal: Principal, code: str, trace: Trace) -> Tokens:
        """Raises LOGIN_CODE_USED, LOGIN_CODE_EXPIRED, PHONE_PROOF_INVALID, PHONE_FORMAT."""
        self._login.mark(f"phone:{code}")
        try:
            told = self._ask("phone_number", {"code": code}, trace).fields
        except Rejected as error:
            if known := rules.refusal(error.faults):
                raise Problem(known, note=error.note) from error
            raise
        sealed_data.check_watermark(told["appid"], told["at"], self._appid(), self._clock.now())
        return self._phone(principal, told["phone"], told["country"])

    def phone_by_sealed_data(self, principal: Principal, encrypted_data: str, iv: str) -> Tokens:
        """Raises PHONE_PROOF_INVALID, PHONE_FORMAT."""
        with self._database.session() as session:
            _, session_key = self._login.wechat_user(session, principal.citizen_id)
        if session_key is None:
            raise Problem("PHONE_PROOF_INVALID", note="no session key")
        told = sealed_data.opened(encrypted_data, iv, session_key, self._appid(), self._clock.now())
        return self._phone(principal, told.get("purePhoneNumber"), told.get("countryCode"))

    def real_name(self, principal: Principal, name: str, id_number: str, trace: Trace) -> Tokens:
        """Raises LEVEL_REQUIRED, SUBJECT_BUDGET, IDENTITY_MISMATCH, IDENTITY_TAKEN, STATE_CONFLICT."""
        started = time.monotonic()
        require_level(1, principal.level)
        whose = {"subject": id_number, "caller": principal.citizen_id, "name": name}
        self._count(whose)
        try:
            asked = {"id_number": id_number, "name": name}
            reply = self._ask_register("verify_identity", asked, trace, principal.citizen_id)
        except Unavailable:
            with suppress(Problem), self._database.session() as session:
                self._identity.attempts.give_back(session, whose)
            raise
        except Rejected as error:
            if not any(fault.code == "IDENTITY_MISMATCH" for fault in error.faults):
                raise
            time.sleep(_STEP_S - (time.monotonic() - started) % _STEP_S)
            raise Problem("IDENTITY_MISMATCH") from None
        with self._database.session() as session:
            tokens = self._named(session, principal, reply.fields["id_number"], name)
        self._login.forget(principal.citizen_id)
        self._learn_address(tokens.citizen_id, id_number, trace)
        return tokens

    def begin_face(self, principal: Principal, trace: Trace) -> tuple[str, int]:
        """What the phone shows the check by, and for how many seconds it is good."""
        require_level(2, principal.level)
        with self._database.session() as session:
            person = self._identity.registered(session, principal.citizen_id)
            openid, _ = self._login.wechat_user(session, principal.citizen_id)
        if person is None:
            raise level_required(2, principal.level)
        sequence = secrets.token_hex(16)
        asked = {"sequence": sequence, "openid": openid, "name": person.name, "id_number": person.id_number}
        told = self._ask("begin_face_check", asked, trace).fields
        until = self._clock.now() + timedelta(seconds=told["seconds"])
        with self._database.session() as session:
            self._identity.faces.begin(session, principal.citizen_id, told["verify_id"], sequence, until)
        return told["verify_id"], told["seconds"]

    def face(self, principal: Principal, verify_id: str, trace: Trace) -> Tokens:
        """Raises IDENTITY_MISMATCH unless WeChat's server says that this check of this citizen was good."""
        require_level(2, principal.level)
        with self._database.session() as session:
            openid, _ = self._login.wechat_user(session, principal.citizen_id)
            sequence = self._identity.faces.sequence(session, principal.citizen_id, verify_id)
        if sequence is None:
            raise Problem("IDENTITY_MISMATCH", note="no check of this citizen")
        asked = {"verify_id": verify_id, "sequence": sequence, "openid": openid}
        try:
            result = self._ask("face_result", asked, trace).fields["result"]
        except Rejected as error:
            raise Problem("IDENTITY_MISMATCH", note=error.note) from error
        if result != _FACE_GOOD:
            raise Problem("IDENTITY_MISMATCH", note="the check is pending or failed")
        with self._database.session() as session:
            if not self._identity.faces.spend(session, principal.citizen_id, verify_id):
                raise Problem("IDENTITY_MISMATCH", note="this check has counted already")
            self._identity.set_face(session, principal.citizen_id)
            tokens = self._login.begin(session, principal.citizen_id, principal.key_thumbprint)
        self._login.forget(principal.citizen_id)
        return tokens

    def _phone(self, principal: Principal, phone: Any, country: Any) -> Tokens:
        if str(country) != "86":
            raise Problem("PHONE_FORMAT", note="not a mainland number")
        mobile = _mobile(phone)
        with self._database.session() as session:
            self._identity.set_phone(session, principal.citizen_id, mobile, "wechat")
            tokens = self._login.begin(session, principal.citizen_id, principal.key_thumbprint)
        self._login.forget(principal.citizen_id)
        return tokens

    def _count(self, whose: Mapping[str, str]) -> None:
        with self._database.session() as session:
            wait = self._identity.attempts.count(session, whose)
        if wait:  # only now: the attempt has to be committed
            raise Problem("SUBJECT_BUDGET", retry_after=wait)

    def _named(self, session: Session, principal: Principal, id_number: str, name: str) -> Tokens:
        citizen_id = principal.citizen_id
        holder = self._identity.holder(session, id_number)
        if holder is None:
            if self._identity.registered(session, citizen_id) is not None:
                raise Problem("STATE_CONFLICT", note="this citizen has another number")
            self._identity.set_name(session, citizen_id, id_number, name, "household_registration")
        elif holder != citizen_id:
            if self._identity.registered(session, citizen_id) or not self._identity.same_phone(
                session, holder, citizen_id
            ):
                raise Problem("IDENTITY_TAKEN")
            self._login.join(session, citizen_id, holder)
            citizen_id = holder
        return self._login.begin(session, citizen_id, principal.key_thumbprint)

    def _learn_address(self, citizen_id: str, id_number: str, trace: Trace) -> None:
        """For forms. Nobody has to wait for it to work."""
        with suppress(Problem):
            told = self._ask_register("query_residence", {"id_number": id_number}, trace, citizen_id).fields
            with self._database.session() as session:
                self._identity.set_address(session, citizen_id, told["address"], "household_registration")

    def _appid(self) -> str:
        wechat = self._settings.now.systems.get("wechat")
        return wechat.secrets.get("appid", "") if wechat else ""


def _mobile(phone: Any) -> str:
    try:
        found: str = Phone().accept(phone)
    except ValidationError:
        raise Problem("PHONE_FORMAT") from None
    return found
