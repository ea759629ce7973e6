"""Tables of the room: messages and how far each has got, what was tried, consents to be written to by WeChat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class MessageRow(Base):
    """One message in one inbox. `body_sealed` holds its texts and values as JSON.

    `state`: waiting | sent | phone, or one of the final ones (rules.FINAL); `channel` is where it is or ended.
    It is tried when `not_before` is past and nobody holds it (`held_until`, by the database's clock).
    """

    __tablename__ = "messages_message"

    id: Mapped[str] = mapped_column(primary_key=True)
    citizen_id: Mapped[str]
    kind: Mapped[str]
    about: Mapped[str]
    notice_id: Mapped[str | None]
    body_sealed: Mapped[bytes]
    urgent: Mapped[bool]
    state: Mapped[str]
    channel: Mapped[str]
    code: Mapped[str]
    tries: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    held_until: Mapped[datetime | None]


class AttemptRow(Base):
    """One message handed to one channel, written down before a byte leaves. `reference` is what a receipt names."""

    __tablename__ = "messages_attempt"

    reference: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages_message.id", ondelete="CASCADE"))
    channel: Mapped[str]
    system: Mapped[str]
    outcome: Mapped[str]
    code: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class SubscriptionRow(Base):
    """How many messages of one template a citizen still allows: one consent is one message."""

    __tablename__ = "messages_subscription"

    citizen_id: Mapped[str] = mapped_column(primary_key=True)
    template_id: Mapped[str] = mapped_column(primary_key=True)
    left: Mapped[int]
    updated_at: Mapped[datetime]


class ProviderRow(Base):
    """Which share of the SMS a provider gets, in points, and when shares were shifted last."""

    __tablename__ = "messages_provider"

    system: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[int]
    shifted_at: Mapped[datetime]
    reason: Mapped[str]


class NoticeRow(Base):
    """One text for all inboxes of a region: in force once a second person has confirmed it."""

    __tablename__ = "messages_notice"

    id: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    reached: Mapped[str]
    done_at: Mapped[datetime | None]
