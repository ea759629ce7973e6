"""Records as they are kept: sealed, found by keyed hashes, the newest version of each key, until they expire.

Kept twice, late or out of order they come to the same; only what system.yaml declares of them is kept at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.crypto import Crypto
from hub.inbox.models import DatasetRow, LookUpRow, RecordRow
from hub.inbox.rules import Dataset, in_order, same
from hub.port import Record

_VALUES = ("version", "delivery_id", "deleted", "fields_sealed", "expires_at")
Newest = dict[bytes, tuple[str, Record]]


@dataclass(frozen=True, slots=True)
class Differs:
    """A record that is not as it was: its fields before and after, empty where there was or is none."""

    dataset: str
    before: Mapping[str, Any] = field(repr=False)
    after: Mapping[str, Any] = field(repr=False)


class Keeping:
    """One for the process."""

    def __init__(self, crypto: Crypto) -> None:
        self._crypto = crypto

    def put(
        self,
        session: Session,
        source: str,
        delivery_id: int,
        declared: Mapping[str, Dataset],
        records: Iterable[Record],
        watched: Collection[str] = (),
    ) -> list[Differs]:
        """All of them at once; of two versions of one key the higher stays, of equal ones what came last. Tells what
        became different in the `watched` datasets."""
        newest: Newest = {}
        for record in records:
            tag, version = self._key_tag(source, record), in_order(record.version)
            if tag not in newest or version >= newest[tag][0]:
                newest[tag] = (version, record)
        if not newest:
            return []
        before = self._kept(session, [tag for tag, (_, record) in newest.items() if record.dataset in watched])
        now = session.scalar(select(func.clock_timestamp()))
        assert now is not None
        rows = [  # always in one order, so that two workers never lock crosswise
            {"expires_at": now + declared[record.dataset].keep, "delivery_id": delivery_id, "version": version,
             **self._sealed(source, declared[record.dataset], tag, record)}
            for tag, (version, record) in sorted(newest.items(), key=lambda item: item[0])
        ]  # fmt: skip
        fresh = insert(RecordRow)
        later = tuple_(fresh.excluded.version, fresh.excluded.delivery_id) >= tuple_(
            RecordRow.version, RecordRow.delivery_id
        )
        values = {name: fresh.excluded[name] for name in _VALUES}
        kept = fresh.on_conflict_do_update(index_elements=["key_tag"], set_=values, where=later)
        won = session.scalars(kept.returning(RecordRow.key_tag), rows).all()
        stored = {tag: newest[tag][1] for tag in won}
        self._note_look_ups(session, source, declared, stored)
        return list(_differing(before, stored, declared, watched))

    def touch(self, session: Session, source: str, names: Iterable[str], at: datetime) -> None:
        """A delivery of these datasets came at this moment."""
        rows = [{"source": source, "dataset": name, "last_at": at} for name in sorted(names)]
        if rows:
            fresh = insert(DatasetRow).values(rows)
            latest = {"last_at": func.greatest(DatasetRow.last_at, fresh.excluded.last_at)}
            session.execute(fresh.on_conflict_do_update(index_elements=["source", "dataset"], set_=latest))

    def find(self, session: Session, source: str, dataset: str, field: str, value: str) -> Sequence[Mapping[str, Any]]:
        """The rows whose look-up field has this value, the oldest delivery first."""
        tag = self._value_tag(source, dataset, field, value)
        found = session.scalars(
            select(RecordRow)
            .join(LookUpRow, LookUpRow.key_tag == RecordRow.key_tag)
            .where(LookUpRow.value_tag == tag, RecordRow.expires_at > func.clock_timestamp())
            .order_by(RecordRow.delivery_id, RecordRow.key_tag)
        )
        return [self._fields(row) for row in found]

    def last_at(self, session: Session, source: str, dataset: str) -> datetime | None:
        mine = (DatasetRow.source == source, DatasetRow.dataset == dataset)
        return session.scalar(select(DatasetRow.last_at).where(*mine))

    def _kept(self, session: Session, tags: Sequence[bytes]) -> dict[bytes, Mapping[str, Any]]:
        """What stands there now, and stands still until we are done."""
        if not tags:
            return {}
        rows = select(RecordRow).where(RecordRow.key_tag.in_(tags)).order_by(RecordRow.key_tag).with_for_update()
        return {row.key_tag: self._fields(row) for row in session.scalars(rows)}

    def _fields(self, row: RecordRow) -> Mapping[str, Any]:
        found: Mapping[str, Any] = orjson.loads(self._crypto.open(row.fields_sealed, purpose_of(row.key_tag)))
        return found

    def _sealed(self, source: str, dataset: Dataset, tag: bytes, record: Record) -> dict[str, Any]:
        sealed = self._crypto.seal(orjson.dumps(_declared(dataset, record)), purpose_of(tag))
        row = {"source": source, "dataset": record.dataset, "key_tag": tag}
        return {**row, "deleted": record.deleted, "fields_sealed": sealed}

    def _note_look_ups(
        self, session: Session, source: str, declared: Mapping[str, Dataset], won: Mapping[bytes, Record]
    ) -> None:
        if not won:
            return
        session.execute(delete(LookUpRow).where(LookUpRow.key_tag.in_(list(won))))
        found = [
            (tag, record, field)
            for tag, record in won.items()
            if not record.deleted
            for field in declared[record.dataset].look_up
            if record.fields.get(field) is not None
        ]
        rows = [
            {"key_tag": tag, "field": field, "value_tag": self._value_tag(source, record.dataset, field, value)}
            for tag, record, field in found
            for value in [record.fields[field]]
        ]
        if rows:
            session.execute(insert(LookUpRow), rows)

    def _key_tag(self, source: str, record: Record) -> bytes:
        return self._crypto.lookup(f"{source}\0{record.dataset}\0{record.key}", "inbox.key")

    def _value_tag(self, source: str, dataset: str, field: str, value: Any) -> bytes:
        return self._crypto.lookup(f"{source}\0{dataset}\0{field}\0{same(value)}", "inbox.look_up")


def _declared(dataset: Dataset, record: Record) -> dict[str, Any]:
    return {} if record.deleted else {n: value for n, value in record.fields.items() if n in dataset.fields}


def _differing(
    before: Mapping[bytes, Mapping[str, Any]],
    stored: Mapping[bytes, Record],
    declared: Mapping[str, Dataset],
    watched: Collection[str],
) -> Iterator[Differs]:
    for tag, record in stored.items():
        if record.dataset in watched:
            was, now = before.get(tag, {}), orjson.loads(orjson.dumps(_declared(declared[record.dataset], record)))
            if was != now:
                yield Differs(record.dataset, was, now)


def purge(session: Session) -> None:
    """Forget what has expired."""
    session.execute(delete(RecordRow).where(RecordRow.expires_at < func.clock_timestamp()))


def purpose_of(key_tag: bytes) -> str:
    return f"inbox.record:{key_tag.hex()}"
