"""File drops: a department leaves files in a folder or on an SFTP server; the hub fetches them, keeps their rows, and
answers from those. Which rows were refused goes back the same way.

Collecting is for a background process. `call` looks up what was delivered before and never speaks to the department.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from adapters.protocols.facts import unusable
from adapters.protocols.file_drop_dbf import dbf_table
from adapters.protocols.file_drop_excel import excel_table
from adapters.protocols.file_drop_facts import FACTS
from adapters.protocols.file_drop_look_up import LookUps
from adapters.protocols.file_drop_names import Named
from adapters.protocols.file_drop_place import Folder, Listing, Place, Seen
from adapters.protocols.file_drop_report import report_of
from adapters.protocols.file_drop_rows import Dataset, Table
from adapters.protocols.file_drop_sftp import Sftp
from adapters.protocols.file_drop_text import csv_table, fixed_table
from adapters.protocols.file_drop_watch import Watch, gaps, late
from hub.port import Alarm, BadRow, Call, Delivery, Garbled, PortError, Record, Reply, Setting

__all__ = ["FACTS", "MEETS", "Adapter"]

MEETS = {"file": "files"}

_SETTLE_S = 30.0
_LONG_NUMBER = re.compile(r"[0-9]{6,}[0-9Xx]*")
_TOLD = 20


class Adapter:
    """One department's drop folder. A `hub.port.Source` too."""

    def __init__(self, setting: Setting) -> None:
        facts = setting.facts
        self._own: Mapping[str, Any] = facts["file_drop"]
        self._encoding: str = facts["encoding"]
        self._place = _place(setting, self._own)
        self._stays: dict[str, str] = {}
        self._watch = Watch(self._own["ready"], setting.shared)
        self._datasets = [
            Dataset(name, each, facts["codes"], facts["subject"]) for name, each in facts["datasets"].items()
        ]
        self._look_ups = LookUps(setting)
        self._unmapped = setting.unmapped

    def call(self, call: Call) -> Reply:
        return self._look_ups.call(call)

    def probe(self, deadline: float) -> None:
        """That the folder can be listed: it proves address, account and host key."""
        self._place.list("", deadline)

    def close(self) -> None:
        """Nothing stays open between two jobs."""

    def collect(self, deadline: float) -> Iterator[Delivery | Alarm]:
        """Files that are whole and new. Alarms for what is late, missing, empty, too large or not named as agreed."""
        listing = self._place.list("", deadline)
        if listing.strange:
            yield Alarm("name", "", f"{listing.strange} names are not in the declared encoding, or not plain")
        yield from self._missing(listing, deadline)
        yield from self._staying(listing)
        for seen in self._watch.whole(listing):
            if self._dataset(seen.name) is None:
                continue
            brought = self._fetched(seen, deadline)
            if brought is not None:
                yield brought

    def settle(self, delivery: Delivery) -> None:
        """Moved aside where the facts name a folder for it, else remembered. One that changed meanwhile stays."""
        seen: Seen | None = delivery.handle
        if seen is None:
            return
        deadline = time.monotonic() + _SETTLE_S
        found = self._dataset(seen.name)
        if found is not None and found[1].number is not None and found[0].facts["sequence"] == "continuous":
            self._watch.numbered(found[0].name, found[1].number)
        if not self._own["taken"] or not self._moved_aside(seen, delivery.raw, deadline):
            self._watch.taken(seen)

    def read(self, delivery: Delivery) -> Iterator[Record | BadRow]:
        """Row by row. What makes the whole of it Garbled is found before the first row is given."""
        found = self._dataset(delivery.id)
        if found is None:
            raise Garbled("no dataset has files of such a name")
        dataset, named = found
        tell = partial(self._unknown, dataset.name)
        return dataset.records(self._table(dataset, delivery.raw), delivery.id, named.version, tell)

    def report(self, delivery: Delivery, refused: Sequence[BadRow], more: int = 0) -> None:
        """Which rows were refused and why, into the department's folder for it; nothing where none is named.
        Raises Unavailable or Denied."""
        if self._own["reports"]:
            name, data = report_of(delivery.id, refused, more, self._encoding)
            self._place.put(self._own["reports"], name, data, time.monotonic() + _SETTLE_S)

    def _unknown(self, dataset: str, kind: str, word: str) -> None:
        """A column or a code that nobody mapped."""
        self._unmapped(f"dataset {dataset}", kind, _LONG_NUMBER.sub("…", word))

    def _dataset(self, name: str) -> tuple[Dataset, Named] | None:
        for dataset in self._datasets:
            named = dataset.pattern.match(name)
            if named is not None:
                return dataset, named
        return None

    def _table(self, dataset: Dataset, raw: bytes) -> Table:
        facts = dataset.facts
        charset = facts["encoding"] or self._encoding
        match facts["format"]:
            case "csv":
                return csv_table(raw, facts, charset)
            case "fixed":
                return fixed_table(raw, facts, charset)
            case "dbf":
                return dbf_table(raw, charset)
        return excel_table(raw, facts["sheet"])

    def _fetched(self, seen: Seen, deadline: float) -> Delivery | Alarm | None:
        if not seen.size:
            return Alarm("empty", seen.name, "nothing is in it")
        if seen.size > self._own["max_mib"] << 20:
            return Alarm("too_large", seen.name, f"more than {self._own['max_mib']} MiB")
        data = self._place.fetch(seen, deadline)
        if data is None:
            return None  # somebody is writing it again
        if self._watch.done and not self._watch.agrees(self._companion(seen, deadline), data):
            return Alarm("companion", seen.name, "it is not what its companion speaks of")
        modified = datetime.fromtimestamp(seen.changed, UTC).isoformat(timespec="seconds")
        return Delivery(seen.name, data, {"modified": modified}, seen)

    def _companion(self, seen: Seen, deadline: float) -> bytes:
        name = seen.name + self._watch.done
        found = next((each for each in self._place.list("", deadline).files if each.name == name), None)
        return (self._place.fetch(found, deadline) or b"") if found and found.size <= 4096 else b""

    def _moved_aside(self, seen: Seen, raw: bytes, deadline: float) -> bool:
        """False where that is not allowed: then it is remembered, so that it does not come again for ever."""
        try:
            now = {each.name: each for each in self._place.list("", deadline).files}
            if now.get(seen.name) != seen:
                return True  # other content under the same name: it will be collected too
            lying = {each.name for each in self._place.list(self._own["taken"], deadline).files}
            ending = "." + hashlib.sha256(raw).hexdigest()[:8]
            for name in (seen.name, seen.name + self._watch.done) if self._watch.done else (seen.name,):
                if name in now:
                    self._place.move(name, self._own["taken"], name + ending if name in lying else name, deadline)
        except PortError as error:
            self._stays[seen.name] = error.note
            return False
        return True

    def _staying(self, listing: Listing) -> Iterator[Alarm]:
        """Taken, and we may not move it: it will be told as long as it lies there."""
        if self._own["taken"]:
            for seen in listing.files:
                if self._watch.is_taken(seen):
                    yield Alarm("not_moved", seen.name, f"it stays where it is: {self._stays.get(seen.name, '')}")

    def _missing(self, listing: Listing, deadline: float) -> Iterator[Alarm]:
        """Late files and gaps in numbers, by what lies here and what was taken."""
        wanted = [each for each in self._datasets if each.facts["expected"] or each.facts["sequence"]]
        if not wanted:
            return
        files = list(listing.files)
        if self._own["taken"]:
            files += self._place.list(self._own["taken"], deadline).files
        for dataset in wanted:
            expected, sequence = dataset.facts["expected"], dataset.facts["sequence"]
            overdue = late(expected, dataset.pattern, files, datetime.now(UTC)) if expected else None
            if overdue:
                yield Alarm("late", dataset.facts["files"], f"the file of {overdue} is not there")
            highest = self._watch.number(dataset.name) if sequence == "continuous" else None
            lost = gaps(dataset.pattern, sequence == "daily", files, highest) if sequence else []
            if lost:
                more = " and more" if len(lost) > _TOLD else ""
                yield Alarm("gap", dataset.facts["files"], f"missing: number {', '.join(lost[:_TOLD])}{more}")


def _place(setting: Setting, own: Mapping[str, Any]) -> Place:
    scheme = setting.address.partition("://")[0]
    if scheme == "file":
        return Folder(setting.address, own["folder"], own["path_encoding"])
    if scheme == "sftp":
        return Sftp(setting, own["folder"], own["path_encoding"])
    raise unusable("the address of a file drop begins with sftp:// or file:///")
