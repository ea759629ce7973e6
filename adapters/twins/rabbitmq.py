"""A real RabbitMQ where one is installed: started on loopback in a temporary folder, with the accounts and queues it is
told, and ended with everything of it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
INSTALLED = SERVER.exists()
_STARTS_WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Account:
    """`queues` are durable; the account may use these alone."""

    name: str
    password: str
    queues: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Broker:
    """One that runs. `owner` may do everything."""

    port: int
    process: subprocess.Popen[bytes]
    owner: Account

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """As the department: its own connection."""
        with _connected(self.port, self.owner) as connection:
            yield connection.channel()


class NotStarted(Exception):
    """With the last words of the broker."""


@contextmanager
def running(owner: Account, accounts: Sequence[Account] = ()) -> Iterator[Broker]:
    """A broker of its own and its name server, in this process's session. Raises NotStarted."""
    with ExitStack() as undo:
        home = Path(tempfile.mkdtemp(prefix="xt-mq-", dir="/tmp"))  # its sockets bear no long path
        undo.callback(shutil.rmtree, home, ignore_errors=True)
        port = _free_port()
        environ = _environ(home, port, _definitions([owner, *accounts], owner))
        names = subprocess.Popen(
            ["epmd"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
        )
        undo.callback(_end, names)
        with (home / "out").open("wb") as out:
            process = subprocess.Popen([SERVER], env=environ, cwd=home, stdout=out, stderr=out, process_group=0)
        undo.callback(_end, process)
        _wait(port, process, owner, home / "out")
        yield Broker(port, process, owner)


def _definitions(accounts: Sequence[Account], owner: Account) -> dict[str, Any]:
    queues = {queue for each in accounts for queue in each.queues}
    return {
        "vhosts": [{"name": "/"}],
        "users": [
            {"name": each.name, "password_hash": _hashed(each.password), "tags": [],
             "hashing_algorithm": "rabbit_password_hashing_sha256"}
            for each in accounts
        ],
        "permissions": [
            {"user": each.name, "vhost": "/", **dict.fromkeys(("configure", "write", "read"), _allowed(each, owner))}
            for each in accounts
        ],
        "queues": [
            {"name": name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": {}} for name in queues
        ],
    }  # fmt: skip


def _allowed(account: Account, owner: Account) -> str:
    if account is owner:
        return ".*"
    return f"^({'|'.join(['amq.default', *account.queues])})$".replace(".", r"\.")


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode("ascii")


def _environ(home: Path, port: int, definitions: Mapping[str, Any]) -> dict[str, str]:
    """Everything of it below `home`, everything it listens on at free ports of loopback."""
    (home / "definitions.json").write_text(json.dumps(definitions), encoding="utf-8")
    (home / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nload_definitions = {home}/definitions.json\n"
        "log.console = false\ndisk_free_limit.absolute = 50MB\n",
        encoding="ascii",
    )
    (home / "enabled_plugins").write_text("[].\n", encoding="ascii")
    (home / "advanced.config").write_text("[].\n", encoding="ascii")
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/usr/lib/rabbitmq/bin", "HOME": str(home),
        "LANG": "C.UTF-8",
        "RABBITMQ_NODENAME": f"xt{secrets.token_hex(4)}@localhost",
        "RABBITMQ_MNESIA_BASE": str(home / "data"), "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "none"), "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_DIST_PORT": str(_free_port()), "RABBITMQ_ALLOW_INPUT": "true",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none -noinput",
        "ERL_EPMD_PORT": str(_free_port()), "ERL_EPMD_ADDRESS": "127.0.0.1",
    }  # fmt: skip


def _wait(port: int, process: subprocess.Popen[bytes], owner: Account, out: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < until:
        with suppress(pika.exceptions.AMQPError, OSError), _connected(port, owner):
            return
        time.sleep(0.3)
    raise NotStarted(out.read_text(encoding="utf-8", errors="replace")[-2000:])


@contextmanager
def _connected(port: int, account: Account) -> Iterator[Any]:
    credentials = pika.PlainCredentials(account.name, account.password)
    parameters = pika.ConnectionParameters("127.0.0.1", port, credentials=credentials, connection_attempts=1)
    connection = pika.BlockingConnection(parameters)
    try:
        yield connection
    finally:
        with suppress(pika.exceptions.AMQPError):
            connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its data goes with it, so it need not be asked kindly. What it started itself is of its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


def _free_port() -> int:
    """Below what the machine hands out by itself, so that nobody gets it before the server listens."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
