"""From the shape of a department's messages to the first draft of its system.yaml, the same for every protocol.

A module draft_<kind>.py offers `draft(source, wishes) -> Draft`; it is found by its name. Nothing drafted counts before
a person has read it over: every guess is listed in `open`, by its place in system.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.protocols import guessing

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever asks for the draft already knows. `reads` and `writes` are operations by the department's name."""

    name: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    operation: str = ""
    path: str = ""
    encoding: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """An element of a message. `kind` is integer, decimal, boolean, date, datetime or nothing (text); `tag` the name
    with its namespace where there is one; `choices` the only values, `examples` some."""

    name: str
    kind: str = ""
    required: bool = False
    many: bool = False
    children: tuple[Shape, ...] = ()
    group: bool = False
    choices: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    tag: str = ""


@dataclass(slots=True)
class Draft:
    """`facts` is the system.yaml to be, `files` what lies beside it, `samples` answers by file name
    (`<operation>.<case>.<ending>`) with the path they answer; `secrets` the names the account is under; `open` what is
    left to decide, by place; `unsupported` what cannot be attached, with why."""

    facts: dict[str, Any]
    address: str = ""
    media_type: str = ""
    secrets: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    samples: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    open: dict[Place, str] = field(default_factory=dict)
    unsupported: dict[str, str] = field(default_factory=dict)


def started(wishes: Wishes, protocol: str) -> Draft:
    """A draft with what every system.yaml begins with."""
    facts: dict[str, Any] = {
        "name": {"zh": wishes.name, "en": wishes.name.replace("_", " ").capitalize()},
        "department": wishes.department or wishes.name,
        "protocol": protocol,
        "encoding": wishes.encoding or "utf-8",
        "subject": "",
        "probe": {},
    }
    draft = Draft(facts)
    draft.open["name",] = "its name in Chinese and in English"
    if not wishes.department:
        draft.open["department",] = "the id of its department in config/departments.yaml"
    if not wishes.encoding:
        draft.open["encoding",] = "the charset of its bytes: utf-8, gbk, gb2312 or gb18030; ask, never guess"
    return draft


class Writer:
    """Collects operations into a draft."""

    def __init__(self, draft: Draft, wishes: Wishes) -> None:
        self._draft, self._wishes = draft, wishes
        self._codes: dict[str, dict[str, str]] = {}
        draft.facts["operations"] = {}

    def operation(
        self, theirs: str, request: Iterator[Shape] | list[Shape], answer: list[Shape], own: Mapping[str, Any]
    ) -> str:
        """Returns the name it got. `own` is the protocol's section; request fields that are constants are not in it."""
        name = _unused(guessing.named(theirs) or "operation", self._draft.facts["operations"])
        place: Place = ("operations", name)
        write = theirs in self._wishes.writes or not (theirs in self._wishes.reads or guessing.reads(theirs))
        if write and theirs not in self._wishes.writes:
            self._draft.open[(*place, "kind")] = "does it change anything? Until you say read, it is never sent twice"
        asked, told, outcome = self._request(request, place), self._answer(answer, place), self._outcome(answer, place)
        facts: dict[str, Any] = {"kind": "write" if write else "read", "data_class": _highest(told)}
        facts["request"] = {"fields": asked} if asked else {}
        facts[self._draft.facts["protocol"]] = dict(own)
        if outcome:
            facts["outcome"] = outcome
        self._draft.facts["operations"][name] = {**facts, "answer": {key: part for key, part in told.items() if part}}
        return name

    def finish(self) -> Draft:
        """Probe, subject, filing, code tables: what is known when all operations are there."""
        facts, operations = self._draft.facts, self._draft.facts["operations"]
        reads = {name: each for name, each in operations.items() if each["kind"] == "read"}
        if not reads:
            raise ValueError("no operation is known to only read; name one with --read")
        probe = min(reads, key=lambda name: ("ping" not in name, _needs(reads[name])))
        facts["probe"] = {"operation": probe}
        if _needs(reads[probe]):
            facts["probe"]["rejected_is_fine"] = True  # its fields are filled in by the hub
            self._draft.open["probe",] = "a question that harms nobody: about a number that nobody has"
        if len(reads) < len(operations):
            facts["filing"] = {"class": "R4"}
            self._draft.open["filing",] = "how a lost filing is found again (R0-R4); R4 means by telephone"
        self._subject(reads)
        if self._draft.secrets:
            facts["secrets"] = list(self._draft.secrets)
        if self._codes:
            facts["codes"] = self._codes
        self._draft.facts = {key: each for key, each in facts.items() if each or key != "subject"}
        return self._draft

    def _subject(self, reads: Mapping[str, Any]) -> None:
        about = {name: each for name, each in reads.items() if "id_number" in each["request"].get("fields", {})}
        silent = [name for name, each in about.items() if "id_number" not in each["answer"].get("fields", {})]
        if about and not silent:
            self._draft.facts["subject"] = "id_number"
        for name in silent:
            self._draft.open["operations", name, "answer"] = (
                "the answer does not say whose it is: have the department repeat the ID number, then set `subject`"
            )

    def _request(self, shapes: Iterator[Shape] | list[Shape], place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path, shape in leaves(shapes):
            guess = guessing.guess(path, shape.kind, shape.examples)
            entry: dict[str, Any] = {"to": path, **self._typed(guess, shape)}
            if shape.required:
                entry["required"] = True
            name = self._name(guess, found, path, (*place, "request", "fields"))
            found[name] = entry
        return found

    def _answer(self, shapes: list[Shape], place: Place) -> dict[str, Any]:
        told: dict[str, Any] = {"fields": {}, "lists": {}, "ignored": []}
        for path, shape in leaves(shapes, into_lists=False):
            if guessing.is_result(path) and not shape.group:
                continue
            if guessing.is_message(path) and not shape.group:
                told["ignored"].append(path)
            elif shape.many and shape.group:
                self._rows(told, path, shape, place)
            elif shape.many:
                told["ignored"].append(path)
                self._draft.open[(*place, "answer", "ignored")] = f"{path} is a list of single values, left out"
            else:
                where: Place = (*place, "answer", "fields")
                self._given(told["fields"], path, shape, where)
        return told

    def _rows(self, told: dict[str, Any], path: str, shape: Shape, place: Place) -> None:
        name = _unused(guessing.named(path) or "rows", {**told["lists"], **told["fields"]})
        rows: dict[str, Any] = {"from": path, "key": [], "fields": {}}
        ignored = []
        for inner, leaf in leaves(list(shape.children), into_lists=False):
            if leaf.many:
                ignored.append(inner)
                continue
            self._given(rows["fields"], inner, leaf, (*place, "answer", "lists", name, "fields"))
        keys = [each for each in rows["fields"] if each in ("number", "receipt_no") or each.endswith(("_id", "_no"))]
        rows["key"] = keys[:1] or list(rows["fields"])
        if ignored:
            rows["ignored"] = ignored
        if rows["fields"]:
            told["lists"][name] = rows
            self._draft.open[(*place, "answer", "lists", name, "key")] = "what makes a row the same row"
        else:
            told["ignored"].append(path)

    def _given(self, fields: dict[str, Any], path: str, shape: Shape, place: Place) -> None:
        guess = guessing.guess(path, shape.kind, shape.examples)
        entry: dict[str, Any] = {"from": path, **self._typed(guess, shape)}
        if shape.required:
            entry["required"] = True
        fields[self._name(guess, fields, path, place)] = {**entry, "class": guess.data_class}

    def _typed(self, guess: guessing.Guess, shape: Shape) -> dict[str, Any]:
        if shape.choices:
            meanings = {code: _meaning(code) for code in shape.choices}
            same = self._codes.get(guess.field) == meanings  # two operations often share a table
            table = guess.field if same else _unused(guess.field or "codes", self._codes)
            self._codes[table] = meanings
            self._draft.open["codes", table] = "what each code means, in a word of small letters"
            return {"as": "code", "table": table}
        entry: dict[str, Any] = {"as": guess.kind} if guess.kind != "text" else {}
        return {**entry, "formats": list(guess.formats)} if guess.formats else entry

    def _name(self, guess: guessing.Guess, taken: Mapping[str, Any], path: str, place: Place) -> str:
        name = _unused(guess.field or f"field_{len(taken) + 1}", taken)
        if not guess.sure:
            what = "its type (fen, or yuan?) and" if guess.kind == "fen" else "its name, type and"
            self._draft.open[(*place, name)] = f"{what} class; the department calls it {path}"
        return name

    def _outcome(self, shapes: list[Shape], place: Place) -> dict[str, Any] | None:
        for path, shape in leaves(shapes, into_lists=False):
            if guessing.is_result(path) and not shape.group:
                said = list(shape.examples[:1]) or ["0"]
                self._draft.open[(*place, "outcome")] = (
                    "which codes are good, which a refusal (rejected:), which our account (denied:)"
                    + ("" if shape.examples else f"; {said[0]!r} is only a guess")
                )
                return {"path": path, "ok": said}
        return None


def leaves(
    shapes: Iterator[Shape] | list[Shape], above: str = "", into_lists: bool = True
) -> Iterator[tuple[str, Shape]]:
    """Every element that holds a value, with its dotted path; a list as a whole unless `into_lists`."""
    for shape in shapes:
        path = f"{above}{shape.name}"
        if shape.group and (into_lists or not shape.many):
            inner = [replace(each, required=each.required and shape.required) for each in shape.children]
            yield from leaves(inner, f"{path}.", into_lists)
        else:
            yield path, shape


def invented(shape: Shape) -> str:
    """A value for a sample nobody recorded."""
    if shape.choices or shape.examples:
        return (shape.choices or shape.examples)[0]
    if guessing.is_result(shape.name):
        return "0"
    guess = guessing.guess(shape.name, shape.kind)
    by_kind: Mapping[str, str] = {"integer": "1", "yuan": "12.50", "fen": "1250", "boolean": "1",
                                  "date": "2026-01-05", "datetime": "2026-01-05T09:30:00"}  # fmt: skip
    return {"id_number": "362623190205121932", "name": "韩山福"}.get(guess.field) or by_kind.get(guess.kind, "示例")


def _needs(operation: Mapping[str, Any]) -> int:
    return sum(bool(entry.get("required")) for entry in operation["request"].get("fields", {}).values())


def _highest(told: Mapping[str, Any]) -> int:
    groups = [told["fields"], *(rows["fields"] for rows in told["lists"].values())]
    return max((entry["class"] for group in groups for entry in group.values()), default=1)


def _meaning(code: str) -> str:
    name = guessing.named(code)
    return name if name and not name.startswith("field_") else f"code_{code}" if code.isascii() else code


def _unused(name: str, taken: Mapping[str, Any]) -> str:
    if name not in taken:
        return name
    return next(f"{name}_{number}" for number in range(2, 1000) if f"{name}_{number}" not in taken)
