"""The system.yaml of a planned system: what is the same for every protocol, and the sections of those with answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.twins.whole import facts_delivered, facts_wire
from adapters.twins.whole.acts import writes
from adapters.twins.whole.plan import Planned, Question

_SECRETS = {"soap": ["username", "password"], "form": ["username", "password"], "signed_rest": ["username", "key"],
            "fixed_width": ["username", "key"], "db_view": ["username", "password"],
            "file_drop": ["username", "password", "host_keys"], "message_queue": ["username", "password"]}  # fmt: skip
_SECTIONS: Mapping[str, Callable[[Planned], dict[str, Any]]] = {
    "soap": facts_wire.soap,
    "form": facts_wire.form,
    "signed_rest": facts_wire.signed_rest,
    "fixed_width": facts_wire.fixed_width,
    "db_view": facts_delivered.db_view,
    "file_drop": facts_delivered.file_drop,
    "message_queue": facts_delivered.message_queue,
}
_OPERATIONS: Mapping[str, Callable[[Planned, Question], dict[str, Any]]] = {
    "soap": facts_wire.soap_operation,
    "form": facts_wire.form_operation,
    "signed_rest": facts_wire.rest_operation,
    "fixed_width": facts_wire.fixed_operation,
    "db_view": facts_delivered.view_operation,
    "file_drop": facts_delivered.drop_operation,
    "message_queue": facts_delivered.queue_operation,
}


def secrets_of(system: Planned) -> list[str]:
    return [*_SECRETS[system.protocol], *([facts_wire.BODY_KEY] if system.auth == "sm2_sm4" else [])]


def facts_of(system: Planned) -> dict[str, Any]:
    """The whole of system.yaml."""
    first = system.questions[0]
    nobody = {"id_number": "36262319000101000X", "name": "探测"}
    fields = {each.hub: nobody.get(each.hub, "NOBODY") for each in first.key}
    asked = {} if system.protocol in ("file_drop", "message_queue") else {"fields": fields, "rejected_is_fine": True}
    about_people = any(each.about_a_person for each in system.operations)
    return {
        "name": {"zh": system.title, "en": f"{system.name} of {system.department}"},
        "department": system.department,
        "protocol": system.protocol,
        "encoding": system.encoding,
        **({"subject": "id_number"} if about_people else {}),
        "secrets": secrets_of(system),
        **({"filing": {"class": "R4"}} if any(writes(each.kind) for each in system.acts) else {}),
        "probe": {"operation": first.operation, **asked},
        **_SECTIONS[system.protocol](system),
        "operations": {each.operation: _operation(system, each) for each in system.operations},
        "codes": {each.table: dict(each.codes) for one in system.questions for each in one.fields if each.table},
    }


def _operation(system: Planned, question: Question) -> dict[str, Any]:
    return {
        "kind": "write" if writes(question.kind) else "read",
        "data_class": question.sensitivity,
        "request": {"fields": {each.hub: facts_wire.sent(system, each) for each in question.key}},
        **_OPERATIONS[system.protocol](system, question),
    }
