"""Whether config/messages.yaml has every message that the hub writes, with the values it fills in: a kind that is
missing would else be found when the first citizen is to be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.settings.place import Keys
from hub.settings.tables import Tables

_FILE = "messages.yaml"
_CASE = ("service", "receipt_no")
OF_CASES: Mapping[str, frozenset[str]] = {
    "case-received": frozenset({*_CASE, "promised_on"}),
    "case-progress": frozenset({*_CASE, "status"}),
    "case-correction": frozenset({*_CASE, "what", "due_on"}),
    "case-decided": frozenset({*_CASE, "result"}),
    "case-overdue": frozenset({*_CASE, "escalated_to"}),
}
OF_APPEALS: Mapping[str, frozenset[str]] = {
    "appeal-received": frozenset({"number", "due_on"}),
    "appeal-late": frozenset({"number", "due_on"}),
    "appeal-answered": frozenset({"number"}),
}
OF_HEALTH_CODES: Mapping[str, frozenset[str]] = {
    "health-code-given": frozenset({"grade", "advice", "reason", "valid_until"}),
    "health-code-review": frozenset({"reason", "review_by"}),
    "health-code-appeal": frozenset({"answer"}),
}
OF_READS: Mapping[str, frozenset[str]] = {
    "data-read": frozenset({"office", "what", "on", "purpose"}),
}
OF_NOTICES: Mapping[str, frozenset[str]] = {"urgent-notice": frozenset({"title", "text"})}


def messages_fit(tables: Tables) -> Iterator[tuple[str, Keys, str]]:
    """A county needs the messages of what it has."""
    if any(service.workflow for service in tables.services.values()):
        yield from _told(OF_CASES, tables)
    if tables.appeals.kinds:
        yield from _told(OF_APPEALS, tables)
    if tables.health_code is not None:
        yield from _told(OF_HEALTH_CODES, tables)
    if tables.messages:
        yield from _told(OF_NOTICES, tables)
    if tables.messages or tables.sharing.sources or tables.channels:
        yield from _told(OF_READS, tables)


def _told(written: Mapping[str, frozenset[str]], tables: Tables) -> Iterator[tuple[str, Keys, str]]:
    for kind, values in written.items():
        template = tables.messages.get(kind)
        if template is None:
            yield _FILE, (), f"no message '{kind}', which the hub writes"
            continue
        for name in sorted(values - template.values.keys()):
            yield _FILE, (kind, "values"), f"'{name}' is missing: the hub fills it in"
        for name in sorted(template.values.keys() - values):
            yield _FILE, (kind, "values", name), f"the hub fills in no '{name}' here"
