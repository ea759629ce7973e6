"""One version of one item on its way into the tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from hub.catalogue.copying import line
from hub.catalogue.models import FIRST_DAY
from hub.catalogue.rules import Period
from hub.catalogue.words import Words, indexed
from hub.settings.shapes import Service

CONFIG = "config"
CODES = ("catalog_code", "task_code", "task_handle_item", "local_catalog_code", "local_task_code")


@dataclass(frozen=True, slots=True)
class Item:
    """What the table holds of it. `others` are everyday names; `body` is what only the guide shows."""

    id: str
    source: str
    title: str
    region: str
    codes: Mapping[str, str]
    body: Mapping[str, Any]
    version: str = "1"
    title_en: str = ""
    others: tuple[str, ...] = ()
    department: str = ""
    department_name: str = ""
    kind: str = "link"
    themes: tuple[str, ...] = ()
    audience: str = "both"
    level: int = 0
    suspended: bool = False
    effective_from: date = FIRST_DAY
    effective_until: date | None = None

    def words(self) -> Words:
        others = (*self.others, self.title_en) if self.title_en else self.others
        return indexed(self.title, others, first=self.source == CONFIG)

    def row(self, words: Words) -> str:
        """A line for COPY, in the order of COLUMNS. The digest is of what was given: a later version of the item may
        shorten the last day."""
        values = line(
            (
                self.id,
                self.version,
                self.source,
                self.title,
                self.title_en,
                self.department,
                self.department_name,
                self.kind,
                list(self.themes),
                self.audience,
                self.region,
                self.level,
                orjson.dumps(dict(self.codes)).decode(),
                keys(self.codes),
                self.suspended,
                words.id,
                words.sort,
                words.words,
                words.sounds,
                self.effective_from,
                self.effective_until,
                orjson.dumps(self.body).decode(),
            )
        )
        return f"{values}\t\\\\x{hashlib.blake2b(values.encode(), digest_size=16).hexdigest()}"


COLUMNS = (
    "id", "version", "source", "title", "title_en", "department", "department_name", "kind", "themes", "audience",
    "region", "level", "codes", "keys", "suspended", "name_id", "sort", "words", "sounds",
    "effective_from", "effective_until", "body", "digest",
)  # fmt: skip


def item_id(scheme: str, region: str, code: str) -> str:
    """An imported item's own id: the same code of another scheme or region is another item."""
    return f"{region}-{hashlib.sha256(chr(0).join((scheme, region, code)).encode()).hexdigest()[:16]}"


def keys(codes: Mapping[str, str]) -> list[str]:
    """What an item is found by when somebody types a code: each whole code, and the base in front of a dashed one."""
    found = {code.upper() for code in codes.values() if code}
    found |= {base for code in found for base in [code.split("-")[0]] if len(base) >= 6 and base.isalnum()}
    return sorted(found)


def period(service: Service) -> Period:
    """The days a service of config is in force."""
    start, end = service.effective_from, service.effective_until
    return Period(date.fromisoformat(start) if start else FIRST_DAY, date.fromisoformat(end) if end else None)


def from_config(service: Service) -> Item:
    """A service of config/services. Its guide is always shown from the configuration, never from the table."""
    days = period(service)
    return Item(
        id=service.id,
        source=CONFIG,
        title=service.title["zh"],
        title_en=service.title.get("en", ""),
        others=service.aliases,
        region=service.region,
        codes=service.codes,
        body={},
        version=service.version,
        department=service.department,
        kind=service.kind,
        themes=service.themes,
        audience=service.audience,
        level=service.level,
        effective_from=days.first,
        effective_until=days.last,
    )


@dataclass(slots=True)
class Counts:
    """What became of the rows that were written. `refused` holds their numbers and titles."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
