"""A real OpenSSH server on loopback: its own configuration, host keys and folder, run as whoever runs the tests."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.demo.ports import free_port

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel ERROR
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class Sshd:
    """`files` is where the department's files lie; `address` leads there."""

    port: int
    files: Path
    host_key: str
    private_key: str
    username: str

    @property
    def address(self) -> str:
        return f"sftp://127.0.0.1:{self.port}/{self.files}"  # two slashes: from the root, not the account's home


def binary() -> str:
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no sshd here; .ci/components installs it")
        pytest.skip("no sshd here")
    return found


def new_key(folder: Path, name: str) -> Path:
    path = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(command, check=True, timeout=30)
    return path


def public(path: Path) -> str:
    return " ".join(path.with_suffix(".pub").read_text(encoding="ascii").split()[:2])


@contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    program = binary()
    files = folder / "files"
    files.mkdir()
    host, own = new_key(folder, "host_key"), new_key(folder, "own_key")
    (folder / "authorized_keys").write_text(public(own) + "\n", encoding="ascii")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks itself in before somebody has logged in
    port = free_port()
    (folder / "sshd_config").write_text(_CONFIG.format(port=port, folder=folder), encoding="utf-8")
    log = folder / "log"
    process = subprocess.Popen([program, "-D", "-f", str(folder / "sshd_config"), "-E", str(log)])
    try:
        until = time.monotonic() + 20
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"sshd did not start: {log.read_text(encoding='utf-8')[-1000:]}")
            time.sleep(0.05)
        yield Sshd(port, files, public(host), own.read_text(encoding="ascii"), getpass.getuser())
    finally:
        process.terminate()
        process.wait(60)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as sock:
            return sock.recv(4) == b"SSH-"
    except OSError:
        return False


class Cutter:
    """A line to a port that breaks after so many bytes went out (or came in); `None`: it never does."""

    def __init__(self, port: int, coming_in: bool = False) -> None:
        self._target, self._coming_in = port, coming_in
        self.most: int | None = None
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                guest, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self.sent = 0
            for source, target, counts in ((guest, server, not self._coming_in), (server, guest, self._coming_in)):
                threading.Thread(target=self._pass, args=(source, target, counts), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        try:
            while data := source.recv(4096):
                if counts:
                    self.sent += len(data)
                    if self.most is not None and self.sent > self.most:
                        break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
                end.close()
            except OSError:
                pass
