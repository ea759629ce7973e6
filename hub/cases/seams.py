"""What the room needs of its neighbours, and the words it hands them. Wired in hub/main.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.filings.service import Filings
from hub.materials.service import Materials
from hub.messages.service import Messages
from hub.settings.shapes import Text
from hub.tasks.service import Tasks

Tell = Callable[[Session, str, str, Mapping[str, str | Text], str], object]
"""A message to a citizen: kind, values, receipt number. In the caller's transaction."""


@dataclass(frozen=True, slots=True)
class Seams:
    """`colleagues`: account and user name of each who can handle cases of this department; `holds_licence`: whether
    this one, a citizen or who is represented, has this licence."""

    colleagues: Callable[[Session, str], Mapping[str, str]]
    holds_licence: Callable[[Session, str, str], bool]
    filings: Filings
    materials: Materials
    messages: Messages
    tasks: Tasks
