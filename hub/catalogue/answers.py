"""Items as citizens read them: plain values in one language, ready to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from hub.catalogue import divisions, forms
from hub.catalogue.models import FIRST_DAY
from hub.catalogue.standing import Standing, minimum_client
from hub.settings.shapes import Department, Licence, Region, Service, Snapshot, Theme, Uploads

TASK_TYPES: Mapping[str, str] = {
    "1": "行政许可",
    "5": "行政给付",
    "7": "行政确认",
    "8": "行政奖励",
    "9": "行政裁决",
    "10": "其他行政权力",
    "20": "公共服务",
}
_LIFTED = ("limits",)

Answer = dict[str, Any]


def listed(row: Mapping[str, Any], standing: Standing, snapshot: Snapshot, language: str) -> Answer:
    """One entry of a list, from the table's columns."""
    department = snapshot.departments.get(row["department"])
    return {
        "id": row["id"],
        "title": row["title_en"] or row["title"] if language == "en" else row["title"],
        "department": row["department"],
        "department_name": text(department.name, language) if department else row["department_name"],
        "kind": row["kind"],
        "themes": row["themes"],
        "audience": row["audience"],
        "region": row["region"],
        "region_name": region_name(snapshot, row["region"], language),
        "level": row["level"],
        "status": standing.status,
        "notice": text(standing.notice, language),
        "codes": {"catalog_code": None, "task_code": None, **row["codes"]},
    }


def of_service(service: Service) -> dict[str, Any]:
    """A service of config as the columns that `listed` reads."""
    return {
        "id": service.id,
        "title": service.title["zh"],
        "title_en": service.title.get("en", ""),
        "department": service.department,
        "department_name": "",
        "kind": service.kind,
        "themes": list(service.themes),
        "audience": service.audience,
        "region": service.region,
        "level": service.level,
        "codes": service.codes,
    }


def guide_of_service(service: Service, uploads: Uploads, language: str) -> Answer:
    """What the page of a service of config shows beside its entry; `uploads`: what its papers may be."""
    guide = {name: value for name, value in service.guide.items() if name not in _LIFTED}
    limits = {**service.guide.get("limits", {}), "per_minute": service.per_minute, "uploads": asdict(uploads)}
    return {
        "guide": in_language(guide, language),
        "form": forms.json_schema(service, language) if service.kind != "link" else None,
        "limits": in_language(limits, language),
        "minimum_client": minimum_client(service) or None,
        "subject": list(service.subject),
        "parts": list(service.parts),
        "data_class": service.data_class,
        "link": service.link,
        "version": service.version,
        "effective_from": service.effective_from,
        "effective_until": service.effective_until,
    }


def guide_of_row(row: Mapping[str, Any], language: str) -> Answer:
    """The same of an imported item: it has materials and a place, and takes no call."""
    body = row["body"]
    guide = dict(body.get("guide", {}))
    if body.get("main_item"):
        guide["main_item"] = body["main_item"]
    if body.get("task_type"):
        guide["task_type"] = TASK_TYPES.get(body["task_type"], body["task_type"])
    return {
        "guide": in_language(guide, language),
        "form": None,
        "limits": {},
        "minimum_client": None,
        "subject": [],
        "parts": [],
        "data_class": 1,
        "link": body.get("link"),
        "version": row["version"],
        "effective_from": _day(row["effective_from"]),
        "effective_until": _day(row["effective_until"]),
    }


def department(each: Department, language: str) -> Answer:
    return {
        "id": each.id,
        "name": text(each.name, language),
        "short_name": text(each.short_name, language),
        "credit_code": each.credit_code or None,
        "region": each.region,
        "phone": each.phone or None,
    }


def theme(each: Theme, language: str) -> Answer:
    return {"id": each.id, "name": text(each.name, language)}


def licence_kind(each: Licence, language: str) -> Answer:
    return {"id": each.id, "title": text(each.title, language), "department": each.department,
            "companies": each.companies}  # fmt: skip


def region(code: str, snapshot: Snapshot, language: str) -> Answer:
    return {
        "code": code,
        "name": region_name(snapshot, code, language),
        "level": divisions.level(code),
        "parent": divisions.parent(code),
    }


def region_name(snapshot: Snapshot, code: str, language: str) -> str | None:
    """Ours where config names it, else the national one (in Chinese only)."""
    ours: Region | None = snapshot.regions.get(code)
    return text(ours.name, language) if ours else divisions.current().get(code)


def text(value: Mapping[str, str] | None, language: str) -> str | None:
    if not value:
        return None
    return value.get(language) or value.get("zh") or None


def in_language(value: Any, language: str) -> Any:
    """Every {zh, en} inside becomes the text itself."""
    if isinstance(value, Mapping):
        if "zh" in value and value.keys() <= {"zh", "en"}:
            return text(value, language)
        return {name: in_language(each, language) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [in_language(each, language) for each in value]
    return value


def _day(value: date | None) -> str | None:
    return value.isoformat() if value and value != FIRST_DAY else None
