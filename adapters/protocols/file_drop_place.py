"""Where files are dropped: what a folder and an SFTP server have in common, and the folder.

Only regular files below the one folder are touched. Names are bytes on the disk and text to us; links are not followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit

from adapters.protocols.charset import decode
from adapters.protocols.facts import unusable
from adapters.protocols.file_drop_names import safe
from hub.port import Denied, Garbled, Unavailable

TEMPORARY = ".part"


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it lay there. `changed` is what its own side says, and only compared with itself."""

    name: str
    size: int
    changed: float


@dataclass(frozen=True, slots=True)
class Listing:
    """`strange` counts names that are no text in the declared encoding, or none we touch."""

    files: tuple[Seen, ...]
    strange: int = 0


class Place(Protocol):
    """`folder` is one below the drop folder, or empty. All raise Unavailable or Denied."""

    def list(self, folder: str, deadline: float) -> Listing:
        """A folder that is not there is empty."""
        ...

    def fetch(self, seen: Seen, deadline: float) -> bytes | None:
        """Its bytes; None when it is not as it was seen any more."""
        ...

    def move(self, name: str, folder: str, to: str, deadline: float) -> None: ...

    def put(self, folder: str, name: str, data: bytes, deadline: float) -> None:
        """Under a temporary name first: whoever looks sees all of it or nothing."""
        ...


def decoded(names: list[bytes], encoding: str) -> Iterator[tuple[bytes, str | None]]:
    """Each name with its text; None for one that must not be touched."""
    for raw in names:
        try:
            name = decode(raw, encoding)
        except Garbled:
            name = ""
        yield raw, name if safe(name) else None


class Folder:
    """A folder of this machine, mounted or local, at file:///…"""

    def __init__(self, address: str, below: str, encoding: str) -> None:
        path = unquote(urlsplit(address).path, errors="strict")
        if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
            raise unusable("the system's address is not the absolute path of a folder")
        self._path, self._encoding = path, encoding
        self._below = self._bytes(below) if below else b""

    def list(self, folder: str, deadline: float) -> Listing:  # noqa: ARG002
        files, strange = [], 0
        with suppress(FileNotFoundError), self._opened(folder) as place:
            for raw, name in decoded([os.fsencode(each) for each in os.listdir(place)], self._encoding):  # noqa: PTH208
                if name is None:
                    strange += not raw.startswith(b".")
                    continue
                with suppress(FileNotFoundError):
                    told = os.stat(raw, dir_fd=place, follow_symlinks=False)
                    if stat.S_ISREG(told.st_mode):
                        files.append(Seen(name, told.st_size, told.st_mtime))
        return Listing(tuple(files), strange)

    def fetch(self, seen: Seen, deadline: float) -> bytes | None:  # noqa: ARG002
        with self._opened("") as place:
            try:
                file = os.open(self._bytes(seen.name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
            except FileNotFoundError:
                return None
            with os.fdopen(file, "rb") as opened:
                data = opened.read(seen.size + 1)
                told = os.fstat(opened.fileno())
        same = stat.S_ISREG(told.st_mode) and (told.st_size, told.st_mtime) == (seen.size, seen.changed)
        return data if same and len(data) == seen.size else None

    def move(self, name: str, folder: str, to: str, deadline: float) -> None:  # noqa: ARG002
        with self._opened("") as place, self._opened(folder, make=True) as target:
            os.rename(self._bytes(name), self._bytes(to), src_dir_fd=place, dst_dir_fd=target)

    def put(self, folder: str, name: str, data: bytes, deadline: float) -> None:  # noqa: ARG002
        part = self._bytes(f".{name}{TEMPORARY}")
        with self._opened(folder, make=True) as place:
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=place)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(part, flags, 0o640, dir_fd=place), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.rename(part, self._bytes(name), src_dir_fd=place, dst_dir_fd=place)

    def _bytes(self, name: str) -> bytes:
        return name.encode("gb18030" if self._encoding in ("gbk", "gb2312") else self._encoding)

    @contextmanager
    def _opened(self, folder: str, make: bool = False) -> Iterator[int]:
        """The folder as a handle, so that nothing in its path can be swapped while it is used."""
        handles: list[int] = []
        try:
            handles.append(os.open(self._path, os.O_RDONLY | os.O_DIRECTORY))
            for name in filter(None, (self._below, self._bytes(folder))):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o750, dir_fd=handles[-1])
                handles.append(os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handles[-1]))
            yield handles[-1]
        except FileNotFoundError as error:
            if folder:
                raise
            raise Unavailable("the folder is not there") from error
        except PermissionError as error:
            raise Denied("the folder is closed to us") from error
        except OSError as error:
            raise Unavailable(f"the folder cannot be used: {error.strerror}") from error
        finally:
            for handle in handles:
                os.close(handle)
