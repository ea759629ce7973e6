"""Reads the whole folder config/ at once: either a complete snapshot comes out, or the complaints that prevent it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from marshmallow import ValidationError

from hub.settings.checks import Check, together
from hub.settings.pieces import check_address
from hub.settings.place import Complaint, Keys, Refused
from hub.settings.reader import Document, parse, read_yaml
from hub.settings.recognition_shapes import Recognition
from hub.settings.secrets import REFERENCE, Missing, Secrets
from hub.settings.shapes import Hub, Oidc, Snapshot, System
from hub.settings.tables import FILES, OPTIONAL, SERVICES, Tables, fill

_KEY_BYTES = 32
Fingerprint = frozenset[tuple[str, int, int, int]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """`snapshot` is None where the hub cannot start on these files. `references` are the secrets they name."""

    snapshot: Snapshot | None
    complaints: tuple[Complaint, ...]
    documents: Mapping[str, Document]
    references: frozenset[str]

    @property
    def broken(self) -> tuple[Complaint, ...]:
        return tuple(complaint for complaint in self.complaints if complaint.broken)


def names(folder: Path) -> list[str]:
    """Every YAML file of the folder, also those that do not belong there. Editors' own files are not meant."""
    found = [path.name for path in folder.iterdir() if _is_yaml(path)]
    services = folder / SERVICES
    found += [SERVICES + path.name for path in (services.iterdir() if services.is_dir() else ()) if _is_yaml(path)]
    return sorted(found)


def _is_yaml(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml") and path.name[0] not in ".#~"


def fingerprint(folder: Path, besides: Iterable[Path] = ()) -> Fingerprint:
    """Name, inode, size and last change of every file (ctime: an unpacked archive sets the other time back). One that
    just vanished counts as changed."""
    paths = [(name, folder / name) for name in names(folder)] + [(str(path), path) for path in besides]
    return frozenset(_mark(name, path) for name, path in paths)


def _mark(name: str, path: Path) -> tuple[str, int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return name, 0, 0, -1
    return name, status.st_ino, status.st_ctime_ns, status.st_size


def load(
    folder: Path,
    secrets: Secrets,
    now: datetime,
    checks: Sequence[Check] = (),
    instead: Mapping[str, str] | None = None,
) -> Loaded:
    """Reads, checks and puts together. Entries of systems.yaml, sources of sharing.yaml and files of services/ that are
    wrong are left out, so that a hub that has no better configuration can start with the rest; anything else wrong
    leaves no snapshot. `instead` holds texts that are tried in place of files."""
    documents, complaints = _documents(folder, instead or {})
    tables, wrong = fill(documents)
    tables.declared_services = {Path(name).stem for name in names(folder) if name.startswith(SERVICES)}
    complaints += wrong
    if all(_can_be_left_out(complaint) for complaint in complaints):
        complaints += _unfitting(tables, documents, checks)
    _leave_out(tables, complaints)
    lookup = _Lookup(secrets, documents)
    systems = lookup.systems(tables)
    hub = lookup.hub(tables)
    tables.recognition = lookup.recognition(tables.recognition)
    complaints = sorted(complaints + lookup.complaints, key=lambda complaint: (complaint.file, complaint.line))
    snapshot = None
    if hub and all(_can_be_left_out(complaint) for complaint in complaints):
        snapshot = _snapshot(tables, hub, systems, _version(documents), now, _systems_out(lookup))
    return Loaded(snapshot, tuple(complaints), documents, frozenset(lookup.references))


def _documents(folder: Path, instead: Mapping[str, str]) -> tuple[dict[str, Document], list[Complaint]]:
    documents, complaints = dict[str, Document](), list[Complaint]()
    found = names(folder)
    complaints += [Complaint(name, 1, 1, "is missing") for name in FILES if name not in found]
    for name in found:
        if not name.endswith(".yaml") or (name not in (*FILES, *OPTIONAL) and not name.startswith(SERVICES)):
            complaints.append(Complaint(name, 1, 1, "does not belong here; nothing reads it"))
            continue
        try:
            documents[name] = parse(name, instead[name]) if name in instead else read_yaml(folder / name, name)
        except Refused as refused:
            complaints.append(refused.complaint)
    return documents, complaints


def _can_be_left_out(complaint: Complaint) -> bool:
    """Wrong in one system, one service or one source of shared data only."""
    in_entry = complaint.file == "systems.yaml" and complaint.path
    return not complaint.broken or complaint.file not in (*FILES, *OPTIONAL) or bool(in_entry or _source(complaint))


def _source(complaint: Complaint) -> str:
    """The data resource whose source is wrong."""
    here = complaint.file == "sharing.yaml" and len(complaint.path) > 1 and complaint.path[0] == "sources"
    return str(complaint.path[1]) if here else ""


def _unfitting(tables: Tables, documents: Mapping[str, Document], checks: Sequence[Check]) -> list[Complaint]:
    findings = [finding for check in (together, *checks) for finding in check(tables)]
    return [
        documents[file].complaint(path, text) if file in documents else Complaint(file, 1, 1, text)
        for file, path, text in findings
    ]


def _leave_out(tables: Tables, complaints: list[Complaint]) -> None:
    """A batch service goes with any of its parts, a bundle too."""
    wrong = {complaint.file for complaint in complaints}
    for complaint in complaints:
        if complaint.file == "systems.yaml" and complaint.path:
            tables.systems.pop(str(complaint.path[0]), None)
    sources = {_source(complaint) for complaint in complaints}
    kept = {id: source for id, source in tables.sharing.sources.items() if id not in sources}
    tables.sharing = replace(tables.sharing, sources=kept)
    left = {id: service for id, service in tables.services.items() if tables.files[id] not in wrong}
    while gone := [id for id, service in left.items() if not set(service.parts) <= set(left)]:
        for id in gone:
            del left[id]
    tables.services = left
    whole = {id: each for id, each in tables.bundles.items() if {part.service for part in each.parts} <= set(left)}
    tables.bundles = whole


def _version(documents: Mapping[str, Document]) -> str:
    whole = "\0".join(f"{name}\0{document.text}" for name, document in sorted(documents.items()))
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def _snapshot(
    tables: Tables,
    hub: Hub,
    systems: Mapping[str, System],
    version: str,
    now: datetime,
    not_started: Sequence[Complaint],
) -> Snapshot:
    return Snapshot(
        version=version,
        loaded_at=now,
        hub=hub,
        services=tables.services,
        systems=systems,
        departments=tables.departments,
        licences=tables.licences,
        workflows=tables.workflows,
        bundles=tables.bundles,
        tasks=tables.tasks,
        channels=tables.channels,
        appeals=tables.appeals,
        sharing=tables.sharing,
        health_code=tables.health_code,
        recognition=tables.recognition,
        messages=tables.messages,
        themes=tables.themes,
        regions=tables.regions,
        roles=tables.roles,
        texts=tables.texts,
        not_started={str(complaint.path[0]): str(complaint) for complaint in reversed(not_started)},
    )


class _Lookup:
    """Puts values in the place of references. A system that lacks one does not start; the hub cannot do without."""

    def __init__(self, secrets: Secrets, documents: Mapping[str, Document]) -> None:
        self._secrets = secrets
        self._documents = documents
        self.references: set[str] = set()
        self.complaints: list[Complaint] = []

    def systems(self, tables: Tables) -> dict[str, System]:
        systems: dict[str, System] = {}
        for id, entry in tables.systems.items():
            limits, before = entry["limits"], len(self.complaints)
            address = self._value("systems.yaml", (id, "address"), entry["address"], check_address)
            secrets = self._values("systems.yaml", (id, "secrets"), entry["secrets"])
            if len(self.complaints) == before:
                kept = {name: entry[name] for name in ("switch", "options", "allow_private", "expires")}
                systems[id] = System(id=id, address=address, secrets=secrets, **kept, **limits)
        return systems

    def hub(self, tables: Tables) -> Hub | None:
        if not tables.hub:
            return None
        before = len(self.complaints)
        keys = {
            name: self._values("hub.yaml", (name,), tables.hub[name], _check_key)
            for name in ("token_keys", "seal_keys", "sign_keys")
        }
        lists = {
            "hosts": tuple(host.strip("[]").lower() for host in tables.hub["hosts"]),
            "trusted_proxies": tuple(tables.hub["trusted_proxies"]),
        }
        oidc = self._values("hub.yaml", ("oidc",), tables.hub["oidc"]) if tables.hub["oidc"] else None
        if len(self.complaints) > before:
            return None
        legs = tables.hub["legs"]
        kept = {"leg_days": tuple(legs[f"class_{each}"] for each in range(1, 5)), "failed_leg_days": legs["failed"]}
        rest = {name: value for name, value in tables.hub.items() if name != "legs"}
        made = {
            "personas": self._personas(tables),
            "witnesses": self._witnesses(tables),
            "stamping": self._stamping(tables),
            "signers": self._signers(tables),
            "oidc": Oidc(**oidc) if oidc else None,
        }
        return Hub(**{**rest, **keys, **lists, **kept, **made})

    def recognition(self, said: Recognition) -> Recognition:
        """An issuer whose keys are not there is not believed; the hub can do without."""
        before, believed = len(self.complaints), {}
        for id, issuer in said.issuers.items():
            keys = self._value("recognition.yaml", ("issuers", id, "keys"), issuer.keys, None)
            if keys:
                believed[id] = replace(issuer, keys=keys)
        signers = self._value("recognition.yaml", ("signers",), said.signers, None) if said.signers else ""
        self.complaints[before:] = [replace(each, broken=False) for each in self.complaints[before:]]
        return replace(said, issuers=believed, signers=signers)

    def _personas(self, tables: Tables) -> dict[str, dict[str, str]]:
        """One that lacks a secret does not ask; the hub can do without."""
        found: dict[str, dict[str, str]] = {}
        for id, references in tables.hub["personas"].items():
            before = len(self.complaints)
            values = self._values("hub.yaml", ("personas", id), references)
            if len(self.complaints) == before:
                found[id] = values
            self.complaints[before:] = [replace(each, broken=False) for each in self.complaints[before:]]
        return found

    def _witnesses(self, tables: Tables) -> dict[str, dict[str, str]]:
        """One that is not set up is not asked; the ledger says itself that it lacks one."""
        witnesses = {id: self._if_told(("witnesses", id), entry) for id, entry in tables.hub["witnesses"].items()}
        return {id: values for id, values in witnesses.items() if values}

    def _stamping(self, tables: Tables) -> dict[str, str] | None:
        """As a witness; None where none is wanted."""
        entry = tables.hub["stamping"]
        return self._if_told(("stamping",), entry) if entry else None

    def _if_told(self, path: Keys, references: Mapping[str, str]) -> dict[str, str]:
        """The values, or none of them where one is missing; nobody complains of that here."""
        before = len(self.complaints)
        values = self._values("hub.yaml", path, references)
        is_told = len(self.complaints) == before
        del self.complaints[before:]
        return values if is_told else {}

    def _signers(self, tables: Tables) -> dict[str, dict[str, str]]:
        """A department that lacks one of its keys signs nothing; receipts say so by their level."""
        found: dict[str, dict[str, str]] = {}
        for id, references in tables.hub["signers"].items():
            before = len(self.complaints)
            values = self._values("hub.yaml", ("signers", id), references, _check_key)
            if len(self.complaints) == before:
                found[id] = values
            self.complaints[before:] = [replace(each, broken=False) for each in self.complaints[before:]]
        return found

    def _values(
        self, file: str, path: Keys, references: Mapping[str, str], check: Callable[[str], None] | None = None
    ) -> dict[str, str]:
        return {name: self._value(file, (*path, name), each, check) for name, each in references.items()}

    def _value(self, file: str, path: Keys, text: str, check: Callable[[str], None] | None) -> str:
        if not REFERENCE.fullmatch(text):
            return text
        self.references.add(text)
        try:
            value = self._secrets.resolve(text)
            if check:
                check(value)
            return value
        except (Missing, ValidationError) as error:
            reason = str(error) if isinstance(error, Missing) else f"what {text} holds {error.messages[0]}"
        said = f"{reason}; the system is not started" if file == "systems.yaml" else reason
        complaint = self._documents[file].complaint(path, said)
        self.complaints.append(replace(complaint, broken=file != "systems.yaml"))
        return ""


def _systems_out(lookup: _Lookup) -> list[Complaint]:
    return [complaint for complaint in lookup.complaints if complaint.file == "systems.yaml"]


def _check_key(value: str) -> None:
    if len(value.encode()) < _KEY_BYTES:
        raise ValidationError(f"is shorter than {_KEY_BYTES} bytes")
