"""What a source is asked with, and what of its answer may be given. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.errors import Fault, invalid
from hub.fields import CreditCode, IdNumber, Name, Text
from hub.fields.form import Form, faults
from hub.matching.names import latin
from hub.matching.rules import Sought, Told, birth_date, old_number
from hub.settings.sharing_shapes import Source

SENSITIVE = 4  # from this data class on a case or an order is named
MOST = 500  # subjects of one file
NUMBER = "id_number"  # by which a canary is known again
_MOST_MARKS, _A_LIST, _FOR_ONE = 20, 5, 10
_PHONES = ("phone", "mobile", "telephone")
_KINDS = {"id_number": "resident_id", "credit_code": "credit_code"}
_FIELDS = {
    "id_number": IdNumber(required=True),
    "credit_code": CreditCode(required=True),
    "name": Name(required=True, min=1),
}
_OTHER = Text(required=True, min=1, max=200)


def subject(source: Source, given: Mapping[str, Any], at: str = "subject") -> dict[str, str]:
    """What the source is asked with, checked. Raises the 422 that names what is missing, wrong or too much."""
    form = Form.from_dict({name: _FIELDS.get(name, _OTHER) for name in source.by})()
    wrong = form.validate(given)
    if wrong:
        raise invalid([Fault(f"{at}.{each.path}".rstrip("."), each.code) for each in faults(wrong)])
    return {name: str(value) for name, value in form.load(given).items()}


def subjects(source: Source, given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Of many, given as columns: `{"id_number": [...], "name": [...]}`. Raises the 422 of the first that is wrong."""
    columns = {name: each for name, each in given.items() if isinstance(each, list)}
    lengths = {len(each) for each in columns.values()}
    if not columns or len(columns) < len(given) or len(lengths) > 1:
        raise invalid([Fault("subjects", "TYPE")])
    if not 0 < (length := lengths.pop()) <= MOST:
        raise invalid([Fault("subjects", "TOO_LONG" if length else "TOO_SHORT")])
    rows = [dict(zip(columns, each, strict=True)) for each in zip(*columns.values(), strict=True)]
    return [subject(source, row, f"subjects.{place}") for place, row in enumerate(rows)]


def whose(source: Source, given: Mapping[str, str]) -> tuple[str, str]:
    """Kind and number of whom it is about, as the ledger names them."""
    first = source.by[0]
    return _KINDS.get(first, first), given[first]


def asked_with(source: Source, given: Mapping[str, str]) -> dict[str, str]:
    """What the operation is sent. Raises NAME_NOT_REPRESENTABLE where a name cannot be read out in Latin letters."""
    sent = {name: _made(what, given) for name, what in (source.asks or {name: name for name in source.by}).items()}
    if not all(sent.values()):
        raise invalid([Fault("subject.name", "NAME_NOT_REPRESENTABLE")])
    return sent


def sought(source: Source, given: Mapping[str, str], name: str = "") -> Sought | None:
    """Whom the rows must be about; None for a thing. `name`: how it is called, where the source does not ask that."""
    kind, asks = source.by[0], source.asks.values() or source.by
    if kind not in _KINDS:
        return None
    called = given.get("name" if kind == "id_number" else "org_name", name)
    return Sought(given[kind], called, by_number=kind in asks or "id_number_15" in asks)


def rows(answer: Mapping[str, Any], source: Source) -> list[Mapping[str, Any]]:
    """The rows of an answer, each with what stands beside them."""
    found = answer.get(source.rows) or [] if source.rows else [answer]
    return [{**answer, **row} for row in found]


def told(row: Mapping[str, Any], source: Source) -> Told:
    """What a row says of whose it is."""
    is_company = source.by[0] == "credit_code"
    number, name = ("credit_code", "org_name") if is_company else ("id_number", "name")
    whose = source.whose or {each: source.fields[each] for each in (number, name) if each in source.fields}
    if whose and not source.whose and not is_company and "birth_date" in source.fields:
        whose = {**whose, "birth_date": source.fields["birth_date"]}
    said = {each: str(row[place]) for each, place in whose.items() if row.get(place) is not None}
    return Told(said.get(number, ""), said.get(name, ""), said.get("birth_date", ""), said.get("record", ""))


def cut(row: Mapping[str, Any], source: Source, fields: Iterable[str]) -> dict[str, Any]:
    """A row with the granted fields alone. A field that the source does not answer is None."""
    return {name: row.get(source.fields.get(name, "")) for name in fields}


def names_people(answer: Mapping[str, Any], source: Source) -> bool:
    """Whether an answer is a list in which each row says whose it is."""
    rows, name = answer.get(source.rows) if source.rows else None, source.fields.get(NUMBER)
    return bool(rows) and all(name in row for row in rows or ())


def marks(rows: int) -> int:
    """How many canaries a file of so many rows has."""
    return min(_MOST_MARKS, max(1, rows // _FOR_ONE)) if rows >= _A_LIST else 0


def disguised(shown: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A canary (`name`, `id_number`, `phone`) as a row like those: what does not say who it is, is as in one of them,
    of the same sex where one is."""
    number = shown[NUMBER]
    alike = [row for row in rows if str(row.get(NUMBER) or "")[16:17] in tuple("13579" if _odd(number) else "02468")]
    row = dict((alike or rows)[int(number[14:17]) % len(alike or rows)])
    told = {"name": shown["name"], NUMBER: number, "birth_date": birth_date(number)}
    own = {**told, **dict.fromkeys(_PHONES, shown["phone"])}
    return {name: own.get(name, value) for name, value in row.items()}


def _odd(number: str) -> bool:
    return number[16] in "13579"


def texts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The rows as evidence has them: each value as text; what is not there was not given."""
    return [{name: str(value) for name, value in row.items() if value is not None} for row in rows]


def _made(what: str, given: Mapping[str, str]) -> str:
    if what in given:
        return given[what]
    made = {"id_number_15": old_number, "birth_date": birth_date, "name_pinyin": latin}
    return made[what](given["name" if what == "name_pinyin" else "id_number"])
