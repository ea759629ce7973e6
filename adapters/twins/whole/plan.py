"""What is planned of a system: what it is asked, by which fields, and in whose words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """`wire` is the department's word for it, `hub` ours: every amount of ours is whole fen and says so."""

    name: str
    label: str
    type: str
    size: int
    sensitivity: int
    required: bool
    wire: str
    hub: str

    @property
    def table(self) -> str:
        return self.name if self.type == "code" else ""

    @property
    def codes(self) -> Mapping[str, str]:
        """Three codes that are known; `stray` is sent too."""
        meanings = {"sex": ("male", "female", "unknown"), "health_code_colour": ("green", "yellow", "red")}
        words = meanings.get(self.name, tuple(f"{self.name}_{number}" for number in (1, 2, 3)))
        return {str(number).zfill(min(self.size, 4)): word for number, word in enumerate(words, 1)}

    @property
    def stray(self) -> str:
        """A code that was introduced without a word to anybody."""
        return "Z9"[-self.size :]


@dataclass(frozen=True, slots=True)
class Question:
    """One operation: a record of a data class, found by its `key`. Another `kind` is an act (acts.py)."""

    operation: str
    code: str
    title: str
    sensitivity: int
    subject: str
    sharing: str
    fields: tuple[Field, ...]
    key: tuple[Field, ...]
    kind: str = "query"

    @property
    def about_a_person(self) -> bool:
        return self.key[0].hub == "id_number"

    @property
    def path(self) -> str:
        return self.operation.replace("_", "-")

    @property
    def coded(self) -> Field | None:
        """The field whose stray code shows in the mapping report."""
        return next((field for field in self.fields if field.type == "code" and field not in self.key), None)


@dataclass(frozen=True, slots=True)
class Planned:
    """One system. `questions` has one for each of its data classes, `acts` all else it does."""

    name: str
    title: str
    department: str
    protocol: str
    encoding: str
    auth: str
    quirks: tuple[str, ...]
    questions: tuple[Question, ...]
    acts: tuple[Question, ...] = ()

    @property
    def operations(self) -> tuple[Question, ...]:
        return self.questions + self.acts

    @property
    def charset(self) -> str:
        """What its bytes are really written in: who says GBK also writes what only GB 18030 has."""
        return "gb18030" if self.encoding.startswith("gb") else "utf-8"
