"""Whose turn it is in a bundle: a part that comes after others waits, and begins by itself when those are granted, with
what their results say. Takes a session and never commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import rules
from hub.cases.file import Files
from hub.cases.intake import Intake
from hub.cases.models import BundleRow, CaseRow, PartRow
from hub.cases.news import news
from hub.catalogue import forms
from hub.errors import Problem
from hub.settings.bundle_shapes import BundlePart
from hub.settings.shapes import Service, Snapshot, Text


class Turns:
    """One for the process."""

    def __init__(self, now: Callable[[], Snapshot], files: Files, intake: Intake) -> None:
        self._now, self._files, self._intake = now, files, intake

    def wait(self, session: Session, row: CaseRow, service: Service, part: BundlePart, body: Mapping[str, Any]) -> None:
        """It is kept and not submitted. Raises ALREADY_SUBMITTED where that can be told by now."""
        row.status, row.body_sealed = rules.WAITING, self._files.seal(row, body)
        if not set(service.once_by) & part.takes.keys():
            self._intake.only_one(session, row, service, body["fields"])

    def lock(self, session: Session, row: CaseRow) -> None:
        """The case as it is now, for its applicant to go on with. What waits its turn comes after its bundle, in the
        order in which they are taken by whoever decides what it waits for."""
        if row.status == rules.WAITING:
            self._whole(session, session.get_one(PartRow, row.id))
        session.refresh(row, with_for_update=True)

    def ended(self, session: Session, row: CaseRow) -> None:
        """It was decided or withdrawn: what waited for it begins, or its applicant hears why not. Of two that end at
        once the second sees the first."""
        part = session.get(PartRow, row.id)
        if part is None:
            return
        session.flush()
        whole = self._whole(session, part)
        bundle = self._now().bundles.get(whole.bundle)
        parts = {each.service: each for each in bundle.parts} if bundle else {}
        of_it = select(PartRow.case_id).where(PartRow.bundle_id == part.bundle_id)
        fresh = select(CaseRow).where(CaseRow.id.in_(of_it)).execution_options(populate_existing=True)
        rows = {each.service: each for each in session.scalars(fresh)}
        for service, next in rows.items():
            if next.status == rules.WAITING and next is not row:
                session.refresh(next, with_for_update=True)
                # what configuration has lost the order of, waits for nothing
                self._next(session, next, parts.get(service, BundlePart(service)), rows, row)

    @staticmethod
    def _whole(session: Session, part: PartRow) -> BundleRow:
        return session.get_one(BundleRow, part.bundle_id, with_for_update=True)

    def _next(
        self, session: Session, row: CaseRow, part: BundlePart, rows: Mapping[str, CaseRow], ended: CaseRow
    ) -> None:
        if row.status != rules.WAITING:  # withdrawn just now
            return
        granted = {id: self._granted(session, rows[id]) for id in part.after if id in rows}
        if all(granted.values()):
            self._begin(session, row, part, granted)
        elif ended.service in granted and not granted[ended.service]:
            self._say(session, row, news("stopped"))

    def _granted(self, session: Session, row: CaseRow) -> Mapping[str, Any]:
        """The result document of a case that was approved; nothing where it was not, or not yet."""
        result = self._files.result(session, row) if row.ended_at else None
        return self._files.open(row, result.document_sealed) if result and result.approved else {}

    def _begin(
        self, session: Session, row: CaseRow, part: BundlePart, granted: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Submitted; where that cannot be, it is the applicant's draft, with all that is there."""
        service, body = self._files.service(row), self._files.open(row, row.body_sealed)
        taken = {name: granted[of].get(what) for name, (of, what) in part.takes.items() if of in granted}
        body["fields"] |= {name: value for name, value in taken.items() if value}
        licences = {type: granted[of].get("credential_id") for type, of in part.papers.items() if of in granted}
        body["papers"] += [{"type": type, "credential_id": id} for type, id in licences.items() if id]
        draft = self._files.seal(row, body)
        try:
            with session.begin_nested():
                own = {name: body["fields"][name] for name in forms.names(service) if name in body["fields"]}
                body["fields"] |= forms.load(service, own, "fields")
                self._intake.send(session, row, service, body)
        except Problem:
            row.status, row.since, row.body_sealed = rules.DRAFT, self._files.moment(), draft
            self._say(session, row, news("returned"))

    def _say(self, session: Session, row: CaseRow, text: Text) -> None:
        self._files.note(session, row, "message", "hub", detail={"text": text})
        self._files.tell(session, row, "case-progress", status=text)
