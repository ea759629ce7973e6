"""Writes the county as a package of adapters and its config: nothing but YAML, and WSDLs where SOAP is spoken.

What ships is taken over: the shipped systems by links, the shipped config by copies. Written anew each time.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from adapters.twins.whole.facts import facts_of, secrets_of
from adapters.twins.whole.plan import Planned, Question
from adapters.twins.whole.rows import SEED, rows_of
from adapters.twins.whole.systems import county_systems
from adapters.twins.whole.wsdl import wsdl_of

ADAPTERS = Path(__file__).parents[2]
PACKAGE = "whole_county"
_OWN = {"zh": "本人查询", "en": "Asked by the person"}
_OPEN = {"zh": "公开数据查询", "en": "A question for open data"}
_HEAD = "# Of the demo county, written by adapters.twins.whole from county/systems.json and county/data_classes.json.\n"


def write(folder: Path, config: Path) -> None:
    """`folder`/whole_county is the package, `folder`/config the configuration, from `config` and the plan."""
    shutil.rmtree(folder / PACKAGE, ignore_errors=True)
    shutil.rmtree(folder / "config", ignore_errors=True)
    shutil.copytree(config, folder / "config")
    package = folder / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""Every system of the demo county."""\n', encoding="utf-8")
    planned = {each.name: each for each in county_systems()}
    for path in [ADAPTERS / "protocols", *(each.parent for each in ADAPTERS.glob("*/system.yaml"))]:
        if path.name not in planned:
            (package / path.name).symlink_to(path)
    for system in planned.values():
        write_system(package / system.name, system)
    _write_config(folder / "config", list(planned.values()))
    (folder / "subjects.yaml").write_text(_HEAD + _yaml(_subjects(list(planned.values()))), encoding="utf-8")
    (folder / "examples.yaml").write_text(_HEAD + _yaml(_examples(list(planned.values()))), encoding="utf-8")


def write_system(folder: Path, system: Planned) -> None:
    folder.mkdir()
    (folder / "system.yaml").write_text(_HEAD + _yaml(facts_of(system)), encoding="utf-8")
    if system.protocol == "soap":
        (folder / "service.wsdl").write_text(wsdl_of(system), encoding="utf-8")


def _write_config(config: Path, planned: list[Planned]) -> None:
    """systems.yaml is the shipped one with the planned systems behind it; their services stand beside the others."""
    with (config / "systems.yaml").open("a", encoding="utf-8") as systems:
        systems.write("\n" + _HEAD + _yaml({each.name: _attached(each) for each in planned}))
    with (config / "sharing.yaml").open("a", encoding="utf-8") as sharing:
        sharing.write("\n" + indent(_yaml(_sources(planned, shared_in(config))), "  "))
    for system in planned:
        for question in system.questions:
            if open_to_citizens(question):
                service = _service(system, question)
                path = config / "services" / f"{service['id']}.yaml"
                path.write_text(_HEAD + _yaml(service), encoding="utf-8")


def _examples(planned: list[Planned]) -> dict[str, Any]:
    """What to type into a form so that there is an answer: the key of the first record."""
    open_ones = [each for system in planned for each in system.questions if open_to_citizens(each)]
    return {
        service_id(each): {"fields": {key.hub: rows_of(each, SEED)[0][key.name] for key in each.key}}
        for each in open_ones
        if not each.about_a_person
    }


def shared_in(config: Path) -> set[str]:
    """The data resources that the shipped systems answer."""
    return set(yaml.safe_load((config / "sharing.yaml").read_text(encoding="utf-8"))["sources"])


def _sources(planned: list[Planned], answered: set[str]) -> dict[str, Any]:
    """For every other data class its question; `sources` is the last key of the shipped sharing.yaml."""
    return {
        resource_id(question): {
            "system": system.name,
            "operation": question.operation,
            "by": [each.hub for each in question.key],
            **({"rows": "records"} if system.protocol == "message_queue" else {}),
            "fields": {each.name + ("_fen" if each.type == "money" else ""): each.hub for each in question.fields},
        }
        for system in planned
        for question in system.questions
        if resource_id(question) not in answered
    }


def _subjects(planned: list[Planned]) -> dict[str, Any]:
    """Whom or what to ask each data class about: the first record, where it is not about a person."""
    everything = [each for system in planned for each in system.questions if not each.about_a_person]
    return {
        resource_id(each): {key.hub: str(rows_of(each, SEED)[0][key.name]) for key in each.key} for each in everything
    }


def resource_id(question: Question) -> str:
    return question.code.replace("/", "-")


def open_to_citizens(question: Question) -> bool:
    """What anybody may read, and everybody's own record; what is not shared and other people's records stay inside."""
    if question.sharing == "not_shared":
        return False
    return question.about_a_person or question.sensitivity <= 2


def service_id(question: Question) -> str:
    return f"data-{resource_id(question)}"


def _attached(system: Planned) -> dict[str, Any]:
    return {
        "address": f"env/{system.name.upper()}_ADDRESS",
        "secrets": {name: f"file/secrets/{system.name}_{name}" for name in secrets_of(system)},
        "limits": {"cap": 4, "deadline_s": 3, "per_minute": 0},
        "allow_private": True,
        "switch": {"enabled": True},
    }


def _service(system: Planned, question: Question) -> dict[str, Any]:
    form = {
        each.hub: {
            "type": "text",
            "label": {"zh": each.label, "en": each.hub},
            "class": each.sensitivity,
            "required": True,
        }
        for each in question.key
    }
    asked: Mapping[str, Any] = {"subject": [each.hub for each in question.key]} if question.about_a_person else {
        "form": form
    }  # fmt: skip
    return {
        "id": service_id(question),
        "title": {"zh": f"{question.title}查询", "en": f"Data class {question.code}"},
        "department": system.department,
        "kind": "query",
        "region": "360423",
        "level": 2,
        "data_class": question.sensitivity,
        "codes": {"data_class": question.code},
        "call": {"system": system.name, "operation": question.operation},
        **asked,
        "purpose": _OWN if question.about_a_person else _OPEN,
        "per_minute": 60,
        "switch": {"enabled": True},
    }


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=110)


class _Plain(yaml.SafeDumper):
    """Without anchors, which the hub does not read."""

    def ignore_aliases(self, _: Any) -> bool:
        return True
