"""Fits an imported item to this hub: its department by our name for it, its region as it is called today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hub.catalogue import codes, divisions
from hub.catalogue.cells import Refused
from hub.catalogue.codes import Validator
from hub.catalogue.items import Item
from hub.settings.shapes import Snapshot

Warn = Callable[[str], None]


class Fitting:
    """One import. It remembers what it has seen, because a row that stands in a file twice is a mistake."""

    def __init__(self, scheme: str, snapshot: Snapshot) -> None:
        self._scheme = scheme
        self._snapshot = snapshot
        self._by_code = {each.credit_code: id for id, each in snapshot.departments.items() if each.credit_code}
        self._by_name = {
            name: id for id, each in snapshot.departments.items() for name in (each.short_name["zh"], each.name["zh"])
        }
        self._validators: dict[str, Validator] = {}
        self._regions: dict[str, str | None] = {}
        self._departments: dict[tuple[str, str, str], str] = {}
        self._seen: set[tuple[str, str]] = set()

    def fit(self, item: Item, warn: Warn) -> Item:
        """The item as it is stored; raises Refused. What is odd but taken goes to `warn`."""
        if (item.id, item.version) in self._seen:
            raise Refused("stands in the file twice")
        self._seen.add((item.id, item.version))
        for name, code in item.codes.items():
            if odd := self._validator(item.region)(code) if name == "task_code" else None:
                warn(f"its {name} {odd}")
        region, department = self._region(item.region, warn), self._department(item, warn)
        if (region, department) == (item.region, item.department):
            return item
        return replace(item, region=region, department=department)

    def _region(self, code: str, warn: Warn) -> str:
        if code not in self._regions:
            self._regions[code] = divisions.in_force(code)
        today = self._regions[code]
        if today is None:
            warn(f"its region {code} is not in force, and what became of it is not clear")
            return code
        if today != code:
            warn(f"its region {code} has become {today}")
        return today

    def _department(self, item: Item, warn: Warn) -> str:
        """Our own id where it is one of ours; said once for each department that is odd."""
        named = (item.department, item.department_name, item.region)
        if named not in self._departments:
            self._departments[named] = self._ours(item) or item.department
            if item.department not in self._snapshot.departments and codes.credit_code(item.department):
                warn("its department's code is no credit code")
        return self._departments[named]

    def _ours(self, item: Item) -> str | None:
        if item.department in self._snapshot.departments:
            return item.department
        known = self._by_code.get(item.department)
        if known is None and item.region.startswith(self._snapshot.hub.region):
            known = self._by_name.get(item.department_name)
        return known

    def _validator(self, region: str) -> Validator:
        """The one that the nearest region in config names for this scheme."""
        if region not in self._validators:
            self._validators[region] = codes.VALIDATORS.get(self._named(region), codes.VALIDATORS["any"])
        return self._validators[region]

    def _named(self, region: str) -> str:
        known = self._snapshot.regions.get(region)
        if known is not None and self._scheme in known.schemes:
            return known.schemes[self._scheme]
        return "any" if region == divisions.NATION else self._named(divisions.parent(region))
