"""A department's signed callbacks: whose they are and how old, before anything of them is read. By system.yaml only."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone

from adapters.protocols.facts import unusable
from adapters.protocols.signature import Signature
from hub.port import Delivery, Denied, Setting

_CHINA = timezone(timedelta(hours=8))
_OWN = ("name", "keys")


class Callback:
    """What one system's callbacks must look like. Raises CONFIG_INVALID when it has no key to check them with."""

    def __init__(self, setting: Setting, now: Callable[[], float] = time.time) -> None:
        facts = setting.facts["callback"]
        sign = facts["sign"]
        self._now = now
        self._id: str = facts["id"].lower()
        self._time, self._form, self._window_s = facts["time"].lower(), facts["form"], facts["window_s"]
        self._signature_in: str = sign["name"].lower()
        self._keys = [setting.secrets[name] for name in sign["keys"] if setting.secrets.get(name)]
        self._rule = Signature.declared({name: value for name, value in sign.items() if name not in _OWN})
        self._body: str = facts["body"]
        if not self._keys:
            raise unusable(f"no secret {sign['keys'][0]}")

    def receive(self, headers: Mapping[str, str], raw: bytes) -> Delivery:
        """First the signature, so that nobody learns anything by trying; then the time."""
        given = headers.get(self._signature_in, "")
        missing = any(name[:1] != "@" and not headers.get(name.lower()) for name in self._rule.fields)
        values = {name: headers.get(name.lower(), "") for name in self._rule.fields}
        values |= {"@body": self._rule.digest(raw), "@raw": _text(raw, self._rule.charset)}
        if missing or not given or not any([self._rule.verifies(values, key, given) for key in self._keys]):
            raise Denied("the signature is wrong", code="CALLBACK_FORGED")
        if abs(self._now() - self._sent_at(headers.get(self._time, ""))) > self._window_s:
            raise Denied("sent too long ago, or in the future", code="CALLBACK_STALE")
        name = headers.get(self._id, "") if self._id else hashlib.sha256(raw).hexdigest()
        return Delivery(name, raw, {"body": self._body, "by": "callback"})

    def _sent_at(self, text: str) -> float:
        try:
            if self._form == "seconds":
                return float(int(text))
            if self._form == "milliseconds":
                return int(text) / 1000
            return datetime.strptime(text, self._form).replace(tzinfo=_CHINA).timestamp()
        except (ValueError, OverflowError):
            raise Denied("no time of sending", code="CALLBACK_STALE") from None


def _text(raw: bytes, charset: str) -> str:
    """The body as it is signed; none when it is in another charset, and then the signature does not fit."""
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        return ""
