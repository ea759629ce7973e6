"""Brings messages beyond the inbox: claims what is due, sends it, writes down what came of it. Runs in `hub work`.

The table is the truth and a job only the doorbell: a lost, doubled or late ring changes nothing. A worker that dies
while it sends loses its claim, and the message is sent again: a double SMS is accepted, a lost message is not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.jobs.service import Jobs
from hub.messages import rules
from hub.messages.attempts import Attempts
from hub.messages.channels import BySms, ByWeChat, Letter
from hub.messages.models import MessageRow
from hub.messages.providers import Providers
from hub.messages.service import TASK, Messages
from hub.port import Record
from hub.settings.shapes import Template

LEASE_S = 120.0  # longer than a batch can take when every partner keeps silent
_BATCH, _AT_ONCE = 24, 6
_PER_BATCH_S = 0.12  # at most 200 a second
_SLICE_S = 5.0  # then other jobs have their turn
_ATTEMPTS_KEPT = timedelta(days=30)


class Push:
    """One per process."""

    def __init__(
        self,
        *,
        database: Database,
        jobs: Jobs,
        clock: Clock,
        messages: Messages,
        templates: Callable[[], Mapping[str, Template]],
        attempts: Attempts,
        providers: Providers,
        by_wechat: ByWeChat,
        by_sms: BySms,
        lease_s: float = LEASE_S,
    ) -> None:
        self._database, self._jobs, self._clock, self._messages = database, jobs, clock, messages
        self._templates, self._attempts, self._providers = templates, attempts, providers
        self._send = {"wechat": by_wechat.send, "sms": by_sms.send}
        self._lease_s = lease_s
        self._busy, self._rung = threading.Lock(), threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="push")
        self._log = structlog.get_logger()
        jobs.register(TASK, self.ring)

    def ring(self, cancelled: Callable[[], bool]) -> None:
        """Something is to be sent. One drain at a time in a worker; who rings meanwhile is heard by it."""
        self._rung.set()
        while self._rung.is_set() and self._busy.acquire(blocking=False):
            try:
                self._rung.clear()
                more = self._drain(cancelled)
            finally:
                self._busy.release()
            if more:
                with self._database.session() as session:
                    self._jobs.enqueue(session, TASK)
                return

    def _drain(self, cancelled: Callable[[], bool]) -> bool:
        """Sends what is due, for some seconds; whether something is left."""
        until = time.monotonic() + _SLICE_S
        while not cancelled():
            began = time.monotonic()
            with self._database.session() as session:
                self._providers.look(session)
                claimed = self._claim(session)
            if not claimed:
                return False
            list(self._pool.map(self._one, claimed))
            if time.monotonic() > until:
                return True
            time.sleep(max(0.0, _PER_BATCH_S - (time.monotonic() - began)))
        return False

    def _claim(self, session: Session) -> Sequence[str]:
        """The urgent ones first."""
        clock = func.clock_timestamp()
        due = (
            select(MessageRow.id)
            .where(MessageRow.state == "waiting", MessageRow.not_before <= self._clock.now())
            .where(or_(MessageRow.held_until.is_(None), MessageRow.held_until <= clock))
            .order_by(MessageRow.urgent.desc(), MessageRow.not_before)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        held = {"held_until": clock + timedelta(seconds=self._lease_s)}
        taken = update(MessageRow).where(MessageRow.id.in_(due)).values(held).returning(MessageRow.id)
        return session.scalars(taken, execution_options={"synchronize_session": False}).all()

    def _one(self, id: str) -> None:
        """Through the channels until it rests somewhere. What breaks here must not stop the others."""
        try:
            while (letter := self._opened(id)) is not None:
                verdict, code = self._send[letter.channel](letter)
                step = rules.step(letter.template, letter.channel, verdict, letter.tries)
                if not self._settle(letter, step, code):
                    return
        except Problem as problem:  # its claim runs out, and it is tried again
            self._log.warning("message_waits", code=problem.code, note=problem.note)
        except Exception as error:
            self._log.error("message_broke", error=type(error).__name__)

    def _opened(self, id: str) -> Letter | None:
        """None when nothing is to be sent any more: it was read meanwhile, or its template is gone."""
        with self._database.session() as session:
            row = session.get(MessageRow, id)
            if row is None or row.state != "waiting":
                return None
            template = self._templates().get(row.kind)
            if template is None or row.channel not in self._send:
                self._put(row, rules.Step("unreached", row.channel), "TEMPLATE_GONE")
                return None
            values = self._messages.body(row)["values"]
            return Letter(row.id, row.citizen_id, template, values, row.channel, row.tries)

    def _settle(self, letter: Letter, step: rules.Step, code: str) -> bool:
        """Whether to go on with the next channel at once. A receipt or the reader may have been faster."""
        with self._database.session() as session:
            row = session.get(MessageRow, letter.id, with_for_update=True)
            if row is None or row.state != "waiting":
                return False
            self._put(row, step, code)
        return step.wait_s == 0.0

    def _put(self, row: MessageRow, step: rules.Step, code: str) -> None:
        now = self._clock.now()
        row.state, row.channel, row.tries, row.code, row.changed_at = step.state, step.channel, step.tries, code, now
        row.not_before = None if step.wait_s is None else now + timedelta(seconds=step.wait_s)
        if step.wait_s != 0.0:
            row.held_until = None

    def receipts(self, session: Session, system: str, records: Sequence[Record]) -> None:
        """What a provider said of messages it took. Unknown, doubled and late ones change nothing."""
        for record in records:
            if record.dataset != "receipts":
                continue
            delivered = record.fields["state"] == "delivered"
            message_id = self._attempts.receipt(session, system, record.fields["reference"], delivered)
            if message_id is None:
                self._log.info("receipt_ignored", system=system)
                continue
            row = session.get(MessageRow, message_id, with_for_update=True)
            state = rules.received(row.state, delivered) if row else ""
            if row is None or state == row.state:
                continue
            self._put(row, rules.Step(state, "sms", None if delivered else 0.0, row.tries), "")
            if not delivered:
                row.held_until = None
                self._jobs.enqueue(session, TASK)

    def sweep(self, session: Session) -> None:
        """Rings for what no ring was heard for: a retry that is due, a claim that ran out, a doorbell that was lost.
        Gives up after three days, and forgets old attempts."""
        now = self._clock.now()
        stale = MessageRow.state.in_(rules.OPEN), MessageRow.created_at < now - rules.GIVE_UP
        gone = {"state": "unreached", "not_before": None, "held_until": None, "changed_at": now, "code": "GIVEN_UP"}
        session.execute(update(MessageRow).where(*stale).values(gone))
        self._attempts.forget(session, now - _ATTEMPTS_KEPT)
        self._providers.look(session)
        free = or_(MessageRow.held_until.is_(None), MessageRow.held_until <= func.clock_timestamp())
        due = select(MessageRow.id).where(MessageRow.state == "waiting", MessageRow.not_before <= now, free).limit(1)
        if session.scalar(due) is not None:
            self._jobs.enqueue(session, TASK)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
