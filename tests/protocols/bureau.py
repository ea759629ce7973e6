"""A department for protocol tests: its twin on real sockets, and adapters opened on it from the shipped system.yaml."""

from __future__ import annotations

import importlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.twins.twin import Twin
from adapters.twins.wire import Server
from hub.port import Adapter, Call, Reply, Setting, Shared
from hub.settings.reader import read_yaml

FOLDER = Path(__file__).parents[2] / "adapters"
HAN = {"id_number": "362623190205121932", "name": "韩山福"}  # R0001
LIN = {"id_number": "362623190008226786", "name": "林美梅"}  # R0002, his wife
WANG = {"id_number": "362623191112033970", "name": "王新涛"}  # R0004


@dataclass
class Bureau:
    """One running twin. `open` gives one more adapter, as one more worker would have it."""

    system: str
    server: Server
    secrets: Path
    opened: list[Adapter] = field(default_factory=list)

    @property
    def twin(self) -> Any:
        return self.server.twin

    def open(self, shared: Shared, facts: Mapping[str, Any] | None = None, **secrets: str) -> Adapter:
        facts = facts or read_yaml(FOLDER / self.system / "system.yaml").value
        protocol = importlib.import_module(f"adapters.protocols.{facts['protocol']}")
        account = {
            path.name.removeprefix(f"{self.system}_"): path.read_text(encoding="utf-8")
            for path in self.secrets.glob(f"{self.system}_*")
        }
        setting = Setting(
            self.system, self.server.address, protocol.FACTS().load(facts), FOLDER / self.system, shared,
            {**account, **secrets}, allow_private=True,
        )  # fmt: skip
        adapter: Adapter = protocol.Adapter(setting)
        self.opened.append(adapter)
        return adapter

    def tell(self, path: str, method: str = "PUT", **values: Any) -> Any:
        """Speak to the twin's control address."""
        body = json.dumps(values).encode() if method == "PUT" else None
        request = urllib.request.Request(self.server.url + path, body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


@contextmanager
def bureau(system: str, folder: Path) -> Iterator[Bureau]:
    for name in ("username", "password", "key", "key_old"):
        (folder / f"{system}_{name}").write_text(f"{system} {name} 0123456789", encoding="utf-8")
    twin: Twin = importlib.import_module(f"adapters.twins.{system}").make(folder, 1)
    running = Bureau(system, Server(twin).start(), folder)
    try:
        yield running
    finally:
        for adapter in running.opened:
            adapter.close()
        running.server.stop()


def ask(adapter: Adapter, operation: str, seconds: float = 10.0, key: str = "", **fields: Any) -> Reply:
    return adapter.call(Call(operation, fields, time.monotonic() + seconds, key=key))


def at_once(number: int, call: Callable[[int], object]) -> list[Exception]:
    """So many calls that begin together; what they raised."""
    failures: list[Exception] = []
    gate = threading.Barrier(number)

    def one(mine: int) -> None:
        gate.wait()
        try:
            call(mine)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(mine,)) for mine in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
