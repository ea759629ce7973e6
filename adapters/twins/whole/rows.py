"""What a department holds of one data class: some twenty invented records, the last of them with a stray code.

Values are canonical (ISO days, whole fen); each protocol writes them in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from random import Random

from adapters.twins.residents import Resident, county, luck
from adapters.twins.whole.plan import Field, Question

ROWS = 20
SEED = 1
TYPED = 4
Row = Mapping[str, str]
_CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@cache
def rows_of(question: Question, seed: int) -> tuple[Row, ...]:
    """By field name. The people are the county's first ones, in its own order."""
    people = list(county().residents.values())[: ROWS + 1]
    rows = []
    for number in range(ROWS):
        draw = luck(seed, question.code, str(number))
        rows.append({each.name: _value(each, number, people, draw) for each in question.fields})
    if question.coded:
        rows[-1][question.coded.name] = question.coded.stray
    return tuple(rows)


def found(question: Question, seed: int, asked: Mapping[str, str]) -> Row | None:
    """The record whose key is asked for; `asked` by wire name."""
    for row in rows_of(question, seed):
        if all(row[each.name] == asked.get(each.wire) for each in question.key):
            return row
    return None


def typed(number: int) -> bool:
    """Whether a clerk typed the number of this record into the sheet as a number: `TYPED` of them, not the first."""
    return number % (ROWS // TYPED) == 2


def amount(fen: str) -> str:
    """Yuan with two decimals."""
    return f"{int(fen) // 100}.{int(fen) % 100:02d}"


def written(field: Field, value: str) -> str:
    """As most departments write it: amounts in yuan."""
    return amount(value) if field.type == "money" else value


def _value(field: Field, number: int, people: list[Resident], draw: Random) -> str:
    match field.type:
        case "code":
            return draw.choice(list(field.codes))
        case "id_number":
            return people[number + (field.hub != "id_number")].id_number
        case "credit_code":
            return _checked(f"91360423DEM{number:05d}X")
        case "region":
            return "360423".ljust(field.size, "0")
        case "string" | "text":
            return _text(field, number, people)
    return _figure(field, draw)


def _checked(code: str) -> str:
    """A credit code with its check character (GB 32100)."""
    total = sum(_CODE_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code))
    return code + _CODE_SIGNS[-total % 31]


def _figure(field: Field, draw: Random) -> str:
    """A day, a moment, a month, an amount in fen, a number."""
    day = f"{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
    match field.type:
        case "date":
            return f"{draw.randint(1930, 1999)}-{day}"
        case "datetime":
            return f"2025-{day} {draw.randint(8, 17):02d}:30:00"
        case "month":
            return f"2025{day[:2]}"
        case "money":
            return str(draw.randint(1_000, 9_000_000))
        case "integer":
            return str(draw.randint(1, 9 * 10 ** (min(field.size, 3) - 1)))
    return f"{draw.randint(1, 99)}.{draw.randint(1, 9)}"


def _text(field: Field, number: int, people: list[Resident]) -> str:
    """A name, or a word that says what it stands for."""
    if field.hub == "name":
        return people[number].name
    if field.name.endswith("_name") and field.label.endswith("姓名"):
        return people[number + 1].name
    if field.name.endswith("_no"):
        return f"{field.name[:2].upper()}{number:06d}"
    plain = f"{field.label}{number + 1}"
    return f"{plain}（虚构）" if len(plain) + 4 <= field.size else plain[-field.size :]
