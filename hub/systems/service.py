"""The departmental systems: the folder is the registration. An adapter is loaded by its folder's name, on first use.

A system whose folder or configuration is wrong does not start and says where; the others do. A system whose
configuration changed is opened anew.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from marshmallow import Schema, ValidationError

from hub.fields.document import told
from hub.port import Adapter, PortError, Records, Setting, Shared, Unavailable, Unmapped, nobody_listens
from hub.settings.place import Complaint, Refused
from hub.settings.reader import Document, read_yaml
from hub.settings.shapes import System
from hub.settings.tables import flattened
from hub.systems.answer import Operation

_TRY_AGAIN_S = 5.0
_RETIRE_S = 35.0  # longer than any call: an adapter that is replaced may still be in use


@dataclass(frozen=True, slots=True)
class Described:
    """What a folder says: its checked system.yaml, or what is wrong with it."""

    folder: Path
    facts: Mapping[str, Any]
    complaints: tuple[Complaint, ...] = ()
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Opened:
    """An adapter in use. `may_hang`: its driver cannot be trusted to come back at the deadline."""

    id: str
    adapter: Adapter
    facts: Mapping[str, Any]
    operations: Mapping[str, Operation]
    attached: System
    may_hang: bool


class Systems:
    """`attached` gives the systems of the configuration in force, `shared` the store of one system by its id, `records`
    what it delivered, `unmapped` what counts its words that nobody mapped."""

    def __init__(
        self,
        attached: Callable[[], Mapping[str, System]],
        shared: Callable[[str], Shared],
        package: str = "adapters",
        unmapped: Callable[[str], Unmapped] = lambda _: nobody_listens,
        records: Callable[[str], Records | None] = lambda _: None,
    ) -> None:
        self._attached = attached
        self._shared = shared
        self._records = records
        self._package = package
        self._unmapped = unmapped
        spec = importlib.util.find_spec(package)
        self._folder = Path(next(iter(spec.submodule_search_locations or ())) if spec else package)
        self._described: dict[str, Described] = {}
        self._opened: dict[str, Opened] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._schemas: dict[str, Schema] = {}  # making one anew for each system took longer than reading with it
        self._log = structlog.get_logger()

    def folder(self, id: str) -> Path:
        return self._folder / id

    def ids(self) -> tuple[str, ...]:
        """Every folder with a system.yaml."""
        return tuple(sorted(path.parent.name for path in self._folder.glob("*/system.yaml")))

    def facts(self, id: str) -> Mapping[str, Any]:
        """The checked system.yaml; raises Unavailable when there is none, or a wrong one."""
        described = self._describe(id)
        if described.complaints:
            raise Unavailable(str(described.complaints[0]))
        return described.facts

    def described(self, id: str) -> Mapping[str, Any]:
        """The same; empty where there is no such folder, or a wrong one."""
        return self._describe(id).facts

    def operations(self, id: str) -> Collection[str] | None:
        """What the system can do; None where there is no such folder, or a wrong one."""
        facts = self._describe(id).facts
        return facts["operations"].keys() if facts else None

    def declared(self, id: str, operation: str) -> Mapping[str, Any]:
        """The facts of one operation; empty where there is none."""
        facts = self._describe(id).facts
        found: Mapping[str, Any] = facts["operations"].get(operation, {}) if facts else {}
        return found

    def complaints(self) -> list[Complaint]:
        """What is wrong in the folders; such a system does not start."""
        return [complaint for id in self.ids() for complaint in self._describe(id).complaints]

    def outdated(self) -> list[str]:
        """The systems whose system.yaml is not what this process runs any more: it is read once, when it starts.

        A description decides, with the protocol's code and the services on it, how answers are understood. So it is
        changed as code is, by a restart that checks all of it together; until then this says so."""
        return sorted(id for id, each in list(self._described.items()) if _digest(each.folder) != each.digest)

    def get(self, id: str) -> Opened:
        """Raises one of the port's errors when the system cannot be opened."""
        attached = self._attached().get(id)
        opened = self._opened.get(id)
        if opened is not None and opened.attached is attached:
            return opened
        if attached is None:
            raise Unavailable("not attached in systems.yaml")
        with self._locks.setdefault(id, threading.Lock()):
            return self._renewed(id, attached)

    def certificate_until(self, id: str, deadline: float) -> datetime | None:
        """When the certificate of a system at an https address ends; None for any other. Raises the port's errors."""
        attached = self._attached().get(id)
        if attached is None or not attached.address.startswith("https://"):
            return None
        transport = importlib.import_module(f"{self._package}.protocols.transport").Transport
        until: datetime | None = transport.of(self._setting(id, attached, self.facts(id))).certificate_until(deadline)
        return until

    def warm(self) -> None:
        """Open every attached system ahead of the first citizen; what fails is told when it is called."""
        for id in self._attached():
            try:
                self.get(id)
            except PortError as error:
                self._log.error("system_not_started", system=id, note=error.note)

    def close(self) -> None:
        for opened in self._opened.values():
            opened.adapter.close()
        self._opened.clear()

    def _renewed(self, id: str, attached: System) -> Opened:
        before = self._opened.get(id)
        if before is not None and _same(before.attached, attached):
            opened = Opened(id, before.adapter, before.facts, before.operations, attached, before.may_hang)
        else:
            opened = self._open(id, attached)
            if before is not None:
                self._retire(before)
        self._opened[id] = opened
        return opened

    def _open(self, id: str, attached: System) -> Opened:
        failed_at, note = self._failed.get(id, (-_TRY_AGAIN_S, ""))
        if time.monotonic() - failed_at < _TRY_AGAIN_S:
            raise Unavailable(note)
        facts = self.facts(id)
        setting = self._setting(id, attached, facts)
        try:
            adapter: Adapter = self._class(id, facts)(setting)
        except Exception as error:
            note = error.note if isinstance(error, PortError) else f"not opened: {type(error).__name__}"
            self._failed[id] = (time.monotonic(), note)
            self._log.error("system_not_opened", system=id, error=type(error).__name__, note=note)
            raise Unavailable(note) from error
        operations = {
            name: Operation.declared(name, each, facts.get("subject")) for name, each in facts["operations"].items()
        }
        return Opened(id, adapter, facts, operations, attached, bool(getattr(adapter, "may_hang", False)))

    def _setting(self, id: str, attached: System, facts: Mapping[str, Any]) -> Setting:
        return Setting(
            name=id,
            address=attached.address,
            facts=facts,
            folder=self._describe(id).folder,
            shared=self._shared(id),
            records=self._records(id),
            secrets=attached.secrets,
            options=attached.options,
            allow_private=attached.allow_private,
            unmapped=self._unmapped(id),
            numbers=told,
        )

    def _class(self, id: str, facts: Mapping[str, Any]) -> Any:
        own = self._folder / id / "adapter.py"
        name = f"{id}.adapter" if own.exists() else f"protocols.{facts['protocol']}"
        return importlib.import_module(f"{self._package}.{name}").Adapter

    def _retire(self, opened: Opened) -> None:
        timer = threading.Timer(_RETIRE_S, opened.adapter.close)
        timer.daemon = True
        timer.start()

    def _describe(self, id: str) -> Described:
        if id not in self._described:
            self._described[id] = self._read(id)
        return self._described[id]

    def _read(self, id: str) -> Described:
        folder, file = self._folder / id, f"{self._folder.name}/{id}/system.yaml"
        digest = _digest(folder)
        try:
            document = read_yaml(folder / "system.yaml", file)
            facts = self._schema(document).load(document.value)
        except Refused as error:
            return Described(folder, {}, (error.complaint,), digest)
        except ValidationError as error:
            return Described(folder, {}, tuple(flattened(document, error, ())), digest)
        return Described(folder, facts, (), digest)

    def _schema(self, document: Document) -> Schema:
        """The protocol knows what a system.yaml of its kind holds."""
        protocol = document.value.get("protocol") if isinstance(document.value, dict) else None
        name = f"{self._package}.protocols.{protocol}"
        if name in self._schemas:
            return self._schemas[name]
        known = isinstance(protocol, str) and protocol.isidentifier() and importlib.util.find_spec(name)
        if not known:
            raise ValidationError({"protocol": ["names no module of protocols/"]})
        self._schemas[name] = importlib.import_module(name).FACTS()
        return self._schemas[name]


def _digest(folder: Path) -> bytes:
    try:
        return hashlib.sha256((folder / "system.yaml").read_bytes()).digest()
    except OSError:
        return b""


def _same(one: System, other: System) -> bool:
    """Whether the adapter would be told the same. Caps and switches are not its business."""
    keys = ("address", "secrets", "options", "allow_private")
    return all(getattr(one, key) == getattr(other, key) for key in keys)
