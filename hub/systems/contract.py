"""The contract kit: what every adapter must keep, checked on the folder alone, and on a system that really answers.

One suite for the tests of this repository and for `hub systems verify`. A folder is enough: no list is edited.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Literal

from hub.errors import Problem
from hub.port import Adapter, Call, Garbled, PortError, Reply, Unavailable
from hub.systems.asking import SOMEBODY, fitting
from hub.systems.delivering import DeliveryMade, deliveries, read_of
from hub.systems.drafted import checked, undecided
from hub.systems.filing import runs_as
from hub.systems.leaves import in_html, in_json, in_xml
from hub.systems.opening import Recording, meets, opened_alone, recordings, replayed
from hub.systems.recording import Loopback
from hub.systems.rogue import PEERS, SLOW, Peer, flood, redirect
from hub.systems.sampling import labels_of

Verdict = Literal["good", "bad", "skipped"]
Told = list[tuple[str, str, str]]
DEADLINE_S, OVER_S = 1.0, 0.3
_MOST_BYTES = 12 << 20  # the cap of 5 MiB, and what the kernel had already taken
_CUTS = 12
_READ_AS = {"gb2312": "gb18030", "gbk": "gb18030"}
_STRANGE = "zz"
_NONSENSE = b"\x93\x00{[<" * 200


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    verdict: Verdict
    said: str


@dataclass(slots=True)
class Contract:
    """One system's folder. Each check raises AssertionError with one sentence, or says in a word what it saw."""

    folder: Path
    facts: Mapping[str, Any] = field(init=False)
    scheme: str = field(init=False)
    peer: Peer = field(init=False)

    def __post_init__(self) -> None:
        self.facts = checked(self.folder)
        self.scheme, kind = meets(self.folder, self.facts)
        self.peer = PEERS[kind]

    def asked(self, operation: str, person: Mapping[str, Any] = SOMEBODY) -> dict[str, Any]:
        return fitting(self.facts["operations"][operation], self.facts["codes"], person)

    @property
    def reads(self) -> list[str]:
        """The operations that only ask, without the one that fetches our own token: no caller may use that."""
        token = (self.facts.get(self.facts["protocol"]) or {}).get("token") or {}
        operations = self.facts["operations"].items()
        return [name for name, each in operations if each["kind"] == "read" and name != token.get("operation")]

    def checks(self) -> Mapping[str, Callable[[], str]]:
        """Everything that needs the folder only."""
        slow = {f"deadline under {name}": partial(self.keeps_the_deadline, name) for name in SLOW}
        checks: dict[str, Callable[[], str]] = {
            "declares what it can do": self.declares,
            **slow,
            "only the five errors leave it": self.only_five_errors,
            "byte cap": self.byte_cap,
            "no redirect is followed": self.no_redirect,
            "recorded answers": self.recorded,
            "pinned charset": self.pinned_charset,
            "a cut answer is refused": self.complete,
            "unknown codes are refused and reported": self.unknown_codes,
            "unknown elements are reported": self.unknown_elements,
            "wrong numbers are left out and reported": self.wrong_numbers,
            "nothing listens": self.nothing_listens,
            "recorded deliveries": self.delivered,
            "a delivery it cannot read": self.unreadable,
        }
        for name, why in self.peer.absent.items():
            checks[name] = partial(_absent, why)
        return checks

    def declares(self) -> str:
        operations, probe = self.facts["operations"], self.facts["probe"]
        writes = [name for name, each in operations.items() if each["kind"] == "write"]
        assert operations[probe["operation"]]["kind"] == "read", "the probe writes"
        assert not writes or self.facts["filing"], "it writes and does not say how a lost filing is found again"
        filing = f", files as {runs_as(self.facts['filing'])}" if writes else ""
        return f"{len(operations)} operations, {len(writes)} of them write{filing}"

    def nothing_left_to_decide(self) -> str:
        left = undecided(self.folder)
        assert not left, f"{len(left)} remarks are left, the first: {left[0]}"
        return "every remark was taken away"

    def keeps_the_deadline(self, kind: str) -> str:
        with Loopback(self.peer.slow[kind]) as server, self._opened(server) as adapter:
            longest = max(late(adapter, name, self.asked(name)) for name in self._some())
            if self.scheme != "http":  # there the probe is no call of an operation
                longest = max(longest, _late(lambda: probed(adapter, kind), "probe"))
            if hasattr(adapter, "collect"):
                longest = max(longest, _late(lambda: collected(adapter, kind), "collect"))
        return f"at most {longest:+.2f} s"

    def only_five_errors(self) -> str:
        tried = 0
        for what, speak in self.peer.rubbish.items():
            with Loopback(speak) as server, self._opened(server) as adapter:
                for name in self.facts["operations"]:
                    outcome(adapter, name, self.asked(name), what)
                    tried += 1
                probed(adapter, what)
                if hasattr(adapter, "collect"):
                    collected(adapter, what)
        return f"{tried} broken answers"

    def nothing_listens(self) -> str:
        """Where nobody is, the probe says so: certainly not done."""
        with Loopback(_nobody) as gone:
            pass
        with self._opened(gone) as adapter:
            said = probed(adapter, "nothing there")
            assert isinstance(said, Unavailable), f"the probe of nothing: {said and said.code}"
            if hasattr(adapter, "collect"):
                told = collected(adapter, "nothing there")
                assert isinstance(told, Unavailable) or not self.facts.get("poll"), (
                    f"collected from nothing: {told and told.code}"
                )
        return said.code

    def byte_cap(self) -> str:
        with flood(self.peer) as (server, taken), self._opened(server) as adapter:
            name = self._some()[0]
            said = outcome(adapter, name, self.asked(name), "a flood", seconds=20)
            assert isinstance(said, PortError), "it took an answer without end"
            if self.scheme != "http":
                assert probed(adapter, "a flood", 20) is not None, "a flood passed for a sign of life"
            assert taken() < _MOST_BYTES, f"it took {taken() >> 20} MiB"
        return said.code

    def no_redirect(self) -> str:
        with redirect() as (server, followed), self._opened(server) as adapter:
            for name in self.facts["operations"]:
                said = outcome(adapter, name, self.asked(name), "a redirect")
                assert isinstance(said, PortError), f"{name}: a redirect passed for an answer"
            assert followed() == 0, "it went where the redirect pointed"
        return "nobody followed"

    def delivered(self) -> str:
        """What a department brought reads as it was written down, row by row."""
        found = deliveries(self.folder)
        for made in found:
            told = read_of(made, self.facts)
            assert not isinstance(told, PortError), f"{made.sample}: {told}"
            assert made.rows is None or told == made.rows, f"{made.sample}: other rows than written down: {told}"
        return f"{len(found)} deliveries"

    def unreadable(self) -> str:
        """Cut, in another charset, or nonsense: the whole is refused or its bad rows are, and nothing else happens."""
        tried = 0
        for made in deliveries(self.folder):
            for what, body in self._spoiled(made):
                try:
                    read_of(made, self.facts, body)
                except Exception as error:
                    raise AssertionError(f"{made.sample}: {type(error).__name__} left it ({what})") from error
                tried += 1
            said = read_of(made, self.facts, _NONSENSE)
            rows = [] if isinstance(said, PortError) else said
            assert not any("fields" in row for row in rows), f"{made.sample}: a record made of nonsense"
        return f"{tried} broken deliveries"

    def _spoiled(self, made: DeliveryMade) -> Iterator[tuple[str, bytes]]:
        body = made.body
        yield from ((f"cut at {cut}/{_CUTS}", body[: len(body) * cut // _CUTS]) for cut in range(_CUTS))
        yield from (("half a UTF-8", body + b"\xe5\x8c"), ("zeros", bytes(len(body))), ("nonsense", _NONSENSE))
        yield "turned round", body[::-1]

    def _opened(self, server: Loopback) -> AbstractContextManager[Adapter]:
        where = "/nowhere" if self.scheme == "file" else server.url.partition("://")[2]
        at = f"{self.scheme}://{where}" + ("/kit" if self.peer is PEERS["database"] else "")
        return opened_alone(self.folder, at, facts=self.facts)

    def recorded(self) -> str:
        found = recordings(self.folder)
        for recording in found:
            reply = replayed(recording, facts=self.facts)
            told = recording.fields
            assert told is None or reply.fields == told, f"{recording.sample}: other fields than written down"
        return _how_many(found)

    def pinned_charset(self) -> str:
        pinned = _READ_AS.get(self.facts["encoding"], self.facts["encoding"])
        other = "gb18030" if pinned == "utf-8" else "utf-8"
        telling = [each for each in recordings(self.folder) if not each.body.isascii()]
        for recording in telling:
            body = recording.body.decode(pinned).encode(other)
            said = _replay(recording, body)
            assert isinstance(said, Garbled), f"{recording.sample}: taken in {other}, which is not its charset"
        return _how_many(telling)

    def complete(self) -> str:
        """A cut answer is refused; where the cut took nothing of it, it is the same answer."""
        found = recordings(self.folder)
        for recording in found:
            whole = replayed(recording).fields
            for cut in range(_CUTS):
                said = _replay(recording, recording.body[: len(recording.body) * cut // _CUTS])
                same = isinstance(said, Reply) and said.fields == whole
                assert same or isinstance(said, PortError), f"{recording.sample}: cut at {cut}/{_CUTS}, and taken"
        return _how_many(found)

    def unknown_codes(self) -> str:
        tried = 0
        for operation, path, _, entry, said, told in self._nonsense("table"):
            assert isinstance(said, Garbled), f"{path}: a code without a meaning was let through"
            assert (operation, f"code table {entry['table']}", _STRANGE) in told, f"{path}: not reported"
            tried += 1
        return f"{tried} codes"

    def wrong_numbers(self) -> str:
        tried = 0
        for _, path, name, entry, said, told in self._nonsense("number"):
            assert isinstance(said, Reply), f"{path}: one wrong number, and no answer ({said})"
            assert _STRANGE not in str(said.fields), f"{path}: it is shown"
            assert f"{entry['number']} {name}" in {kind for _, kind, _ in told}, f"{path}: not reported"
            tried += 1
        return f"{tried} numbers"

    def _nonsense(self, of: str) -> Iterator[tuple[str, str, str, Mapping[str, Any], Reply | PortError, Told]]:
        """Each field of this sort in the recordings: operation, path, name, facts, what comes of nonsense in it, and
        what is reported."""
        for recording in recordings(self.folder):
            for path, name, entry in self._given(recording.operation):
                label = path.rpartition(".")[2] if recording.sample.endswith(".html") else path
                put = partial(_put, (path, label))
                body = _with(recording, put) if entry[of] else None
                if body is not None and body != _with(recording, lambda _, text: text):
                    told: Told = []
                    said = _replay(recording, body, unmapped=lambda *words, told=told: told.append(words))
                    yield recording.operation, path, name, entry, said, told

    def unknown_elements(self) -> str:
        tried = 0
        for recording in recordings(self.folder):
            body = _grown(recording)
            if body is None:
                continue
            told: Told = []
            said = _replay(recording, body, unmapped=lambda *words, told=told: told.append(words))
            assert isinstance(said, Reply), f"{recording.sample}: one more element, and no answer ({said})"
            assert any(kind == "element" and _STRANGE in word for _, kind, word in told), "not reported"
            tried += 1
        return f"{tried} answers"

    def _some(self) -> Sequence[str]:
        """One of each kind: a slow answer costs a second each."""
        by_kind = {each["kind"]: name for name, each in self.facts["operations"].items()}
        return list(by_kind.values())

    def _given(self, operation: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        answer = self.facts["operations"][operation]["answer"]
        groups = [("", answer["fields"]), *((f"{rows['from']}.", rows["fields"]) for rows in answer["lists"].values())]
        for above, fields in groups:
            for name, entry in fields.items():
                yield above + entry["from"], name, entry


def _absent(why: str) -> str:
    return f"not applicable: {why}"


def _nobody(_: object) -> None:
    """Closed before anybody came."""


def _how_many(found: Sequence[Recording]) -> str:
    return f"{len(found)} recordings"


def _replay(recording: Recording, body: bytes, **opening: Any) -> Reply | PortError:
    try:
        return replayed(recording, body, **opening)
    except PortError as error:
        return error


def _put(places: tuple[str, str], at: str, text: str) -> str:
    return _STRANGE if at in places else text


def _with(recording: Recording, replace: Callable[[str, str], str]) -> bytes | None:
    """The recording with other values at dotted paths, where its form is one we can write; None elsewhere."""
    facts = checked(recording.folder)
    charset = _READ_AS.get(facts["encoding"], facts["encoding"])
    text = recording.body.decode(charset)
    match recording.sample.rpartition(".")[2]:
        case "json":
            return in_json(text, replace).encode(charset)
        case "xml":
            return in_xml(text, replace, 3 if "envelope" in text[:400].lower() else 1).encode(charset)
        case "html":
            labels = frozenset(labels_of(facts["operations"][recording.operation]))
            return in_html(text, replace, labels).encode(charset)
    return None


def _grown(recording: Recording) -> bytes | None:
    """The recording with an element nobody has heard of; None where its form is not one we can write."""
    body = recording.body
    if recording.sample.endswith(".json") and body.lstrip().startswith(b"{"):
        return body.replace(b"{", b'{"' + _STRANGE.encode() + b'": "1", ', 1)
    if not recording.sample.endswith(".xml"):
        return None
    if b"&lt;/" in body:  # a document inside a document
        before, end, after = body.rpartition(b"&lt;/")
        return before + b"&lt;zz&gt;1&lt;/zz&gt;" + end + after
    before = body.rpartition(b"</")[0].rpartition(b"</")[0].rpartition(b"</")[0]  # inside the answer's own element
    return before + b"<zz>1</zz>" + body[len(before) :] if before else None


def late(adapter: Adapter, operation: str, asked: Mapping[str, Any], seconds: float = DEADLINE_S) -> float:
    """By how much a call overruns its deadline; it must end in one of the five errors, by then and 0.3 s."""

    def say() -> PortError | None:
        said = outcome(adapter, operation, asked, "a slow answer", seconds)
        return said if isinstance(said, PortError) else None

    return _late(say, operation, seconds)


def _late(say: Callable[[], PortError | None], what: str, seconds: float = DEADLINE_S) -> float:
    """The same for whatever says so within so many seconds. An adapter that is late is late each time, a busy machine
    is not: three times decide."""
    least = inf
    for _ in range(3):
        started = time.monotonic()
        said = say()
        least = min(least, time.monotonic() - started - seconds)
        assert said is not None or what == "collect", f"{what}: a slow answer passed for a whole one"
        if least <= OVER_S:
            return least
    raise AssertionError(f"{what}: {least:.2f} s past its deadline")


def outcome(
    adapter: Adapter, operation: str, asked: Mapping[str, Any], what: str, seconds: float = DEADLINE_S
) -> Reply | PortError:
    """What a call ends in; anything but a reply or one of the five errors is a breach."""
    try:
        return adapter.call(Call(operation, asked, time.monotonic() + seconds, key="CONTRACT-KIT-0001"))
    except PortError as error:
        return error
    except Exception as error:
        raise AssertionError(f"{operation}: {type(error).__name__} left it ({what})") from error


def probed(adapter: Adapter, what: str, seconds: float = DEADLINE_S) -> PortError | None:
    try:
        adapter.probe(time.monotonic() + seconds)
    except PortError as error:
        return error
    except Exception as error:
        raise AssertionError(f"probe: {type(error).__name__} left it ({what})") from error
    return None


def collected(adapter: Any, what: str, seconds: float = DEADLINE_S) -> PortError | None:
    """Collect all there is and settle none of it."""
    try:
        for _ in adapter.collect(time.monotonic() + seconds):
            pass
    except PortError as error:
        return error
    except Exception as error:
        raise AssertionError(f"collect: {type(error).__name__} left it ({what})") from error
    return None


def run(checks: Mapping[str, Callable[[], str]]) -> Iterator[Finding]:
    """One finding for each check; a breach is told in its own sentence."""
    for name, check in checks.items():
        try:
            said = check()
        except AssertionError as breach:
            yield Finding(name, "bad", str(breach))
        except Problem as problem:
            yield Finding(name, "bad", f"{problem.code}: {problem.note}")
        else:
            yield Finding(name, "skipped" if said.startswith(("0 ", "no ", "not ")) else "good", said)
