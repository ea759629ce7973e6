"""The twins that are asked on the wire: one class for each protocol, the department's own facts come from its plan."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.twins.fixed_width_site import FixedWidthSite, Told
from adapters.twins.form_site import FormSite, Visit, message, pairs
from adapters.twins.signed_site import SignedSite
from adapters.twins.soap_site import Fault, SoapSite, secret, xml
from adapters.twins.twin import Answer, Request, Twin
from adapters.twins.whole.desk import carried_out
from adapters.twins.whole.facts_wire import BODY_KEY, ESCAPED, INNER, NOTHING
from adapters.twins.whole.plan import Planned, Question
from adapters.twins.whole.rows import Row, found, written
from adapters.twins.whole.wsdl import credentials, namespace

Answered = Mapping[str, str]


def row_for(twin: Twin, question: Question, asked: Answered) -> Row | None:
    """What an operation comes to, by field name; None where there is nothing."""
    return found(question, twin.seed, asked) if question.kind == "query" else carried_out(twin, question, asked)


def answered(twin: Twin, question: Question, asked: Answered) -> dict[str, str] | None:
    """The same as it is written on the wire."""
    row = row_for(twin, question, asked)
    return {each.wire: written(each, row[each.name]) for each in question.fields} if row else None


class RestOffice(SignedSite):
    """JSON in and out; which of three ways to sign stands in the plan."""

    def __init__(self, system: Planned, secrets: Path, seed: int) -> None:
        super().__init__(system.name, secrets, seed, system.charset, {})
        self._plan, self._pages = system, {each.path: each for each in system.operations}

    def answer(self, request: Request) -> Answer:
        question = self._pages.get(request.path.rpartition("/")[2])
        if question is None or request.method != "POST":
            return self._json({"code": "404", "msg": "接口不存在"}, 404)
        try:
            asked = json.loads(self._opened(request.body).decode(self.charset))
        except ValueError:  # another key, or no such body at all
            return Answer(b"", 400, "text/plain")
        if not self._signed(request, asked):
            return self._json({"code": "9", "msg": "签名错误"})
        record = answered(self, question, asked)
        if record is None:
            return self._json({"code": "1", "msg": "无此记录"})
        return self._json({"code": "0", "msg": "成功", "data": record})

    def _signed(self, request: Request, asked: Answered) -> bool:
        if self._plan.auth == "app_key_md5":
            text = "&".join(f"{name}={asked[name]}" for name in sorted(asked) if name != "sign" and asked[name])
            told, codes = asked.get("sign", ""), [self._md5(text, key) for key in self.keys()]
        else:
            body = self._hash(request.body)
            parts = (request.method, request.path, request.headers["timestamp"], request.headers["nonce"], body)
            told, codes = request.headers.get("x-sign", ""), [self._mac("\n".join(parts), key) for key in self.keys()]
        return any(hmac.compare_digest(told, code) for code in codes)

    def _md5(self, text: str, key: str) -> str:
        signed = f"{text}&key={key}".encode(self.charset)
        return hashlib.md5(signed, usedforsecurity=False).hexdigest().upper()

    def _hash(self, body: bytes) -> str:
        if self._plan.auth == "hmac_sha256":
            return hashlib.sha256(body).hexdigest()
        digest = hashes.Hash(hashes.SM3())
        digest.update(body)
        return digest.finalize().hex()

    def _mac(self, text: str, key: str) -> str:
        if self._plan.auth == "hmac_sha256":
            return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()
        mac = HMAC(key.encode(), hashes.SM3())
        mac.update(text.encode())
        return mac.finalize().hex()

    def _json(self, value: Mapping[str, Any], status: int = 200) -> Answer:
        body = json.dumps(value, ensure_ascii=False).encode(self.charset)
        if self._plan.auth != "sm2_sm4":
            return Answer(body, status, "application/json", [self.date()])
        iv, padder = os.urandom(16), PKCS7(128).padder()
        encryptor = Cipher(SM4(self._body_key()), CBC(iv)).encryptor()
        body = iv + encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()
        return Answer(base64.b64encode(body), status, "text/plain", [self.date()])

    def _opened(self, body: bytes) -> bytes:
        """The body of who encrypts, by a key of its own in hex; its first block is chance."""
        if self._plan.auth != "sm2_sm4":
            return body
        raw, unpadder = base64.b64decode(body), PKCS7(128).unpadder()
        decryptor = Cipher(SM4(self._body_key()), CBC(raw[:16])).decryptor()
        return unpadder.update(decryptor.update(raw[16:]) + decryptor.finalize()) + unpadder.finalize()

    def _body_key(self) -> bytes:
        return bytes.fromhex(self.secret(BODY_KEY))


class SoapOffice(SoapSite):
    """Document/literal; the account goes along in the body, or as a user token with digest."""

    def __init__(self, system: Planned, secrets: Path, seed: int, folder: Path) -> None:
        self.namespace, self.wsdl = namespace(system), folder / "service.wsdl"
        super().__init__(system.name, seed, {"Q9": system.auth == "wsse_username"})
        self.charset, self.declared = system.charset, "GBK" if system.charset == "gb18030" else "UTF-8"
        self._secrets, self._credentials = secrets, credentials(system)
        self._escaped = ESCAPED in system.quirks
        self._questions = {each.operation: each for each in system.operations}

    def account(self) -> tuple[str, str]:
        username, password = (secret(self._secrets, f"{self.system}_{name}") for name in ("username", "password"))
        return username, password

    def operate(self, name: str, request: Any) -> str:
        if name not in self._questions:
            raise Fault("Client.NoOperation", name)
        asked = {each.tag: each.text or "" for each in request}
        if self._credentials and tuple(asked.get(each) for each in self._credentials) != self.account():
            return self._told({"code": "9"})
        record = answered(self, self._questions[name], asked)
        return self._told({"code": "0", "record": record} if record else {"code": "1"})

    def _told(self, answer: Mapping[str, Any]) -> str:
        """As elements, or as a document of its own in the text of one (the county's Q05)."""
        if not self._escaped:
            return xml(answer)
        element, root = INNER
        return xml({element: f'<?xml version="1.0" encoding="GBK"?><{root}>{xml(answer)}</{root}>'})

    def drift(self, kind: str) -> tuple[str, str]:
        before, after = {
            "element": ("<code>", "<added>1</added><code>"),
            "missing": ("<code>0</code>", ""),
            "code": ("<code>0<", "<code>77<"),
        }[kind]
        return (xml(before), xml(after)) if self._escaped else (before, after)

    def _charset(self) -> tuple[str | None, str, str]:
        declared, charset, header = super()._charset()
        return declared, self.charset if declared == "UTF-8" and not self.quirk("Q2") else charset, header


class FormOffice(FormSite):
    """Pages of pairs behind a login; with Q36 the page before holds a token."""

    def __init__(self, system: Planned, secrets: Path, seed: int) -> None:
        super().__init__(system.name, secrets, seed, {"Q18": "Q36" in system.quirks, "Q17": system.charset != "utf-8"})
        self.charset, self._pages = system.charset, {each.path: each for each in system.operations}

    def page_for(self, request: Request, visit: Visit, form: Mapping[str, str]) -> str | None:
        page, _, kind = request.path.rpartition("/")[2].partition(".")
        question = self._pages.get(page)
        if question is None:
            return None
        if kind == "jsp":
            return f'<form><input type="hidden" name="__VIEWSTATE" value="{self.issued(visit)}"></form>'
        if not self.used(visit, form.get("__VIEWSTATE", "")):
            return message("页面已失效，请刷新后重新提交")
        record = answered(self, question, form)
        return pairs(record) if record else message(NOTHING)

    def _page(self, body: str) -> Answer:
        if self.charset != "utf-8":
            return super()._page(body)
        return self._bare(f'<html><head><meta charset="utf-8"><title>业务系统</title></head><body>{body}</body></html>')

    def _bare(self, text: str) -> Answer:
        return super()._bare(text) if self.charset != "utf-8" else Answer(text.encode(), 200, "text/html")


class FixedOffice(FixedWidthSite):
    """Its layouts are those of its own system.yaml."""

    denied = "9"

    def __init__(self, system: Planned, secrets: Path, seed: int, folder: Path) -> None:
        super().__init__(system.name, secrets, seed, folder)
        self._questions = {each.operation: each for each in system.operations}

    def carried_out(self, operation: str, fields: Mapping[str, str]) -> Told:
        question = self._questions[operation]
        row = row_for(self, question, fields)
        return Told("0", {each.wire: row[each.name] for each in question.fields}) if row else Told("1")


def office(system: Planned, secrets: Path, seed: int, folder: Path) -> Twin:
    """The twin of a system that is asked on the wire; `folder` is its adapter's."""
    match system.protocol:
        case "signed_rest":
            return RestOffice(system, secrets, seed)
        case "soap":
            return SoapOffice(system, secrets, seed, folder)
        case "form":
            return FormOffice(system, secrets, seed)
    return FixedOffice(system, secrets, seed, folder)
