"""Keeps the tables in step with config/services. The caller holds the lock of the catalogue."""

from __future__ import annotations

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from hub.catalogue.items import CONFIG, from_config
from hub.catalogue.models import ItemRow, NameRow, StateRow
from hub.catalogue.words import FORM
from hub.catalogue.writing import Writer, supersede
from hub.settings.shapes import Snapshot


def put_services(session: Session, snapshot: Snapshot) -> None:
    """Make the rows of config exactly the services of this snapshot; nothing to do when they are already."""
    config = f"{snapshot.version}/{FORM}"
    if session.scalar(select(StateRow.config)) == config:
        return
    kept = {(service.id, service.version) for service in snapshot.services.values()}
    for id, version in session.execute(select(ItemRow.id, ItemRow.version).where(ItemRow.source == CONFIG)).all():
        if (id, version) not in kept:
            session.execute(delete(ItemRow).where(ItemRow.id == id, ItemRow.version == version))
    with Writer(session) as writer:
        for number, service in enumerate(snapshot.services.values(), 1):
            writer.add(from_config(service), number)
        writer.finish()
    _forget_names(session)
    supersede(session)
    session.execute(update(StateRow).values(config=config))


def _forget_names(session: Session) -> None:
    """Names of services that are called otherwise now. Those of imports stay: another file may bring them back."""
    used = exists().where(ItemRow.name_id == NameRow.id)
    session.execute(delete(NameRow).where(NameRow.sort < "1", ~used))
