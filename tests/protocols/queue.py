"""A message queue opened as the hub opens it, and the real broker that some tests stand on."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pika
import pytest

from hub.demo.ports import free_port
from hub.port import Records, Setting
from tests.protocols.departments import ADAPTERS, Change, facts_of

RESULTS = ADAPTERS / "nucleic_acid" / "samples"
_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
INSTALLED = _SERVER.exists()
_STARTS_WITHIN_S = 120


@dataclass
class Kept:
    """Some rows that were delivered before; None: nothing ever was."""

    rows: Sequence[Mapping[str, Any]] | None

    def find(self, dataset: str, field: str, value: str) -> tuple[Sequence[Mapping[str, Any]], datetime | None]:
        rows = [row for row in self.rows or () if row.get(field) == value]
        return rows, None if self.rows is None else datetime.now(UTC)


def opened(system: str, address: str, change: Change | None = None, records: Records | None = None, **more: Any) -> Any:
    protocol, facts = facts_of(system, change)
    account = {"username": "hub", "password": "secret"}
    no_store: Any = None
    folder, more = ADAPTERS / system, {"allow_private": True, **more}
    return protocol.Adapter(Setting(system, address, facts, folder, no_store, account, records=records, **more))


@dataclass(frozen=True)
class Rabbit:
    """A RabbitMQ of this session. `address` is what a hub is told; the account is hub/secret."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"amqp://127.0.0.1:{self.port}"

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """As the department: its own connection."""
        account = pika.PlainCredentials("hub", "secret")
        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port, credentials=account))
        try:
            yield connection.channel()
        finally:
            with suppress(pika.exceptions.AMQPError):
                connection.close()

    def queue(self) -> str:
        """A new, empty, durable one."""
        name = f"county.{secrets.token_hex(6)}"
        with self.channel() as channel:
            channel.queue_declare(name, durable=True)
        return name

    def put(self, queue: str, *bodies: bytes, id: str | None = None) -> None:
        with self.channel() as channel:
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish("", queue, body, pika.BasicProperties(message_id=id, delivery_mode=2))

    def count(self, queue: str) -> int:
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def take(self, queue: str) -> list[tuple[Any, bytes]]:
        """Everything in it, as the department would."""
        with self.channel() as channel:
            found = []
            while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
                found.append((got[1], got[2]))
            return found


def _environ(home: Path, port: int) -> dict[str, str]:
    """Everything of it below `home`, everything it listens on at free ports of loopback."""
    name = f"xt{secrets.token_hex(4)}@localhost"
    (home / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\n"
        "default_user = hub\ndefault_pass = secret\n"
        "log.console = false\ndisk_free_limit.absolute = 50MB\n",
        encoding="ascii",
    )
    (home / "enabled_plugins").write_text("[].\n", encoding="ascii")
    (home / "advanced.config").write_text("[].\n", encoding="ascii")
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/usr/lib/rabbitmq/bin", "HOME": str(home),
        "LANG": "C.UTF-8",
        "RABBITMQ_NODENAME": name, "RABBITMQ_MNESIA_BASE": str(home / "data"), "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "none"), "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_ALLOW_INPUT": "true",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none -noinput",
        "ERL_EPMD_PORT": str(free_port()), "ERL_EPMD_ADDRESS": "127.0.0.1",
    }  # fmt: skip


@contextmanager
def rabbit() -> Iterator[Rabbit]:
    """A broker of its own, ended with its name server."""
    if not INSTALLED:
        if os.environ.get("CI"):
            pytest.fail("RabbitMQ is not installed, and in CI nothing may be skipped")
        pytest.skip("RabbitMQ is not installed here (.ci/components installs it)")
    home, port = Path(tempfile.mkdtemp(prefix="xt-mq-", dir="/tmp")), free_port()
    environ = _environ(home, port)
    epmd = subprocess.Popen(["epmd"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with (home / "out").open("wb") as out:
        process = subprocess.Popen([_SERVER], env=environ, cwd=home, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait(port, process, home / "out")
        yield Rabbit(port, process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        epmd.terminate()
        epmd.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _wait(port: int, process: subprocess.Popen[bytes], out: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    account = pika.PlainCredentials("hub", "secret")
    parameters = pika.ConnectionParameters("127.0.0.1", port, credentials=account, connection_attempts=1)
    while process.poll() is None and time.monotonic() < until:
        try:
            pika.BlockingConnection(parameters).close()
            return
        except (pika.exceptions.AMQPError, OSError):
            time.sleep(0.3)
    pytest.fail(f"RabbitMQ did not start: {out.read_text(encoding='utf-8', errors='replace')[-2000:]}")
