"""The end by order: closed on the day, the data gone or sealed away, a signed report of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select, table

from hub.health_code.ending import REPORT_KIND
from hub.signing import verified
from tests.health_code.conftest import HAN, LIN, WANG, Clinic


@pytest.fixture(params=["delete", "archive"])
def ended(clinic: Clinic, request: pytest.FixtureRequest, monkeypatch: Any) -> Iterator[Clinic]:
    """Yesterday was the last day."""
    clinic.declare(symptoms="fever"), clinic.scan(clinic.code()["code"])
    clinic.hub.health_code.scans.flush()
    configured = clinic.hub.health_code.codes.configured()
    yesterday = (clinic.hub.clock.now() - timedelta(days=1)).date()
    over = replace(configured, ending=replace(configured.ending, on=yesterday, then=request.param))
    for part in (clinic.hub.health_code.codes, clinic.hub.health_code.ending):
        monkeypatch.setattr(part, "_configured", lambda: over)
    yield clinic
    monkeypatch.undo()
    with clinic.hub.database.session() as session:
        session.connection().exec_driver_sql("DELETE FROM health_code_ending")


def end(clinic: Clinic) -> bool:
    with clinic.hub.database.session() as session:
        return clinic.hub.health_code.ending.close(session)


def copies(clinic: Clinic) -> int:
    """Of how these people stand, in Redis."""
    states = clinic.hub.health_code.states
    return sum(clinic.hub.redis.exists(states._name(clinic.citizen_id(each))) for each in (HAN, LIN, WANG))


def test_feat_X20_on_its_day_it_closes_and_leaves_a_signed_report(ended: Clinic) -> None:
    asked = ended.anyone().get("/health-code/questions")
    for closed in (ended.citizen(HAN).get("/health-code"), ended.declare(), asked):
        assert (closed.status_code, closed.json["code"]) == (410, "SERVICE_ENDED")
    assert ended.scan("A" * 36).json["code"] == "SERVICE_ENDED"
    assert end(ended) and not end(ended), "once"
    told = ended.of("auditor").get("/desk/health-code/ending").json
    keys = ended.anyone().get("/.well-known/hub-keys.json").json["keys"]
    report = verified(told["report"], keys, REPORT_KIND)
    with ended.hub.database.read() as connection:
        counted = (connection.execute(select(func.count()).select_from(table(name))) for name in report["rows"])
        assert {each.scalar_one() for each in counted} == {0} and len(report["rows"]) == 8
    assert report["rows"]["health_code_declaration"] >= 1 and report["rows"]["health_code_scan"] >= 1
    assert report["copies"] >= 1 and not copies(ended), "how people stood lay in Redis too"
    assert (report["order"], report["what"]) == (told["order"], told["then"])
    archive = ended.hub.home / "archive" / f"health-code-{report['last_day']}.sealed"
    assert archive.exists() == (told["then"] == "archive")
    if archive.exists():
        plain = ended.hub.health_code.ending.archive.open(archive)
        rows, told = orjson.loads(plain), report["archive"]
        assert (told["bytes"], told["sha256"]) == (len(plain), hashlib.sha256(plain).hexdigest())
        told = [orjson.loads(row["body_sealed"]) for name, row in rows if name == "health_code_declaration"]
        assert {"fever"} == {row["symptoms"] for row in told}, "opened: no other key is needed"
        assert {"health_code_declaration", "health_code_code"} <= {table for table, _ in rows}
        archive.unlink()


def test_feat_X20_a_report_that_could_not_be_true_waits(ended: Clinic, monkeypatch: Any) -> None:
    """Redis is away: its copies cannot be deleted."""
    line = ended.hub.line
    monkeypatch.setattr(line, "_away", True)
    assert not end(ended)
    monkeypatch.setattr(line, "_away", False)
    assert end(ended) and not copies(ended)


def test_feat_X20_after_its_day_no_worker_knows_or_copies_anybody(ended: Clinic) -> None:
    states = ended.hub.health_code.states
    known = states.of(ended.citizen_id(HAN))
    assert known
    states._known[known.citizen_id], states._newest = known, -1  # as of one that has just begun
    ended.hub.redis.delete(states._name(known.citizen_id))
    states.refresh()
    assert not states._known and not copies(ended)


def test_feat_X20_before_its_day_nothing_ends(clinic: Clinic) -> None:
    clinic.declare()
    assert not end(clinic) and clinic.code()["grade"] == "00"
    assert clinic.of("auditor").get("/desk/health-code/ending").json["report"] is None
