"""Tables of the catalogue: items, the words that titles are found by, the configuration they hold, what was missed.

Shaped for three million items of three hundred thousand different titles. What is searched stands with each title, for
a search of the whole country, and with each item, for a search in a county, which then reads one table only.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base

FIRST_DAY = date(1, 1, 1)
_BYTES = Text(collation="C")  # ordered by code point, the same on every machine


class NameRow(Base):
    """What a title is found by; see words.py. `id` is made from the rest, so that nobody has to ask for it."""

    __tablename__ = "catalogue_name"
    __table_args__ = (
        Index("catalogue_name_in_order", "sort", "id", postgresql_include=["words", "sounds"]),
        Index("catalogue_name_by_token", "tokens", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sort: Mapped[str] = mapped_column(_BYTES)
    words: Mapped[str] = mapped_column(Text)
    sounds: Mapped[str] = mapped_column(Text)
    tokens: Mapped[list[str]] = mapped_column(ARRAY(Text))


class ItemRow(Base):
    """One version of one item. `source` is `config` or the code scheme it was imported under; `codes` are shown,
    `keys` are the same and their twins as they are searched for; `sort`, `words` and `sounds` are its title's; a
    superseded item is one that a service of config stands for; `digest` tells whether an import changes anything."""

    __tablename__ = "catalogue_item"
    __table_args__ = (
        Index("catalogue_item_by_name", "name_id", "region", "id"),
        Index("catalogue_item_by_region", "region"),
        Index("catalogue_item_by_department", "department"),
        Index("catalogue_item_by_key", "keys", postgresql_using="gin"),
        Index("catalogue_item_by_theme", "themes", postgresql_using="gin", postgresql_where=text("themes <> '{}'")),
        Index("catalogue_item_of_config", "id", postgresql_where=text("source = 'config'")),
        Index("catalogue_item_superseded", "id", postgresql_where=text("superseded")),
        Index("catalogue_item_by_kind", "kind", postgresql_where=text("kind <> 'link'")),
    )

    id: Mapped[str] = mapped_column(_BYTES, primary_key=True)
    version: Mapped[str] = mapped_column(_BYTES, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    department_name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    themes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    audience: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(_BYTES)
    level: Mapped[int] = mapped_column(SmallInteger)
    codes: Mapped[dict[str, Any]]
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    suspended: Mapped[bool]
    superseded: Mapped[bool]
    name_id: Mapped[int] = mapped_column(BigInteger)
    sort: Mapped[str] = mapped_column(_BYTES)
    words: Mapped[str] = mapped_column(Text)
    sounds: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[date]
    effective_until: Mapped[date | None]
    body: Mapped[dict[str, Any]]
    digest: Mapped[bytes]


class StateRow(Base):
    """One row. `config` is the version of the configuration whose services are in the table."""

    __tablename__ = "catalogue_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    config: Mapped[str] = mapped_column(Text)


class MissOnceRow(Base):
    """Keyed hashes: a word nothing was found for, and somebody who searched it."""

    __tablename__ = "catalogue_miss_once"

    word_tag: Mapped[bytes] = mapped_column(primary_key=True)
    caller_tag: Mapped[bytes] = mapped_column(primary_key=True)
    day: Mapped[date]


class MissRow(Base):
    """A word that several people found nothing for, and how often on that day."""

    __tablename__ = "catalogue_miss"

    day: Mapped[date] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(_BYTES, primary_key=True)
    times: Mapped[int]
