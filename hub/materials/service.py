"""Papers of citizens: taken in, listed, read, deleted when nothing needs them; and the seam to cases."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.gateway.orders import Caller
from hub.materials import content, scanner
from hub.materials.disk import Disk
from hub.materials.handing import Handing
from hub.materials.models import Body, FileRow, Given
from hub.materials.refusals import refused
from hub.materials.rules import Made, cutoffs, label
from hub.materials.shelves import Draft, Kept, Shelves
from hub.paper import Paper
from hub.settings.papers import uploads_for
from hub.settings.shapes import Materials as Terms
from hub.settings.shapes import Snapshot, Uploads
from hub.trace import Trace

# One picture being unfolded takes some 300 MB at worst; so many at once in one worker.
_AT_WORK = 2
_WAIT_S = 5.0
_PATIENCE_S = 10.0
_ROUND, _SWEPT, _PATIENT = 20, 200, 3


LicenceCopy = Callable[[Caller, str, str, Trace], tuple[str, bytes]]
"""Caller, credential id, purpose, trace -> which kind of licence it is, and a signed PDF of it."""


class Materials:
    """One for the process."""

    def __init__(
        self,
        *,
        database: Database,
        crypto: Crypto,
        now: Callable[[], Snapshot],
        disk: Disk,
        clock: Clock,
        licence: LicenceCopy,
    ) -> None:
        self._database, self._now, self._clock, self.disk, self._licence = database, now, clock, disk, licence
        self._shelves = Shelves(crypto)
        self.handing = Handing(self._shelves, crypto, self._terms, clock)
        self._at_work = threading.BoundedSemaphore(_AT_WORK)

    def limits(self, service_id: str = "") -> Uploads:
        """What one paper may be for this service, or without one for the hub."""
        return uploads_for(self._now(), service_id)

    def upload(self, citizen_id: str, raw: bytes, name: str, type: str = "", service_id: str = "") -> tuple[Kept, bool]:
        """The paper as it is kept, and whether it is new: the same bytes twice are one paper. With a service, what its
        department takes is made at once. Raises what `content` refuses, FILE_INFECTED, FILES_QUOTA, STORAGE_FULL,
        OVERLOADED."""
        self.disk.room_for_papers()
        sent = hashlib.sha256(raw).hexdigest()
        kept, is_new = self._again(citizen_id, sent, type), False
        if kept is None:
            kept, is_new = self._put(citizen_id, raw, sent, label(name), type, service_id)
        if service_id:
            self.prepare(citizen_id, [kept.file_id], self.limits(service_id))
        return kept, is_new

    def pull(self, caller: Caller, service_id: str, type: str, credential_id: str, trace: Trace) -> Kept:
        """A signed copy of a licence in the place of a paper of this type; its issuer is asked, so no transaction may
        be open. Raises NOT_FOUND, FILE_KIND when it does not stand in for this paper, and what the issuer answers."""
        service = self._now().services[service_id]
        wanted = [each.get("licence") for each in service.guide.get("materials", ()) if each.get("type") == type]
        self.disk.room_for_papers()
        kind, pdf = self._licence(caller, credential_id, service.title["zh"], trace)
        if kind not in wanted:
            raise Problem("FILE_KIND")
        digest = hashlib.sha256(pdf).hexdigest()
        name = f"{self._now().licences[kind].title['zh']}.pdf"
        draft = Draft(Made("application/pdf", pdf), name, type, "clean", digest, credential_id=credential_id)
        with self._database.session(_PATIENCE_S) as session:
            row, _ = self._shelves.put(session, caller.subject, draft, self._terms(), self._clock.now())
            return self._shelves.seen(session, [row])[0]

    def prepare(self, citizen_id: str, file_ids: Sequence[str], limits: Uploads) -> None:
        """Make what this office takes of these papers before a case's transaction begins. Raises NOT_FOUND, FILE_TYPE,
        FILE_TOO_LARGE, OVERLOADED."""
        for file_id in file_ids:
            with self._database.session(_PATIENCE_S) as session:
                row = self.handing.own(session, citizen_id, file_id)
                draft = self.handing.to_be_made(session, row, limits)
            if draft is None:
                continue
            with self._working():
                draft = replace(draft, made=content.fitted(draft.made, limits))
            with self._database.session(_PATIENCE_S) as session:
                self._shelves.put(session, citizen_id, draft, self._terms(), self._clock.now())

    def library(self, session: Session, citizen_id: str, before: str | None, most: int) -> list[Kept]:
        """The citizen's papers, the newest first; `before` is the id of the last one seen. Raises PAGE_INVALID."""
        rows = select(FileRow).where(FileRow.citizen_id == citizen_id, FileRow.made_from.is_(None))
        if before is not None:
            last = session.get(FileRow, before)
            if last is None or last.citizen_id != citizen_id:
                raise Problem("PAGE_INVALID")
            older = (FileRow.uploaded_at == last.uploaded_at) & (FileRow.id < last.id)
            rows = rows.where(or_(FileRow.uploaded_at < last.uploaded_at, older))
        ordered = rows.order_by(FileRow.uploaded_at.desc(), FileRow.id.desc()).limit(most)
        return self._shelves.seen(session, session.scalars(ordered).all())

    def own(self, session: Session, citizen_id: str, file_id: str) -> tuple[Kept, bytes]:
        """One's own paper and its bytes. Raises NOT_FOUND; FILE_INFECTED."""
        row = self.handing.own(session, citizen_id, file_id)
        if row.scan == "infected":
            raise refused("infected")
        return self._shelves.seen(session, [row])[0], self._shelves.body(session, row)

    def delete(self, session: Session, citizen_id: str, file_id: str) -> None:
        """Raises NOT_FOUND; STATE_CONFLICT while a case needs it."""
        row = self.handing.own(session, citizen_id, file_id)
        if receipts := self.handing.running(session, row.made_from or row.id):
            raise Problem("STATE_CONFLICT", extra={"needed_by": receipts, "possible": []})
        self._shelves.remove(session, citizen_id, [row.id])

    def check(
        self, session: Session, citizen_id: str, wanted: Sequence[tuple[str, str]], limits: Uploads
    ) -> tuple[Paper, ...]:
        """See Handing.check."""
        return self.handing.check(session, citizen_id, wanted, limits)

    def give(self, session: Session, citizen_id: str, file_id: str, receipt_no: str, office: str) -> None:
        """See Handing.give."""
        self.handing.give(session, citizen_id, file_id, receipt_no, office)

    def read(self, session: Session, file_id: str) -> bytes:
        """For the department's upload step and the desk, which record who reads. Raises NOT_FOUND, FILE_INFECTED,
        FILE_UNSCANNED."""
        row = session.get(FileRow, file_id)
        if row is None:
            raise Problem("NOT_FOUND")
        if row.scan == "infected":
            raise refused("infected")
        if row.scan == "unscanned":
            raise Problem("FILE_UNSCANNED", retry_after=60)
        return self._shelves.body(session, row)

    def erase(self, session: Session, citizen_id: str) -> None:
        """All papers that no running case needs; with the last of them the key."""
        needed = set(
            session.scalars(select(Given.file_id).where(Given.citizen_id == citizen_id, Given.ended_at.is_(None)))
        )
        if not needed:
            self._shelves.discard(session, citizen_id)
            return
        all_ids = session.scalars(
            select(FileRow.id).where(FileRow.citizen_id == citizen_id, FileRow.made_from.is_(None))
        )
        self._shelves.remove(session, citizen_id, [each for each in all_ids if each not in needed])

    def rescan(self) -> int:
        """Scan what could not be scanned when it came; how many have an answer now. One that the scanner will not take
        waits behind the others; a scanner that is away is not asked for all of them."""
        address, done, failed = self._terms().scanner, 0, 0
        if address == "none":
            return 0
        with self._database.session() as session:
            waiting = select(FileRow.id).where(FileRow.scan.in_(("unscanned", "none")), FileRow.made_from.is_(None))
            turn = FileRow.scan_tried_at.asc().nulls_first(), FileRow.uploaded_at
            ids = session.scalars(waiting.order_by(*turn).limit(_ROUND)).all()
        for file_id in ids:
            found = scanner.scan(address, self._clear(file_id))
            with self._database.session() as session:
                self._shelves.scanned(session, file_id, found, self._clock.now())
            done, failed = done + (found != "unscanned"), failed + (found == "unscanned")
            if failed >= _PATIENT:
                break
        return done

    def sweep(self, session: Session) -> int:
        """Delete papers whose term is over; how many."""
        unused, ended = cutoffs(self._terms(), self._clock.now())
        given = select(Given.file_id)
        over = given.group_by(Given.file_id).having(
            func.count() == func.count(Given.ended_at), func.max(Given.ended_at) < ended
        )
        old = select(FileRow).where(FileRow.made_from.is_(None), FileRow.uploaded_at < unused)
        rows = session.scalars(old.where(or_(FileRow.id.not_in(given), FileRow.id.in_(over))).limit(_SWEPT)).all()
        for row in rows:
            self._shelves.remove(session, row.citizen_id, [row.id])
        return len(rows)

    def _again(self, citizen_id: str, sent: str, type: str) -> Kept | None:
        """The paper that came as these bytes before; it counts as new again, and gets its kind if it had none."""
        with self._database.session() as session:
            row = self._shelves.find(session, citizen_id, sent)
            if row is not None and row.scan == "infected":
                raise refused("infected")
            return self._shelves.seen(session, [self._renewed(row, type)])[0] if row is not None else None

    def _put(self, citizen_id: str, raw: bytes, sent: str, name: str, type: str, service_id: str) -> tuple[Kept, bool]:
        limits = self.limits()
        with self._working():
            made = content.fitted(content.checked(raw, name, limits), limits)
            if made.media_type == "application/pdf":  # it is not converted: what does not fit is not kept either
                content.fitted(made, self.limits(service_id))
        found = scanner.scan(self._terms().scanner, raw)
        if found == "infected":
            raise refused("infected")
        draft = Draft(made, name, type, found, sent)
        with self._database.session(_PATIENCE_S) as session:
            row, is_new = self._shelves.put(session, citizen_id, draft, self._terms(), self._clock.now())
            return self._shelves.seen(session, [self._renewed(row, type)])[0], is_new

    def _renewed(self, row: FileRow, type: str) -> FileRow:
        row.uploaded_at, row.type = self._clock.now(), row.type or type
        return row

    def _clear(self, file_id: str) -> bytes:
        with self._database.session(_PATIENCE_S) as session:
            row = session.get(FileRow, file_id)
            held = row is not None and session.get(Body, file_id) is not None
            return self._shelves.body(session, row) if row is not None and held else b""

    def _terms(self) -> Terms:
        return self._now().hub.materials

    @contextmanager
    def _working(self) -> Iterator[None]:
        if not self._at_work.acquire(timeout=_WAIT_S):
            raise Problem("OVERLOADED", origin="hub", retry_after=5, note="all hands are busy with papers")
        try:
            yield
        finally:
            self._at_work.release()
