"""The sections of system.yaml for views, dropped files and queues."""

from __future__ import annotations

from typing import Any

from adapters.twins.rabbitmq import INSTALLED
from adapters.twins.whole.acts import writes
from adapters.twins.whole.facts_wire import NOT_FOUND, answer, given
from adapters.twins.whole.plan import Field, Planned, Question

_READ_AGAIN = {"date": "date", "integer": "integer", "money": "fen"}
VERSION = {"from": "version", "as": "integer", "required": True, "class": 1}
SHEETS = "Q27"  # an Excel 97, in which some numbers of people are numbers of the spreadsheet
PLACE, TAKEN, REPORTS, DONE = "每日发放", "已取", "回执", ".ok"


def db_view(system: Planned) -> dict[str, Any]:
    views = {
        view(system, each): {"columns": {field.wire: {"type": "text"} for field in each.fields}}
        for each in system.questions
    }
    rejected = {"none": NOT_FOUND}
    return {
        "db_view": {"max_connections": 2, "views": views},
        "outcome": {"path": "found", "ok": ["some"], "rejected": rejected},
    }


def view(system: Planned, question: Question) -> str:
    """All departments of the demo share one database, so a view's name begins with its system's."""
    return f"{system.name}_{question.operation}"


def view_operation(system: Planned, question: Question) -> dict[str, Any]:
    return {"db_view": {"view": view(system, question), "rows": 5}, "answer": answer(question, "row.")}


def file_drop(system: Planned) -> dict[str, Any]:
    return {
        "file_drop": {"folder": PLACE, "path_encoding": "gbk", "ready": {"done": DONE}, "taken": TAKEN,
                      "reports": REPORTS},
        "poll": {"every_s": 10},
        "datasets": {
            each.operation: {
                "files": files(system, each), "format": "excel" if SHEETS in system.quirks else "csv",
                "trailer": {"begins": "合计"},
                "fields": {field.hub: given(field, "") for field in each.fields},
                **_kept(each),
            }
            for each in system.questions
        },
    }  # fmt: skip


def files(system: Planned, question: Question) -> str:
    """The name of a day's file."""
    ending = "xls" if SHEETS in system.quirks else "csv"
    return f"{system.name}_{question.operation}_".upper() + f"{{yyyymmdd}}.{ending}"


def drop_operation(_: Planned, question: Question) -> dict[str, Any]:
    return {
        "file_drop": {"dataset": question.operation, "by": question.key[0].hub},
        "outcome": {"path": "found", "ok": ["1"], "rejected": {"0": NOT_FOUND}},
        "answer": {"fields": {each.hub: _kept_field(each, "row.") for each in question.fields}},
    }


def message_queue(system: Planned) -> dict[str, Any]:
    """Every message is one record of one data class, and says of which."""
    return {
        "message_queue": {"wire": "amqp" if over_amqp(system) else "stomp", "queue": queue(system)},
        "poll": {"every_s": 5},
        "datasets": {
            each.operation: {
                "from": each.operation, "version": "version",
                "fields": {**{field.hub: given(field, "") for field in each.fields}, "version": VERSION},
                **_kept(each),
            }
            for each in system.questions
        },
    }  # fmt: skip


def over_amqp(system: Planned) -> bool:
    """In a real broker where the machine has one: the systems whose account is one of such a broker."""
    return INSTALLED and system.auth == "queue_account"


def queue(system: Planned) -> str:
    return f"county.{system.name}"


def queue_operation(system: Planned, question: Question) -> dict[str, Any]:
    if writes(question.kind):
        return {"message_queue": {"topic": topic(system)}, "answer": {}}
    by = question.key[0]
    return {
        "message_queue": {"dataset": question.operation, "by": by.hub, "rows": "records"},
        "answer": {
            "fields": {by.hub: {"from": by.hub, "required": True, "class": by.sensitivity}},
            "lists": {
                "records": {
                    "from": "records", "key": [by.hub],
                    "fields": {each.hub: _kept_field(each, "") for each in question.fields},
                }
            },
        },
    }  # fmt: skip


def topic(system: Planned) -> str:
    """Where what is filed goes; what becomes of it is told by events."""
    return f"{queue(system)}.filed"


def _kept(question: Question) -> dict[str, Any]:
    by = question.key[0].hub
    return {"key": [by], "look_up": [by], "keep_days": 400}


def _kept_field(field: Field, path: str) -> dict[str, Any]:
    """What is in our own records is typed already: codes are words, amounts whole fen, moments text."""
    kind = _READ_AGAIN.get(field.type)
    return {
        "from": f"{path}{field.hub}",
        **({"as": kind} if kind else {}),
        "required": field.required,
        "class": field.sensitivity,
    }
