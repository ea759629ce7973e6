"""A shelf of files: what lies on it is delivered, what is settled is moved below `taken`. A file `halt.<where>` beside
it makes whoever comes to that point stop there for ever, so that he can be killed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from marshmallow import EXCLUDE

from adapters.protocols.datasets import Datasets
from adapters.protocols.facts import Facts
from hub.port import BadRow, Call, Delivery, Record, Reply, Setting, Unavailable


class FACTS(Facts):
    class Meta:
        unknown = EXCLUDE


class Adapter:
    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.shelf = Path(setting.options["shelf"])
        self._datasets = Datasets(setting)

    def call(self, call: Call) -> Reply:
        records = self.setting.records
        assert records is not None
        rows, came_at = records.find("tests", "id_number", call.fields["id_number"])
        if came_at is None:
            raise Unavailable("nothing was ever delivered")
        return Reply({"id_number": call.fields["id_number"], "results": [row["result"] for row in rows]})

    def probe(self, deadline: float) -> None: ...

    def close(self) -> None: ...

    def collect(self, deadline: float) -> Iterator[Delivery]:
        self.halt("collect")
        if (self.shelf / "down").exists():
            raise Unavailable("the shelf is down")
        for path in sorted(self.shelf.glob("*.json")):
            yield Delivery(path.stem.partition("~")[0], path.read_bytes(), {"content": "json"}, path)

    def settle(self, delivery: Delivery) -> None:
        self.halt("settle")
        path: Path = delivery.handle
        (self.shelf / "taken").mkdir(exist_ok=True)
        path.rename(self.shelf / "taken" / path.name)
        self.halt("settled")

    def read(self, delivery: Delivery) -> Iterator[Record | BadRow]:
        self.halt("read")
        if delivery.raw.startswith(b"bug"):
            raise KeyError("a bug in an adapter")
        if delivery.raw.startswith(b"die"):
            os._exit(9)
        yield from self._datasets.of_document(delivery.raw, "json")
        self.halt("after_read")

    def report(self, delivery: Delivery, refused: Sequence[BadRow], more: int) -> None:
        self.halt("report")
        (self.shelf / f"report.{delivery.id}").write_text(f"{[each.place for each in refused]} and {more}")

    def halt(self, where: str) -> None:
        if (self.shelf / f"halt.{where}").exists():
            (self.shelf / f"halted.{where}").touch()
            time.sleep(3600)
