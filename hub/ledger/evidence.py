"""Evidence of each exchange of shared data: the decision first, the delivery or the failure after. Nothing is given
before its decision is on record.

Of data classes 3 and 4: no leaf, no data. Classes 1 and 2 may wait in a file for an hour while PostgreSQL is away. With
nobody to cosign or to stamp the time, class 3 and 4 go on for 4 hours, 1 and 2 for 72.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import cbor2
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Box, Crypto
from hub.database import Database
from hub.errors import Problem
from hub.ledger import statement as forms
from hub.ledger.models import EntryRow, SubjectKeyRow
from hub.ledger.receipts import Signer, named
from hub.ledger.spool import LONGEST, Spool
from hub.ledger.statement import Statement, Step
from hub.ledger.tree import EMPTY, leaf_hash, root_of

GUARDED = 3  # from this data class on: no leaf, no data
_UNWITNESSED = (timedelta(hours=72), timedelta(hours=4))  # of classes 1-2 and 3-4
KEY, _BODY = "ledger.subject_key", "ledger.entry"
_OPEN = 10_000
_KEY_OF = text(
    "INSERT INTO ledger_subject_key (subject_tag, year, key_sealed) VALUES (:tag, :year, :made)"
    " ON CONFLICT (subject_tag, year) DO UPDATE SET year = EXCLUDED.year RETURNING key_sealed"
)
_KEYS_OF = text(
    "INSERT INTO ledger_subject_key (subject_tag, year, key_sealed) SELECT * FROM unnest(CAST(:tags AS bytea[]),"
    " CAST(:years AS smallint[]), CAST(:made AS bytea[])) ON CONFLICT (subject_tag, year)"
    " DO UPDATE SET year = EXCLUDED.year RETURNING subject_tag, year, key_sealed"
)
_ADD = text(
    "WITH entry AS (INSERT INTO ledger_entry (exchange_id, step, at, leaf, sealed, commitments, subject_tag, supplier,"
    ' "user", service, data_class, sealed_until, "rows", spooled) VALUES (:exchange_id, :step, :at, :leaf, :sealed,'
    " :commitments, :subject_tag, :supplier, :user, :service, :data_class, :sealed_until, :rows, :spooled)"
    " ON CONFLICT DO NOTHING)"
    " INSERT INTO ledger_receipt (exchange_id, party, signer, cose, at) SELECT :exchange_id, each.*, :at"
    " FROM unnest(CAST(:parties AS text[]), CAST(:signers AS text[]), CAST(:coses AS bytea[])) AS each"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Receipts:
    """Who signed that this was delivered: COSE_Sign1 over `leaf`, None where a party has no signer. `level` is E1 (the
    platform alone), E3 (all three)."""

    level: str
    leaf: bytes
    platform: bytes
    supplier: bytes | None = None
    user: bytes | None = None


class Evidence:
    """Every method has transactions of its own. `unwitnessed` tells for how long no checkpoint was cosigned by enough
    witnesses; None where none is configured."""

    def __init__(
        self,
        database: Database,
        crypto: Crypto,
        clock: Clock,
        platform: Signer,
        spool: Spool,
        suite: str = "intl",
        unwitnessed: Callable[[datetime], timedelta | None] = lambda _: None,
        signers: Callable[[], Mapping[str, Signer]] = dict,
    ) -> None:
        self._database, self._crypto, self._clock, self._platform = database, crypto, clock, platform
        self._spool, self._suite, self._unwitnessed, self._signers = spool, suite, unwitnessed, signers
        self._open: OrderedDict[UUID, Statement] = OrderedDict()
        self._boxes: dict[tuple[bytes, int], Box] = {}
        self._guard = threading.Lock()

    def subject_tag(self, kind: str, number: str) -> bytes:
        """A keyed hash of who it is about; `kind` is resident_id, credit_code or citizen (an account of the hub)."""
        return self._crypto.lookup(f"{kind}\0{number}", "ledger.person")

    def subject_tags(self, kind: str, number: str) -> list[bytes]:
        """As `subject_tag`, and under every key of the ring: entries stay as they are, and some were tagged so once."""
        tags = self._crypto.tags(f"{kind}\0{number}", "ledger.person")
        return list(dict.fromkeys([self.subject_tag(kind, number), *tags]))

    def digest(self, value: Any) -> bytes:
        """A keyed digest of a question or an answer (anything CBOR can hold): it shows nothing to whoever guesses."""
        return self._crypto.lookup(forms.canonical(value).hex(), "ledger.digest")

    def decide(self, statement: Statement) -> None:
        """Committed when it returns. Raises EVIDENCE_UNAVAILABLE where the class must not go on without."""
        self._check_witnesses(statement.data_class)
        self._keep(statement, "DECIDED", statement.at, *self._decided(statement))
        with self._guard:
            self._open[statement.exchange_id] = statement
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)

    def note(self, session: Session, statements: Sequence[Statement]) -> None:
        """Decisions alone, of what the hub itself holds: on record when the session commits, and not without it. Raises
        EVIDENCE_UNAVAILABLE."""
        if not statements:
            return
        self._check_witnesses(max(each.data_class for each in statements))
        boxes, rows = self._boxes_of(session.connection(), statements), []
        for statement in statements:
            leaf, inner = self._decided(statement)
            what = _what(statement, "DECIDED", statement.at, leaf)
            rows.append(self._row(what, boxes[statement.subject_tag, statement.at.year], forms.canonical(inner)))
        session.connection().execute(_ADD, rows)

    def deliver(self, exchange_id: UUID, answers: Sequence[Mapping[str, str]]) -> Receipts:
        """That exactly this was given: `answers` are the rows as the user gets them, each value as text. Raises
        EVIDENCE_UNAVAILABLE, and then nothing may be given."""
        statement, seed, now = self._taken(exchange_id), os.urandom(32), self._clock.now()
        made = forms.commitments(self._suite, seed, answers)
        rows = [dict(sorted(row.items())) for row in answers]
        response = forms.digest(self._suite, forms.salt_of(seed, 0xFFFFFFFF), forms.canonical(rows))
        root = root_of([leaf_hash(each) for each in made]) if made else EMPTY
        leaf = forms.leaf_of("DELIVERED", exchange_id, now, response, root, len(answers), self._suite)
        receipts = self._signed(statement, leaf)
        kept = {"seed": seed, "names": forms.names_of(answers)}
        self._keep(statement, "DELIVERED", now, leaf, kept, b"".join(made), receipts, rows=len(answers))
        return receipts

    def fail(self, exchange_id: UUID, code: str) -> None:
        """That nothing was given, and by which problem. Never raises: there is nothing to hold back."""
        statement, now = self._taken(exchange_id), self._clock.now()
        leaf = forms.leaf_of("FAILED", exchange_id, now, code, self._suite)
        try:
            self._keep(statement, "FAILED", now, leaf, {"code": code}, always=True)
        except Problem:
            return

    def opened(self, session: Session, row: EntryRow) -> dict[str, Any] | None:
        """What is sealed in an entry; None where it was shredded."""
        key = session.get(SubjectKeyRow, (row.subject_tag, row.at.year))
        if key is None:
            return None
        box = self._crypto.box(key.key_sealed, KEY)
        found: dict[str, Any] = cbor2.loads(box.open_bytes(row.sealed, sealing_purpose(row.exchange_id, row.step)))
        return found

    def replay(self) -> int:
        """What waited in the file, into the database; how many. Raises STORE_UNAVAILABLE."""
        return self._spool.replay(self._take)

    def waiting(self) -> timedelta | None:
        """For how long evidence waits in the file."""
        return self._spool.since(self._clock.now())

    def _decided(self, statement: Statement) -> tuple[bytes, dict[str, Any]]:
        """The leaf, and what is sealed beside it."""
        salt, packed = os.urandom(16), statement.packed()
        digest = forms.digest(self._suite, salt, packed)
        leaf = forms.leaf_of("DECIDED", statement.exchange_id, statement.at, digest, self._suite)
        return leaf, {"salt": salt, "statement": packed}

    def _taken(self, exchange_id: UUID) -> Statement:
        with self._guard:
            return self._open.pop(exchange_id)

    def _check_witnesses(self, data_class: int) -> None:
        alone = self._unwitnessed(self._clock.now())
        if alone is not None and alone > _UNWITNESSED[data_class >= GUARDED]:
            raise Problem("EVIDENCE_UNAVAILABLE", origin="hub", retry_after=60, note="not cosigned, or not stamped")

    def _signed(self, statement: Statement, leaf: bytes) -> Receipts:
        signers = self._signers()
        supplier, user = (
            signers[party].receipt(leaf) if party in signers else None for party in (statement.supplier, statement.user)
        )
        level = "E3" if supplier and user else "E1"
        return Receipts(level, leaf, self._platform.receipt(leaf), supplier, user)

    def _keep(
        self,
        statement: Statement,
        step: Step,
        at: datetime,
        leaf: bytes,
        inner: Mapping[str, Any],
        commitments: bytes = b"",
        receipts: Receipts | None = None,
        always: bool = False,
        rows: int = 0,
    ) -> None:
        what = _what(statement, step, at, leaf, commitments, rows)
        try:
            with self._database.read() as connection:
                self._insert(connection, what, forms.canonical(dict(inner)), receipts, spooled=False)
        except Problem as problem:
            if problem.code != "STORE_UNAVAILABLE" or not self._may_spool(statement.data_class, always):
                raise self._unavailable(problem.code) from problem
            try:
                self._spool.add(cbor2.dumps(_written(what, dict(inner), receipts)), self._clock.now())
            except OSError:
                raise self._unavailable("the disk took no evidence") from problem

    def _may_spool(self, data_class: int, always: bool) -> bool:
        since = self._spool.since(self._clock.now())
        return always or (data_class < GUARDED and (since is None or since <= LONGEST))

    @staticmethod
    def _unavailable(note: str) -> Problem:
        return Problem("EVIDENCE_UNAVAILABLE", origin="hub", retry_after=5, note=note)

    def _insert(
        self, connection: Connection, what: dict[str, Any], inner: bytes, receipts: Receipts | None, spooled: bool
    ) -> None:
        """One statement, so that entry and receipts are there together or not at all, and one commit pays for both."""
        box = self._box(connection, what["subject_tag"], what["at"].year)
        connection.execute(_ADD, self._row(what, box, inner, receipts, spooled))

    def _row(
        self, what: dict[str, Any], box: Box, inner: bytes, receipts: Receipts | None = None, spooled: bool = False
    ) -> dict[str, Any]:
        sealed = box.seal_bytes(inner, sealing_purpose(what["exchange_id"], what["step"]))
        signed = self._signatures(receipts) if receipts else []
        parties, signers, coses = (list(column) for column in (zip(*signed, strict=True) if signed else ((), (), ())))
        return {**what, "sealed": sealed, "spooled": spooled, "parties": parties, "signers": signers, "coses": coses}

    @staticmethod
    def _signatures(receipts: Receipts) -> list[tuple[str, str, bytes]]:
        signed = (("S", receipts.supplier), ("U", receipts.user), ("P", receipts.platform))
        return [(party, named(cose), cose) for party, cose in signed if cose is not None]

    def _boxes_of(
        self, connection: Connection, statements: Sequence[Statement]
    ) -> dict[tuple[bytes, int], Box]:
        """The same as `_box` for many in one question. Not remembered: the transaction may still be undone, and the
        keys with it. Asked for in one order, so that two at once wait for each other and not in a ring."""
        wanted = sorted({(each.subject_tag, each.at.year) for each in statements})
        tags, years = zip(*wanted, strict=True)
        made = [self._crypto.new_box(KEY)[1] for _ in wanted]
        found = connection.execute(_KEYS_OF, {"tags": list(tags), "years": list(years), "made": made})
        return {(bytes(tag), year): self._crypto.box(sealed, KEY) for tag, year, sealed in found}

    def _box(self, connection: Connection, subject_tag: bytes, year: int) -> Box:
        """Of this subject and year, made on first use; two at once end up with the same. A delivery follows its
        decision at once, so the last ones are remembered."""
        box = self._boxes.get((subject_tag, year))
        if box is None:
            _, made = self._crypto.new_box(KEY)
            sealed = connection.execute(_KEY_OF, {"tag": subject_tag, "year": year, "made": made}).scalar_one()
            box = self._crypto.box(sealed, KEY)
            if len(self._boxes) >= _OPEN:
                self._boxes.clear()
            self._boxes[subject_tag, year] = box
        return box

    def _take(self, lines: list[bytes]) -> None:
        try:
            with self._database.session() as session:
                for line in lines:
                    what, inner, receipts = _read(cbor2.loads(line))
                    self._insert(session.connection(), what, forms.canonical(inner), receipts, spooled=True)
        except BaseException:
            self._boxes.clear()  # the keys made in it went with it
            raise


def _what(
    statement: Statement, step: Step, at: datetime, leaf: bytes, commitments: bytes = b"", rows: int = 0
) -> dict[str, Any]:
    """The columns that find an entry."""
    return {
        "exchange_id": statement.exchange_id, "step": step, "at": at, "leaf": leaf, "commitments": commitments,
        "subject_tag": statement.subject_tag, "supplier": statement.supplier, "user": statement.user,
        "service": statement.service, "data_class": statement.data_class, "sealed_until": statement.sealed_until,
        "rows": rows,
    }  # fmt: skip


def sealing_purpose(exchange_id: UUID, step: str) -> str:
    return f"{_BODY}:{exchange_id}:{step}"


def _written(what: Mapping[str, Any], inner: dict[str, Any], receipts: Receipts | None) -> dict[str, Any]:
    """One line of the file."""
    until = what["sealed_until"]
    plain = {
        **what,
        "exchange_id": what["exchange_id"].bytes,
        "at": forms.micros(what["at"]),
        "sealed_until": forms.micros(until) if until else None,
    }
    signed = receipts and [receipts.level, receipts.leaf, receipts.platform, receipts.supplier, receipts.user]
    return {"what": plain, "inner": inner, "receipts": signed}


def _read(line: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], Receipts | None]:
    what, until = line["what"], line["what"]["sealed_until"]
    what |= {
        "exchange_id": UUID(bytes=what["exchange_id"]),
        "at": forms.moment(what["at"]),
        "sealed_until": forms.moment(until) if until is not None else None,
    }
    return what, line["inner"], Receipts(*line["receipts"]) if line["receipts"] else None
