"""Databases opened as the hub opens them: checked facts, the real protocol, an account as secrets."""

from __future__ import annotations

import copy
import json
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.protocols.db_view import FACTS, Adapter
from adapters.twins.db_view import Gate
from hub.port import Call, Reply, Setting
from hub.settings.reader import read_yaml

FOLDER = Path(__file__).with_name("departments")
PASSWORD = "a word for tests"
HAN = {"id_number": "362623190205121932", "name": "韩山福"}  # two jabs
LIN = {"id_number": "362623190008226786", "name": "林美梅"}  # one
BOD = {"id_number": "362623191206116013", "name": "韩波德"}  # none
NOBODY = {"id_number": "362623190205121959", "name": "无此人"}
STUDENT, JABS = "student_register", "vaccination"


def facts_of(system: str) -> dict[str, Any]:
    """The shipped system.yaml, to be changed before it is opened."""
    value: dict[str, Any] = copy.deepcopy(read_yaml(FOLDER / system / "system.yaml").value)
    return value


def opened(
    address: str,
    facts: Mapping[str, Any],
    user: str,
    password: str = PASSWORD,
    allow_private: bool = True,
    **options: Any,
) -> Adapter:
    no_store: Any = None
    secrets = {"username": user, "password": password}
    return Adapter(
        Setting(
            name="a_view", address=address, facts=FACTS().load(facts), folder=FOLDER, shared=no_store, secrets=secrets,
            options=options, allow_private=allow_private,
        )
    )  # fmt: skip


def ask(adapter: Adapter, operation: str, seconds: float = 5.0, **fields: Any) -> Reply:
    return adapter.call(Call(operation, fields, time.monotonic() + seconds))


class Room:
    """The twin, and adapters on it that are closed at the end."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.twin = gate, gate.twin
        self._opened: list[Adapter] = []

    def open(self, system: str, facts: Mapping[str, Any] | None = None, user: str = "", **options: Any) -> Adapter:
        adapter = opened(self.gate.address, facts or facts_of(system), user or self.twin.reader, **options)
        self._opened.append(adapter)
        return adapter

    def tell(self, path: str, method: str = "PUT", **values: Any) -> Any:
        body = json.dumps(values).encode() if method == "PUT" else None
        request = urllib.request.Request(self.gate.url + path, body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def run(self, statement: str, *values: Any) -> Any:
        """As the database's owner, past the gate."""
        with self.twin.connect() as connection:
            cursor = connection.execute(statement, values or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else None

    def leave(self) -> None:
        for adapter in self._opened:
            adapter.close()
        self._opened.clear()
        self.tell("/twin/reset", "POST")
