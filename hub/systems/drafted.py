"""Writes a drafted system into its folder and its stubs into config/. Nothing that is there is ever overwritten."""

from __future__ import annotations

import importlib
import importlib.util
import json
import keyword
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import yaml

from hub.errors import Problem
from hub.settings.place import Keys
from hub.settings.reader import Document, parse, read_yaml
from hub.systems.anonymous import Inventor
from hub.systems.asking import NOBODY, SOMEBODY, fitting
from hub.systems.sampling import anonymised, left_over

TO_DECIDE = "TO DECIDE:"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
_TAKEN = frozenset({"protocols", "twins"})
_TEST = '''"""Recorded answers of {name} in, Reply out: samples/*.call.json say what was asked and what came of it."""

import pytest

from tests.protocols.recorded import Recording, recordings, replayed


@pytest.mark.parametrize("recording", recordings("{name}"), ids=str)
def test_recorded_answers(recording: Recording) -> None:
    assert replayed(recording).fields == recording.fields
'''


class Draft(Protocol):
    """What a protocol's draft gives: adapters/protocols/drafting.py."""

    facts: dict[str, Any]
    address: str
    media_type: str
    secrets: tuple[str, ...]
    files: dict[str, bytes]
    samples: dict[str, tuple[str, bytes]]
    open: dict[tuple[str, ...], str]
    unsupported: dict[str, str]


@dataclass(slots=True)
class Written:
    """What was written where, and what is left to decide: one line for each place."""

    files: list[Path] = field(default_factory=list)
    to_decide: list[str] = field(default_factory=list)


def kinds(adapters: Path) -> list[str]:
    """What a draft can be made from: each adapters/protocols/draft_<kind>.py is one."""
    return sorted(path.stem.removeprefix("draft_") for path in (adapters / "protocols").glob("draft_*.py"))


def drafted(package: str, kind: str, source: str, **wishes: Any) -> Draft:
    """Raises ValueError with one sentence where nothing can be made of the source."""
    wish = importlib.import_module(f"{package}.protocols.drafting").Wishes(**wishes)
    try:
        draft: Draft = importlib.import_module(f"{package}.protocols.draft_{kind}").draft(source, wish)
    except Problem as problem:
        raise ValueError(problem.note) from problem
    except OSError as error:
        raise ValueError(f"{source}: {error.strerror}") from error
    if importlib.util.find_spec(f"{package}.protocols.{draft.facts['protocol']}") is None:
        raise ValueError(f"it would speak {draft.facts['protocol']}, a protocol that is not in this release")
    probe = draft.facts["probe"]
    asked = fitting(draft.facts["operations"][probe["operation"]], draft.facts.get("codes", {}), NOBODY)
    if asked:
        probe["fields"] = asked
    return draft


def check_name(name: str, adapters: Path) -> None:
    """Raises ValueError: a name is one word that can be a folder, a package and an id, and is not taken."""
    if not NAME.fullmatch(name) or len(name) > 40 or keyword.iskeyword(name) or name in _TAKEN:
        raise ValueError("a name is one word of small letters, digits and single underscores, such as heating_subsidy")
    if (adapters / name).exists():
        raise ValueError(f"adapters/{name} is there already; nothing is overwritten")


def write_folder(draft: Draft, name: str, adapters: Path) -> Written:
    """adapters/NAME: system.yaml with a remark at every guess, its test, its samples. All of it or nothing."""
    folder, written = adapters / name, Written()
    check_name(name, adapters)
    folder.mkdir()
    try:
        _write(folder, draft, name, written)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return written


def _write(folder: Path, draft: Draft, name: str, written: Written) -> None:
    (folder / "samples").mkdir()
    text = remarked(draft.facts, draft.open, draft.unsupported)
    written.to_decide = [f"{'.'.join(place)}: {what}" for place, what in draft.open.items()]
    contents = {"system.yaml": text.encode(), "test_adapter.py": _TEST.format(name=name).encode(), **draft.files}
    for file, content in contents.items():
        if Path(file).name != file:
            raise ValueError(f"{file!r} is no plain file name")
        (folder / file).write_bytes(content)
        written.files.append(folder / file)
    facts = checked(folder)
    for file, (path, body) in draft.samples.items():
        operation, case, _ = file.split(".")
        body = sample_of(body, facts, operation) if case == "recorded" else body
        (folder / "samples" / file).write_bytes(body)
        write_call(folder / "samples", file, path, draft.media_type, fitting_call(facts, operation))
        written.files.append(folder / "samples" / file)


def checked(folder: Path) -> Any:
    """The facts as the protocol checks them. Raises ValueError where it refuses them."""
    raw = read_yaml(folder / "system.yaml").value
    schema = importlib.import_module(f"{folder.parent.name}.protocols.{raw['protocol']}").FACTS()
    complaints = schema.validate(raw)
    if complaints:
        raise ValueError(f"what was drafted is not accepted by the protocol {raw['protocol']}: {complaints}")
    return schema.load(raw)


def sample_of(body: bytes, facts: Mapping[str, Any], operation: str) -> bytes:
    inventor = Inventor()
    safe, _ = anonymised(body, facts, operation, inventor)
    if left_over(safe, facts["encoding"], inventor):
        raise ValueError("a personal value is still in the sample; it is not kept")
    return safe


def fitting_call(facts: Mapping[str, Any], operation: str) -> dict[str, Any]:
    return fitting(facts["operations"][operation], facts["codes"], SOMEBODY)


def write_call(
    samples: Path,
    file: str,
    path: str,
    media_type: str,
    asked: Mapping[str, Any],
    fields: Any = None,
    also: Mapping[str, str] | None = None,
) -> None:
    """Beside a sample: what was asked, the fields that came of it (none: not looked at yet), the samples before it."""
    call = {"sample": file, "path": path, "media_type": media_type, "asked": asked, "fields": fields}
    call |= {"also": also} if also else {}
    text = json.dumps(call, ensure_ascii=False, indent=1, default=str) + "\n"
    (samples / f"{file.rpartition('.')[0]}.call.json").write_text(text, encoding="utf-8")


def remarked(facts: Mapping[str, Any], remarks: Mapping[tuple[str, ...], str], unsupported: Mapping[str, str]) -> str:
    """The facts as YAML, a remark behind each line that was guessed."""
    text = yaml.dump(facts, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=1 << 20)
    document, lines = parse("system.yaml", text), text.splitlines()
    for place, what in remarks.items():
        line = _line(document, place)
        lines[line - 1] += f"  # {TO_DECIDE} {what}" if TO_DECIDE not in lines[line - 1] else f"; {what}"
    head = ["# Drafted. Read it over line by line; take each remark away when it is decided."]
    head += [f"# Not attached: {operation} ({why})" for operation, why in unsupported.items()]
    return "\n".join([*head, *lines]) + "\n"


class _Dumper(yaml.SafeDumper):
    """Writes small entries on one line, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _line(document: Document, place: Keys) -> int:
    return document.key_mark(place)[0]


def undecided(folder: Path) -> list[str]:
    """The remarks that still stand in system.yaml, each with its line."""
    lines = (folder / "system.yaml").read_text(encoding="utf-8").splitlines()
    return [
        f"system.yaml:{number}: {line.partition(TO_DECIDE)[2].strip()}"
        for number, line in enumerate(lines, 1)
        if TO_DECIDE in line
    ]


def write_stubs(draft: Draft, name: str, config: Path, address: str, written: Written) -> None:
    """Its entry in systems.yaml, its department's in departments.yaml, a service for each operation: all switched off.
    What is there already stays."""
    region = read_yaml(config / "hub.yaml").value["region"]
    department = draft.facts["department"]
    shown = draft.facts["name"]
    _append(config / "systems.yaml", name, _system(draft, name, address), written)
    _append(config / "departments.yaml", department, {"name": shown, "region": region}, written)
    for operation, told in draft.facts["operations"].items():
        id = f"{name}_{operation}".replace("_", "-")
        path = config / "services" / f"{id}.yaml"
        only_a_ping = operation == draft.facts["probe"]["operation"] and not told["request"]
        if path.exists() or only_a_ping:
            continue
        service = _service(id, shown, department, region, name, operation, told)
        with path.open("x", encoding="utf-8") as file:
            file.write(_yaml(service))
        written.files.append(path)
        written.to_decide.append(f"services/{path.name}: its title, guide, themes and form; then switch it on")


def _system(draft: Draft, name: str, address: str) -> dict[str, Any]:
    return {
        "address": address or _base(draft.address) or f"env/{name.upper()}_ADDRESS",
        "secrets": {each: f"file/secrets/{name}_{each}" for each in draft.secrets},
        "limits": {"cap": 4, "deadline_s": 3, "per_minute": 60},
        "switch": {"enabled": False},
    }


def _base(address: str) -> str:
    """What a description says of itself, where it is an address at all; never with an account in it."""
    parts = urlsplit(address)
    with suppress(ValueError):
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
    return ""


def _append(path: Path, key: str, value: Mapping[str, Any], written: Written) -> None:
    """One more entry at the end; every character before it stays."""
    document = read_yaml(path)
    if key in (document.value or {}):
        return
    flow = document.value and not document.values[()].block
    if flow:
        raise ValueError(f"{path.name} is written in braces; add the entry '{key}' by hand")
    text = f"{document.text.rstrip()}\n\n{_yaml({key: value})}"
    parse(path.name, text)
    path.write_text(text, encoding="utf-8")
    written.files.append(path)
    written.to_decide.append(f"{path.name} {key}: every line of it")


_FORMS = {"integer": "integer", "yuan": "money_fen", "fen": "money_fen", "date": "date", "boolean": "boolean",
          "datetime": "datetime"}  # fmt: skip


def _service(
    id: str, shown: Mapping[str, str], department: str, region: str, name: str, operation: str, told: Mapping[str, Any]
) -> dict[str, Any]:
    asked = told["request"].get("fields", {})
    form = {
        field: {"type": _FORMS.get(entry.get("as", "text"), "text"), "label": {"zh": field, "en": field}, "class": 3,
                "required": bool(entry.get("required"))}
        for field, entry in asked.items()
        if field not in SOMEBODY
    }  # fmt: skip
    title = {language: f"{text} {operation}" for language, text in shown.items()}
    return {
        "id": id, "title": title, "department": department,
        "kind": "query" if told["kind"] == "read" else "application",
        "themes": [], "audience": "person", "region": region, "level": 2, "data_class": told["data_class"],
        "call": {"system": name, "operation": operation},
        "subject": [field for field in asked if field in SOMEBODY],
        **({"form": form} if form else {}),
        "guide": {"summary": title},
        "switch": {"enabled": False, "notice": {"zh": "即将开通", "en": "Coming soon"}},
    }  # fmt: skip


def _yaml(value: Mapping[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=1 << 20)
