"""What a citizen's phone and a department's machine room can do in a test: HTTP only, against a running county."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

SECONDS = 30


@dataclass
class Phone:
    """One person's mini-program: logs in at the WeChat twin, then speaks to the hub alone."""

    base_url: str
    token: str = ""
    language: str = "zh-CN"
    session: requests.Session = field(default_factory=requests.Session)

    def login(self, wechat_url: str, openid: str) -> Phone:
        made = requests.post(f"{wechat_url}/twin/login-codes", json={"openid": openid}, timeout=SECONDS)
        answer = self.post("/sessions", {"code": made.json()["code"]})
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["access_token"]
        return self

    def get(self, path: str, **headers: str) -> requests.Response:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        return self._ask("POST", path, body, headers)

    def patch(self, path: str, body: Any, **headers: str) -> requests.Response:
        return self._ask("PATCH", path, body, headers)

    def call(self, service: str, **fields: Any) -> requests.Response:
        return self.post(f"/services/{service}/calls", {"fields": fields})

    def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> requests.Response:
        sent = {"Accept-Language": self.language} | {key.replace("_", "-"): value for key, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        prefix = "" if path.startswith(("/ops/", "/healthz", "/readyz", "/metrics", "/openapi")) else "/api/v1"
        return self.session.request(
            method, self.base_url + prefix + path, json=body, headers=sent, timeout=SECONDS, allow_redirects=False
        )


@dataclass(frozen=True)
class MachineRoom:
    """The control address of one twin."""

    url: str

    @contextlib.contextmanager
    def sick(self, **toxics: Any) -> Iterator[None]:
        requests.put(f"{self.url}/twin/toxics", json=toxics, timeout=SECONDS).raise_for_status()
        try:
            yield
        finally:
            requests.delete(f"{self.url}/twin/toxics", timeout=SECONDS).raise_for_status()

    @contextlib.contextmanager
    def quirk(self, *names: str) -> Iterator[None]:
        requests.put(f"{self.url}/twin/quirks", json=dict.fromkeys(names, True), timeout=SECONDS).raise_for_status()
        try:
            yield
        finally:
            requests.put(f"{self.url}/twin/quirks", json=dict.fromkeys(names, False), timeout=SECONDS)

    def records(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = requests.get(f"{self.url}/twin/records", timeout=SECONDS).json()["records"]
        return records


def eventually(true: Callable[[], bool], seconds: float) -> bool:
    """Looks again and again until it is true; False when the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return true()
