"""What the twins of the SMS providers share: they take a message, keep it, send nothing, and report it as delivered.

refuse    the result it refuses every message with; false: none
receipts  delivered | failed | twice | false: how each message it took is reported
forged    true: the receipts are signed with another key
Messages are what `GET /twin/records` lists. Receipts go to `PUT /twin/receipts {"url": …}`, at first to the address in
the environment (TWINS_CALL, with the system's name put in for {system}).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from adapters.twins.calling import Calling
from adapters.twins.signed_site import SignedSite
from adapters.twins.twin import Answer, Request, as_json

PHONE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
WINDOW_S = 300


class SmsSite(SignedSite):
    """One provider. Its wire form is the subclass's."""

    numbers_refused: ClassVar[str] = ""

    def __init__(self, system: str, secrets: Path, seed: int, charset: str) -> None:
        super().__init__(system, secrets, seed, charset, {"refuse": False, "receipts": "delivered", "forged": False})
        self._calling = Calling(system, lambda: "forged" if self.quirk("forged") else self.secret("callback_key"))

    def admin(self, request: Request) -> Answer | None:
        if request.path != "/twin/receipts":
            return super().admin(request)
        if request.method == "PUT":
            self._calling.url = str(json.loads(request.body)["url"])
        if request.method == "POST":  # one that nobody asked for
            self._report(json.loads(request.body))
        return as_json({"url": self._calling.url})

    def taken(self, phone: str, text: str, reference: str) -> str:
        """Keeps the message; its number. The receipt follows by itself."""
        number = self.records.add({"phone": phone, "text": text, "reference": reference})
        if kind := self.quirk("receipts"):
            report = self.receipt(phone, reference, kind != "failed")
            for _ in range(2 if kind == "twice" else 1):
                self._report(report)
        return f"{self.system}-{number}"

    def refusal(self, phone: str, text: str) -> str:
        """The result code of a message that is not taken; empty: it is."""
        if refuse := self.quirk("refuse"):
            return str(refuse)
        return "" if PHONE.fullmatch(phone) and text else self.numbers_refused

    def receipt(self, phone: str, reference: str, delivered: bool) -> Mapping[str, Any]:
        raise NotImplementedError

    def timely(self, sent_at: float) -> bool:
        return abs(self.now() - sent_at) <= WINDOW_S

    def _report(self, receipt: Mapping[str, Any]) -> None:
        body = json.dumps({"receipts": [receipt]}, ensure_ascii=False).encode(self.charset)
        self._calling.tell(body)
