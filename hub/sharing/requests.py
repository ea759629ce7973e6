"""Requests of one department for another's data: reviewed, decided, disputed; silence is counted and told upward.

Every department reads all of them: that somebody does not share, or does not answer, is no secret among offices.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.errors import Fault, Problem, invalid
from hub.settings.sharing_shapes import Sharing
from hub.sharing import rules
from hub.sharing.grants import Grants
from hub.sharing.models import RequestActRow, RequestRow
from hub.sharing.resources import Resource, Resources
from hub.workdays import Workdays

_MOST = 500  # in one round; the rest has its turn in the next
_RULE = "rule"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `officers` are the accounts that will read it; `scene` is the service or kind of case."""

    resource: str
    fields: tuple[str, ...]
    purpose: str
    basis: str
    days: int
    scene: str = ""
    officers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestAct:
    act: str
    office: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it stands. `due_at` is by when the office whose turn it is decides."""

    id: str
    wanted: Wanted
    owner: str
    applicant: str
    officer: str
    state: rules.State
    raised_to: str
    silent: int
    asked_at: datetime
    review_due: datetime
    owner_due: datetime | None
    dispute_due: datetime | None
    ended_at: datetime | None
    refused_by: str
    refusal_basis: str
    refusal_reason: str
    acts: tuple[RequestAct, ...] = ()


class Requests:
    """Takes a session and never commits."""

    def __init__(
        self, clock: Clock, workdays: Workdays, configured: Callable[[], Sharing], resources: Resources, grants: Grants
    ) -> None:
        self._clock, self._workdays, self._configured = clock, workdays, configured
        self._resources, self._grants = resources, grants

    def ask(self, session: Session, applicant: str, officer: str, wanted: Wanted) -> Request:
        """Waits for review; of a resource that is argued not to be shared it is refused at once, by that argument, and
        may be disputed. Raises NOT_FOUND and faults: an unknown field, too many days, one's own data."""
        resource = self._resources.get(session, wanted.resource)
        self._check(resource, applicant, wanted)
        now = self._clock.now()
        row = RequestRow(
            id="q" + secrets.token_hex(16), resource=resource.id, owner=resource.department, applicant=applicant,
            officer=officer, officers=sorted({officer, *wanted.officers}), fields=list(wanted.fields),
            purpose=wanted.purpose, scene=wanted.scene, basis=wanted.basis, days=wanted.days, state="review",
            asked_at=now, review_due=self._workdays.after(now, self._configured().review),
        )  # fmt: skip
        row.next_at = row.review_due
        session.add(row)
        self._note(session, row, "asked", applicant, officer, wanted.purpose)
        if resource.shared_type == "not_shared":
            self._refuse(row, "refused", _RULE, resource.basis, resource.condition)
            self._note(session, row, "refused", _RULE, "", resource.condition)
        session.flush()
        return self._request(session, row)

    def decide(
        self, session: Session, id: str, office: str, actor: str, decision: rules.Decision, reason: str, basis: str
    ) -> Request:
        """By the office whose turn it is. Raises NOT_FOUND for any other, STATE_CONFLICT when nobody's turn it is,
        SECOND_PERSON_REQUIRED for who asked, and faults where a refusal has no reason or no legal basis."""
        row = self._row(session, id, lock=True)
        now, sharing = self._clock.now(), self._configured()
        mine = rules.decides(row.state, row.owner, sharing.platform, sharing.supervisor, row.raised_to)
        if not mine:
            raise Problem("STATE_CONFLICT")
        if office not in mine:
            raise Problem("NOT_FOUND")
        if actor == row.officer or actor in row.officers:
            raise Problem("SECOND_PERSON_REQUIRED")
        lacks = [name for name, said in (("reason", reason), ("basis", basis)) if not said]
        if decision == "refuse" and lacks:
            raise invalid([Fault(name, "REQUIRED") for name in lacks])
        resource = self._resources.get(session, row.resource)
        to = rules.onward(row.state, decision, resource.shared_type)
        if to in ("refused", "upheld"):
            self._refuse(row, to, office, basis, reason)
        elif to == "owner":
            wait = sharing.owner if resource.published else sharing.owner_unpublished
            row.state, row.raised_to = to, ""
            row.owner_due = row.next_at = self._workdays.after(now, wait)
        else:
            row.state, row.next_at, row.ended_at = to, None, now
            self._grants.give(session, row)
        self._note(session, row, decision, office, actor, reason)
        session.flush()
        return self._request(session, row)

    def dispute(self, session: Session, id: str, office: str, actor: str, reason: str) -> Request:
        """The applicant goes upward, once. Raises NOT_FOUND, STATE_CONFLICT."""
        row = self._row(session, id, lock=True)
        if office != row.applicant:
            raise Problem("NOT_FOUND")
        if row.state != "refused":
            raise Problem("STATE_CONFLICT")
        row.state, row.raised_to, row.ended_at = "disputed", "", None
        row.dispute_due = row.next_at = self._workdays.after(self._clock.now(), self._configured().dispute)
        self._note(session, row, "disputed", office, actor, reason)
        session.flush()
        return self._request(session, row)

    def page(
        self, session: Session, office: str = "", state: str = "", late: bool = False, before: str = "", limit: int = 20
    ) -> Sequence[Request]:
        """The newest first; of one office what it asked for, is asked for, or has to decide."""
        query = select(RequestRow)
        if office:
            own = [RequestRow.applicant == office, RequestRow.owner == office, RequestRow.raised_to == office]
            turn = {"review": self._configured().platform, "disputed": self._configured().supervisor}
            own += [RequestRow.state == state for state, whose in turn.items() if whose == office]
            query = query.where(or_(*own))
        if state:
            query = query.where(RequestRow.state == state)
        if late:
            query = query.where(RequestRow.silent > 0)
        if before:
            last = self._row(session, before)
            query = query.where(tuple_(RequestRow.asked_at, RequestRow.id) < (last.asked_at, last.id))
        rows = session.scalars(query.order_by(RequestRow.asked_at.desc(), RequestRow.id.desc()).limit(limit))
        return [_request(row) for row in rows]

    def get(self, session: Session, id: str) -> Request:
        """With what was done. Raises NOT_FOUND."""
        return self._request(session, self._row(session, id))

    def count_silence(self, session: Session) -> int:
        """Who did not decide in time: the supervisor has it too, and each further time is counted (X7)."""
        now, sharing = self._clock.now(), self._configured()
        late = select(RequestRow).where(RequestRow.next_at <= now).order_by(RequestRow.next_at).limit(_MOST)
        rows = session.scalars(late.with_for_update(skip_locked=True)).all()
        for row in rows:
            whose = rules.decides(row.state, row.owner, sharing.platform, sharing.supervisor, "")
            row.silent += 1
            row.raised_to = sharing.supervisor
            row.next_at = self._workdays.after(now, sharing.silent)
            self._note(session, row, "silent", next(iter(whose), ""), "", "")
        return len(rows)

    def _check(self, resource: Resource, applicant: str, wanted: Wanted) -> None:
        faults = []
        if not applicant:
            raise Problem("ROLE_REQUIRED")
        if resource.department == applicant:
            faults.append(Fault("resource", "CHOICE"))
        known = {each.name for each in resource.columns}
        faults += [Fault(f"fields.{place}", "CHOICE") for place, name in enumerate(wanted.fields) if name not in known]
        if wanted.days > self._configured().most_days:
            faults.append(Fault("days", "RANGE"))
        if faults:
            raise invalid(faults)

    def _refuse(self, row: RequestRow, state: rules.State, by: str, basis: str, reason: str) -> None:
        row.state, row.next_at, row.ended_at = state, None, self._clock.now()
        row.refused_by, row.refusal_basis, row.refusal_reason = by, basis, reason

    def _note(self, session: Session, row: RequestRow, act: str, office: str, actor: str, note: str) -> None:
        at = self._clock.now()
        session.add(RequestActRow(request_id=row.id, act=act, office=office, actor=actor, note=note, at=at))

    @staticmethod
    def _row(session: Session, id: str, lock: bool = False) -> RequestRow:
        row = session.get(RequestRow, id, with_for_update=lock or None)
        if row is None:
            raise Problem("NOT_FOUND")
        return row

    @staticmethod
    def _request(session: Session, row: RequestRow) -> Request:
        wanted = select(RequestActRow).where(RequestActRow.request_id == row.id).order_by(RequestActRow.id)
        acts = (RequestAct(each.act, each.office, each.note, each.at) for each in session.scalars(wanted))
        return _request(row, tuple(acts))


def _request(row: RequestRow, acts: tuple[RequestAct, ...] = ()) -> Request:
    wanted = Wanted(row.resource, tuple(row.fields), row.purpose, row.basis, row.days, row.scene, tuple(row.officers))
    return Request(
        row.id, wanted, row.owner, row.applicant, row.officer, cast(rules.State, row.state), row.raised_to, row.silent,
        row.asked_at, row.review_due, row.owner_due, row.dispute_due, row.ended_at, row.refused_by, row.refusal_basis,
        row.refusal_reason, acts,
    )  # fmt: skip
