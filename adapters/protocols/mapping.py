"""Between a department's words and the hub's: rename, type, code table, constant, required, list. Nothing conditional.

Compiled once from system.yaml; every field of an answer is mapped, ignored on purpose, or reported. An answer is a
tree of dicts, lists and text, whatever the protocol. What is not understood is Garbled, never guessed or dropped.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

import structlog

from adapters.protocols.answer_tree import Known, Path, Tree, as_path, known_paths, leaf_of, rows_of, unknown_paths
from adapters.protocols.charset import storable, width
from adapters.protocols.facts import Facts as FACTS
from adapters.protocols.values import Reader, Writer, matching, reader, writer
from hub.errors import Fault, Problem, invalid
from hub.port import Call, Denied, Garbled, Rejected, Reply, Setting, Unavailable, Unmapped

__all__ = ["FACTS", "Operation", "operations"]

REPORTED = 200
_LONG_NUMBER = re.compile(r"\d{6,}[\dXx]*")


@dataclass(frozen=True, slots=True)
class _Sent:
    """One field on its way out."""

    field: str
    wire: str
    write: Writer
    check: Callable[[str, str], str]
    required: bool
    longest: int
    charset: str

    def text(self, value: Any) -> str:
        try:
            text = self.check(self.field, self.write(value))
        except KeyError:
            raise invalid([Fault(self.field, "CHOICE")]) from None
        except ValueError:
            raise invalid([Fault(self.field, "FORMAT")]) from None
        if self.longest and width(text, self.charset) > self.longest:  # the department counts bytes
            raise invalid([Fault(self.field, "TOO_LONG")])
        return text


@dataclass(frozen=True, slots=True)
class _Given:
    """One field on its way in."""

    field: str
    path: Path
    read: Reader
    required: bool
    absent: frozenset[str]
    table: str

    def value(self, tree: Tree, report: Callable[[str, str], None]) -> Any:
        text = leaf_of(tree, self.path)
        if not text or text in self.absent:
            if self.required:
                raise Garbled(f"required {'.'.join(self.path)} is missing")
            return None
        try:
            return self.read(text)
        except KeyError:
            report(f"code table {self.table}", text if len(text) <= 8 and text.isascii() and text.isalnum() else "?")
            raise Garbled(f"{'.'.join(self.path)}: a code that table {self.table} does not hold") from None
        except ValueError as error:
            raise Garbled(f"{'.'.join(self.path)}: {error}") from None


class _Fields:
    """The fields of an answer or of a row, read in one go: nearly all are texts one or two steps down, as declared.
    What is not goes the slow way of `_Given.value`, which knows what is wrong with it."""

    def __init__(self, given: Sequence[_Given]) -> None:
        paths = [each.path for each in given]
        self._plan = tuple(
            (
                each.field,
                each.path[0] if len(each.path) == 2 else None,
                each.path[-1] if len(each.path) <= 2 else None,
                each.read,
                each.absent,
                len(each.path) == 1 and each.path not in paths[:place],
                each,
            )
            for place, each in enumerate(given)
        )
        flat = len({*paths}) == len(paths) and all(len(path) == 1 for path in paths)
        self._flat = tuple((each.field, each.path[0], each.read, each.absent) for each in given) if flat else ()

    def values(self, tree: Tree, report: Callable[[str, str], None]) -> tuple[dict[str, Any], int]:
        """The fields, and how many of the tree's own entries were such texts."""
        if (row := self._row(tree)) is not None:
            return row, len(row)
        fields: dict[str, Any] = {}
        plain = 0
        get = tree.get if type(tree) is dict else _NOTHING.get
        for field, above, name, read, absent, first, given in self._plan:
            if above is None:
                found = get(name)
            else:
                group = get(above)
                found = group.get(name) if type(group) is dict else None
            if type(found) is str and (text := found.strip()) and text not in absent:
                try:
                    fields[field] = read(text)
                    plain += first
                    continue
                except (KeyError, ValueError):
                    pass
            fields[field] = given.value(tree, report)
        return fields, plain

    def _row(self, tree: Tree) -> dict[str, Any] | None:
        """The fields where each is told, one step down, as in a row of a table; None where one is not."""
        fields: dict[str, Any] = {}
        try:
            for field, name, read, absent in self._flat:
                text = tree[name].strip()
                if not text or text in absent:
                    return None
                fields[field] = read(text)
        except (KeyError, ValueError, TypeError, AttributeError):
            return None
        return fields or None


_NOTHING: Mapping[Any, Any] = {}


@dataclass(frozen=True, slots=True)
class _Rows:
    """One list of the answer: nothing, one or many, always a list to us."""

    name: str
    path: Path
    fields: _Fields
    key: Callable[[dict[str, Any]], Any]
    count: Path

    def value(self, tree: Tree, report: Callable[[str, str], None]) -> tuple[list[dict[str, Any]], bool]:
        """The rows, and whether all that stands in them was mapped."""
        found = rows_of(tree, self.path)
        declared = leaf_of(tree, self.count) if self.count else ""
        if self.count and declared != str(len(found)):
            raise Garbled(f"{self.name}: not the declared number of rows", code="UPSTREAM_TRUNCATED")
        kept: dict[Any, dict[str, Any]] = {}
        known, values, key = True, self.fields.values, self.key
        for row in found:
            fields, plain = values(row, report)
            known &= plain == len(row)
            if kept.setdefault(key(fields), fields) is not fields and kept[key(fields)] != fields:
                raise Garbled(f"{self.name}: two rows contradict each other", code="UPSTREAM_CONFLICT")
        return list(kept.values()), known


class _Outcome:
    """The department's own result code, by table."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._path = as_path(facts["path"])
        self._ok, self._denied = frozenset(facts["ok"]), frozenset(facts["denied"])
        self._unavailable = frozenset(facts["unavailable"])
        self._rejected: Mapping[str, Mapping[str, str]] = facts["rejected"]

    def check(self, tree: Tree, report: Callable[[str, str], None]) -> None:
        code = leaf_of(tree, self._path)
        if code in self._ok:
            return
        if code in self._rejected:
            raise rejected(self._rejected[code])
        if code in self._denied:
            raise Denied(f"result {code}")
        if code in self._unavailable:
            raise Unavailable(f"result {code}")
        report("result", code if len(code) <= 8 and code.isascii() else "?")
        raise Garbled("the result code is missing" if not code else "a result code that is not in the table")


def rejected(reason: Mapping[str, str]) -> Rejected:
    """The department's no, told by our own table of its reasons: `{code, zh, en}`."""
    fault = Fault("", reason["code"], {"zh": reason["zh"], "en": reason["en"]})
    return Rejected(reason["code"], faults=(fault,))


class Operation:
    """One operation of one system, ready to be used by many threads. `own` is its protocol's section."""

    def __init__(
        self, setting: Setting, name: str, facts: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> None:
        self.name = name
        self._report = _Reports(setting.name, name, setting.unmapped)
        self._numbers = setting.numbers
        self.write: bool = operation["kind"] == "write"
        self.own: Mapping[str, Any] = operation.get(facts["protocol"]) or {}
        self._subject: str = facts["subject"]
        self._codes: Mapping[str, Mapping[str, str]] = facts["codes"]
        request, answer = operation["request"], operation["answer"]
        self._constants: Mapping[str, str] = request["constants"]
        self._key: str = request["key"]
        self._check = storable(facts["encoding"], facts["forbidden"])
        self._sent = tuple(self._compiled_sent(facts["encoding"], *entry) for entry in request["fields"].items())
        self._given = _Fields(self._compiled_given(answer["fields"]))
        self._lists = tuple(
            _Rows(
                each,
                as_path(group["from"]),
                _Fields(self._compiled_given(group["fields"])),
                itemgetter(*group["key"]) if group["key"] else lambda _: (),
                as_path(group["count"]),
            )
            for each, group in answer["lists"].items()
        )
        self._outcome = _Outcome(operation["outcome"]) if operation["outcome"] else None
        self._receipt = as_path(answer["receipt"])
        self._known = partial(known_paths, operation)
        self._all_known = {(False,) * len(self._lists): self._known()}

    def outgoing(self, call: Call) -> dict[str, str]:
        """What the department is sent, by wire name, constants first. Raises Problem 422 for what it cannot hold."""
        wire = dict(self._constants)
        if self._key:
            if not call.key:  # without our number the department could never be asked for it
                raise Problem("IDEMPOTENCY_KEY_REQUIRED")
            wire[self._key] = self._check("idempotency_key", call.key)
        missing = [sent.field for sent in self._sent if sent.required and call.fields.get(sent.field) is None]
        if missing:
            raise invalid([Fault(field, "REQUIRED") for field in missing])
        for sent in self._sent:
            value = call.fields.get(sent.field)
            if value is not None:
                wire[sent.wire] = sent.text(value)
        return wire

    def judge(self, tree: Tree) -> None:
        """Raises what the department's own result code says, where it is not an OK."""
        if self._outcome:
            self._outcome.check(tree, self._report)

    def reply(self, tree: Tree, call: Call, request_bytes: int, response_bytes: int) -> Reply:
        """The answer in hub fields, after its result code, its subject and every field were checked."""
        self.judge(tree)
        fields, _ = self._given.values(tree, self._report)
        asked = call.fields.get(self._subject)
        if asked is not None and self._subject in fields and _differ(asked, fields[self._subject]):
            raise Garbled("the record of somebody else", code="UPSTREAM_SUBJECT_MISMATCH")
        for path in unknown_paths(tree, self._put_rows(tree, fields)):
            self._report("element", path)
        receipt = leaf_of(tree, self._receipt) if self._receipt else ""
        if self.write and self._receipt and not receipt:
            raise Garbled("the department's own number is missing")
        return Reply(fields, receipt or None, True, request_bytes, response_bytes)

    def _put_rows(self, tree: Tree, fields: dict[str, Any]) -> Known:
        """Adds the lists to the fields; returns what is known of the answer, where rows that were mapped to the last
        text need no second look."""
        plain = []
        for rows in self._lists:
            fields[rows.name], known = rows.value(tree, self._report)
            plain.append(known)
        which = tuple(plain)
        if which not in self._all_known:
            through = [rows.path for rows, known in zip(self._lists, plain, strict=True) if known]
            self._all_known[which] = self._known(through)
        return self._all_known[which]

    def expect(self, what: str, told: str, fact: str) -> None:
        """Record where the department says otherwise than system.yaml; system.yaml counts."""
        if told and told.lower() != fact:
            self._report(what, told)

    def _compiled_sent(self, charset: str, field: str, entry: Mapping[str, Any]) -> _Sent:
        write = writer(entry["as"], entry["formats"], self._codes.get(entry["table"]))
        return _Sent(field, entry["to"], write, self._check, entry["required"], entry["max_bytes"], charset)

    def _compiled_given(self, entries: Mapping[str, Mapping[str, Any]]) -> tuple[_Given, ...]:
        return tuple(
            _Given(
                field,
                as_path(entry["from"]),
                self._reader(field, entry),
                entry["required"] or field == self._subject,  # whose record it is must be told
                frozenset(entry["absent"]),
                entry["table"],
            )
            for field, entry in entries.items()
        )

    def _reader(self, field: str, entry: Mapping[str, Any]) -> Reader:
        if entry["number"] and field != self._subject:  # that one is compared with the number that was asked for
            return partial(self._number, field, entry["number"])
        if entry["pattern"]:
            return matching(entry["pattern"])
        return reader(entry["as"], entry["formats"], self._codes.get(entry["table"]))

    def _number(self, field: str, kind: str, text: str) -> str | None:
        """One wrong number takes neither the rest of the answer away, nor is it told as if it were right."""
        number, wrong = self._numbers(kind, text)
        if wrong:
            self._report(f"{kind} {field}", wrong)
        return number or None


def operations(setting: Setting, facts: Mapping[str, Any] | None = None) -> dict[str, Operation]:
    """All operations of a system, from its checked facts."""
    facts = facts or setting.facts
    return {name: Operation(setting, name, facts, operation) for name, operation in facts["operations"].items()}


class _Reports:
    """What was not understood or not expected, with the department's own word for it: logged once per process, counted
    every time."""

    def __init__(self, system: str, operation: str, unmapped: Unmapped) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._count = partial(unmapped, operation)
        self._tell = partial(structlog.get_logger().warning, "unmapped", system=system, operation=operation)

    def __call__(self, what: str, word: str) -> None:
        word = _LONG_NUMBER.sub("…", word)  # a department may name an element after a person's number
        with self._lock:
            known = (what, word) in self._seen
            if not known and len(self._seen) >= REPORTED:
                return
            self._seen.add((what, word))
        self._count(what, word)
        if not known:
            self._tell(kind=what, note=word)


def _differ(asked: Any, told: Any) -> bool:
    return str(asked).upper() != str(told).upper()
