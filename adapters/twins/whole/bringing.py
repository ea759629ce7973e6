"""The twins that bring something by themselves: a day's files on SFTP, and a queue of events."""

from __future__ import annotations

import csv
import io
import json
import socket
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from adapters.twins.file_drop_site import CHINA, FileDropSite
from adapters.twins.message_queue_site import MessageQueueSite
from adapters.twins.twin import Answer, Request, Twin, as_json
from adapters.twins.whole.facts_delivered import DONE, PLACE, files
from adapters.twins.whole.plan import Planned, Question
from adapters.twins.whole.rows import rows_of, written

_RUBBISH = "锟斤拷\u0001"
RUBBISH = "rubbish"


class DropOffice(FileDropSite):
    """One file a day for each data class. `rubbish`: every third row is none of a person's or of anything else's."""

    place = PLACE

    def __init__(self, system: Planned, secrets: Path, seed: int) -> None:
        super().__init__(system.name, secrets, seed, system.charset)
        self._plan = system
        self.quirks = {**self.quirks, RUBBISH: False}
        self._shown = dict(self.quirks)
        self.drop(datetime.now(CHINA).date())

    def drop(self, day: date) -> None:
        for question in self._plan.questions:
            name = files(self._plan, question).replace("{yyyymmdd}", f"{day:%Y%m%d}")
            body, count = self._file(question, self.quirk("Q47") == "again")
            self.records.add({"dropped": name, "rows": count})
            self._write(name, self.spoiled(Answer(body)).body)
            self._write(name + DONE, b"")  # Q24: now it is whole

    def _file(self, question: Question, again: bool) -> tuple[bytes, int]:
        rows = [[written(each, row[each.name]) for each in question.fields] for row in rows_of(question, self.seed)]
        if self.quirk(RUBBISH):
            rows = [[_RUBBISH] * len(row) if number % 3 == 0 else row for number, row in enumerate(rows)]
        rows = rows[::-1] if again else rows
        lines: list[Sequence[str]] = [[each.wire for each in question.fields], *rows, ("合计", str(len(rows)))]
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(lines)
        return text.getvalue().encode(self.charset), len(rows)


class QueueOffice(Twin):
    """A broker of its own with one queue, which holds every record once more after each `POST /twin/drops`."""

    scheme = "stomp"

    def __init__(self, system: Planned, secrets: Path, seed: int) -> None:
        super().__init__(system.name, "message_queue", seed, system.charset, {RUBBISH: False}, system.name)
        self._plan, self._secrets, self._version = system, secrets, 0
        self._site = MessageQueueSite()
        self._tell()

    def converse(self, guest: socket.socket) -> None:
        self.counted()
        if self.lucky(self.toxics.hang):
            self.healed.wait()
            return
        account = (self._secrets / f"{self.system}_{name}" for name in ("username", "password"))
        self._site.username, self._site.password = (path.read_text(encoding="utf-8").strip() for path in account)
        self._site.converse(guest)

    def admin(self, request: Request) -> Answer | None:
        if request.path != "/twin/drops":
            return None
        if request.method == "POST":
            self._tell()
        return as_json({"waiting": len(self._site.waiting(self._queue))})

    @property
    def _queue(self) -> str:
        return f"county.{self.system}"

    def _tell(self) -> None:
        self._version += 1
        for question in self._plan.questions:
            for number, row in enumerate(rows_of(question, self.seed)):
                told: Any = {each.wire: written(each, row[each.name]) for each in question.fields}
                told = {question.operation: {**told, "version": str(self._version)}}
                body = json.dumps(told, ensure_ascii=False).encode(self.charset)
                if self.quirk(RUBBISH) and number % 3 == 0:
                    body = b"\xff\x00" + body[:20]
                self.records.add({"sent": question.operation})
                self._site.put(self._queue, self.spoiled(Answer(body)).body)
