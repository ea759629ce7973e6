"""From records that departments brought, and that differ, to changes in shared data. Nothing of them is kept here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hub.exchange import rules
from hub.exchange.subscriptions import Subscriptions
from hub.inbox.keeping import Differs
from hub.ledger.evidence import Evidence
from hub.settings.sharing_shapes import Sharing, Source

Described = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Fed:
    """How a resource comes from a dataset: which of its fields holds the subject, and its name for each of ours."""

    dataset: str
    subject: str
    fields: Mapping[str, str]


class Feed:
    """What the inbox tells when records differ. Takes a session and never commits."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        evidence: Evidence,
        configured: Callable[[], Sharing],
        described: Described,
    ) -> None:
        self._subscriptions, self._evidence = subscriptions, evidence
        self._configured, self._described = configured, described

    def datasets(self, session: Session, system: str) -> Collection[str]:
        """Those that somebody wants to hear of."""
        return {fed.dataset for _, _, fed in self._fed(session, system)}

    def differ(self, session: Session, system: str, records: Sequence[Differs]) -> None:
        """Each subject's changed fields, told once for each record."""
        for resource, source, fed in self._fed(session, system):
            for record in records:
                if record.dataset == fed.dataset:
                    self._told(session, resource, source, fed, record)

    def _told(self, session: Session, resource: str, source: Source, fed: Fed, record: Differs) -> None:
        names = [ours for ours, theirs in fed.fields.items() if record.before.get(theirs) != record.after.get(theirs)]
        if not names:
            return
        for number in {str(each[fed.subject]) for each in (record.before, record.after) if each.get(fed.subject)}:
            kind, number = rules.whose(source, {source.by[0]: number})
            tags = self._evidence.subject_tags(kind, number)
            self._subscriptions.tell(session, resource, tags, names, "changed" if record.after else "removed")

    def _fed(self, session: Session, system: str) -> list[tuple[str, Source, Fed]]:
        sources = {id: each for id, each in self._configured().sources.items() if each.system == system}
        if not sources:
            return []
        facts, wanted = self._described(system), self._subscriptions.wanted(session)
        found = ((id, each, fed(facts, each)) for id, each in sources.items() if id in wanted)
        return [(id, each, how) for id, each, how in found if how]


def fed(facts: Mapping[str, Any], source: Source) -> Fed | None:
    """By system.yaml; None where a resource is asked of the department itself."""
    operation = facts["operations"].get(source.operation, {})
    own = operation.get(facts["protocol"], {})
    if "dataset" not in own or "by" not in own:
        return None
    answer = operation.get("answer", {})
    inner = answer.get("lists", {}).get(source.rows, {}).get("fields", {}) if source.rows else {}
    known = {**answer.get("fields", {}), **inner}
    kept = facts["datasets"][own["dataset"]]["fields"]
    subject = operation["request"]["fields"][own["by"]].get("to", own["by"])
    origin = {ours: known.get(theirs, {}).get("from", theirs) for ours, theirs in source.fields.items()}
    names = {ours: path.rpartition(".")[2] for ours, path in origin.items()}
    return Fed(own["dataset"], subject if subject in kept else own["by"], names)
