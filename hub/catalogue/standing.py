"""How a service stands just now, for this visitor: its own switch, the system below it, the client it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hub.catalogue.rules import Visitor, older_than, worst
from hub.settings.shapes import Service, Snapshot, Switch, Text
from hub.switches import rules as switch_rules
from hub.switches.service import Switches

_NOT_ATTACHED: Text = {
    "zh": "部门系统尚未接通，暂时不能使用。",
    "en": "The department's system is not attached yet; not available for now.",
}
_GONE: Text = {"zh": "该服务已停止。", "en": "This service has ended."}
_SUSPENDED: Text = {"zh": "该事项暂停办理，请咨询部门。", "en": "This is suspended for now; please ask the department."}
_OLD_CLIENT: Text = {
    "zh": "请把小程序更新到 {} 或以上版本后使用。",
    "en": "Please update the app to version {} or later to use this.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """open | closed | maintenance | limited, and what citizens are told about it."""

    status: str
    notice: Text | None = None


GONE = Standing("closed", _GONE)
SUSPENDED = Standing("closed", _SUSPENDED)
OPEN = Standing("open")


@dataclass(frozen=True, slots=True)
class Used:
    """A switch that was looked at, as it was; `personal` when it matters who looks, or with which client."""

    kind: str
    id: str
    switch: Switch
    personal: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """What a standing is decided by. `client` is the version of the caller's app, empty when it does not say. Every
    switch that is looked at is kept in `used`."""

    snapshot: Snapshot
    switches: Switches
    now: datetime
    visitor: Visitor
    client: str = ""
    used: list[Used] = field(default_factory=list)

    def standing(self, service: Service) -> Standing:
        """The worst of what it depends on. A batch is open as long as one of its parts is."""
        needed = minimum_client(service)
        own = self._state("service", service.id, self.switches.service(service.id), bool(needed))
        if own.status == "open" and older_than(self.client, needed):
            own = Standing("limited", {language: text.format(needed) for language, text in _OLD_CLIENT.items()})
        below = self._below(service)
        status = worst(own.status, below.status)
        decides = own if own.status == status else below
        return Standing(status, decides.notice or own.notice or below.notice)

    def _below(self, service: Service) -> Standing:
        if service.system:
            if service.system not in self.snapshot.systems:
                return Standing("closed", _NOT_ATTACHED)
            return self._state("system", service.system, self.switches.system(service.system))
        parts = [self.standing(self.snapshot.services[id]) for id in service.parts if id in self.snapshot.services]
        return min(parts, key=lambda part: part.status != "open") if parts else OPEN

    def _state(self, kind: str, id: str, switch: Switch, personal: bool = False) -> Standing:
        self.used.append(Used(kind, id, switch, personal or switch.rollout != switch_rules.EVERYBODY))
        state = switch_rules.state(switch, self.now, self.visitor.citizen_id, self.visitor.region)
        return Standing(state.status, state.notice or None)


def minimum_client(service: Service) -> str:
    limits = service.guide.get("limits", {})
    return str(limits.get("minimum_client", ""))
