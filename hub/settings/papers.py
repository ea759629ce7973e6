"""What config/ says of uploaded papers: for everybody, for a department, for one service; the strictest counts."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields, post_load, validate

from hub.settings.pieces import Matching, Strict, whole
from hub.settings.shapes import Materials, Snapshot, Uploads

KEPT = ("image/jpeg", "image/png", "application/pdf")
"""What the hub keeps; photos in other forms that it can read are turned into JPEG."""
MOST_PAGES = 200
_SCANNER = re.compile(r"none|tcp://[A-Za-z0-9.-]{1,253}:[0-9]{1,5}|unix:/[A-Za-z0-9._/-]{1,100}", re.ASCII)


class UploadsSchema(Strict):
    """Where a department or a service is stricter than the hub."""

    max_kb = whole(16, 1_048_576)
    media_types = fields.List(fields.String(validate=validate.OneOf(KEPT)), validate=validate.Length(1, len(KEPT)))
    max_pages = whole(1, MOST_PAGES)


class DiskSchema(Strict):
    papers = whole(1, 100, load_default=85)
    submissions = whole(1, 100, load_default=92)


class MaterialsSchema(Strict):
    max_kb = whole(64, 20_480, load_default=10_240)
    quota_mb = whole(1, 10_240, load_default=200)
    most_files = whole(1, 10_000, load_default=300)
    scanner = Matching(_SCANNER, "none, tcp://HOST:PORT or unix:/PATH", load_default="none")
    offer_months = whole(0, 120, load_default=12)
    unused_days = whole(1, 3660, load_default=30)
    keep_days = whole(0, 36_600, load_default=365)
    disk = fields.Nested(DiskSchema, load_default=lambda: DiskSchema().load({}))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Materials:
        disk = data.pop("disk")
        return Materials(**data, disk_papers=disk["papers"], disk_submissions=disk["submissions"])


def uploads_for(snapshot: Snapshot, service_id: str = "") -> Uploads:
    """What one paper may be for this service; without a service, what anybody may keep at the hub."""
    sizes, types, pages = [snapshot.hub.materials.max_kb], list(KEPT), MOST_PAGES
    service = snapshot.services.get(service_id)
    department = snapshot.departments.get(service.department) if service else None
    for each in (department.uploads if department else {}, service.uploads if service else {}):
        sizes.append(each.get("max_kb", sizes[0]))
        types = [type for type in types if type in each.get("media_types", KEPT)]
        pages = min(pages, each.get("max_pages", pages))
    return Uploads(min(sizes) * 1024, tuple(types), pages)
