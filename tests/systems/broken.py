"""Adapters that break one promise each, so that the contract kit is seen to notice. Used by test_contract.py only."""

from __future__ import annotations

import time
import urllib.request
from dataclasses import replace
from typing import Any

from adapters.protocols.signed_rest import Adapter as Good
from hub.port import Call, Garbled, PortError, Reply, Setting, nobody_listens


class Sleeper(Good):
    """Does not look at the clock."""

    def call(self, call: Call) -> Reply:
        return super().call(replace(call, deadline=call.deadline + 2))


class Leaky(Good):
    """Lets out what is none of the five."""

    def call(self, call: Call) -> Reply:
        try:
            return super().call(call)
        except Garbled as error:
            raise ValueError("what now?") from error


class Gullible(Good):
    """Takes whatever comes for an answer."""

    def call(self, call: Call) -> Reply:
        try:
            return super().call(call)
        except PortError:
            return Reply({})


class Follower(Good):
    """Asks with a library's comfort: redirects are followed."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._address = setting.address

    def call(self, call: Call) -> Reply:
        try:
            urllib.request.urlopen(self._address, timeout=0.5).read(10)
        except OSError as error:
            raise Garbled("no") from error
        return super().call(call)


class Hungry(Good):
    """Reads as long as something comes."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._address = setting.address

    def call(self, call: Call) -> Reply:
        with urllib.request.urlopen(self._address, timeout=30) as answer:
            answer.read()
        return super().call(call)


class Lenient(Good):
    """Guesses the charset."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._other = Good(replace(setting, facts={**setting.facts, "encoding": "utf-8"}))

    def call(self, call: Call) -> Reply:
        try:
            return super().call(call)
        except Garbled:
            return self._other.call(call)


class Quiet(Good):
    """Tells nobody what it did not know."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(replace(setting, unmapped=nobody_listens))


class Mixing(Good):
    """Keeps the last answer where every caller sees it."""

    kept: Any = None

    def call(self, call: Call) -> Reply:
        self.kept = super().call(call)
        time.sleep(0.001)
        reply: Reply = self.kept
        return reply
