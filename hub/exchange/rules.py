"""What a source is asked with, and what of its answer may be given. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.errors import Fault, invalid
from hub.fields import CreditCode, IdNumber, Name, Text
from hub.fields.form import Form, faults
from hub.settings.sharing_shapes import Source

SENSITIVE = 4  # from this data class on a case or an order is named
_KINDS = {"id_number": "resident_id", "credit_code": "credit_code"}
_FIELDS = {
    "id_number": IdNumber(required=True),
    "credit_code": CreditCode(required=True),
    "name": Name(required=True, min=1),
}
_OTHER = Text(required=True, min=1, max=200)


def subject(source: Source, given: Mapping[str, Any]) -> dict[str, str]:
    """What the source is asked with, checked. Raises the 422 that names what is missing, wrong or too much."""
    form = Form.from_dict({name: _FIELDS.get(name, _OTHER) for name in source.by})()
    wrong = form.validate(given)
    if wrong:
        raise invalid([Fault(f"subject.{each.path}", each.code) for each in faults(wrong)])
    return {name: str(value) for name, value in form.load(given).items()}


def whose(source: Source, given: Mapping[str, str]) -> tuple[str, str]:
    """Kind and number of whom it is about, as the ledger names them."""
    first = source.by[0]
    return _KINDS.get(first, first), given[first]


def cut(answer: Mapping[str, Any], source: Source, fields: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of an answer with the granted fields alone. A field that the source does not answer is None."""
    rows = answer.get(source.rows) or [] if source.rows else [answer]
    return [{name: _value(row, answer, source.fields.get(name)) for name in fields} for row in rows]


def texts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The rows as evidence has them: each value as text; what is not there was not given."""
    return [{name: str(value) for name, value in row.items() if value is not None} for row in rows]


def _value(row: Mapping[str, Any], beside: Mapping[str, Any], name: str | None) -> Any:
    if name is None:
        return None
    return row[name] if name in row else beside.get(name)
