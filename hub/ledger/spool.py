"""Where evidence of data classes 1 and 2 waits while PostgreSQL is away: one append-only file, each line sealed."""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from hub.crypto import Crypto

LONGEST = timedelta(hours=1)
_PURPOSE = "ledger.spool"


class Spool:
    """One file for all processes of a home, written under a lock."""

    def __init__(self, folder: Path, crypto: Crypto) -> None:
        self._folder, self._path, self._crypto = folder, folder / "spool", crypto

    def add(self, line: bytes, now: datetime) -> None:
        """Whole and on the disk when it returns. Raises OSError where the disk is full; nothing of the line is left."""
        sealed = base64.b64encode(self._crypto.seal(line, _PURPOSE))
        with self._locked() as file:
            size = _whole(file)
            try:
                _write(file, f"{now.isoformat()} {sealed.decode()}\n".encode())
                os.fsync(file)
            except OSError:
                os.ftruncate(file, size)  # else the next line would go on in the middle of this one
                raise

    def since(self, now: datetime) -> timedelta | None:
        """For how long something waits; None where nothing does."""
        try:
            with self._path.open("rb") as file:
                first = file.readline()
        except FileNotFoundError:
            return None
        return now - datetime.fromisoformat(first.split(b" ")[0].decode()) if first else None

    def replay(self, take: Callable[[list[bytes]], None]) -> int:
        """Hands over what waits and forgets it once `take` came back. A line cut short by a crash was never answered
        for, and is passed over."""
        if not self._path.exists() or not self._path.stat().st_size:
            return 0
        with self._locked() as file:
            lines = [self._opened(line) for line in self._path.read_bytes().split(b"\n")[:-1]]
            take(lines)
            os.ftruncate(file, 0)
        return len(lines)

    def _opened(self, line: bytes) -> bytes:
        return self._crypto.open(base64.b64decode(line.split(b" ")[1]), _PURPOSE)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _whole(file: int) -> int:
    """Cuts off what a crash left of a line, else the next would go on in the middle of it; how long the file is."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        size = os.pread(file, size, 0).rfind(b"\n") + 1
        os.ftruncate(file, size)
    return size


def _write(file: int, line: bytes) -> None:
    """All of it: a disk that is nearly full takes a part."""
    while line:
        line = line[os.write(file, line) :]
