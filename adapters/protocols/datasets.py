"""From a delivered document to records, by the datasets of system.yaml: the same mapping as for an answer, row by row.

A row that is not understood is refused by itself; what is not mapped or ignored is reported, as for an answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.protocols.answer_tree import Path, Tree, as_path, leaf_of, rows_of
from adapters.protocols.charset import decode
from adapters.protocols.json_answer import read_json
from adapters.protocols.mapping import Operation
from adapters.protocols.xml_safety import parse, text_of, tree_of
from hub.port import BadRow, Call, Garbled, Record, Setting


class Dataset:
    """One of them, for a protocol that has its rows already."""

    def __init__(self, setting: Setting, name: str) -> None:
        facts = setting.facts
        declared = facts["datasets"][name]
        self.name = name
        self._rows: Path = as_path(declared["from"])
        self._key: list[str] = declared["key"]
        self._version: str = declared["version"]
        deleted = declared["deleted"]
        self._deleted_at: Path = as_path(deleted["from"]) if deleted else ()
        self._deleted = frozenset(deleted["values"]) if deleted else frozenset()
        ignored = [*declared["ignored"], *([deleted["from"]] if deleted else [])]
        needed = {*self._key, self._version}  # without them a row cannot be kept
        fields = {
            field: {**each, "required": each["required"] or field in needed}
            for field, each in declared["fields"].items()
        }
        self._operation = _compiled(setting, name, fields, ignored)
        ignored += [each["from"] for each in fields.values()]
        own = {field: each for field, each in fields.items() if field in needed}
        self._taken_back = _compiled(setting, name, own, ignored)

    def rows(self, tree: Tree) -> list[dict[str, Tree]]:
        if not self._rows:
            return [tree] if isinstance(tree, dict) else []
        return rows_of(tree, self._rows)

    def record(self, row: Tree, gone: bool = False) -> Record:
        """Raises Garbled for a row that is not understood. `gone`: it is taken back, whatever stands in it."""
        gone = gone or (bool(self._deleted) and leaf_of(row, self._deleted_at) in self._deleted)
        operation = self._taken_back if gone else self._operation
        return self.typed(operation.reply(row, _NO_CALL, 0, 0).fields, gone)

    def typed(self, fields: Mapping[str, Any], gone: bool = False) -> Record:
        """A record of fields that are hub fields already."""
        key = "\x1f".join(str(fields[name]) for name in self._key)
        version = str(fields.get(self._version) or "") if self._version else ""
        return Record(self.name, key, {} if gone else fields, version, gone)


class Datasets:
    """Those of one system."""

    def __init__(self, setting: Setting) -> None:
        self._encoding: str = setting.facts["encoding"]
        self._datasets = [Dataset(setting, name) for name in setting.facts["datasets"]]

    def of_document(self, raw: bytes, body: str) -> Iterator[Record | BadRow]:
        """`body` is json or xml. Raises Garbled when the whole is not understood: charset, cut, no document."""
        if body == "json":
            tree: Tree = read_json(decode(raw, self._encoding))
        else:
            tree = tree_of(parse(text_of(raw, self._encoding)))
        return self.of_tree(tree)

    def of_tree(self, tree: Tree) -> Iterator[Record | BadRow]:
        if not self._datasets:
            raise Garbled("no dataset is declared")
        found = [(dataset, row) for dataset in self._datasets for row in dataset.rows(tree)]
        for number, (dataset, row) in enumerate(found, 1):
            try:
                yield dataset.record(row)
            except Garbled as error:
                yield BadRow(f"{dataset.name}, row {number}", error.code, error.note)

    def of_lists(self, raw: bytes, lists: Mapping[str, str]) -> Iterator[Record | BadRow]:
        """Lists of an answer that was mapped when it was polled; `lists` is list by dataset."""
        answer = json.loads(raw)
        for dataset in self._datasets:
            for row in answer.get(lists.get(dataset.name, ""), ()):
                yield dataset.typed(row)


def _compiled(setting: Setting, name: str, fields: Mapping[str, Any], ignored: list[str]) -> Operation:
    """A row is read as the answer of an operation would be; what it holds that nobody mapped is counted like it."""
    answer = {"fields": fields, "lists": {}, "receipt": "", "ignored": ignored}
    request: dict[str, Any] = {"fields": {}, "constants": {}, "key": ""}
    row = {"kind": "read", "outcome": None, "request": request, "answer": answer}
    facts = {**setting.facts, "subject": ""}
    return Operation(setting, f"dataset {name}", facts, row)


_NO_CALL = Call("", {}, 0.0)
