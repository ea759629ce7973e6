"""What is configured of people's movement: the channels that tell who was where, and the gates' counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelSource:
    """A dataset whose records are sightings; `fields` names which of its fields is document, key, at and so on."""

    system: str
    dataset: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Channel:
    """What tells who was where. `kind` vehicle: the same `key` (train and day) is a contact within `rows` of the same
    car. place: within `minutes` of each other at the same `key`."""

    id: str
    title: Mapping[str, str]
    kind: str
    rows: int = 3
    minutes: int = 30
    source: ChannelSource | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """People through gates. A count of fewer than `smallest_group` is not told; crossings end after `keep_days`."""

    smallest_group: int = 5
    keep_days: int = 30
