"""Appeals of companies and clues of residents: routed by rule, answered in time or told upward, rated.

All that was said is sealed. Clues that may be the same wait for a person; a merged one gets the other's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
from sqlalchemy import ColumnElement, select, true, tuple_
from sqlalchemy import Sequence as SerialNumbers
from sqlalchemy.orm import Session

from hub.appeals import rules
from hub.appeals.models import AlikeRow, AppealActRow, AppealRow
from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.settings.shapes import Appeals as Configured
from hub.tasks.service import before
from hub.workdays import Workdays

Tell = Callable[[Session, str, str, Mapping[str, str], str], object]
SAID = "appeals.said"
_SERIAL = SerialNumbers("appeals_serial")
_LETTER = {"appeal": "A", "clue": "C"}
_MOST = 500


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody writes: `region` is the place it is about, a code of 6 to 12 digits; photos are file ids."""

    text: str
    region: str
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    photos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppealAct:
    act: str
    office: str
    actor: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal or clue. `alike` lists earlier clues that may be the same, with the percentage."""

    number: str
    kind: rules.Kind
    said: Said
    office: str
    raised_to: str
    rule: str
    state: rules.State
    card: str
    merged_into: str
    received_at: datetime
    due_at: datetime
    answered_at: datetime | None
    score: int | None
    acts: tuple[AppealAct, ...] = ()
    alike: tuple[tuple[str, int], ...] = ()


class Appeals:
    """Takes a session and never commits."""

    def __init__(
        self, crypto: Crypto, clock: Clock, workdays: Workdays, configured: Callable[[], Configured], tell: Tell
    ) -> None:
        self._crypto, self._clock, self._workdays = crypto, clock, workdays
        self._configured, self._tell = configured, tell

    def submit(self, session: Session, kind: rules.Kind, citizen_id: str, said: Said) -> Appeal:
        """Received, routed, and told to whoever wrote it."""
        meant, now = self._configured().kinds[kind], self._clock.now()
        office, rule = rules.routed(meant, said.text, said.region)
        number = f"{_LETTER[kind]}{now:%Y%m%d}{session.scalar(_SERIAL.next_value()):07d}"
        row = AppealRow(
            number=number, kind=kind, citizen_id=citizen_id, region=said.region, office=office, rule=rule,
            body_sealed=self._seal(number, orjson.dumps(said)), received_at=now,
        )  # fmt: skip
        self._wait(row)
        session.add(row)
        session.flush()
        self._note(session, row, "received", "", "")
        if kind == "clue":
            self._find_alike(session, row, said)
        values = {"number": number, "due_on": f"{row.due_at:%Y-%m-%d}"}
        self._tell(session, citizen_id, "appeal-received", values, number)
        return self._whole(session, row)

    def mine(self, session: Session, citizen_id: str, before: str = "", limit: int = 20) -> Sequence[Appeal]:
        """The newest first."""
        query = select(AppealRow).where(AppealRow.citizen_id == citizen_id)
        if before:
            last = self._row(session, before, AppealRow.citizen_id == citizen_id)
            query = query.where(tuple_(AppealRow.received_at, AppealRow.number) < (last.received_at, last.number))
        order = AppealRow.received_at.desc(), AppealRow.number.desc()
        return [self._appeal(row) for row in session.scalars(query.order_by(*order).limit(limit))]

    def own(self, session: Session, number: str, citizen_id: str) -> Appeal:
        """Raises NOT_FOUND for another's too."""
        return self._whole(session, self._row(session, number, AppealRow.citizen_id == citizen_id))

    def rate(self, session: Session, number: str, citizen_id: str, score: int) -> Appeal:
        """Once, after the answer; a bad one is opened again for another look. Raises NOT_FOUND, STATE_CONFLICT."""
        row = self._row(session, number, AppealRow.citizen_id == citizen_id, lock=True)
        if row.state != "answered" or row.score is not None:
            raise Problem("STATE_CONFLICT", extra={"possible": []})
        row.score = score
        self._note(session, row, "rated", citizen_id, "")
        if score <= rules.BAD:
            row.state, row.raised_to = "open", self._configured().supervisor
            self._wait(row)
            self._note(session, row, "reopened", "", "")
        return self._whole(session, row)

    def desk(
        self, session: Session, office: str, state: str = "", after: str = "", limit: int = 20
    ) -> Sequence[Appeal]:
        """What an office has before it, the most urgent first; `after` is the number to go on from."""
        query = select(AppealRow).where(_before(office))
        if state:
            query = query.where(AppealRow.state == state)
        if after:
            last = self._row(session, after, _before(office))
            query = query.where(tuple_(AppealRow.due_at, AppealRow.number) > (last.due_at, last.number))
        found = session.scalars(query.order_by(AppealRow.due_at, AppealRow.number).limit(limit))
        return [self._appeal(row) for row in found]

    def get(self, session: Session, number: str, office: str) -> Appeal:
        """With what was done, and which clues may be the same. Raises NOT_FOUND."""
        return self._whole(session, self._row(session, number, _before(office)))

    def answer(self, session: Session, number: str, office: str, actor: str, text: str) -> Appeal:
        """To whoever wrote it, and to all whose clues were merged into it. Raises NOT_FOUND, STATE_CONFLICT."""
        row = self._at_desk(session, number, office, "answer")
        self._close(session, row, actor, text)
        merged = select(AppealRow).where(AppealRow.merged_into == number).with_for_update()
        for each in session.scalars(merged).all():
            self._close(session, each, actor, text)
        return self._whole(session, row)

    def forward(self, session: Session, number: str, office: str, actor: str, to: str, reason: str) -> Appeal:
        """It belongs to another office; the clock goes on. `to` is an office that exists: the caller knows."""
        row = self._at_desk(session, number, office, "forward")
        row.office = to
        self._note(session, row, "forwarded", actor, reason)
        return self._whole(session, row)

    def merge(self, session: Session, number: str, office: str, actor: str, into: str, same: bool) -> Appeal:
        """A person says whether two clues are the same. Raises NOT_FOUND, STATE_CONFLICT where nobody asked, or the
        earlier one is itself merged."""
        row = self._at_desk(session, number, office, "merge")
        pair = session.get(AlikeRow, (number, into), with_for_update=True)
        if pair is None or pair.decided:
            raise Problem("STATE_CONFLICT", extra={"possible": list(rules.possible(cast(rules.State, row.state)))})
        pair.decided, pair.decided_by = ("same" if same else "different"), actor
        if same:
            first = self._row(session, into, AppealRow.merged_into == "", lock=True)
            row.state, row.merged_into, row.next_at = "merged", into, None
            self._note(session, row, "merged", actor, into)
            if first.state == "answered":
                self._close(session, row, actor, self._answer_of(session, first))
        return self._whole(session, row)

    def show_cards(self, session: Session) -> int:
        """What silence has earned by now: yellow, then red and the supervisor, who is told each further time."""
        now = self._clock.now()
        late = select(AppealRow).where(AppealRow.next_at <= now).order_by(AppealRow.next_at).limit(_MOST)
        rows = session.scalars(late.with_for_update(skip_locked=True)).all()
        configured = self._configured()
        for row in rows:
            row.card = "yellow" if row.card == "none" else "red"
            red = configured.kinds[cast(rules.Kind, row.kind)].red
            if row.card == "red":
                row.next_at, row.raised_to = self._workdays.end(red, now), configured.supervisor
            else:
                row.next_at = max(row.due_at, now + timedelta(seconds=1))
            self._note(session, row, row.card, "", "")
            values = {"number": row.number, "due_on": f"{row.due_at:%Y-%m-%d}"}
            self._tell(session, row.citizen_id, "appeal-late", values, row.number)
        return len(rows)

    def _close(self, session: Session, row: AppealRow, actor: str, text: str) -> None:
        if row.state != "merged":
            row.state = "answered"
        row.next_at, row.answered_at = None, self._clock.now()
        self._note(session, row, "answered", actor, text)
        self._tell(session, row.citizen_id, "appeal-answered", {"number": row.number}, row.number)

    def _find_alike(self, session: Session, row: AppealRow, said: Said) -> None:
        limits = self._configured().alike
        since = row.received_at - timedelta(hours=limits.hours)
        near = select(AppealRow).where(
            AppealRow.kind == "clue", AppealRow.number != row.number, AppealRow.received_at >= since,
            AppealRow.region.startswith(row.region[:9]), AppealRow.merged_into == "",
        )  # fmt: skip
        spot = _spot(said, row.received_at)
        for other in session.scalars(near.order_by(AppealRow.received_at.desc()).limit(_MOST)):
            percent = rules.alike(spot, _spot(self._said(other), other.received_at), limits)
            if percent:
                session.add(AlikeRow(number=row.number, earlier=other.number, percent=percent))
        session.flush()

    def _wait(self, row: AppealRow) -> None:
        kind, now = self._configured().kinds[cast(rules.Kind, row.kind)], self._clock.now()
        row.card = "none"
        row.due_at, row.next_at = (self._workdays.end(wait, now) for wait in (kind.red, kind.yellow))

    def _at_desk(self, session: Session, number: str, office: str, act: str) -> AppealRow:
        row = self._row(session, number, _before(office), lock=True)
        possible = rules.possible(cast(rules.State, row.state))
        if act not in possible:
            raise Problem("STATE_CONFLICT", extra={"possible": list(possible)})
        return row

    @staticmethod
    def _row(session: Session, number: str, whose: ColumnElement[bool], lock: bool = False) -> AppealRow:
        query = select(AppealRow).where(AppealRow.number == number, whose)
        row = session.scalars(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise Problem("NOT_FOUND")
        return row

    def _note(self, session: Session, row: AppealRow, act: str, actor: str, note: str) -> None:
        sealed = self._seal(row.number, note.encode()) if note else b""
        office = row.raised_to if act == "red" else row.office
        at = self._clock.now()
        session.add(AppealActRow(number=row.number, act=act, office=office, actor=actor, note_sealed=sealed, at=at))
        session.flush()

    def _acts(self, session: Session, number: str) -> tuple[AppealAct, ...]:
        rows = session.scalars(select(AppealActRow).where(AppealActRow.number == number).order_by(AppealActRow.id))
        return tuple(AppealAct(row.act, row.office, row.actor, self._opened(row), row.at) for row in rows)

    def _opened(self, row: AppealActRow) -> str:
        return self._crypto.open(row.note_sealed, f"{SAID}:{row.number}").decode() if row.note_sealed else ""

    def _answer_of(self, session: Session, row: AppealRow) -> str:
        return next(act.note for act in reversed(self._acts(session, row.number)) if act.act == "answered")

    def _whole(self, session: Session, row: AppealRow) -> Appeal:
        pairs = select(AlikeRow.earlier, AlikeRow.percent).where(AlikeRow.number == row.number, AlikeRow.decided == "")
        alike = tuple((earlier, percent) for earlier, percent in session.execute(pairs.order_by(AlikeRow.earlier)))
        return replace(self._appeal(row), acts=self._acts(session, row.number), alike=alike)

    def _appeal(self, row: AppealRow) -> Appeal:
        return Appeal(
            row.number, cast(rules.Kind, row.kind), self._said(row), row.office, row.raised_to, row.rule,
            cast(rules.State, row.state), row.card, row.merged_into, row.received_at, row.due_at, row.answered_at,
            row.score,
        )  # fmt: skip

    def _said(self, row: AppealRow) -> Said:
        told: dict[str, Any] = orjson.loads(self._crypto.open(row.body_sealed, f"{SAID}:{row.number}"))
        return Said(**{**told, "photos": tuple(told["photos"])})

    def _seal(self, number: str, value: bytes) -> bytes:
        return self._crypto.seal(value, f"{SAID}:{number}")


def _spot(said: Said, at: datetime) -> rules.Spot:
    return rules.Spot(said.region, said.latitude, said.longitude, at, said.text)


def _before(office: str) -> ColumnElement[bool]:
    """As with tasks; but staff of no office in particular work for the county and have all."""
    return before(office, AppealRow.office, AppealRow.raised_to) if office else true()
