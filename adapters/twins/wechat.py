"""The twin of api.weixin.qq.com: login codes, session keys, the stable token, subscribe messages (WT1-WT4, WT6, WT16).

WT1   false, or the errcode that code2session answers (true: -1); WT4 and WT6 the same for stable_token and subscribe
msgid whether a message that was accepted says its number
POST /twin/login-codes {openid}, /twin/phone-codes {phone, country, appid, age_s}, /twin/faces {verify_id, result}
(WT10: pending without it), /twin/consents {openid, template_id, count}, /twin/session-keys {openid, session_key},
/twin/encrypted-data {openid, data, variant}; PUT /twin/clock {ahead_s}; GET /twin/subscribe-messages, GET and
DELETE /twin/tokens. Codes and tokens are drawn by chance in every run: a hub remembers those of the run before.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets as chance
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from adapters.twins.twin import Answer, Request, Twin, as_json
from adapters.twins.wechat_rules import ERRORS, VARIANTS, acceptable, encrypted

CODE_S = 300
TOKEN_S = 7200
EARLY_S = 300
FACE_S, FACE_GOOD, FACE_NONE = 3600, 10000, 10001
FORCED_A_DAY, FORCED_APART_S = 20, 30
_OPENID = re.compile(r"[A-Za-z0-9_-]{6,64}", re.ASCII)
_TEMPLATE = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)


class Refused(Exception):
    """An errcode, told under HTTP 200."""

    def __init__(self, errcode: int) -> None:
        super().__init__(str(errcode))
        self.errcode = errcode


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    until: float


@dataclass(slots=True)
class Face:
    """One face check: whose, and what came of it."""

    openid: str
    sequence: str
    until: float
    result: int = FACE_NONE


class WeChat(Twin):
    def __init__(self, secrets: Path, seed: int) -> None:
        super().__init__(
            "wechat", "signed_rest", seed, "utf-8", {"WT1": False, "WT4": False, "WT6": False, "msgid": True}
        )
        self._secrets = secrets
        self._guard = threading.Lock()
        self._pages: Mapping[tuple[str, str], Callable[[Request, Mapping[str, str]], dict[str, Any]]] = {
            ("GET", "/sns/jscode2session"): self._session,
            ("POST", "/cgi-bin/stable_token"): self._stable_token,
            ("GET", "/wxa/checksession"): self._check_session,
            ("GET", "/wxa/resetusersessionkey"): self._reset_session,
            ("POST", "/cgi-bin/message/subscribe/send"): self._subscribe,
            ("POST", "/wxa/business/getuserphonenumber"): self._phone_number,
            ("POST", "/cityservice/face/identify/getverifyid"): self._begin_face,
            ("POST", "/cityservice/face/identify/queryverifyinfo"): self._face_result,
        }
        self.forget()

    def forget(self) -> None:
        self._ahead = 0.0
        self._codes: dict[str, tuple[str, float]] = {}
        self._phone_codes: dict[str, tuple[dict[str, Any], float]] = {}
        self._faces: dict[str, Face] = {}
        self._session_keys: dict[str, str] = {}
        self._planted: dict[str, str] = {}
        self._consents: Counter[tuple[str, str]] = Counter()
        self._messages: list[dict[str, Any]] = []
        self._tokens: list[Token] = []  # the latest last; the one before it lives on for its last minutes
        self._forced: list[float] = []
        self.issued = self.logins = 0

    def now(self) -> float:
        return time.time() + self._ahead

    def answer(self, request: Request) -> Answer:
        page = self._pages.get((request.method, request.path))
        if page is None:
            return Answer(b"<html><body>404</body></html>", 404)
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        try:
            with self._guard:
                value = page(request, query)
        except Refused as refused:
            rid = chance.token_hex(12)
            text = f"{ERRORS.get(refused.errcode, 'unknown')}, rid: {rid}"
            value = {"errcode": refused.errcode, "errmsg": text, "rid": rid}
        answer = as_json(value)
        # Well known from clients that stumble over it: the login answer calls itself text/plain.
        media_type = "text/plain" if request.path == "/sns/jscode2session" else answer.media_type
        return Answer(answer.body, 200, media_type)

    def admin(self, request: Request) -> Answer | None:
        match request.method, request.path:
            case "GET", "/twin/subscribe-messages":
                return as_json({"messages": self._messages})
            case "GET" | "DELETE", "/twin/tokens":
                if request.method == "DELETE":
                    self._tokens.clear()
                return as_json({"issued": self.issued, "forced": len(self._forced), "logins": self.logins})
            case "POST" | "PUT", path:
                setters = {
                    "/twin/login-codes": self._new_code,
                    "/twin/consents": self._consent,
                    "/twin/phone-codes": self._new_phone_code,
                    "/twin/faces": self._play_face,
                    "/twin/session-keys": self._plant,
                    "/twin/encrypted-data": self._encrypt,
                    "/twin/clock": self._set_clock,
                }
                return self._told(setters[path], request.body) if path in setters else None
        return None

    def _told(self, setter: Callable[[Mapping[str, Any]], dict[str, Any]], body: bytes) -> Answer:
        try:
            with self._guard:
                return as_json(setter(json.loads(body)))
        except (ValueError, LookupError, TypeError) as error:
            return as_json({"error": f"{type(error).__name__}: {error}"}, 400)

    # what a test or a demo may do

    def _new_code(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        openid = self._openid(asked)
        code = "0" + chance.token_hex(16)[:31]
        self._codes[code] = openid, self.now() + CODE_S
        return {"code": code}

    def _new_phone_code(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What the button getPhoneNumber gives. `appid`, `country` and `age_s` make an answer that must not count."""
        phone, code = str(asked["phone"]), "p" + chance.token_hex(16)
        watermark = {
            "timestamp": int(self.now() - float(asked.get("age_s", 0))),
            "appid": asked.get("appid", self._secret("appid")),
        }
        told = {"phoneNumber": phone, "purePhoneNumber": phone, "countryCode": asked.get("country", "86")}
        self._phone_codes[code] = {**told, "watermark": watermark}, self.now() + CODE_S
        return {"code": code}

    def _play_face(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The person shows the face: `result` 10000 is good; what the platform found otherwise is another number."""
        self._faces[str(asked["verify_id"])].result = int(asked.get("result", FACE_GOOD))
        return {}

    def _consent(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        key = self._openid(asked), str(asked["template_id"])
        self._consents[key] += int(asked.get("count", 1))
        return {"left": self._consents[key]}

    def _plant(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The session key that the next login of this openid brings."""
        if len(base64.b64decode(asked["session_key"], validate=True)) != 16:
            raise ValueError("a session key is 16 bytes in Base64")
        self._planted[self._openid(asked)] = asked["session_key"]
        return {}

    def _encrypt(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        variant = asked.get("variant", "good")
        if variant not in VARIANTS:
            raise ValueError(f"variant is one of {', '.join(VARIANTS)}")
        session_key = self._session_keys[self._openid(asked)]
        return {**encrypted(session_key, self._secret("appid"), asked.get("data", {}), variant, self.now())}

    def _set_clock(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self._ahead = float(asked["ahead_s"])
        return {"ahead_s": self._ahead}

    def _openid(self, asked: Mapping[str, Any]) -> str:
        openid = str(asked["openid"])
        if not _OPENID.fullmatch(openid):
            raise ValueError("an openid is 6 to 64 letters, digits, _ and -")
        return openid

    # the platform

    def _session(self, _: Request, query: Mapping[str, str]) -> dict[str, Any]:
        self._on_demand("WT1")
        self._account(query, query.get("js_code"))
        if query.get("grant_type") != "authorization_code":
            raise Refused(40002)
        openid, until = self._codes.pop(query["js_code"], ("", 0.0))
        if until <= self.now():
            raise Refused(40029)
        self.logins += 1
        self._session_keys[openid] = self._planted.pop(openid, "") or _new_key()
        return {"session_key": self._session_keys[openid], "openid": openid}

    def _phone_number(self, request: Request, query: Mapping[str, str]) -> dict[str, Any]:
        self._check_token(query)
        told, until = self._phone_codes.pop(str(_object(request.body).get("code")), ({}, 0.0))
        if until <= self.now():
            raise Refused(40029)
        return {"errcode": 0, "errmsg": "ok", "phone_info": told}

    def _begin_face(self, request: Request, query: Mapping[str, str]) -> dict[str, Any]:
        self._check_token(query)
        asked = _object(request.body)
        person = asked.get("cert_info")
        if not isinstance(person, dict) or not all(person.get(name) for name in ("cert_type", "cert_name", "cert_no")):
            raise Refused(47001)
        if asked.get("openid") not in self._session_keys:
            raise Refused(40003)
        verify_id = "v" + chance.token_hex(16)
        self._faces[verify_id] = Face(str(asked["openid"]), str(asked.get("out_seq_no")), self.now() + FACE_S)
        return {"errcode": 0, "errmsg": "ok", "verify_id": verify_id, "expires_in": FACE_S}

    def _face_result(self, request: Request, query: Mapping[str, str]) -> dict[str, Any]:
        self._check_token(query)
        asked = _object(request.body)
        face = self._faces.get(str(asked.get("verify_id")))
        if face is None or (face.openid, face.sequence) != (asked.get("openid"), asked.get("out_seq_no")):
            raise Refused(40029)
        return {"errcode": 0, "errmsg": "ok", "verify_ret": face.result if face.until > self.now() else FACE_NONE}

    def _stable_token(self, request: Request, _: Mapping[str, str]) -> dict[str, Any]:
        self._on_demand("WT4")
        asked = _object(request.body)
        self._account(asked, "none")
        if asked.get("grant_type") != "client_credential":
            raise Refused(40002)
        now = self.now()
        if asked.get("force_refresh") and self._may_force(now):
            self._tokens.clear()
        if not self._tokens or self._tokens[-1].until - now <= EARLY_S:
            self._tokens = [*self._tokens[-1:], Token(chance.token_urlsafe(384), now + TOKEN_S)]
            self.issued += 1
        token = self._tokens[-1]
        return {"access_token": token.text, "expires_in": int(token.until - now)}

    def _may_force(self, now: float) -> bool:
        today = [at for at in self._forced if at > now - 86_400]
        if len(today) >= FORCED_A_DAY:
            raise Refused(45009)
        if today and now - today[-1] < FORCED_APART_S:
            return False
        self._forced = [*today, now]
        return True

    def _check_session(self, _: Request, query: Mapping[str, str]) -> dict[str, Any]:
        self._signed(query)
        return {"errcode": 0, "errmsg": "ok"}

    def _reset_session(self, _: Request, query: Mapping[str, str]) -> dict[str, Any]:
        openid = self._signed(query)
        self._session_keys[openid] = _new_key()
        return {"errcode": 0, "errmsg": "ok", "openid": openid, "session_key": self._session_keys[openid]}

    def _subscribe(self, request: Request, query: Mapping[str, str]) -> dict[str, Any]:
        self._on_demand("WT6")
        self._check_token(query)
        message = _object(request.body)
        openid, template = str(message.get("touser")), str(message.get("template_id"))
        if openid not in self._session_keys:
            raise Refused(40003)
        if not _TEMPLATE.fullmatch(template):
            raise Refused(40037)
        if not acceptable(message):
            raise Refused(47003)
        if self._consents[openid, template] < 1:
            raise Refused(43101)
        self._consents[openid, template] -= 1
        number = 10**18 + len(self._messages)
        self._messages.append({"msgid": number, **message})
        return {"errcode": 0, "errmsg": "ok"} | ({"msgid": number} if self.quirk("msgid") else {})

    # what every endpoint checks

    def _on_demand(self, name: str) -> None:
        if wanted := self.quirk(name):
            raise Refused(-1 if wanted is True else int(wanted))

    def _account(self, given: Mapping[str, Any], code: str | None) -> None:
        for value, missing in ((given.get("appid"), 41002), (given.get("secret"), 41004), (code, 41008)):
            if not value:
                raise Refused(missing)
        if given["appid"] != self._secret("appid"):
            raise Refused(40013)
        if given["secret"] != self._secret("secret"):
            raise Refused(40125)

    def _check_token(self, query: Mapping[str, str]) -> None:
        if not query.get("access_token"):
            raise Refused(41001)
        if all(token.text != query["access_token"] or token.until <= self.now() for token in self._tokens):
            raise Refused(40001)

    def _signed(self, query: Mapping[str, str]) -> str:
        """The openid, when its session key made the signature."""
        self._check_token(query)
        if query.get("sig_method") != "hmac_sha256":
            raise Refused(87008)
        openid = query.get("openid", "")
        if openid not in self._session_keys:
            raise Refused(40003)
        expected = hmac.new(self._session_keys[openid].encode(), b"", "sha256").hexdigest()
        if not hmac.compare_digest(expected.encode(), query.get("signature", "").encode()):
            raise Refused(87009)
        return openid

    def _secret(self, name: str) -> str:
        return (self._secrets / f"wechat_{name}").read_text(encoding="utf-8").strip()


def _new_key() -> str:
    return base64.b64encode(chance.token_bytes(16)).decode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        raise Refused(47001) from None
    if not isinstance(value, dict):
        raise Refused(47001)
    return value


def make(secrets: Path, seed: int) -> Twin:
    return WeChat(secrets, seed)
