"""Files of the home with 32 bytes for each leaf. Whoever rules the database does not thereby rule the file."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.ledger.tiles import BYTES


class Copy:
    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Others of this home may look too, and wait meanwhile. True where the file is new."""
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield not self.size

    @property
    def size(self) -> int:
        """Up to which leaf it goes."""
        return self._file.stat().st_size // BYTES if self._file.exists() else 0

    def read(self, first: int, end: int) -> bytes:
        """Of these leaves; shorter where it ends before."""
        if not self._file.exists():
            return b""
        with self._file.open("rb") as file:
            file.seek(first * BYTES)
            found = file.read((end - first) * BYTES)
        return found[: len(found) // BYTES * BYTES]

    def find(self, what: bytes) -> int | None:
        """At which leaf these bytes stand: a look at all of the file."""
        with self._file.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            place = whole.find(what)
        return place // BYTES if place >= 0 and place % BYTES == 0 else None

    def write(self, first: int, what: bytes) -> None:
        """From leaf `first` on."""
        with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.seek(first * BYTES)
            file.write(what)

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)
