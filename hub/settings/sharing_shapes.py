"""What config/sharing.yaml looks like in memory: frozen, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """Which question answers a data resource. `by` are the names it is asked with, the first is the subject's own;
    `rows` is the list of the answer that holds the rows, empty where the answer is one row itself. `fields` puts names
    of the resource to names of the answer: in the row, or else beside it."""

    system: str
    operation: str
    by: tuple[str, ...]
    fields: Mapping[str, str]
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who reviews requests for data (`platform`), to whom silence and disputes go (`supervisor`), how many working
    days each has; `silent`: after so many more, silence is counted again.

    `not_shared_days`: for so long a refusal to share at all stands before it has to be argued anew. `kept_days`: for so
    long it is known who asked what.
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
    sources: Mapping[str, Source] = field(default_factory=dict)
