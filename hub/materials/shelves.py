"""A citizen's shelf of papers in the database: sealed under a key of its own, found by digest, counted."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.crypto import Box, Crypto
from hub.errors import Problem
from hub.materials.models import Body, FileRow, Given, Shelf
from hub.materials.rules import Made
from hub.settings.shapes import Materials as Terms

KEY, _BODY, _FACTS, _DIGEST = "materials.key", "materials.body", "materials.facts", "materials.digest"


@dataclass(frozen=True, slots=True)
class Kept:
    """A paper as its citizen sees it."""

    file_id: str
    type: str
    name: str
    media_type: str
    size: int
    pages: int
    sha256: str
    scan: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """What is about to be put on a shelf."""

    made: Made
    name: str
    type: str
    scan: str
    sent_sha256: str
    made_from: str | None = None
    credential_id: str | None = None


class Shelves:
    """One for the process."""

    def __init__(self, crypto: Crypto) -> None:
        self._crypto = crypto

    def find(self, session: Session, citizen_id: str, *digests: str) -> FileRow | None:
        """The citizen's paper that came as, or is kept as, one of these bytes."""
        tags = [self._tag(citizen_id, digest) for digest in digests]
        return session.scalar(
            select(FileRow)
            .where(FileRow.citizen_id == citizen_id, FileRow.made_from.is_(None))
            .where(or_(FileRow.sent_tag.in_(tags), FileRow.kept_tag.in_(tags)))
            .limit(1)
        )

    def put(self, session: Session, citizen_id: str, draft: Draft, terms: Terms, now: datetime) -> tuple[FileRow, bool]:
        """The row, and whether it is new. The bytes are written before the shelf is locked, so that the lock is short.
        Raises FILES_QUOTA."""
        sha256, file_id = hashlib.sha256(draft.made.body).hexdigest(), "m" + secrets.token_hex(16)
        box = self.box(session, citizen_id)
        body = Body(file_id=file_id, sealed=box.seal_bytes(draft.made.body, f"{_BODY}:{file_id}"))
        session.add(body)
        session.flush()
        shelf = session.scalars(select(Shelf).where(Shelf.citizen_id == citizen_id).with_for_update()).one()
        same = None if draft.made_from else self.find(session, citizen_id, draft.sent_sha256, sha256)
        if same is not None:
            session.delete(body)
            return same, False
        size = len(draft.made.body)
        if draft.made_from is None:  # what the hub made itself counts for nobody
            if shelf.files >= terms.most_files or shelf.size + size > terms.quota_mb * 1024 * 1024:
                raise Problem("FILES_QUOTA")
            shelf.files, shelf.size = shelf.files + 1, shelf.size + size
        facts = json.dumps({"name": draft.name, "sha256": sha256})
        row = FileRow(
            id=file_id,
            citizen_id=citizen_id,
            type=draft.type,
            media_type=draft.made.media_type,
            size=size,
            pages=draft.made.pages,
            sent_tag=self._tag(citizen_id, draft.sent_sha256),
            kept_tag=self._tag(citizen_id, sha256),
            facts_sealed=box.seal(facts, f"{_FACTS}:{file_id}"),
            scan=draft.scan,
            made_from=draft.made_from,
            credential_id=draft.credential_id,
            uploaded_at=now,
        )
        session.add(row)
        session.flush()
        return row, True

    def box(self, session: Session, citizen_id: str) -> Box:
        """The shelf's box; whoever has no shelf gets one."""
        sealed = session.scalar(select(Shelf.key_sealed).where(Shelf.citizen_id == citizen_id))
        if sealed is None:
            _, fresh = self._crypto.new_box(f"{KEY}:{citizen_id}")
            first = {"citizen_id": citizen_id, "key_sealed": fresh, "files": 0, "size": 0}
            session.execute(insert(Shelf).values(first).on_conflict_do_nothing())
            sealed = session.scalars(select(Shelf.key_sealed).where(Shelf.citizen_id == citizen_id)).one()
        return self._crypto.box(sealed, f"{KEY}:{citizen_id}")

    def body(self, session: Session, row: FileRow) -> bytes:
        """Raises NOT_FOUND for what was taken away because it was infected."""
        sealed = session.scalar(select(Body.sealed).where(Body.file_id == row.id))
        if sealed is None:
            raise Problem("NOT_FOUND")
        return self.box(session, row.citizen_id).open_bytes(sealed, f"{_BODY}:{row.id}")

    def seen(self, session: Session, rows: Sequence[FileRow]) -> list[Kept]:
        """All of one citizen."""
        if not rows:
            return []
        box = self.box(session, rows[0].citizen_id)
        return [_kept(row, json.loads(box.open(row.facts_sealed, f"{_FACTS}:{row.id}"))) for row in rows]

    def remove(self, session: Session, citizen_id: str, ids: Sequence[str]) -> None:
        """These papers, and what was made from them."""
        gone = delete(FileRow).where(
            FileRow.citizen_id == citizen_id, or_(FileRow.id.in_(ids), FileRow.made_from.in_(ids))
        )
        shelf = session.scalar(select(Shelf).where(Shelf.citizen_id == citizen_id).with_for_update())
        rows = session.execute(gone.returning(FileRow.id, FileRow.size, FileRow.made_from)).all()
        session.execute(delete(Body).where(Body.file_id.in_([row.id for row in rows])))
        sizes = [row.size for row in rows if row.made_from is None]
        if shelf is not None:
            shelf.files, shelf.size = shelf.files - len(sizes), shelf.size - sum(sizes)

    def discard(self, session: Session, citizen_id: str) -> None:
        """The whole shelf with its key; what copies may still hold is unreadable from then on."""
        ids = select(FileRow.id).where(FileRow.citizen_id == citizen_id)
        session.execute(delete(Body).where(Body.file_id.in_(ids)))
        for table in (FileRow, Given, Shelf):
            session.execute(delete(table).where(table.citizen_id == citizen_id))

    def scanned(self, session: Session, row_id: str, scan: str, now: datetime) -> None:
        """What the scanner says now, of the paper and what was made from it; infected bytes go at once."""
        same = or_(FileRow.id == row_id, FileRow.made_from == row_id)
        told = update(FileRow).where(same).values(scan=scan, scan_tried_at=now).returning(FileRow.id)
        ids = session.scalars(told).all()
        if scan == "infected":
            session.execute(delete(Body).where(Body.file_id.in_(ids)))

    def _tag(self, citizen_id: str, digest: str) -> bytes:
        return self._crypto.lookup(f"{citizen_id}:{digest}", _DIGEST)


def _kept(row: FileRow, facts: dict[str, str]) -> Kept:
    return Kept(
        file_id=row.id,
        type=row.type,
        name=facts["name"],
        media_type=row.media_type,
        size=row.size,
        pages=row.pages,
        sha256=facts["sha256"],
        scan=row.scan,
        uploaded_at=row.uploaded_at,
    )
