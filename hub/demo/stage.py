"""Playing one of the demo's people in a browser: the WeChat twin gives the login code that a phone's WeChat would give.

Only a county that `hub demo` opened has a stage; the code is worth nothing at the real WeChat.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.errors import Problem

_PATIENCE_S = 5


class Stage:
    """`home` is the county's; it says in demo.json who can be played and where the twin listens."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def people(self) -> Sequence[dict[str, Any]]:
        """Each: resident, name, level. Nobody while the county is still opening."""
        return [{name: each[name] for name in ("resident", "name", "level")} for each in self._demo()["personas"]]

    def code(self, resident: str) -> str:
        """A login code. Raises NOT_FOUND for somebody who cannot be played, DEPARTMENT_UNAVAILABLE."""
        demo = self._demo()
        openids = {each["resident"]: each["openid"] for each in demo["personas"]}
        if resident not in openids:
            raise Problem("NOT_FOUND")
        return _code(urlsplit(demo["twins"]["wechat"]["url"]).netloc, openids[resident])

    def _demo(self) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads((self._home / "demo.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {"personas": [], "twins": {}}
        return told


def _code(netloc: str, openid: str) -> str:
    try:
        with closing(http.client.HTTPConnection(netloc, timeout=_PATIENCE_S)) as connection:
            body = json.dumps({"openid": openid})
            connection.request("POST", "/twin/login-codes", body, {"Content-Type": "application/json"})
            return str(json.loads(connection.getresponse().read())["code"])
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise Problem("DEPARTMENT_UNAVAILABLE", origin="department:wechat") from error
