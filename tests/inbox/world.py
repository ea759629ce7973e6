"""An inbox as the hub builds it, over real settings, switches, PostgreSQL and departments that bring something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.inbox.processing import Brought, nobody_waits
from hub.inbox.service import Arrived, Inbox
from hub.ledger.writer import Exchanges
from hub.port import Alarm
from hub.settings import Secrets, Settings
from hub.switches.service import Switches
from hub.systems import Systems
from tests.county import SUITE
from tests.protocols.recorded import lonely

ROOT = Path(__file__).parents[2]
PACKAGE = "tests.inbox.departments"
ENVIRON = {"KEY": "k" * 40, "PASSWORD": "a word for tests", "CALLBACK": "c" * 32, "CALLBACK_OLD": "o" * 32}


def shelf(folder: Path, name: str) -> dict[str, Any]:
    """A department's entry in systems.yaml, with its shelf in the folder."""
    (folder / name).mkdir(exist_ok=True)
    return {"address": "http://127.0.0.1:9", "allow_private": True, "options": {"shelf": str(folder / name)}}


@dataclass
class World:
    database: Database
    settings: Settings
    switches: Switches
    systems: Systems
    exchanges: Exchanges
    inbox: Inbox
    url: str
    alarms: dict[str, tuple[list[Alarm], bool]]  # of each system's last turn, and whether it came to its end
    stop: threading.Event
    working: list[threading.Thread] = field(default_factory=list)

    def work(self) -> threading.Thread:
        thread = threading.Thread(target=self.inbox.collecting.run, args=(self.stop,), daemon=True)
        thread.start()
        self.working.append(thread)
        return thread

    def arrived(self, source: str | None = None, result: str | None = None) -> list[Arrived]:
        with self.database.session() as session:
            return list(self.inbox.page(session, source, result, None, 1000))

    def find(self, source: str, dataset: str, field: str, value: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self.inbox.records(source).find(dataset, field, value)[0]]

    def switch(self, id: str, **patch: Any) -> None:
        with self.database.session() as session:
            self.switches.change(session, "system", id, patch, "a test", "tester")
        self.switches.refresh()

    def execute(self, statement: str) -> list[Any]:
        return executed(self.url, statement)

    def hurry(self) -> None:
        """What waits for its next attempt is due now."""
        self.execute("UPDATE inbox_delivery SET due_at = now() WHERE processed_at IS NULL")

    def hasten(self) -> None:
        """For tests of thousands: this database need not wait for the disk."""
        name = make_url(self.url).database
        self.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        self.database.engine.dispose()

    def close(self) -> None:
        self.stop.set()
        for thread in self.working:
            thread.join(20)
        self.exchanges.close()
        self.systems.close()
        self.settings.stop()
        self.database.close()


def executed(url: str, statement: str) -> list[Any]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def build(
    folder: Path, url: str, lease_s: float = 60.0, package: str = PACKAGE, brought: Brought = nobody_waits
) -> World:
    """As hub/main.py does it."""
    clock, crypto = Clock(), Crypto({"s1": b"s" * 32}, SUITE)
    settings = Settings(folder / "config", Secrets(ENVIRON, folder), clock)
    database = Database(url)
    switches = Switches(settings, database, clock)
    switches.refresh()
    exchanges = Exchanges(database)
    exchanges.start()
    attached = lambda: settings.now.systems  # noqa: E731
    alarms: dict[str, tuple[list[Alarm], bool]] = {}
    systems = Systems(attached, lonely, package, records=lambda id: inbox.records(id))
    inbox = Inbox(
        attached=attached, switches=switches, systems=systems, database=database, crypto=crypto,
        exchanges=exchanges, clock=clock, lease_s=lease_s, brought=brought,
        alarmed=lambda system, met, whole: alarms.update({system: (list(met), whole)}),
    )  # fmt: skip
    return World(database, settings, switches, systems, exchanges, inbox, url, alarms, threading.Event())


@contextmanager
def worker(folder: Path, url: str, lease_s: float = 2.0, package: str = PACKAGE) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own, killed at the end if it is still there."""
    command = [sys.executable, "-m", "tests.inbox.world", str(folder), url, str(lease_s), package]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(60)


def eventually(check: Callable[[], Any], seconds: float = 20) -> Any:
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "never came true"
        time.sleep(0.05)
    return found


def put(folder: Path, name: str, *rows: dict[str, Any], raw: bytes | None = None) -> None:
    """A file on a shelf, whole at once."""
    part = folder / f"{name}.part"
    part.write_bytes(raw if raw is not None else json.dumps({"rows": list(rows)}, ensure_ascii=False).encode())
    part.rename(folder / f"{name}.json")


def row(no: str, id: str = "362623190205121932", result: str = "0", seq: int = 1, **more: Any) -> dict[str, Any]:
    return {"no": no, "id": id, "r": result, "seq": seq, **more}


if __name__ == "__main__":  # a worker, to be killed: FOLDER, URL, lease, package
    world = build(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4])
    print(os.getpid(), flush=True)
    world.inbox.collecting.run(threading.Event())
