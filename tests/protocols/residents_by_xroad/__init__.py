"""The residents service behind X-Road: its security server as a twin, and adapters opened on this folder."""

from __future__ import annotations

import copy
import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.protocols import xroad_rest
from adapters.twins.security_server import SecurityServer
from adapters.twins.wire import Server
from hub.port import Call, Reply, Setting
from hub.settings.reader import read_yaml

FOLDER = Path(__file__).parent
ID, NAME = "362623190205121932", "韩山福"
Change = Callable[[dict[str, Any]], None]


def opened(address: str, change: Change | None = None, **options: Any) -> xroad_rest.Adapter:
    raw = copy.deepcopy(read_yaml(FOLDER / "system.yaml").value)
    if change:
        change(raw)
    no_store: Any = None
    facts = xroad_rest.FACTS().load(raw)
    setting = Setting("residents_by_xroad", address, facts, FOLDER, no_store, options=options, allow_private=True)
    return xroad_rest.Adapter(setting)


class Road:
    """The running twin with one adapter opened on it."""

    def __init__(self, change: Change | None = None, **options: Any) -> None:
        self.twin = SecurityServer()
        self.server = Server(self.twin).start()
        self.adapter = opened(self.server.address, change, **options)

    def ask(self, operation: str = "query_person", seconds: float = 10.0, key: str = "", **fields: Any) -> Reply:
        fields = fields or {"id_number": ID, "clerk": "E0007"}
        return self.adapter.call(Call(operation, fields, time.monotonic() + seconds, key=key))

    def tell(self, what: str, **values: Any) -> None:
        body = json.dumps(values).encode()
        asked = urllib.request.Request(f"{self.server.url}/twin/{what}", body, method="PUT")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            answer.read()

    def close(self) -> None:
        self.adapter.close()
        self.server.stop()
