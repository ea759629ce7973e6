"""The shapes in which items are published, each read as it is: no editing by hand before.

- by departments: [{department, items: [{main_item, sub_items: [{name, link, qrcode}]}]}]; the codes stand in the link;
- by items, of a county's own register: [{item_code, name, statutory_days, promised_days, materials …}];
- by rows of the national table up_task_general_basic (formats.md 5.1, 5.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from hub.catalogue import cells, codes
from hub.catalogue.cells import Refused
from hub.catalogue.items import CODES, Item, item_id
from hub.catalogue.models import FIRST_DAY

_NO_MAIN_ITEM = "未分类"
_PARAMETERS = frozenset({"itemCode", "areaCode", "deptCode", "taskType"})  # of a link


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read: `make` gives its Item, or raises Refused."""

    name: str
    make: Callable[[], Item]


def rows(value: Any, scheme: str) -> Iterator[Row]:
    """The rows of one top-level entry, whichever shape it has."""
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        yield from _of_department(value, scheme)
    elif isinstance(value, dict) and "item_code" in value:
        yield Row(cells.shown(value.get("name")), partial(_of_register, value, scheme))
    elif isinstance(value, dict) and "task_name" in value:
        yield Row(cells.shown(value["task_name"]), partial(_of_national, value, scheme))
    else:
        yield Row("", _unknown)


def _unknown() -> Item:
    raise Refused("is of no known shape")


def _of_department(value: dict[str, Any], scheme: str) -> Iterator[Row]:
    for main in value["items"]:
        listed = main.get("sub_items") if isinstance(main, dict) else None
        if not isinstance(listed, list):
            yield Row("", _unknown)
            continue
        for sub in listed:
            if isinstance(sub, dict):
                yield Row(cells.shown(sub.get("name")), partial(_of_link, sub, main, value, scheme))
            else:
                yield Row("", _unknown)


def _of_link(sub: dict[str, Any], main: dict[str, Any], department: dict[str, Any], scheme: str) -> Item:
    title, link = cells.title(sub.get("name")), cells.page(sub.get("link"))
    asked = cells.asked(link, _PARAMETERS)
    code = cells.code(asked.get("itemCode"))
    region = cells.region(asked.get("areaCode") or codes.area_in(code))
    body = {
        "link": link,
        "task_type": asked.get("taskType", ""),
        **_main_item(main.get("main_item")),
        **cells.received(title, sub.get("name")),
    }
    return Item(
        id=item_id(scheme, region, code),
        source=scheme,
        title=title,
        region=region,
        codes={"task_code": code},
        body=body,
        department=asked.get("deptCode", ""),
        department_name=cells.shown(department.get("department")),
    )


def _of_register(value: dict[str, Any], scheme: str) -> Item:
    title, code = cells.title(value.get("name")), cells.code(value.get("item_code"))
    region = cells.region(value.get("area_code") or codes.area_in(code))
    result = value.get("result")
    guide = {
        "basis": cells.sentences(value.get("legal_basis")),
        "materials": [cells.material(each) for each in cells.entries(value.get("materials"))],
        "fees": cells.fees(value.get("fee")),
        "visits": cells.whole(value.get("visits")),
        "place": cells.sentence(value.get("department_name")),
        "result": cells.sentence(result.get("name") if isinstance(result, dict) else None),
        **cells.days(value.get("statutory_days"), "working_day", value.get("promised_days"), "working_day"),
    }
    body = {
        "guide": cells.filled(guide),
        "task_type": cells.shown(value.get("task_type")),
        **_main_item(value.get("main_item")),
        **cells.received(title, value.get("name")),
    }
    return Item(
        id=item_id(scheme, region, code),
        source=scheme,
        title=title,
        region=region,
        codes={"task_code": code},
        body=body,
        department=cells.shown(value.get("department")),
        department_name=cells.shown(value.get("department_name")),
        audience={"person": "person", "organisation": "company"}.get(str(value.get("audience")), "both"),
        suspended=value.get("status") not in (None, "active"),
        effective_from=cells.day(value.get("valid_from")) or FIRST_DAY,
        effective_until=cells.day(value.get("valid_to")),
    )


def _of_national(value: dict[str, Any], scheme: str) -> Item:
    title = cells.title(value.get("task_name"))
    found = {name: cells.code(value[name]) for name in CODES if value.get(name)}
    code = found.get("task_handle_item") or found.get("task_code") or found.get("local_task_code")
    if not code:
        raise Refused("has no code")
    region = cells.region(value.get("area_code") or value.get("region_code") or codes.area_in(code))
    start, end = cells.day(value.get("plan_effective_date")), cells.day(value.get("plan_cancel_date"))
    if start and end and end < start:
        raise Refused("ends before it begins")
    body = {
        "guide": _national_guide(value),
        "task_type": cells.shown(value.get("task_type")),
        **cells.received(title, value["task_name"]),
    }
    return Item(
        id=item_id(scheme, region, code),
        source=scheme,
        title=title,
        region=region,
        codes=found,
        body=body,
        version=cells.shown(value.get("task_version")) or "1",
        department=cells.shown(value.get("dept_code")),
        department_name=cells.shown(value.get("dept_name")),
        effective_from=start or FIRST_DAY,
        effective_until=end,
    )


def _national_guide(value: dict[str, Any]) -> dict[str, Any]:
    guide = {
        "basis": cells.sentences([value.get("by_law")]),
        "materials": [cells.material(each) for each in cells.entries(value.get("materials"))],
        "place": cells.sentence(value.get("transact_addr")),
        "hours": cells.sentence(value.get("transact_time")),
        "steps": cells.sentences([value.get("handle_flow")]),
        "phone": cells.shown(value.get("link_way")),
        **cells.days(
            value.get("anticipate_day"),
            cells.unit(value.get("anticipate_type")),
            value.get("promise_day"),
            cells.unit(value.get("promise_type")),
        ),
    }
    return cells.filled(guide)


def _main_item(value: Any) -> dict[str, str]:
    name = cells.shown(value)
    return {"main_item": name} if name and name != _NO_MAIN_ITEM else {}
