"""What the SOAP departments have in common: envelopes, user tokens, and every quirk Q1-Q12, each by its name.

A department names its operations and what they answer; this file spoils it. Values a quirk takes, `true` is the first:
Q1  gb18030 | gbk | gb2312        that charset, declared rightly
Q2  true                          GBK bytes declared UTF-8
Q3  true | header                 GBK bytes without a declaration; `header`: only the HTTP charset says so
Q4  maintenance | other           an HTML page with 200
Q5  true                          UTF-8 bytes declared GBK
Q6  500 | 200 | known             a fault with a Java text under that status; `known`: one that stands in the table
Q7  true                          reads GBK requests only
Q8  "1" | "0" | "2" …             that many rows in every list
Q9  true                          demands a fresh user token with digest
Q10 operation | wsdl              accepts and stays silent
Q11 doctype | entity | external | utf-16 | utf-7
Q12 element | missing | code      an element nobody knows, none where one is required, a code without a meaning
B96 true                          answers with somebody else's record
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.twins.residents import County, Resident, county
from adapters.twins.twin import Answer, Request, Twin

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"
_WSSE, _WSU = f"{{{_WSS}secext-1.0.xsd}}", f"{{{_WSS}utility-1.0.xsd}}"
QUIRKS = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8", "Q9", "Q10", "Q11", "Q12", "B96")

Tree = Mapping[str, Any] | Sequence[Any] | str


class Fault(Exception):
    """What the department answers instead. `code` is the faultcode, `text` is for its own log."""

    def __init__(self, code: str, text: str, status: int = 500) -> None:
        super().__init__(text)
        self.code, self.text, self.status = code, text, status


def xml(tree: Tree) -> str:
    """Elements from a tree; a list stands for the element repeated."""
    if isinstance(tree, str):
        return escape(tree, quote=False)
    pieces = []
    for name, value in tree.items() if isinstance(tree, Mapping) else ():
        each = value if isinstance(value, list) else [value]
        pieces += [f"<{name}>{xml(one)}</{name}>" for one in each if one is not None]
    return "".join(pieces)


def secret(folder: Path, name: str) -> str:
    """The account the hub was given; a fixed one where the folder has none."""
    path = folder / name
    return path.read_text(encoding="utf-8").strip() if path.is_file() else name


class SoapSite(Twin):
    """A department behind SOAP. A subclass sets the names below and answers its operations."""

    namespace: str
    wsdl: Path
    declared: str | None = "GBK"  # what its XML declaration says by default; None: it has none

    def __init__(self, system: str, seed: int, defaults: Mapping[str, Any]) -> None:
        super().__init__(system, "soap", seed, "gb18030", dict.fromkeys(QUIRKS, False) | dict(defaults))
        self.county: County = county()
        self._nonces: set[str] = set()
        self._nonce_lock = threading.Lock()

    # -- for the department

    def operate(self, name: str, request: Any) -> str:
        """The content of the answer to an operation, as XML text. May raise Fault."""
        raise NotImplementedError

    def account(self) -> tuple[str, str]:
        raise NotImplementedError

    def resident(self, id_number: str) -> Resident | None:
        """Whom it answers about; under B96 the neighbour in its register."""
        person = self.county.residents.get(id_number)
        if person is not None and self.quirk("B96"):
            return next(other for other in self.county.residents.values() if other is not person)
        return person

    def listed(self, rows: Sequence[Any], another: Callable[[int], Any], contradict: Callable[[Any], Any]) -> list[Any]:
        """The rows of a list after Q8 and the toxic `duplicate`; `another` makes the nth row where Q8 wants more."""
        wanted = self.quirk("Q8")
        if wanted is not False:
            number = 1 if wanted is True else int(wanted)
            rows = [*rows, *(another(position) for position in range(len(rows), number))][:number]
        return self.rows(rows, contradict)

    # -- the wire

    def answer(self, request: Request) -> Answer:
        if request.method == "GET":
            self._stay_silent("wsdl")
            return Answer(self.wsdl.read_bytes(), media_type="text/xml; charset=utf-8")
        self._stay_silent("operation", True)
        if page := self.quirk("Q4"):
            return self._page(page)
        try:
            return self._said(self._operated(request))
        except Fault as fault:
            code = fault.code if ":" in fault.code else f"soap:{fault.code}"
            text = f"<faultcode>{code}</faultcode><faultstring>{xml(fault.text)}</faultstring>"
            return self._said(f"<soap:Fault>{text}</soap:Fault>", fault.status)

    def _operated(self, request: Request) -> str:
        self._check_charset(request.body)
        if "soapaction" not in request.headers:
            raise Fault("Client.NoAction", "no SOAPAction")
        root = etree.fromstring(request.body)
        if self.quirk("Q9"):
            self._check_token(root)
        if quirk := self.quirk("Q6"):
            self._fail(quirk)
        body = root.find(f"{{{SOAP}}}Body")
        if body is None or not len(body):
            raise Fault("Client.NoBody", "empty")
        operation = body[0]
        name = operation.tag.rpartition("}")[2]
        content = self.operate(name, operation)
        return f'<m:{name}Response xmlns:m="{self.namespace}">{content}</m:{name}Response>'

    def _check_charset(self, body: bytes) -> None:
        gbk = b'encoding="GBK"' in body[:60]
        if self.quirk("Q7") and not gbk:
            raise Fault("Client.Encoding", "请求报文编码错误")

    def _fail(self, quirk: Any) -> None:
        if quirk == "known":
            raise Fault("Server.1001", "未查询到参保信息")
        trace = "java.lang.NullPointerException\n\tat cn.gov.dao.PersonDao.load(PersonDao.java:217) 身份证号=…"
        raise Fault("Server", trace, 200 if str(quirk) == "200" else 500)

    def _check_token(self, root: Any) -> None:
        token = root.find(f"{{{SOAP}}}Header/{_WSSE}Security/{_WSSE}UsernameToken")
        if token is None:
            raise Fault("wsse:FailedAuthentication", "no user token")
        nonce, created = token.findtext(f"{_WSSE}Nonce") or "", token.findtext(f"{_WSU}Created") or ""
        username, password = self.account()
        digest = hashlib.sha1(base64.b64decode(nonce) + created.encode() + password.encode(), usedforsecurity=False)
        told = token.findtext(f"{_WSSE}Username"), token.findtext(f"{_WSSE}Password")
        if told != (username, base64.b64encode(digest.digest()).decode()):
            raise Fault("wsse:FailedAuthentication", "wrong password")
        if abs(datetime.now(UTC) - datetime.fromisoformat(created)) > timedelta(minutes=5):
            raise Fault("wsse:MessageExpired", "Created is too far off")
        with self._nonce_lock:
            if nonce in self._nonces:
                raise Fault("wsse:FailedAuthentication", "nonce used before")
            self._nonces.add(nonce)

    def _stay_silent(self, *forms: Any) -> None:
        if self.quirk("Q10") in forms:
            while self.quirk("Q10") in forms and not self.healed.wait(0.05):
                pass
            raise ConnectionAbortedError

    def _page(self, kind: Any) -> Answer:
        text = "统一登录平台" if kind == "other" else "尊敬的用户：系统维护中，预计8:00恢复。"
        return Answer(f"<html><head></head><body>{text}</body></html>".encode("gb18030"), media_type="text/html")

    # -- how it is written

    def _said(self, content: str, status: int = 200) -> Answer:
        text = f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>{self._drifted(content)}</soap:Body></soap:Envelope>'
        declared, charset, header = self._charset()
        text = self._unsafe(f'<?xml version="1.0" encoding="{declared}"?>' if declared else "", text)
        if self.quirk("Q11") == "utf-16":
            charset = "utf-16"
        return Answer(text.encode(charset), status, "text/xml" + (f"; charset={header}" if header else ""))

    def _charset(self) -> tuple[str | None, str, str]:
        """What the document declares, what it is in truth, what the HTTP header says."""
        if chosen := self.quirk("Q1"):
            name = "gb18030" if chosen is True else str(chosen)
            return name.upper(), "gb18030", ""
        if self.quirk("Q2"):
            return "UTF-8", "gb18030", ""
        if self.quirk("Q5"):
            return "GBK", "utf-8", ""
        if chosen := self.quirk("Q3"):
            return None, "gb18030", "GBK" if chosen == "header" else ""
        return self.declared, "gb18030", ""

    def _unsafe(self, declaration: str, envelope: str) -> str:
        forms = {
            "doctype": "<!DOCTYPE soap:Envelope>",
            "entity": '<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
            "external": '<!DOCTYPE e SYSTEM "http://127.0.0.1:9/e.dtd">',
            "utf-16": "<!DOCTYPE soap:Envelope>",
        }
        quirk = self.quirk("Q11")
        if quirk == "utf-7":
            return '<?xml version="1.0" encoding="UTF-7"?>' + envelope
        return declaration + forms.get("doctype" if quirk is True else quirk, "") + envelope

    def _drifted(self, content: str) -> str:
        """What an update nobody announced does to an answer."""
        quirk = self.quirk("Q12")
        change = self.drift("element" if quirk is True else quirk) if quirk else None
        return content.replace(*change) if change else content

    def drift(self, kind: str) -> tuple[str, str]:
        """The text of an answer that Q12 replaces, and by what."""
        raise NotImplementedError

    def forget(self) -> None:
        with self._nonce_lock:
            self._nonces.clear()
