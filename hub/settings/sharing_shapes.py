"""What config/sharing.yaml looks like in memory: frozen, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Made of what is asked with: the 15 digits of before 1999, the day of birth in the number, the name in Latin letters.
MADE = {"id_number_15": "id_number", "birth_date": "id_number", "name_pinyin": "name"}
WHOSE = ("id_number", "credit_code", "name", "org_name", "birth_date", "record")


@dataclass(frozen=True, slots=True)
class Source:
    """Which question answers a data resource. `by` are the names it is asked with, the first is the subject's own;
    `rows` is the list of the answer that holds the rows, empty where the answer is one row itself. `fields` puts names
    of the resource to names of the answer: in the row, or else beside it.

    `asks` puts the operation's names to what they are sent: one of `by`, or what is made of it (MADE); empty: each of
    `by` under its own name. `whose` puts what tells whose row it is (WHOSE) to names of the answer; empty: those of
    `fields` that are called so."""

    system: str
    operation: str
    by: tuple[str, ...]
    fields: Mapping[str, str]
    rows: str = ""
    asks: Mapping[str, str] = field(default_factory=dict)
    whose: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who reviews requests for data (`platform`), to whom silence and disputes go (`supervisor`), how many working
    days each has; `silent`: after so many more, silence is counted again.

    `not_shared_days`: for so long a refusal to share at all stands before it has to be argued anew. `kept_days`: for so
    long it is known who asked what. `match_days`: for so long a row in doubt waits for somebody's decision.
    `said_of_all`: fields that say something of the person or company itself, and so must be the same whoever answers.
    """

    platform: str = ""
    supervisor: str = ""
    review: int = 2
    owner: int = 5
    owner_unpublished: int = 10
    silent: int = 5
    dispute: int = 5
    correction: int = 5
    not_shared_days: int = 365
    most_days: int = 365
    kept_days: int = 365
    match_days: int = 30
    said_of_all: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
