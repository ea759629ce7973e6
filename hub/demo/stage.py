"""Playing one of the demo's people in a browser: the WeChat twin gives the login code that a phone's WeChat would give,
and takes the face that would be shown to it.

Only a county that `hub demo` opened has a stage; the code is worth nothing at the real WeChat.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.demo import twins
from hub.errors import Problem


class Stage:
    """`demo` is the county's demo.json: who can be played, and where the twin listens."""

    def __init__(self, demo: Path) -> None:
        self._demo = demo

    def people(self) -> Sequence[dict[str, Any]]:
        """Each: resident, name, level. Nobody while the county is still opening."""
        people = twins.told(self._demo)["personas"]
        return [{name: each[name] for name in ("resident", "name", "level")} for each in people]

    def code(self, resident: str) -> str:
        """A login code. Raises NOT_FOUND for somebody who cannot be played, DEPARTMENT_UNAVAILABLE."""
        demo = twins.told(self._demo)
        openids = {each["resident"]: each["openid"] for each in demo["personas"]}
        if resident not in openids:
            raise Problem("NOT_FOUND")
        wanted = {"openid": openids[resident]}
        return str(twins.ask(demo["twins"]["wechat"], "POST", "/twin/login-codes", wanted)["code"])

    def show_face(self, verify_id: str) -> None:
        """The person of this check is the one they say. Raises DEPARTMENT_UNAVAILABLE, also for an unknown check."""
        twins.ask(twins.told(self._demo)["twins"]["wechat"], "POST", "/twin/faces", {"verify_id": verify_id})
