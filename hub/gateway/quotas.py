"""What is left of the budgets, for operations to see. Counted in Redis as they are spent, never in PostgreSQL (F41)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hub.clock import CHINA
from hub.gateway.budget import Budget
from hub.gateway.shared import SharedStore
from hub.settings.shapes import Snapshot, System
from hub.systems import Systems


class Quotas:
    def __init__(self, now: Callable[[], Snapshot], systems: Systems, budget: Budget, store: SharedStore) -> None:
        self._now, self._systems, self._budget, self._store = now, systems, budget, store

    def systems(self) -> list[dict[str, Any]]:
        """Each system, as its folder calls it: calls a minute in all (0: any number), how many are left of this
        minute, and until when the token it let us in with is good."""
        return [self._system(system) for _, system in sorted(self._now().systems.items())]

    def services(self) -> list[dict[str, Any]]:
        """Each service by its title: how often a minute one person may call it."""
        services = sorted(self._now().services.items())
        return [{"id": id, "name": service.title, "per_minute": service.per_minute} for id, service in services]

    def _system(self, system: System) -> dict[str, Any]:
        left = self._budget.left(system.per_minute, "system", system.id)
        name = self._systems.described(system.id).get("name")
        told = {"id": system.id, "name": name, "per_minute": system.per_minute, "left": left}
        return {**told, "token_until": self._token(system.id)}

    def _token(self, id: str) -> str | None:
        declared: Mapping[str, Any] = self._systems.facts(id).get("signed_rest") or {}
        kept = self._store.for_system(id).get("token") if declared.get("token") else None
        return datetime.fromtimestamp(json.loads(kept)["until"], CHINA).isoformat(timespec="seconds") if kept else None
