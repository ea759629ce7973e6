"""A department's system opened as the hub opens it: its own folder, its real protocol, and its twin on loopback."""

from __future__ import annotations

import copy
import importlib
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from adapters.twins.twin import Twin
from adapters.twins.wire import Server
from hub.port import Adapter, Call, Reply, Setting
from hub.settings.reader import read_yaml

ADAPTERS = Path(__file__).parents[2] / "adapters"
NOBODY = "362623190205121959"  # well formed, and in no register


Change = Callable[[dict[str, Any]], None]


def facts_of(system: str, change: Change | None = None) -> tuple[Any, Mapping[str, Any]]:
    """The protocol module and the checked facts of a system, changed before they are checked."""
    raw = copy.deepcopy(read_yaml(ADAPTERS / system / "system.yaml").value)
    if change:
        change(raw)
    protocol = importlib.import_module(f"adapters.protocols.{raw['protocol']}")
    return protocol, protocol.FACTS().load(raw)


def opened(system: str, address: str, change: Change | None = None, **secrets: str) -> Adapter:
    protocol, facts = facts_of(system, change)
    account = {"username": f"{system}_username", "password": f"{system}_password"} | secrets
    if facts["callback"]:
        account |= {"callback_key": f"{system}_callback_key"}
    no_store: Any = None
    adapter: Adapter = protocol.Adapter(
        Setting(system, address, facts, ADAPTERS / system, no_store, account, allow_private=True)
    )
    return adapter


class Department:
    """One twin, served, with an adapter opened on it. Toxics and quirks are set over HTTP, as anybody would."""

    def __init__(self, system: str, change: Change | None = None, **secrets: str) -> None:
        module = importlib.import_module(f"adapters.twins.{system}")
        self.twin: Twin = module.make(Path("no-secrets"), 1)
        self.server = Server(self.twin).start()
        self.adapter = opened(system, self.server.address, change, **secrets)

    def ask(self, operation: str, seconds: float = 10.0, key: str = "", **fields: Any) -> Reply:
        return self.adapter.call(Call(operation, fields, time.monotonic() + seconds, key=key))

    def toxic(self, **toxics: Any) -> None:
        self._put("toxics", toxics)

    def quirk(self, **quirks: Any) -> None:
        self._put("quirks", quirks)

    def records(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(self.server.url + "/twin/records", timeout=30) as answer:
            return list(json.load(answer)["records"])

    def close(self) -> None:
        self.adapter.close()
        self.server.stop()

    def _put(self, what: str, value: Mapping[str, Any]) -> None:
        body = json.dumps(value).encode()
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.server.url}/twin/{what}", body, method="PUT"), timeout=30
        ) as answer:
            answer.read()
