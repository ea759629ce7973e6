"""What a county needs before its doors open: migrations, the catalogue, the first people; and what can be tried.

May be run again: what is there already stays as it is.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from hub.demo import personas, sharing
from hub.demo.places import written
from hub.main import Hub
from hub.migrations.upgrade import is_current, upgrade
from hub.settings.shapes import Service

EXAMPLES = Path(__file__).with_name("examples.yaml")
SUBJECTS = Path(__file__).with_name("subjects.yaml")
ITEMS = Path(__file__).parent / "county" / "service_items.json"
_SCHEME = "national"


def prepare(hub: Hub, out: Path) -> None:
    """Writes people and examples to `out`."""
    if not is_current(hub.database):
        upgrade(hub.database)
    staff = personas.seed(hub)
    _import_items(hub)
    _import_resources(hub)
    tried = examples(hub.settings.now.services, EXAMPLES, hub.home / "county" / "examples.yaml")
    _agree(hub, tried)
    sharing.grant(hub)
    residents = _residents()
    people = {
        "personas": [_shown(persona, residents) for persona in personas.PERSONAS],
        "staff": [_account(member) for member in staff],
        "examples": [*tried, *sharing.examples(hub, SUBJECTS, hub.home / "county" / "subjects.yaml")],
    }
    written(out, json.dumps(people, ensure_ascii=False))


def _agree(hub: Hub, tried: Sequence[Mapping[str, Any]]) -> None:
    """Whoever is to try a service that asks for a consent has given it."""
    openids = {persona.name: persona.openid for persona in personas.PERSONAS}
    with hub.database.session() as session:
        for each in tried:
            service = hub.settings.now.services[each["service"]]
            citizen = hub.login.citizen_of(session, openids.get(each["persona"], ""))
            if service.consent and citizen:
                consent = service.consent
                hub.consents.give(session, citizen, citizen, service, consent.version, consent.sha256["zh"])


def _account(member: personas.StaffMember) -> dict[str, str]:
    """What one signs in with."""
    return {name: value for name, value in asdict(member).items() if name != "office"}


def examples(services: Mapping[str, Service], *tables: Path) -> list[dict[str, Any]]:
    """One set of fields that works, for every service that is called; unless one of the tables tells otherwise the
    first persona and no fields. A table that is not there tells nothing."""
    table: dict[str, Any] = {}
    for path in tables:
        table |= yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return [
        {
            "service": id,
            "system": service.system,
            "kind": table.get(id, {}).get("kind", service.kind),
            "persona": table.get(id, {}).get("persona", personas.PERSONAS[0].name),
            "fields": table.get(id, {}).get("fields", {}),
        }
        for id, service in sorted(services.items())
        if service.kind != "link"
    ]


def _import_items(hub: Hub) -> None:
    """The county's published catalogue, unless this very file was taken before."""
    mark, digest = hub.home / "run" / "items", hashlib.sha256(ITEMS.read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text(encoding="ascii") != digest:
        with hub.database.session(patience=120) as session:
            hub.catalogue.import_published(session, ITEMS, _SCHEME)
        mark.write_text(digest, encoding="ascii")


def _import_resources(hub: Hub) -> None:
    """The data classes of the county's departments, and which service items need them."""
    needing: dict[str, list[str]] = {}
    for item in json.loads(ITEMS.read_text(encoding="utf-8")):
        for code in {each["data_class"] for each in item["materials"] if each["data_class"]}:
            needing.setdefault(code, []).append(item["item_code"])
    classes = resources.files("adapters.twins") / "county" / "data_classes.json"
    with resources.as_file(classes) as file, hub.database.session() as session:
        hub.sharing.resources.take(session, file, hub.settings.now.departments, needing)


def _residents() -> dict[str, str]:
    """The county's own number of each person, by identity number: easier to type than a name."""
    with (resources.files("adapters.twins") / "county" / "residents.csv").open(encoding="utf-8") as lines:
        return {row["id_number"]: row["resident_no"] for row in csv.DictReader(lines)}


def _shown(persona: personas.Persona, residents: Mapping[str, str]) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(persona).items() if name != "region"}
    return {**shown, "resident": residents[persona.id_number]}
