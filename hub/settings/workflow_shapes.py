"""What config/workflows.yaml looks like in memory: frozen, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that may be done to a case: by the applicant or by who has the permission `by`. `to` is the step it
    leads to, empty where it stays; `second_person`: not by who did the last."""

    by: str
    to: str = ""
    second_person: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a workflow. An officer sees fields up to data class `shows`. `clock`: runs, waits (for the applicant
    or a special procedure) or ended. After `silence_days` working days without an act, `silence_act` happens. `tasks`
    are given to the community's office when the applicant brings a case here."""

    title: Text
    acts: Mapping[str, Act]
    shows: int = 2
    clock: str = "runs"
    silence_days: int = 0
    silence_act: str = ""
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Procedure:
    """A special procedure (a hearing, an expert's report): the only thing that stops the clock, for so many days."""

    title: Text
    basis: Text
    days: int


@dataclass(frozen=True, slots=True)
class Cards:
    """Working days: the warning so many before the promised day, yellow once it is over, red so many after it; with red
    and every so many days after that it goes one further up the chain."""

    warning: int = 1
    red: int = 1
    every: int = 1
    chain: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """How cases of a service are handled, as data (config/workflows.yaml). `first` is the step after submitting."""

    id: str
    title: Text
    first: str
    stages: Mapping[str, Stage]
    procedures: Mapping[str, Procedure] = field(default_factory=dict)
    cards: Cards = Cards()
