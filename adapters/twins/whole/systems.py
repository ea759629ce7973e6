"""Which systems there are, what each is asked and by which fields: county/systems.json and county/data_classes.json.

A data class without a system of its own gets one: its department's other classes stand together in `<department>_data`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import cycle
from typing import Any

from adapters.twins.residents import FOLDER
from adapters.twins.whole.acts import acts_of
from adapters.twins.whole.plan import Field, Planned, Question

PROTOCOLS = ("signed_rest", "soap", "form", "fixed_width", "db_view", "file_drop", "message_queue")
_PEOPLE = (("id_number", "name"), ("mother_id", "mother_name"), ("owner_id", "owner_name"))
_ASKING = ("query", "event", "file")
_DATA_AUTH = {"signed_rest": "app_key_md5", "soap": "wsse_username", "fixed_width": "terminal_no+mac"}
_LEFT_OUT = "binary"  # no twin draws photographs


@cache
def county_systems() -> tuple[Planned, ...]:
    """The forty there are, and one for each department with classes that none of them holds."""
    classes = {each["code"]: each for each in _read("data_classes.json")}
    named = [_named(each, classes[each["data_class"]]) for each in _read("systems.json")]
    return (*named, *_others([each for each in classes.values() if each["source_system"] is None]))


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def _named(system: Mapping[str, Any], about: Mapping[str, Any]) -> Planned:
    asked = next((each["name"] for each in system["operations"] if each["kind"] in _ASKING), "query_record")
    columns = {name: column for column, name in system.get("columns", {}).items()}
    first = _question(asked, about, system["protocol"], columns)
    return Planned(
        system["system"], system["name"], system["department"], system["protocol"], system["encoding"], system["auth"],
        tuple(system["quirks"]), (first,), tuple(acts_of(system, first)),
    )  # fmt: skip


def _others(classes: Sequence[Mapping[str, Any]]) -> list[Planned]:
    owners = dict.fromkeys(each["owner"] for each in classes)
    encodings = cycle(("utf-8", "gbk"))
    found = []
    for owner, protocol in zip(owners, cycle(PROTOCOLS), strict=False):
        own = [each for each in classes if each["owner"] == owner]
        questions = tuple(_question(f"query_{each['code'][-6:]}", each, protocol, {}) for each in own)
        auth = _DATA_AUTH.get(protocol, "password")
        title = f"{own[0]['name']}等数据" if len(own) > 1 else own[0]["name"]
        found.append(Planned(f"{owner}_data", title, owner, protocol, next(encodings), auth, (), questions))
    return found


def _question(operation: str, about: Mapping[str, Any], protocol: str, columns: Mapping[str, str]) -> Question:
    names = [each["name"] for each in about["fields"] if each["type"] != _LEFT_OUT]
    key = _key(about["fields"], names)
    ours = dict(zip(key, ("id_number", "name"), strict=False)) if key in _PEOPLE else {}
    fields = {
        each["name"]: Field(
            each["name"], each["label"], each["type"], each["size"], each["sensitivity"],
            each["required"] or each["name"] in key, _wire(each, protocol, columns),
            ours.get(each["name"], each["name"] + ("_fen" if each["type"] == "money" else "")),
        )
        for each in about["fields"]
        if each["name"] in names
    }  # fmt: skip
    return Question(
        operation, about["code"], about["name"], about["sensitivity"], about["subject"], about["sharing"],
        tuple(fields.values()), tuple(fields[name] for name in key),
    )  # fmt: skip


def _key(fields: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[str, ...]:
    for pair in _PEOPLE:
        if set(pair) <= set(names):
            return pair
    if "credit_code" in names:
        return ("credit_code",)
    first = [each["name"] for each in fields if each["required"] and each["type"] in ("string", "text")]
    return (first[0],)


def _wire(field: Mapping[str, Any], protocol: str, columns: Mapping[str, str]) -> str:
    """Labels on pages and in files, capitals in views, plain names elsewhere."""
    if protocol in ("form", "file_drop"):
        return str(field["label"])
    if protocol == "db_view":
        return columns.get(field["name"], field["name"].upper())
    return str(field["name"])
