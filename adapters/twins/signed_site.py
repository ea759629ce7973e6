"""What the signed REST twins share: which keys they accept, and whose clock they keep.

Q23  what a wrong signature is answered with: true (HTTP 200 and a code in the body), false (HTTP 401)
Q24  false, the seconds by which the twin's clock is ahead, or "token": a token dies after its first use
`PUT /twin/keys {"accepted": ["key_old"]}` says which of the department's keys count at this moment.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

from adapters.twins.residents import Resident, county
from adapters.twins.twin import Answer, Request, Twin, as_json

KEYS = ("key", "key_old")
WINDOW = 300  # seconds that a request may be old


class SignedSite(Twin):
    """Reads its account where the hub's operators put it; a key that is not there is not accepted."""

    def __init__(self, system: str, secrets: Path, seed: int, charset: str, quirks: Mapping[str, Any]) -> None:
        super().__init__(system, "signed_rest", seed, charset, {"Q23": True, "Q24": False, **quirks}, system)
        self._secrets = secrets
        self._accepted: tuple[str, ...] = KEYS
        self.county = county()

    def admin(self, request: Request) -> Answer | None:
        if request.path != "/twin/keys":
            return None
        if request.method == "PUT":
            self._accepted = tuple(json.loads(request.body)["accepted"])
        return as_json({"accepted": self._accepted})

    def forget(self) -> None:
        self._accepted = KEYS

    def keys(self) -> list[str]:
        files = [self._secrets / f"{self.system}_{name}" for name in self._accepted]
        return [file.read_text(encoding="utf-8").strip() for file in files if file.exists()]

    def secret(self, name: str) -> str:
        return (self._secrets / f"{self.system}_{name}").read_text(encoding="utf-8").strip()

    def now(self) -> float:
        ahead = self.quirk("Q24")
        return time.time() + (ahead if isinstance(ahead, int | float) else 0)

    def date(self) -> tuple[str, str]:
        return "Date", formatdate(self.now(), usegmt=True)

    def resident(self, id_number: Any, name: Any) -> Resident | None:
        """The person, when both belong together."""
        person = self.county.residents.get(str(id_number))
        return person if person is not None and person.name == name else None


class HeadSignedSite(SignedSite):
    """Signed in its head: method, path, time, nonce and the body's digest; each nonce once."""

    def __init__(self, system: str, secrets: Path, seed: int) -> None:
        super().__init__(system, secrets, seed, "utf-8", {})
        self.guard = threading.Lock()
        self._nonces: set[str] = set()

    def forget(self) -> None:
        super().forget()
        self._nonces.clear()

    def right(self, request: Request, key: str) -> bool:
        head = request.headers
        digest = hashlib.sha256(request.body).hexdigest()
        text = "\n".join([request.method, request.path, head.get("x-timestamp", ""), head.get("x-nonce", ""), digest])
        expected = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, head.get("x-signature", ""))

    def repeated(self, request: Request) -> tuple[str, str] | None:
        """What is said to a request out of its time, or one that was here before."""
        head = request.headers
        if not head["x-timestamp"].isdigit() or abs(self.now() - int(head["x-timestamp"])) > WINDOW:
            return "-2", "请求时间超出允许范围"
        with self.guard:
            if head["x-nonce"] in self._nonces:
                return "-3", "请求重复"
            self._nonces.add(head["x-nonce"])
        return None
