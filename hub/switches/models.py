"""Tables of the switches room: what operations set over the configuration, and the history of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class SwitchOverride(Base):
    """The override in force of one service or system. No row: the configuration counts."""

    __tablename__ = "switches_override"

    kind: Mapped[str] = mapped_column(primary_key=True)  # service | system
    target: Mapped[str] = mapped_column(primary_key=True)
    fields: Mapped[dict[str, Any]]
    change_id: Mapped[int] = mapped_column(BigInteger)


class SwitchChange(Base):
    """One change: the override before and after it (None: there was none). Rows are only ever added."""

    __tablename__ = "switches_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    target: Mapped[str]
    act: Mapped[str]  # change | rollback | write_back
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str]
    actor: Mapped[str]
    changed_at: Mapped[datetime]
