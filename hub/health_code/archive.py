"""The archive that the end by order leaves: one sealed file for each end, in the home's `archive`."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub.crypto import Crypto
from hub.errors import Problem

_PURPOSE, _BEFORE = "health_code.archive", "health-code-"


class Archive:
    def __init__(self, home: Path, crypto: Crypto) -> None:
        self._folder, self._crypto = home / "archive", crypto

    def put(self, day: str, plain: bytes) -> dict[str, Any]:
        """What a report says of it: the file's name, and of what is in it size and digest, which no key changes."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / f"{_BEFORE}{day}.sealed"
        self._write(path, plain)
        return {"file": path.name, "bytes": len(plain), "sha256": hashlib.sha256(plain).hexdigest()}

    def open(self, path: Path) -> bytes:
        """Raises KEY_UNAVAILABLE."""
        return self._crypto.open(path.read_bytes(), _purpose(path))

    def reseal(self) -> int:
        """Under the key that seals now; how many files it were. One that no key opens stays as it is."""
        done = 0
        for path, head in list(self._heads()):
            if not self._crypto.head.startswith(head):
                with suppress(Problem):
                    self._write(path, self.open(path))
                    done += 1
        return done

    def under(self) -> dict[str, Counter[str]]:
        """By key id, which does not seal now: how many files."""
        found: dict[str, Counter[str]] = {}
        for path, head in self._heads():
            if not self._crypto.head.startswith(head):
                found.setdefault(head.split(b".")[1].decode(), Counter())[f"archive/{path.name}"] += 1
        return found

    def _heads(self) -> Iterator[tuple[Path, bytes]]:
        for path in sorted(self._folder.glob(f"{_BEFORE}*.sealed")):
            with path.open("rb") as file:
                yield path, b".".join(file.read(256).split(b".")[:2]) + b"."

    def _write(self, path: Path, plain: bytes) -> None:
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(self._crypto.seal(plain, _purpose(path)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def _purpose(path: Path) -> str:
    return f"{_PURPOSE}:{path.stem.removeprefix(_BEFORE)}"
