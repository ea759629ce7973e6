"""What an operation declares to answer, and the cheap look at every answer before anyone sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.port import Garbled

TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "code": (str,),
    "integer": (int,),
    "yuan": (int,),  # both are fen in the hub
    "fen": (int,),
    "date": (str, date),
    "datetime": (str, datetime),
    "boolean": (bool,),
}


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of an answer or of one entry of a list."""

    types: Mapping[str, tuple[type, ...]]
    classes: Mapping[str, int]
    required: frozenset[str]
    top_class: int

    @classmethod
    def declared(cls, fields: Mapping[str, Mapping[str, Any]]) -> Row:
        classes = {name: int(field.get("class", 4)) for name, field in fields.items()}
        return cls(
            types={name: TYPES[field.get("as", "text")] for name, field in fields.items()},
            classes=classes,
            required=frozenset(name for name, field in fields.items() if field.get("required")),
            top_class=max(classes.values(), default=1),
        )

    def check(self, values: Mapping[str, Any], where: str) -> None:
        """Raises Garbled for a field that is missing, of another type or not declared. No value stands in the text."""
        for name, value in values.items():
            types = self.types.get(name)
            if types is None:
                raise Garbled(f"{where}{name} is not declared")
            if value is None:
                continue
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise Garbled(f"{where}{name} is a {type(value).__name__}")
        for name in self.required:
            if values.get(name) is None:
                raise Garbled(f"{where}{name} is missing")

    def up_to(self, data_class: int, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if self.classes[name] <= data_class}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a system can do. `subject` is the field that must be the same in question and answer."""

    name: str
    kind: str
    data_class: int
    answer: Row
    lists: Mapping[str, Row]
    subject: str | None = None

    @classmethod
    def declared(cls, name: str, facts: Mapping[str, Any], subject: str | None) -> Operation:
        answer = facts.get("answer", {})
        lists = {name: Row.declared(each["fields"]) for name, each in answer.get("lists", {}).items()}
        return cls(name, facts["kind"], facts["data_class"], Row.declared(answer.get("fields", {})), lists, subject)

    def shown(self, fields: Mapping[str, Any], asked: Mapping[str, Any], data_class: int) -> Mapping[str, Any]:
        """The answer's fields up to this data class. Raises Garbled when they are not what was declared, or belong to
        another person than was asked for."""
        plain = {name: value for name, value in fields.items() if name not in self.lists}
        self.answer.check(plain, "")
        self._check_subject(plain, asked)
        for name, row in self.lists.items():
            entries = fields.get(name, [])
            if not isinstance(entries, list | tuple):
                raise Garbled(f"{name} is no list")
            for entry in entries:
                row.check(entry, f"{name}.")
        return self._up_to(data_class, plain, fields)

    def _check_subject(self, plain: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
        name = self.subject
        if not name or name not in plain or name not in asked:
            return
        if str(plain[name]).upper() != str(asked[name]).upper():
            raise Garbled("the record of another person", code="UPSTREAM_SUBJECT_MISMATCH")

    def _up_to(self, data_class: int, plain: Mapping[str, Any], fields: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.answer.top_class > data_class:
            plain = self.answer.up_to(data_class, plain)
        lists = {}
        for name, row in self.lists.items():
            if name in fields:
                entries = fields[name]
                lists[name] = (
                    entries if row.top_class <= data_class else [row.up_to(data_class, entry) for entry in entries]
                )
        return {**plain, **lists}
