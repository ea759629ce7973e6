"""`hub work` and the verbs around it, as real processes on a real database, with the departments' twins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from hub.__main__ import main
from hub.database import Database
from hub.jobs.service import Jobs
from tests.conftest import Twins
from tests.county import ROOT
from tests.jobs.test_jobs import until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def environ(hub_home: Path, fresh_database: str, redis: str, twins: Twins) -> Mapping[str, str]:
    return {"HUB_HOME": str(hub_home), "HUB_DATABASE_URL": fresh_database, "HUB_REDIS_URL": redis, **twins.environ}


def said(environ: Mapping[str, str], *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, list(words), env=dict(environ), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout if "--json" in words else done.output  # a program reads the one, a person both


def test_feat_C6_the_work_is_done_by_hub_work_until_it_is_told_to_stop(
    environ: Mapping[str, str], fresh_database: str
) -> None:
    database = Database(fresh_database, pool_size=2)
    jobs = Jobs(database)
    with database.session() as session:
        begun = "INSERT INTO reruns_rerun (begun_at, actor, reason, state) VALUES (now(), 'x', 'y', 'running')"
        id = session.scalar(text(f"{begun} RETURNING id"))
        jobs.enqueue(session, "reruns.run", rerun=id)
    worker = subprocess.Popen([sys.executable, "-m", "hub", "work"], cwd=ROOT, env={**os.environ, **environ})
    try:
        until(lambda: scalar(database, "SELECT state FROM reruns_rerun") == "done", 60)
        until(lambda: scalar(database, "SELECT count(*) FROM inspection_finding WHERE kind = 'contract'") == 10, 60)
    finally:
        worker.terminate()
        assert worker.wait(60) == 0
    assert scalar(database, "SELECT count(*) FROM procrastinate_jobs") == 0
    database.close()


def scalar(database: Database, statement: str) -> object:
    with database.read() as connection:
        return connection.execute(text(statement)).scalar_one()


def test_feat_C6_the_verbs(environ: Mapping[str, str], fresh_database: str) -> None:
    database = Database(fresh_database, pool_size=2)
    jobs = Jobs(database)
    with database.session() as session:
        id = jobs.enqueue(session, "reruns.run", rerun=1)
    listed = json.loads(said(environ, "jobs", "list", "--json"))
    assert [(job["id"], job["status"]) for job in listed] == [(id, "waiting")]
    assert "STATE_CONFLICT" in said(environ, "jobs", "retry", str(id), "--reason", "x", code=1)
    assert "cancelled" in said(environ, "jobs", "cancel", str(id), "--reason", "x")
    assert "nothing of this trace" in said(environ, "replay", TRACE, "--reason", "x", code=1)
    acts = "SELECT string_agg(act || ' ' || target || ' ' || outcome, ', ' ORDER BY id) FROM operations_act"
    assert scalar(database, acts) == (
        f"job.write job:{id} STATE_CONFLICT, job.write job:{id} OK, leg.rerun trace:{TRACE} OK"
    )
    database.close()
