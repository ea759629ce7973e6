"""The SMS providers that are attached, and the share of each: all workers go by one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.messages.attempts import Attempts
from hub.messages.models import ProviderRow
from hub.messages.shares import Fared, Share, at_rest, shifted


class Providers:
    """`wanted` tells which are attached and how operations want them shared at rest; `is_well` whether a provider's
    breaker lets a call through at this moment."""

    def __init__(
        self,
        wanted: Callable[[], Mapping[str, int]],
        is_well: Callable[[str], bool],
        attempts: Attempts,
        clock: Clock,
    ) -> None:
        self._wanted, self.is_well = wanted, is_well
        self._attempts, self._clock = attempts, clock
        self._log = structlog.get_logger()

    def points(self, session: Session) -> dict[str, int]:
        """What each gets now. A provider that is new or gone makes the others go back to rest."""
        wanted, kept = self._wanted(), {row.system: row.points for row in session.scalars(select(ProviderRow))}
        return {name: kept[name] for name in wanted} if kept.keys() == wanted.keys() else at_rest(wanted)

    def look(self, session: Session) -> str:
        """Shifts where that is due, one worker at a time; why it did, or nothing."""
        rest = at_rest(self._wanted())
        rows = self._rows(session, rest)
        if len(rows) < 2:
            return ""
        fared = self._attempts.fared(session)
        now, told = self._clock.now(), {}
        for name in rows:
            told[name] = replace(fared.get(name, Fared()), breaker_open=not self.is_well(name))
        shares = {name: Share(row.points, rest[name]) for name, row in rows.items()}
        points, reason = shifted(shares, told, max(row.shifted_at for row in rows.values()), now)
        for name, row in rows.items() if reason else ():
            if row.points != points[name]:
                self._log.warning("sms_shifted", system=name, points=points[name], reason=reason)
                row.points, row.shifted_at, row.reason = points[name], now, reason
        return reason

    def _rows(self, session: Session, rest: Mapping[str, int]) -> dict[str, ProviderRow]:
        """Locked, made where they are missing."""
        wanted = select(ProviderRow).order_by(ProviderRow.system).with_for_update()
        rows = {row.system: row for row in session.scalars(wanted)}
        if rows.keys() == rest.keys():
            return rows
        session.execute(delete(ProviderRow))
        long_ago = self._clock.now().replace(year=2000)
        fresh = [{"system": name, "points": each, "shifted_at": long_ago, "reason": ""} for name, each in rest.items()]
        if fresh:
            session.execute(insert(ProviderRow).values(fresh).on_conflict_do_nothing())
        return {row.system: row for row in session.scalars(wanted)}
