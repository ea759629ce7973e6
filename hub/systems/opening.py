"""One adapter opened by itself, outside a running hub: on recorded answers, or on an address somebody names."""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import Problem
from hub.fields.document import told
from hub.port import Adapter, Call, Records, Reply, Setting, Unavailable
from hub.systems.drafted import checked
from hub.systems.recording import Loopback, replaying

SECONDS = 3.0


class Drawer:
    """The store of one process alone: what workers would share."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, float]] = {}
        self._locks: dict[str, threading.Lock] = {}

    def get(self, key: str) -> bytes | None:
        value, until = self._kept.get(key, (None, 0.0))
        return value if time.monotonic() < until else None

    def put(self, key: str, value: bytes, seconds: float) -> None:
        self._kept[key] = (value, time.monotonic() + seconds)

    def delete(self, key: str) -> None:
        self._kept.pop(key, None)

    def lock(self, key: str, deadline: float) -> AbstractContextManager[None]:
        @contextmanager
        def held() -> Iterator[None]:
            lock = self._locks.setdefault(key, threading.Lock())
            if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise Unavailable("somebody else held the lock until the deadline")
            try:
                yield
            finally:
                lock.release()

        return held()


class AnySecret(dict[str, str]):
    """A secret under every name a system may ask for."""

    def __init__(self) -> None:
        usual = ("username", "password", "key", "appid", "secret")
        super().__init__({name: self[name] for name in usual})

    def __missing__(self, name: str) -> str:
        return f"sample {name}"

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        return self[name]


def meets(folder: Path, facts: Mapping[str, Any]) -> tuple[str, str]:
    """The scheme of its addresses and the kind of peer that is there (rogue.py), as its protocol's MEETS has them."""
    protocol = importlib.import_module(f"{folder.parent.name}.protocols.{facts['protocol']}")
    kinds: Mapping[str, str] = getattr(protocol, "MEETS", {"http": "http"})
    scheme = (facts.get(facts["protocol"]) or {}).get("wire") or next(iter(kinds))
    return scheme, kinds[scheme]


@contextmanager
def opened_alone(
    folder: Path,
    address: str,
    secrets: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
    unmapped: Callable[[str, str, str], None] | None = None,
    options: Mapping[str, Any] | None = None,
    allow_private: bool = True,
    records: Records | None = None,
) -> Iterator[Adapter]:
    """The folder's adapter at `address`. Raises Problem where it cannot be opened."""
    facts = facts or checked(folder)
    own = (folder / "adapter.py").exists()
    name = f"{folder.name}.adapter" if own else f"protocols.{facts['protocol']}"
    module = importlib.import_module(f"{folder.parent.name}.{name}")
    more: dict[str, Any] = {"unmapped": unmapped} if unmapped else {}
    adapter: Adapter = module.Adapter(
        Setting(
            folder.name, address, facts, folder, Drawer(), secrets=AnySecret() if secrets is None else secrets,
            options=options or {}, allow_private=allow_private, records=records, numbers=told, **more,
        )
    )  # fmt: skip
    try:
        yield adapter
    finally:
        adapter.close()


@dataclass(frozen=True, slots=True)
class Recording:
    """A sample with its `.call.json`: the answer to which path, what was asked, and the fields that came of it. `also`
    are the samples for what is asked before it (a login, a token), by path."""

    folder: Path
    operation: str
    sample: str
    path: str
    media_type: str
    asked: Mapping[str, Any]
    fields: Mapping[str, Any] | None
    also: Mapping[str, str]

    def __str__(self) -> str:
        return self.sample

    @property
    def body(self) -> bytes:
        return (self.folder / "samples" / self.sample).read_bytes()

    def answers(self, body: bytes) -> dict[str, bytes]:
        """What is said under which path."""
        before = {path: (self.folder / "samples" / name).read_bytes() for path, name in self.also.items()}
        return {**before, self.path: body}


def recordings(folder: Path) -> list[Recording]:
    """Every sample of a system that says how it came about."""
    return [_recording(folder, path) for path in sorted((folder / "samples").glob("*.call.json"))]


def _recording(folder: Path, path: Path) -> Recording:
    call = json.loads(path.read_text(encoding="utf-8"))
    operation = call["sample"].split(".")[0]
    return Recording(folder, operation, call["sample"], call["path"], call["media_type"], call["asked"], call["fields"],
        call.get("also", {}),
    )  # fmt: skip


def replayed(
    recording: Recording,
    body: bytes | None = None,
    *,
    asked: Mapping[str, Any] | None = None,
    before: Mapping[str, bytes] | None = None,
    **opening: Any,
) -> Reply:
    """Ask again what was asked, of a server that says what was said; `body`, `asked` and the answers `before` may be
    others. Raises the port's errors."""
    answers = {**recording.answers(recording.body if body is None else body), **(before or {})}
    with (
        Loopback(replaying(answers, recording.media_type)) as served,
        opened_alone(recording.folder, served.url, **opening) as adapter,
    ):
        call = Call(
            recording.operation, recording.asked if asked is None else asked, time.monotonic() + SECONDS, key="sample-1"
        )
        return adapter.call(call)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try, in a sentence."""

    what: str
    good: bool
    said: str


def try_recordings(folder: Path) -> Iterator[Tried]:
    """Replay every sample and write down the fields that come of it, where nobody has yet."""
    for recording in recordings(folder):
        try:
            reply = replayed(recording)
        except Problem as problem:
            yield Tried(recording.sample, False, f"{problem.code}: {problem.note}")
            continue
        if recording.fields is None:
            _remember(recording, reply)
        rows = sum(len(value) for value in reply.fields.values() if isinstance(value, list))
        yield Tried(recording.sample, True, f"{len(reply.fields)} fields, {rows} rows")


def _remember(recording: Recording, reply: Reply) -> None:
    path = recording.folder / "samples" / f"{recording.sample.rpartition('.')[0]}.call.json"
    call = json.loads(path.read_text(encoding="utf-8"))
    call["fields"] = dict(reply.fields)
    path.write_text(json.dumps(call, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def try_live(folder: Path, address: str, secrets: Mapping[str, str] | None = None) -> Tried:
    """Ask the department itself something harmless: the probe."""
    try:
        with opened_alone(folder, address, secrets) as adapter:
            adapter.probe(time.monotonic() + SECONDS)
    except Problem as problem:
        return Tried("probe", False, f"{problem.code}: {problem.note}")
    return Tried("probe", True, "it answers")
