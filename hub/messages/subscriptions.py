"""How many messages of each WeChat template a citizen still allows, as the client reported it: one consent is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.messages.models import SubscriptionRow

MOST = 100


class Subscriptions:
    """Takes a session and never commits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def allow(self, session: Session, citizen_id: str, templates: Sequence[str]) -> None:
        """One more message of each of them; what is allowed is no more than 100."""
        for template_id in sorted(set(templates)):
            put = insert(SubscriptionRow).values(
                citizen_id=citizen_id, template_id=template_id, left=1, updated_at=self._clock.now()
            )
            counted = {"left": SubscriptionRow.left + 1, "updated_at": put.excluded.updated_at}
            places = ["citizen_id", "template_id"]
            put = put.on_conflict_do_update(index_elements=places, set_=counted, where=SubscriptionRow.left < MOST)
            session.execute(put)

    def left(self, session: Session, citizen_id: str) -> Mapping[str, int]:
        rows = session.scalars(select(SubscriptionRow).where(SubscriptionRow.citizen_id == citizen_id))
        return {row.template_id: row.left for row in rows}

    def spend(self, session: Session, citizen_id: str, template_id: str, all: bool = False) -> None:
        """One is used; or WeChat said that none is left."""
        mine = SubscriptionRow.citizen_id == citizen_id, SubscriptionRow.template_id == template_id
        left = 0 if all else SubscriptionRow.left - 1
        session.execute(update(SubscriptionRow).where(*mine, SubscriptionRow.left > 0).values(left=left))

    def join(self, session: Session, visitor: str, citizen_id: str) -> None:
        """The visitor's become the citizen's, where that one has none of the same template."""
        kept = set(self.left(session, citizen_id))
        mine = SubscriptionRow.citizen_id == visitor
        session.execute(delete(SubscriptionRow).where(mine, SubscriptionRow.template_id.in_(kept)))
        session.execute(update(SubscriptionRow).where(mine).values(citizen_id=citizen_id))

    def erase(self, session: Session, citizen_id: str) -> None:
        session.execute(delete(SubscriptionRow).where(SubscriptionRow.citizen_id == citizen_id))
