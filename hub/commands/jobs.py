"""`hub jobs` and `hub replay`: what waits or has failed, and asking again what one trace did not get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy.orm import Session

from hub import trace as tracing
from hub.commands.opening import as_json, opened, print_json, print_table
from hub.commands.switching import actor
from hub.errors import Problem
from hub.jobs.service import STATUS, Job
from hub.main import Hub
from hub.operations.service import Act, record

_REASON = click.option("--reason", required=True, help="Why; it stands in the record of acts.")


@click.group("jobs", help="List jobs, try a failed one again, cancel one.")
def jobs() -> None:
    """The group."""


@jobs.command("list")
@click.option("--status", type=click.Choice(sorted({*STATUS.values()} - {"done"})), help="Only those.")
@as_json
def list_jobs(status: str | None, json_wanted: bool) -> None:
    """The newest hundred jobs that are not done."""
    with opened() as hub, hub.database.session() as session:
        found = [asdict(job) for job in hub.jobs.page(session, status, limit=100)]
    if json_wanted:
        print_json(found)
        return
    columns = {"id": "JOB", "task": "TASK", "ids": "IDS", "status": "STATUS", "attempts": "ATTEMPTS",
               "given_at": "GIVEN"}  # fmt: skip
    print_table(columns, found)


@jobs.command("retry")
@click.argument("id", type=int)
@_REASON
def retry_job(id: int, reason: str) -> None:
    """Try a failed job once more."""
    _acted(id, reason, lambda hub, session: hub.jobs.retry(session, id))


@jobs.command("cancel")
@click.argument("id", type=int)
@_REASON
def cancel_job(id: int, reason: str) -> None:
    """Cancel a job; one that runs ends before its next step."""
    _acted(id, reason, lambda hub, session: hub.jobs.cancel(session, id))


@click.command()
@click.argument("trace_id")
@_REASON
@as_json
def replay(trace_id: str, reason: str, json_wanted: bool) -> None:
    """Ask again what TRACE_ID did not get: reads only. Exit 1 unless all of it was answered."""
    with opened() as hub:
        hub.switches.refresh()
        hub.exchanges.start()
        hub.legs.start()
        with hub.database.session() as session:
            legs = hub.legs.find(session, trace_id)
        found = [{"leg": str(leg.id), "service": leg.service, **_asked(hub, leg.id)} for leg in legs]
        _record(hub, "leg.rerun", f"trace:{trace_id[:32]}", reason, "OK", {"legs": len(found)})
    if json_wanted:
        print_json(found)
    else:
        print_table({"service": "SERVICE", "state": "STATE", "code": "CODE", "trace_id": "TRACE"}, found)
    if not found:
        raise click.ClickException("nothing of this trace is kept that could be asked again")
    if any(each["state"] != "answered" for each in found):
        raise SystemExit(1)


def _asked(hub: Hub, id: Any) -> dict[str, Any]:
    try:
        return asdict(hub.asking.ask(id))
    except Problem as problem:
        return {"state": "refused", "code": problem.code, "trace_id": ""}


def _acted(id: int, reason: str, act: Callable[[Hub, Session], Job]) -> None:
    with opened() as hub:
        try:
            with hub.database.session() as session:
                job = act(hub, session)
        except Problem as problem:
            _record(hub, "job.write", f"job:{id}", reason, problem.code)
            raise
        _record(hub, "job.write", f"job:{id}", reason, "OK", {"status": job.status})
    click.echo(f"Job {job.id} ({job.task}): {job.status}")


def _record(
    hub: Hub, permission: str, target: str, reason: str, outcome: str, after: dict[str, Any] | None = None
) -> None:
    act = Act(hub.clock.now(), actor(), ("cli",), permission, target, outcome, tracing.new().id, reason, after=after)
    with hub.database.session() as session:
        record(session, act)
