"""The twins that bring something by themselves: a day's files on SFTP, and a queue of events."""

from __future__ import annotations

import csv
import io
import json
import re
import socket
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from adapters.twins.file_drop_site import CHINA, FileDropSite
from adapters.twins.message_queue_site import MessageQueueSite
from adapters.twins.rabbitmq import Account, Broker
from adapters.twins.relay import relay
from adapters.twins.twin import Answer, Request, Twin, as_json
from adapters.twins.whole.facts_delivered import DONE, PLACE, SHEETS, files, queue, topic
from adapters.twins.whole.plan import Planned, Question
from adapters.twins.whole.rows import rows_of, typed, written
from adapters.twins.xls import Cell, xls

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
        if SHEETS in self._plan.quirks:
            return self._sheet(question, lines), len(rows)
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(lines)
        return text.getvalue().encode(self.charset), len(rows)

    def _sheet(self, question: Question, lines: Sequence[Sequence[str]]) -> bytes:
        """Whom somebody typed as a number has lost the last digits (the county's Q27)."""
        column = next(place for place, each in enumerate(question.fields) if each.name in ("id_number", "taxpayer_no"))
        sheet: list[list[Cell]] = [list(line) for line in lines]
        for number in filter(typed, range(len(lines) - 2)):
            sheet[number + 1][column] = float(re.sub(r"\D", "1", lines[number + 1][column]).rjust(18, "1"))
        return xls("名单", sheet)


class QueueOffice(Twin):
    """A queue that holds every record once more after each `POST /twin/drops`: in a broker of its own."""

    scheme = "stomp"

    def __init__(self, system: Planned, secrets: Path, seed: int) -> None:
        super().__init__(system.name, "message_queue", seed, system.charset, {RUBBISH: False}, system.name)
        self._plan, self._secrets, self._version = system, secrets, 0
        self._site = MessageQueueSite()
        self.tell()

    def converse(self, guest: socket.socket) -> None:
        self.counted()
        if self.lucky(self.toxics.hang):
            self.healed.wait()
            return
        known = account(self._plan, self._secrets)
        self._site.username, self._site.password = known.name, known.password
        self._site.converse(guest)

    def admin(self, request: Request) -> Answer | None:
        if request.path != "/twin/drops":
            return None
        if request.method == "POST":
            self.tell()
        return as_json({"waiting": self.waiting()})

    def tell(self) -> None:
        self._version += 1
        self.put([self.spoiled(Answer(body)).body for body in self._bodies()])

    def put(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            self._site.put(queue(self._plan), body)

    def waiting(self) -> int:
        return len(self._site.waiting(queue(self._plan)))

    def _bodies(self) -> Iterator[bytes]:
        for question in self._plan.questions:
            for number, row in enumerate(rows_of(question, self.seed)):
                told: Any = {each.wire: written(each, row[each.name]) for each in question.fields}
                told = {question.operation: {**told, "version": str(self._version)}}
                body = json.dumps(told, ensure_ascii=False).encode(self.charset)
                if self.quirk(RUBBISH) and number % 3 == 0:
                    body = b"\xff\x00" + body[:20]
                self.records.add({"sent": question.operation})
                yield body


class RabbitOffice(QueueOffice):
    """The same in a real broker: what comes to its door is carried there, and the wire shows the toxics."""

    scheme = "amqp"

    def __init__(self, system: Planned, secrets: Path, seed: int, broker: Broker) -> None:
        self._broker = broker
        super().__init__(system, secrets, seed)

    def converse(self, guest: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._broker.port)) as server:
            relay(self, guest, server)

    def put(self, bodies: Sequence[bytes]) -> None:
        with self._broker.channel() as channel:
            for body in bodies:
                channel.basic_publish("", queue(self._plan), body)

    def waiting(self) -> int:
        with self._broker.channel() as channel:
            return int(channel.queue_declare(queue(self._plan), passive=True).method.message_count)


def account(system: Planned, secrets: Path) -> Account:
    """What the hub was given for a queue, and the queues it is for."""
    paths = (secrets / f"{system.name}_{name}" for name in ("username", "password"))
    name, password = (path.read_text(encoding="utf-8").strip() for path in paths)
    return Account(name, password, (queue(system), topic(system)))
