"""Secrets are named in config (`env/NAME`, `file/PATH`) and looked up here, never written there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

REFERENCE = re.compile(r"env/[A-Za-z_][A-Za-z0-9_]{0,99}|file/(?!.*(^|/)\.\.(/|$)).{1,400}", re.ASCII)
_MAX_BYTES = 64 << 10


class Missing(Exception):
    """A named secret that is not there. The text names the place and never a value."""


class Secrets:
    """`env/NAME` is read from the environment, else from the KEY=VALUE lines of `$HUB_HOME/env`; the PATH of
    `file/PATH` is relative to `$HUB_HOME`. One line break at the end of a file is not part of the secret."""

    def __init__(self, environ: Mapping[str, str], home: Path) -> None:
        self._environ = environ
        self._home = home

    def resolve(self, reference: str) -> str:
        """Raises Missing."""
        kind, _, name = reference.partition("/")
        value = self._variable(name) if kind == "env" else self._file(self.path(reference))
        if not value:
            raise Missing(f"{reference} is empty" if value == "" else f"{reference} is not there")
        return value

    def path(self, reference: str) -> Path:
        """The file a reference is read from."""
        kind, _, name = reference.partition("/")
        return self._home / ("env" if kind == "env" else name)

    def files(self, references: Iterable[str]) -> frozenset[Path]:
        """All files that could change what these references stand for."""
        return frozenset(self.path(reference) for reference in references)

    def _variable(self, name: str) -> str | None:
        if name in self._environ:
            return self._environ[name]
        lines = (self._file(self._home / "env") or "").splitlines()
        return dict(line.strip().split("=", 1) for line in lines if "=" in line and line[0] != "#").get(name)

    def _file(self, path: Path) -> str | None:
        try:
            with path.open("rb") as stream:
                data = stream.read(_MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Missing(f"{path} cannot be read ({error.strerror})") from error
        try:
            return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise Missing(f"{path} is not text") from error
