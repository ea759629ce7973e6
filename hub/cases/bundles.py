"""Several applications handed in at once (一件事): all of them or none, one receipt, each a case of its own.

What a bundle asks comes from its services (merging.py). Takes a session and never commits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import merging, rules
from hub.cases.file import Files
from hub.cases.intake import Intake
from hub.cases.models import BundleRow, CaseRow, PartRow
from hub.cases.seams import Tell
from hub.cases.turns import Turns
from hub.cases.views import BundleView, CaseView
from hub.catalogue import forms
from hub.catalogue.items import period
from hub.errors import Problem
from hub.gateway.orders import Caller
from hub.settings.bundle_shapes import Bundle, BundlePart
from hub.settings.shapes import Service, Snapshot, Text

_APPLICANT = ("applicant",)


@dataclass(frozen=True, slots=True)
class Share:
    """What of a bundle goes to one of its services."""

    part: BundlePart
    service: Service
    fields: Mapping[str, Any]
    papers: Sequence[Mapping[str, str]]
    promised: Sequence[str]

    def passed(self, fields: Mapping[str, Any]) -> Share:
        """With the fields as the guards let them through."""
        return replace(self, fields=fields)


class Bundles:
    """One for the process."""

    def __init__(self, now: Callable[[], Snapshot], files: Files, intake: Intake, turns: Turns, tell: Tell) -> None:
        self._now, self._files, self._intake, self._turns, self._tell = now, files, intake, turns, tell

    def all(self) -> Sequence[tuple[Bundle, Service]]:
        """Every bundle, with what it comes to as one application."""
        snapshot = self._now()
        whole = [each for each in snapshot.bundles.values() if self._in_force(each, snapshot)]
        return [(each, merging.merged(each, snapshot.services)) for each in whole]

    def one(self, id: str) -> tuple[Bundle, Service]:
        """Raises NOT_FOUND."""
        snapshot = self._now()
        bundle = self._found(snapshot, id)
        return bundle, merging.merged(bundle, snapshot.services)

    def shared_out(
        self, id: str, fields: Mapping[str, Any], papers: Sequence[Mapping[str, str]], promised: Sequence[str]
    ) -> Sequence[Share]:
        """What each part gets, checked by the one form and by its own. Raises NOT_FOUND, the form's faults by the names
        of the one form, what is wrong with a paper."""
        snapshot = self._now()
        bundle = self._found(snapshot, id)
        whole = merging.merged(bundle, snapshot.services)
        forms.load(whole, fields, "fields")
        rules.check_papers(whole, [paper["type"] for paper in papers], promised)
        parts = [(part, snapshot.services[part.service]) for part in bundle.parts]
        wanted = [merging.wanted(part, service) for part, service in parts]
        return [
            Share(
                part, service,
                forms.load(part.without_taken(service), merging.share(part, service, fields), "fields"),
                [paper for paper in papers if paper["type"] in types], [type for type in promised if type in types],
            )
            for (part, service), types in zip(parts, wanted, strict=True)
        ]  # fmt: skip

    def submit(self, session: Session, caller: Caller, id: str, shares: Sequence[Share]) -> BundleView:
        """All parts or none: `shares` are what `shared_out` gave, after every guard. Raises ALREADY_SUBMITTED with the
        receipt number of the part that is there already, what is wrong with a paper."""
        bundle, now = self._found(self._now(), id), self._files.moment()
        whole = BundleRow(receipt_no=rules.new_bundle_no(now), subject=caller.whose, bundle=bundle.id, submitted_at=now)
        session.add(whole)
        session.flush()
        rows = [self._part(session, caller, whole, share) for share in shares]
        session.flush()
        view = self._view(session, whole, rows, story=False)
        told: dict[str, str | Text] = {"service": bundle.title, "receipt_no": whole.receipt_no}
        self._tell(
            session, caller.subject, "case-received", {**told, "promised_on": self._files.day(view.promised_at)},
            whole.receipt_no,
        )  # fmt: skip
        return view

    def shown(self, session: Session, caller: Caller, receipt_no: str, id: str = "") -> BundleView:
        """Where all of it stands; of the bundle `id` alone, where it is given. Raises NOT_FOUND, for another citizen's
        too."""
        query = select(BundleRow).where(BundleRow.receipt_no == receipt_no, BundleRow.subject == caller.whose)
        whole = session.scalars(query.where(BundleRow.bundle == id) if id else query).one_or_none()
        if whole is None:
            raise Problem("NOT_FOUND")
        of_it = select(PartRow.case_id).where(PartRow.bundle_id == whole.id)
        rows = session.scalars(select(CaseRow).where(CaseRow.id.in_(of_it)).order_by(CaseRow.id)).all()
        if caller.acts_for and not all(caller.acts_for.covers(self._files.service(row)) for row in rows):
            raise Problem("NOT_FOUND")
        return self._view(session, whole, rows)

    def _found(self, snapshot: Snapshot, id: str) -> Bundle:
        bundle = snapshot.bundles.get(id)
        if bundle is None or not self._in_force(bundle, snapshot):
            raise Problem("NOT_FOUND")
        return bundle

    def _in_force(self, bundle: Bundle, snapshot: Snapshot) -> bool:
        """As long as every part of it is."""
        today = self._files.moment().date()
        return all(period(snapshot.services[part.service]).holds(today) for part in bundle.parts)

    def _part(self, session: Session, caller: Caller, whole: BundleRow, share: Share) -> CaseRow:
        row = self._intake.new(caller, share.service)
        body = {"fields": dict(share.fields), "papers": list(share.papers), "promised": list(share.promised)}
        if share.part.after:
            self._turns.wait(session, row, share.service, share.part, body)
            session.add(row)
            session.flush()
        else:
            self._intake.submit(session, row, share.service, body)
        session.add(PartRow(case_id=row.id, bundle_id=whole.id))
        return row

    def _view(self, session: Session, whole: BundleRow, rows: Sequence[CaseRow], story: bool = True) -> BundleView:
        parts = [self._files.view(session, row, _APPLICANT, story=story) for row in rows]
        bundle = self._now().bundles.get(whole.bundle)
        after = {part.service: part.after for part in bundle.parts} if bundle else {}
        approved = {part.service: part.result["approved"] if part.result else None for part in parts}
        over = {part.service: part.clock == "ended" for part in parts}
        for part in parts:  # in their order: what waits for one that was not granted goes no further either
            if part.status == rules.WAITING:
                before = [id for id in after.get(part.service, ()) if id in over]
                over[part.service] = any(over[id] and not approved[id] for id in before)
        clocks = [("ended" if over[part.service] else part.clock, _yours(part)) for part in parts]
        return BundleView(
            whole.receipt_no, whole.bundle, bundle.title if bundle else {"zh": whole.bundle},
            merging.overall(clocks, list(approved.values())), whole.submitted_at, self._promised(rows, after), parts,
        )  # fmt: skip

    def _promised(self, rows: Sequence[CaseRow], after: Mapping[str, Sequence[str]]) -> datetime | None:
        """By when all of it is: what waits its turn counts from the day on which those before it are promised."""
        by: dict[str, datetime] = {}
        for row in rows:
            promised, before = row.promised_at, [by[id] for id in after.get(row.service, ()) if id in by]
            if row.status == rules.WAITING and before:
                promised = rules.terms(self._files.service(row), max(before), self._files.workdays).promised_at
            if promised:
                by[row.service] = promised
        return max(by.values(), default=None)


def _yours(part: CaseView) -> bool:
    return part.status == rules.DRAFT or "corrections" in part.possible or part.make_up_at is not None
