"""A case as it is shown: the same story for the citizen and for the desk; only the fields differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.settings.shapes import Service, Text


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the timeline. `officer` is a number that only a complaint resolves; `promised_at` the clock then."""

    event: str
    status: str
    by: str
    officer: str
    at: datetime
    promised_at: datetime | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft says, checked by the form, and its papers: they lie on the shelf of `citizen_id`, who applies."""

    service: Service
    citizen_id: str
    fields: Mapping[str, Any]
    papers: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Paused:
    procedure: str
    title: Text
    reason: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Correction:
    """What is missing or wrong, all of it at once; `items` are {path, message}."""

    number: int
    items: Sequence[Mapping[str, str]]
    due_at: datetime
    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """`fields` and `papers` are those the reader may see; `possible` what the reader may do now. `bundle_no`: the
    receipt number of the bundle it is a part of, or empty."""

    receipt_no: str
    bundle_no: str
    service: str
    title: Text
    department: Text
    status: str
    status_title: Text
    handler: str
    created_at: datetime
    submitted_at: datetime | None
    since: datetime
    promised_at: datetime | None
    legal_at: datetime | None
    make_up_at: datetime | None
    clock: str
    card: str
    paused: Sequence[Paused]
    raised_to: Text | None
    fields: Mapping[str, Any]
    papers: Sequence[Mapping[str, Any]]
    promised_papers: Sequence[str]
    timeline: Sequence[Happened]
    correction: Correction | None
    result: Mapping[str, Any] | None
    filing_state: str
    department_receipt: str
    possible: Sequence[str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an applicant is told at once; a CaseView has it all, too."""

    receipt_no: str
    status: str
    promised_at: datetime | None
    department: Text
    fields: Mapping[str, Any]
    papers: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One case in a list: no field of a person. `id` is its place."""

    id: int
    receipt_no: str
    service: str
    title: Text
    status: str
    status_title: Text
    submitted_at: datetime | None
    promised_at: datetime | None
    card: str
    mine: bool


@dataclass(frozen=True, slots=True)
class BundleView:
    """Several cases that were handed in at once. `status`: waits_for_you, in_progress, approved, partly_approved,
    refused or withdrawn; `promised_at` is the last of them."""

    receipt_no: str
    bundle: str
    title: Text
    status: str
    submitted_at: datetime
    promised_at: datetime | None
    parts: Sequence[CaseView]
