"""The catalogue of data resources: imported, found, and the owner's word on whether it is shared.

Sharing is the rule. "Not shared" needs a legal basis, ends by itself, and every other department reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONPATH, insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.errors import Fault, Problem, invalid
from hub.settings.sharing_schema import RESOURCE
from hub.settings.sharing_shapes import Sharing
from hub.sharing import rules
from hub.sharing.models import RequestRow, ResourceRow

_TYPES = ("unconditional", "conditional", "not_shared")
EMPTY: Mapping[str, Sequence[str]] = {}
_KEPT_BY_OWNER = ("shared_type", "condition", "basis", "argued_at", "argued_until")


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a resource; `classification` 1 (public) to 4 (sensitive). `answered`: the source answers it."""

    name: str
    label: str
    type: str
    classification: int
    answered: bool


@dataclass(frozen=True, slots=True)
class Resource:
    """One data resource as it stands now. `refusals` and `silent` count what requests for it have met."""

    id: str
    code: str
    title: str
    department: str
    subject: str
    update_cycle: str
    shared_type: rules.Shared
    condition: str
    basis: str
    argued_until: datetime | None
    classification: int
    open: bool
    item_codes: tuple[str, ...]
    system: str
    kept_in: str
    columns: tuple[Column, ...]
    refusals: int = 0
    silent: int = 0

    @property
    def published(self) -> bool:
        """Whether anything answers it yet."""
        return bool(self.system)

    def classes(self, names: Sequence[str]) -> int:
        """The highest class among these fields."""
        return max((each.classification for each in self.columns if each.name in names), default=1)


class Resources:
    """Takes a session and never commits."""

    def __init__(self, clock: Clock, configured: Callable[[], Sharing]) -> None:
        self._clock, self._configured = clock, configured

    def take(
        self, session: Session, file: Path, departments: Mapping[str, Any], items: Mapping[str, Sequence[str]] = EMPTY
    ) -> tuple[int, list[str]]:
        """Imports a county's list of data classes: how many were taken, and what was refused and why. What an owner
        said since about sharing stays. `items` names the service items that need a class, by its code. Raises
        ValueError when the file is no list."""
        entries = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(entries, list):
            raise ValueError("not a list of data classes")
        taken, refused = 0, list[str]()
        for place, entry in enumerate(entries, 1):
            try:
                row = self._row(entry, departments, items)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                refused.append(f"row {place}: {error}")
                continue
            put = insert(ResourceRow).values(**row)
            fresh = {name: put.excluded[name] for name in row if name not in ("id", *_KEPT_BY_OWNER)}
            session.execute(put.on_conflict_do_update(index_elements=["id"], set_=fresh))
            taken += 1
        return taken, refused

    def page(
        self, session: Session, q: str = "", department: str = "", kind: str = "", after: str = "", limit: int = 20
    ) -> Sequence[Resource]:
        """By id; `q` is part of a title, of its initials or of a field's label; `kind` is how it is shared."""
        query = select(ResourceRow).order_by(ResourceRow.id).limit(limit).where(ResourceRow.id > after)
        if q:
            words = (ResourceRow.title, ResourceRow.initials, ResourceRow.code)
            labels = cast(func.jsonb_path_query_array(ResourceRow.fields, cast("$[*].label", JSONPATH)), String)
            query = query.where(or_(*(each.icontains(q, autoescape=True) for each in (*words, labels))))
        if department:
            query = query.where(ResourceRow.department == department)
        if kind:
            argued, plain = ResourceRow.argued_until > self._clock.now(), ResourceRow.shared_type == kind
            lapsed = (ResourceRow.shared_type == "not_shared") & ~argued
            query = query.where({"not_shared": plain & argued, "conditional": plain | lapsed}.get(kind, plain))
        return self._counted(session, session.scalars(query).all())

    def get(self, session: Session, id: str) -> Resource:
        """Without what requests have met. Raises NOT_FOUND."""
        return self._resource(self._kept(session, id), 0, 0)

    def counted(self, session: Session, id: str) -> Resource:
        """With how often requests were refused or left unanswered. Raises NOT_FOUND."""
        return self._counted(session, [self._kept(session, id)])[0]

    @staticmethod
    def _kept(session: Session, id: str) -> ResourceRow:
        row = session.get(ResourceRow, id)
        if row is None:
            raise Problem("NOT_FOUND")
        return row

    def argue(
        self, session: Session, id: str, office: str, shared_type: rules.Shared, condition: str, basis: str
    ) -> Resource:
        """The owner says how it is shared. Raises NOT_FOUND for another's, and a fault where "not shared" has no legal
        basis or reason."""
        row = session.get(ResourceRow, id, with_for_update=True)
        if row is None or row.department != office:
            raise Problem("NOT_FOUND")
        lacks = [name for name, said in (("basis", basis), ("condition", condition)) if not said]
        if lacks and shared_type != "unconditional":
            raise invalid([Fault(name, "REQUIRED") for name in lacks])
        now = self._clock.now()
        row.shared_type, row.condition, row.basis, row.argued_at = shared_type, condition, basis, now
        row.argued_until = now + self._argued_for() if shared_type == "not_shared" else None
        return self._counted(session, [row])[0]

    def _argued_for(self) -> timedelta:
        return timedelta(days=self._configured().not_shared_days)

    def _row(
        self, entry: Mapping[str, Any], departments: Mapping[str, Any], items: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        id, now = entry["code"].replace("/", "-"), self._clock.now()
        if not RESOURCE.fullmatch(id) or entry["sharing"] not in _TYPES:
            raise ValueError("is not a code and a way of sharing")
        if entry["owner"] not in departments:
            raise ValueError(f"no department '{entry['owner']}'")
        condition = entry.get("condition") or ""
        basis = entry.get("basis") or condition  # the county's list says reason and law in one sentence
        if entry["sharing"] == "not_shared" and not basis:
            raise ValueError("not shared, without a basis")
        columns = [_column(each) for each in entry["fields"]]
        return {
            "id": id, "code": entry["code"], "title": entry["name"], "initials": entry.get("initials", ""),
            "department": entry["owner"], "subject": entry["subject"], "update_cycle": entry["update_cycle"],
            "shared_type": entry["sharing"], "condition": condition, "basis": basis, "argued_at": now,
            "argued_until": now + self._argued_for() if entry["sharing"] == "not_shared" else None,
            "classification": max(each["class"] for each in columns), "open": bool(entry.get("public")),
            "item_codes": list(items.get(entry["code"], ())), "kept_in": entry.get("source_system") or "",
            "fields": columns,
        }  # fmt: skip

    def _counted(self, session: Session, rows: Sequence[ResourceRow]) -> list[Resource]:
        refused = func.count().filter(RequestRow.refused_by != "")
        met = (
            select(RequestRow.resource, refused, func.sum(RequestRow.silent))
            .where(RequestRow.resource.in_([row.id for row in rows]))
            .group_by(RequestRow.resource)
        )
        counts = {id: (int(no), int(silent)) for id, no, silent in session.execute(met)}
        return [self._resource(row, *counts.get(row.id, (0, 0))) for row in rows]

    def _resource(self, row: ResourceRow, refusals: int, silent: int) -> Resource:
        source = self._configured().sources.get(row.id)
        answered = source.fields if source else {}
        columns = tuple(
            Column(each["name"], each["label"], each["type"], each["class"], each["name"] in answered)
            for each in row.fields
        )
        return Resource(
            row.id, row.code, row.title, row.department, row.subject, row.update_cycle,
            rules.shared(row.shared_type, row.argued_until, self._clock.now()), row.condition, row.basis,
            row.argued_until, row.classification, row.open, tuple(row.item_codes), source.system if source else "",
            row.kept_in, columns, refusals, silent,
        )  # fmt: skip


def _column(field: Mapping[str, Any]) -> dict[str, Any]:
    """An amount of ours is whole fen and says so."""
    name = field["name"] + ("_fen" if field["type"] == "money" else "")
    level = int(field["sensitivity"])
    if not 1 <= level <= 4:
        raise ValueError(f"{name} has no class")
    return {"name": name, "label": field["label"], "type": field["type"], "class": level}
