"""Shared data that can be tried in the demo: its data officer's right to every resource that some system answers, asked
for and decided as any other, and the question that works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hub.demo.personas import OFFICES, PERSONAS
from hub.errors import Problem
from hub.sharing.requests import Wanted

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hub.main import Hub

OFFICER = "data_officer"
PURPOSE = "演示：核验办事人情况"
_BASIS, _DAYS, _CASE = "政务数据共享条例", 365, "DEMO-0001"
_NOBODY = "demo"


def grant(hub: Hub) -> None:
    """The rights that are missing. What the demo's people refused or took back since stays so."""
    with hub.database.session() as session:
        officer = hub.identity.staff(session, OFFICER)
        assert officer is not None
        held = hub.sharing.grants.page(session, officer.office, limit=10_000)
        mine = {each.resource for each in held if officer.staff_id in each.officers and each.purpose == PURPOSE}
        for id in sorted(set(hub.settings.now.sharing.sources) - mine):
            _ask(hub, session, officer.staff_id, id)


def examples(hub: Hub, *tables: Path) -> Iterator[dict[str, Any]]:
    """One question for each resource that somebody answers, of the officer `staff`; what it is about is the first
    persona, or what one of the tables says."""
    about: dict[str, Any] = {}
    for each in filter(Path.exists, tables):
        about |= yaml.safe_load(each.read_text(encoding="utf-8"))
    person = PERSONAS[0]
    own = {"id_number": person.id_number, "name": person.name}
    for id, source in sorted(hub.settings.now.sharing.sources.items()):
        subject = about.get(id) or {name: own[name] for name in source.by if name in own}
        if set(source.by) == set(subject) and _held(hub, id):
            fields = {"subject": subject, "purpose": PURPOSE, "case_no": _CASE}
            yield {"service": id, "system": source.system, "kind": "data_query", "persona": person.name,
                   "staff": OFFICER, "fields": fields}  # fmt: skip


def _ask(hub: Hub, session: Session, officer: str, id: str) -> None:
    """Nobody asks for the own office's data, or for what is not in the catalogue or argued not to be shared."""
    office, sharing = OFFICES[OFFICER], hub.settings.now.sharing
    try:
        resource = hub.sharing.resources.get(session, id)
    except Problem:
        return
    if resource.department == office or resource.shared_type == "not_shared":
        return
    fields = tuple(each.name for each in resource.columns if each.answered)
    asked = hub.sharing.requests.ask(session, office, officer, Wanted(id, fields, PURPOSE, _BASIS, _DAYS))
    while asked.state in ("review", "owner"):
        whose = sharing.platform if asked.state == "review" else asked.owner
        asked = hub.sharing.requests.decide(session, asked.id, whose, _NOBODY, "approve", "", "")


def _held(hub: Hub, id: str) -> bool:
    with hub.database.session() as session:
        return bool(hub.sharing.grants.page(session, OFFICES[OFFICER], id, limit=1))
