"""What a checked bundle (一件事) looks like in memory, and the one form that its services make together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.settings.shapes import FormField, Service, Text


@dataclass(frozen=True, slots=True)
class BundlePart:
    """One application of a bundle. `fixed`: fields that are not asked; `names`: what a field is called in the one form,
    where its own name means something else there. It begins when those in `after` are granted; `takes` says which of
    its fields their documents answer, `papers` which of its papers the licences granted there are."""

    service: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    takes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    papers: Mapping[str, str] = field(default_factory=dict)

    def asks(self, service: Service) -> Iterator[FormField]:
        """What of this service's form is asked, under the names of the one form."""
        for each in self.open(service).form:
            yield replace(each, name=self.names.get(each.name, each.name))

    def open(self, service: Service) -> Service:
        """The service with those fields only that the applicant has to fill in."""
        return replace(service, form=tuple(each for each in service.form if not self._known(each.name)))

    def without_taken(self, service: Service) -> Service:
        """The service with those fields only that can be checked before the others are decided."""
        return replace(service, form=tuple(each for each in service.form if each.name not in self.takes))

    def _known(self, name: str) -> bool:
        return name in self.fixed or name in self.takes


@dataclass(frozen=True, slots=True)
class Bundle:
    """Several applications that people make at once: one form, one set of papers, one receipt."""

    id: str
    title: Text
    summary: Text
    parts: tuple[BundlePart, ...]


def same_question(one: FormField, other: FormField) -> bool:
    """Whether one answer does for both."""
    return (one.type, one.choices, one.label["zh"]) == (other.type, other.choices, other.label["zh"])


def together(one: FormField, other: FormField) -> FormField:
    """One field that asks for both: what it takes, both take."""
    least = [each.min for each in (one, other) if each.min is not None]
    most = [each.max for each in (one, other) if each.max is not None]
    return replace(
        one, required=one.required or other.required, data_class=max(one.data_class, other.data_class),
        min=max(least, default=None), max=min(most, default=None), help=one.help or other.help,
    )  # fmt: skip
