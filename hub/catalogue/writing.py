"""Puts items into the tables by COPY, some ten thousand at a time, inside the caller's transaction.

A version that starts later ends the open one before it on the day before; two versions of one item that would be in
force on the same day are refused (features.md B3).
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from hub.catalogue.copying import NULL, line
from hub.catalogue.items import COLUMNS, Counts, Item
from hub.catalogue.words import Words
from hub.database import PATIENCE_S, patient

BATCH = 20_000
_PIECE = 200
_MANY = 1_000
LONGEST_S = 120
_LOCK = 360423003  # one writer of the catalogue at a time
_LISTED = ", ".join(COLUMNS)
_STAGE = """
CREATE TEMPORARY TABLE catalogue_stage (LIKE catalogue_item, number bigint) ON COMMIT DROP;
ALTER TABLE catalogue_stage ALTER superseded SET DEFAULT false;
CREATE TEMPORARY TABLE catalogue_name_stage (LIKE catalogue_name) ON COMMIT DROP
"""
_UNSTAGE = "DROP TABLE catalogue_stage, catalogue_name_stage"
_COPY_ITEMS = f"COPY catalogue_stage ({_LISTED}, number) FROM STDIN (NULL '{NULL}')"
_COPY_NAMES = f"COPY catalogue_name_stage (id, sort, words, sounds, tokens) FROM STDIN (NULL '{NULL}')"
_NAMES = "INSERT INTO catalogue_name SELECT * FROM catalogue_name_stage ON CONFLICT DO NOTHING"
_UNCHANGED = """
DELETE FROM catalogue_stage AS staged USING catalogue_item AS item
WHERE item.id = staged.id AND item.version = staged.version AND item.digest = staged.digest
"""
_HAS_OTHER_VERSIONS = """
SELECT EXISTS (
    SELECT FROM catalogue_stage AS staged JOIN catalogue_item AS item USING (id) WHERE item.version <> staged.version
)
"""
_END_BEFORE_NEXT = """
UPDATE catalogue_stage AS staged SET effective_until = next.day FROM (
    SELECT staged.number, min(later.effective_from) - 1 AS day
    FROM catalogue_stage AS staged JOIN catalogue_item AS later USING (id)
    WHERE staged.effective_until IS NULL AND later.version <> staged.version
      AND later.effective_from > staged.effective_from
    GROUP BY staged.number
) AS next WHERE next.number = staged.number
"""
# An open version that began earlier is no clash: it ends the day before (_END_OPEN).
_REFUSE = """
DELETE FROM catalogue_stage AS staged USING catalogue_item AS other
WHERE other.id = staged.id AND other.version <> staged.version
  AND (other.effective_from >= staged.effective_from OR other.effective_until IS NOT NULL)
  AND other.effective_from <= coalesce(staged.effective_until, 'infinity')
  AND coalesce(other.effective_until, 'infinity') >= staged.effective_from
RETURNING staged.number, staged.title
"""
_END_OPEN = """
UPDATE catalogue_item AS old SET effective_until = staged.effective_from - 1 FROM catalogue_stage AS staged
WHERE old.id = staged.id AND old.version <> staged.version AND old.effective_until IS NULL
  AND old.effective_from < staged.effective_from
"""
# Only our own column names are put together here.
_CHANGE = f"""
UPDATE catalogue_item AS item SET ({_LISTED}) = ROW ({", ".join(f"staged.{column}" for column in COLUMNS)})
FROM catalogue_stage AS staged WHERE item.id = staged.id AND item.version = staged.version
"""  # noqa: S608
_ADD = f"""
INSERT INTO catalogue_item ({_LISTED}, superseded) SELECT {_LISTED}, false FROM catalogue_stage AS staged
WHERE NOT EXISTS (SELECT FROM catalogue_item AS item WHERE item.id = staged.id AND item.version = staged.version)
"""  # noqa: S608
_EMPTY = "TRUNCATE catalogue_stage, catalogue_name_stage"
_SHOW_AGAIN = """
UPDATE catalogue_item AS item SET superseded = false WHERE superseded AND NOT EXISTS (
    SELECT FROM catalogue_item AS ours
    WHERE ours.source = 'config' AND ours.region = item.region AND ours.keys && item.keys
)
"""
_SUPERSEDE = """
UPDATE catalogue_item AS item SET superseded = true FROM catalogue_item AS ours
WHERE ours.source = 'config' AND ours.region = item.region AND ours.keys && item.keys
  AND item.source <> 'config' AND NOT item.superseded
"""


def lock(session: Session, seconds: int) -> bool:
    """Hold the catalogue alone until the transaction ends; False when another one does and this is not to wait. Raises
    STORE_UNAVAILABLE when it was waited for so long."""
    if not seconds:
        return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}))
    patient(session.connection(), max(seconds, PATIENCE_S))
    session.execute(text(f"SET LOCAL lock_timeout = '{seconds}s'"))
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    session.execute(text("SET LOCAL lock_timeout = '1s'"))
    return True


def supersede(session: Session) -> None:
    """Hide the imported items that a service of config stands for, by their codes; show again those it does not."""
    session.execute(text(_SHOW_AGAIN))
    session.execute(text(_SUPERSEDE))


class Writer(AbstractContextManager["Writer"]):
    """Takes items one by one; `finish` writes the rest and gives the counts. The caller holds the lock. One batch is
    written in a thread while the next is made; nobody else may use the session until the writer is left."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._counts = Counts()
        self._rows: list[str] = []
        self._names: list[str] = []
        self._ids: set[str] = set()
        self._titles: dict[tuple[str, ...], Words] = {}
        self._thread = ThreadPoolExecutor(1, "catalogue-writer")
        self._before: Future[None] | None = None
        # A large batch takes longer than an ordinary question may.
        patient(session.connection(), LONGEST_S)
        session.execute(text(f"SET LOCAL statement_timeout = '{LONGEST_S}s'"))
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '300s'"))
        for statement in _STAGE.split(";"):
            session.execute(text(statement))

    def add(self, item: Item, number: int) -> None:
        """`number` is what a refusal is reported under."""
        if len(self._rows) >= BATCH or item.id in self._ids:  # two versions of one item never in one batch
            self._write()
        self._ids.add(item.id)
        self._rows.append(f"{item.row(self._words(item))}\t{number}\n")

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True)

    def finish(self) -> Counts:
        self._write()
        self._wait()
        self._session.execute(text(_UNSTAGE))
        if self._counts.new > _MANY:
            self._session.execute(text("ANALYZE catalogue_name"))  # frequencies.py reads it
        return self._counts

    def _words(self, item: Item) -> Words:
        said = (item.source, item.title, item.title_en, *item.others)
        words = self._titles.get(said)
        if words is None:
            words = item.words()
            self._titles[said] = replace(words, tokens=())  # the tokens are needed once only
            self._names.append(f"{line((words.id, words.sort, words.words, words.sounds, list(words.tokens)))}\n")
        return words

    def _write(self) -> None:
        self._wait()
        self._before = self._thread.submit(self._put, self._rows, self._names)
        self._rows, self._names = [], []
        self._ids.clear()

    def _wait(self) -> None:
        """Until the batch before is in the table; what went wrong with it is raised here."""
        if self._before is not None:
            self._before.result()

    def _put(self, rows: list[str], names: list[str]) -> None:
        """One batch. Nobody else writes, so what is not there now is new."""
        self._copy(_COPY_NAMES, names)
        self._copy(_COPY_ITEMS, rows)
        self._do(_NAMES)
        unchanged = self._do(_UNCHANGED)
        refused = self._fit_versions() if self._session.scalar(text(_HAS_OTHER_VERSIONS)) else []
        changed = self._do(_CHANGE)
        added = self._do(_ADD)
        self._do(_EMPTY)
        self._counts.refused += refused
        self._counts.unchanged += unchanged
        self._counts.changed += changed
        self._counts.new += added

    def _fit_versions(self) -> list[tuple[int, str]]:
        self._do(_END_BEFORE_NEXT)
        refused = [(number, title) for number, title in self._session.execute(text(_REFUSE))]
        self._do(_END_OPEN)
        return refused

    def _do(self, statement: str) -> int:
        done = self._session.execute(text(statement))
        return done.rowcount if isinstance(done, CursorResult) else 0

    def _copy(self, statement: str, rows: list[str]) -> None:
        driver = self._session.connection().connection.driver_connection
        assert driver is not None  # the pool hands out connections that are open
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for start in range(0, len(rows), _PIECE):
                copy.write("".join(rows[start : start + _PIECE]))
