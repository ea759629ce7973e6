"""Tables of the room: the record of every exchange with a department (four times, sizes, outcome; no payload, no
personal value), the evidence of data that departments share, and the tree over both.

Rows are only ever added; the database refuses to change or delete one before its years are over.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class ExchangeRow(Base):
    """The key begins with the time and nothing refers to a row, so that the table can be cut into partitions."""

    __tablename__ = "ledger_exchange"

    request_in_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_out_at: Mapped[datetime | None]
    response_in_at: Mapped[datetime | None]
    response_out_at: Mapped[datetime]
    trace_id: Mapped[str] = mapped_column(index=True)
    service: Mapped[str]
    system: Mapped[str]
    operation: Mapped[str]
    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    caller_kind: Mapped[str]
    purpose: Mapped[str]
    data_class: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str]
    origin: Mapped[str]
    request_bytes: Mapped[int]
    response_bytes: Mapped[int]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    stale: Mapped[bool]
    cached: Mapped[bool]
    acting_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class EntryRow(Base):
    """One step of a shared exchange. `leaf` goes into the tree as it is; `sealed` is under the subject's key of that
    year, and opens no more once that key is gone. The rest is there to find it by."""

    __tablename__ = "ledger_entry"

    exchange_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    leaf: Mapped[bytes]
    sealed: Mapped[bytes]
    commitments: Mapped[bytes] = mapped_column(default=b"")
    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    supplier: Mapped[str]
    user: Mapped[str]
    service: Mapped[str]
    data_class: Mapped[int] = mapped_column(SmallInteger)
    sealed_until: Mapped[datetime | None]
    rows: Mapped[int] = mapped_column(default=0)
    spooled: Mapped[bool] = mapped_column(default=False)


class CanaryRow(Base):
    """A person who does not exist, known to one department only. Who it is stays sealed."""

    __tablename__ = "ledger_canary"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user: Mapped[str]
    sealed: Mapped[bytes]
    made_at: Mapped[datetime]


class OrderRow(Base):
    """An order by which an office looks at sensitive data; in force once a second officer confirmed it."""

    __tablename__ = "ledger_order"

    id: Mapped[str] = mapped_column(primary_key=True)
    order_no: Mapped[str]
    office: Mapped[str]
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    ends_at: Mapped[datetime]
    looks: Mapped[int]


class SubjectKeyRow(Base):
    """The data key of one subject in one year, sealed. Deleting it shreds what was sealed under it."""

    __tablename__ = "ledger_subject_key"

    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    key_sealed: Mapped[bytes]


class ReceiptRow(Base):
    """What one party signed: COSE_Sign1 over the leaf of the delivery. `party` is S, U or P."""

    __tablename__ = "ledger_receipt"

    exchange_id: Mapped[UUID] = mapped_column(primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    signer: Mapped[str]
    cose: Mapped[bytes]
    at: Mapped[datetime]


class CountersignatureRow(Base):
    """What a department signed of one of its days."""

    __tablename__ = "ledger_countersignature"

    department: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    note: Mapped[str]
    at: Mapped[datetime]


class LeafRow(Base):
    """Which row stands at which place of the tree. Of a gateway's record `step` is EXCHANGE and `at` the first half of
    its key; of what only tells the time it is CLOCK."""

    __tablename__ = "ledger_leaf"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    exchange_id: Mapped[UUID] = mapped_column(index=True)
    step: Mapped[str]
    at: Mapped[datetime]


class TileRow(Base):
    """Up to 256 hashes of one level of the tree (C2SP tlog-tiles); the last of a level grows."""

    __tablename__ = "ledger_tile"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hashes: Mapped[bytes]


class PlaceRow(Base):
    """How far the sequencer has come: up to which transaction all rows are in the tree, and how many leaves it has."""

    __tablename__ = "ledger_place"

    id: Mapped[int] = mapped_column(primary_key=True)
    taken: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)


class CheckpointRow(Base):
    """One signed checkpoint (C2SP tlog-checkpoint), which witnesses cosigned it, and what the time stamping authority
    answered about the whole note (RFC 3161, DER), where one was asked and did."""

    __tablename__ = "ledger_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    note: Mapped[str]
    cosigned: Mapped[list[str]]
    stamp: Mapped[bytes | None]
