"""The configuration in force. It is replaced at once by the next good one; a broken file never takes effect."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from hub.clock import Clock
from hub.errors import Problem
from hub.settings.checks import Check
from hub.settings.export import json_schemas
from hub.settings.folder import Fingerprint, Loaded, fingerprint, load
from hub.settings.place import Complaint, Refused
from hub.settings.reader import Document, read_yaml
from hub.settings.secrets import REFERENCE, Secrets
from hub.settings.shapes import Snapshot

Callback = Callable[[Snapshot], None]
_SHOWN = 3


class Unusable(Exception):
    """There is no configuration to start on."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__("\n".join(str(complaint) for complaint in complaints))
        self.complaints = tuple(complaints)


_MENTION = re.compile(r"(?<![\w./-])(?:env/\w+|file/[\w./-]+)", re.ASCII)


def _mentioned(folder: Path) -> set[str]:
    """What looks like the name of a secret: a first guess at what to watch, which spares a second reading."""
    found: set[str] = set()
    for name in ("hub.yaml", "systems.yaml", "recognition.yaml"):
        with suppress(OSError):
            found |= set(_MENTION.findall((folder / name).read_text(encoding="utf-8", errors="replace")))
    return {each for each in found if REFERENCE.fullmatch(each)}


class Settings:
    """Reads config/ when made (raises Unusable), and again whenever a file or a secret it names changes.

    At the start, wrong systems and services are left out and named in `problem`; later, the last good one stays.
    """

    def __init__(self, folder: Path, secrets: Secrets, clock: Clock, checks: Sequence[Check] = ()) -> None:
        self.folder = folder
        self._secrets = secrets
        self._clock = clock
        self._checks = checks
        self._callbacks: list[Callback] = []
        self._reading = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger()
        self._besides = secrets.files(_mentioned(folder))
        self._seen: Fingerprint = frozenset()
        self._told: frozenset[Complaint] = frozenset()
        try:
            loaded = self._load()
        except OSError as error:
            raise Unusable([Complaint(str(folder), 1, 1, f"cannot be read ({error.strerror})")]) from error
        if loaded.snapshot is None:
            raise Unusable(loaded.complaints)
        self._now = loaded.snapshot
        self._documents = loaded.documents
        self._problem = _summary(loaded.complaints)
        self._report(loaded.complaints)

    @property
    def now(self) -> Snapshot:
        """The snapshot in force. Take it once per request: a second look may be another one."""
        return self._now

    @property
    def problem(self) -> str | None:
        """What is wrong on the disk with `file:line:column`, None when all of it is in force."""
        return self._problem

    def check(self) -> list[Complaint]:
        """All complaints about the files as they are on the disk now."""
        return list(load(self.folder, self._secrets, self._clock.now(), self._checks).complaints)

    @staticmethod
    def json_schemas() -> dict[str, dict[str, Any]]:
        """What editors check the files with, by file pattern."""
        return json_schemas()

    def place(self, file: str, *path: str | int) -> str:
        """Where a value of the last reading stands, as `file:line`."""
        document = self._documents.get(file)
        return f"{file}:{document.mark(path)[0]}" if document else file

    def amend(self, file: str, edit: Callable[[Document], str]) -> None:
        """Puts another text in the place of a file, if the configuration is good with it; in force at once.

        Raises CONFIG_INVALID when it would not be, or when the folder cannot be written.
        """
        with self._reading:
            text = self.edited(file, edit)
            try:
                _write(self.folder / file, text)
            except OSError as error:
                raise _invalid(f"{file}: cannot be written ({error.strerror})") from error
        self.reload()

    def edited(self, file: str, edit: Callable[[Document], str]) -> str:
        """The file's text after an edit, without writing it. Raises CONFIG_INVALID when it would not be good."""
        try:
            text = edit(read_yaml(self.folder / file, file))
        except Refused as refused:
            raise _invalid(str(refused)) from refused
        tried = load(self.folder, self._secrets, self._clock.now(), self._checks, {file: text})
        if tried.broken:
            raise _invalid(_summary(tried.complaints) or "")
        return text

    def on_change(self, callback: Callback) -> None:
        """Called with every new snapshot, in the thread that read it."""
        self._callbacks.append(callback)

    def watch(self, interval: float = 0.25) -> None:
        """Looks at the files from a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._watch, args=(interval,), name="settings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join(5)

    def reload(self) -> None:
        """Reads again if anything changed; does nothing otherwise. Never raises: what is wrong is in `problem`."""
        with self._reading:
            try:
                if fingerprint(self.folder, self._besides) != self._seen:
                    self._take(self._load())
            except Exception as error:  # a vanished folder, a check that broke: the watch goes on
                self._unreadable(error)

    def _unreadable(self, error: Exception) -> None:
        what = error.strerror if isinstance(error, OSError) else type(error).__name__
        before, self._problem = self._problem, f"{self.folder.name}: cannot be read ({what})"
        self._seen = frozenset()
        if self._problem != before:
            self._log.error("config_unreadable", error=type(error).__name__)

    def _watch(self, interval: float) -> None:
        before = self._seen
        while not self._stopped.wait(interval):
            try:
                found = fingerprint(self.folder, self._besides)
            except OSError:
                found = frozenset()
            # A file that is still being written is left alone until it stood still for one interval.
            if found == before:
                self.reload()
            before = found

    def _load(self) -> Loaded:
        """The fingerprint is older than the reading, so that a change in between is seen next time. Only after a
        reading is it known which files hold secrets; new ones are read once more, after their own fingerprint."""
        while True:
            self._seen = fingerprint(self.folder, self._besides)
            loaded = load(self.folder, self._secrets, self._clock.now(), self._checks)
            named = self._secrets.files(loaded.references)
            if named <= self._besides:
                return loaded
            self._besides |= named

    def _take(self, loaded: Loaded) -> None:
        if loaded.broken or loaded.snapshot is None:
            self._problem = _summary(loaded.complaints)
            self._report(loaded.complaints)
            return
        recovered, self._problem = self._problem is not None, None
        self._documents = loaded.documents
        if loaded.snapshot.version == self._now.version and loaded.snapshot == replace(
            self._now, loaded_at=loaded.snapshot.loaded_at
        ):
            if recovered:
                self._log.info("config_recovered", version=self._now.version)
            return
        self._now = loaded.snapshot
        self._log.info("config_in_force", version=self._now.version)
        self._report(loaded.complaints)
        for callback in self._callbacks:
            try:
                callback(self._now)
            except Exception as error:  # one listener must not keep the others from the new configuration
                self._log.error("config_listener_failed", error=type(error).__name__)

    def _report(self, complaints: Sequence[Complaint]) -> None:
        """Each complaint once, until it is gone."""
        before, self._told = self._told, frozenset(complaints)
        for each in (complaint for complaint in complaints if complaint not in before):
            away = "system_not_started" if each.file == "systems.yaml" else "left_out"
            kind = "config_broken" if each.broken else away
            self._log.error(kind, file=each.file, line=each.line, column=each.column, note=each.text)


def _invalid(text: str) -> Problem:
    return Problem("CONFIG_INVALID", origin="hub", note=text, notice=text)


def _write(path: Path, text: str) -> None:
    """As a whole or not at all; a reader never sees half of it."""
    path = path.resolve()  # a mounted folder may hold links
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _summary(complaints: Sequence[Complaint]) -> str | None:
    wrong = [str(complaint) for complaint in complaints if complaint.broken]
    more = [f"and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
    return "; ".join(wrong[:_SHOWN] + more) or None
