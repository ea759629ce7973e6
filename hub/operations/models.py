"""Tables of the operations room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class ActRow(Base):
    """One act of a member of staff. Rows are only ever added."""

    __tablename__ = "operations_act"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    acted_at: Mapped[datetime]
    actor: Mapped[str]
    roles: Mapped[list[str]]
    act: Mapped[str]
    target: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    trace_id: Mapped[str]
