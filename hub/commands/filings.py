"""`hub filings`: what went to departments and nobody knows enough of; settled by a person, with a reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

import click

from hub import trace as tracing
from hub.commands.opening import as_json, opened, print_json, print_table
from hub.commands.switching import actor
from hub.errors import Problem
from hub.filings.desk import Verdict
from hub.main import Hub
from hub.operations.service import Act, record


@click.group("filings", help="List filings that need a person, settle them, read one's history.")
def filings() -> None:
    """The group."""


@filings.command("list")
@click.option("--system", help="Only those of this system.")
@as_json
def list_filings(system: str | None, json_wanted: bool) -> None:
    """Those whose outcome is unknown, and those in a person's hands; the longest waiting first."""
    with opened() as hub, hub.database.session() as session:
        found = [asdict(each) for each in hub.outbox.desk.open(session, system)]
        counts = hub.outbox.desk.counts(session)
    if json_wanted:
        print_json({"open": found, "counts": counts})
        return
    columns = {"receipt_no": "RECEIPT", "system": "SYSTEM", "state": "STATE", "reason": "WHY", "owner": "OWNER",
               "since": "SINCE", "due": "DUE"}  # fmt: skip
    print_table(columns, found)
    click.echo(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no filings")


@filings.command()
@click.argument("receipt_no")
@as_json
def history(receipt_no: str, json_wanted: bool) -> None:
    """Every change of state of RECEIPT_NO, and every try."""
    with opened() as hub, hub.database.session() as session:
        moves, tries = hub.outbox.desk.history(session, receipt_no)
    if json_wanted:
        print_json({"moves": [asdict(move) for move in moves], "tries": [asdict(each) for each in tries]})
        return
    print_table({"at": "AT", "version": "V", "state": "STATE", "reason": "WHY", "actor": "BY", "note": "NOTE"},
                [asdict(move) for move in moves])  # fmt: skip
    print_table({"n": "TRY", "account": "ACCOUNT", "started_at": "STARTED", "first_byte_out_at": "FIRST BYTE",
                 "ended_at": "ENDED", "stage": "STAGE", "outcome": "OUTCOME", "trace_id": "TRACE"},
                [asdict(each) for each in tries])  # fmt: skip


@filings.command()
@click.argument("receipt_no")
@click.argument("verdict", type=click.Choice(get_args(Verdict)))
@click.option("--number", default="", help="The department's own number; with `filed`.")
@click.option("--reason", required=True, help="How it was found out; it stands in the history and the record of acts.")
def settle(receipt_no: str, verdict: Verdict, number: str, reason: str) -> None:
    """Say what you found out about RECEIPT_NO: filed, absent (it is sent again), refused, withdrawn."""
    with opened() as hub:
        try:
            with hub.database.session() as session:
                hub.outbox.desk.settle(session, receipt_no, verdict, actor(), reason, number)
        except Problem as problem:
            _record(hub, receipt_no, reason, problem.code)
            raise
        _record(hub, receipt_no, reason, "OK", {"verdict": verdict})
    click.echo(f"{receipt_no}: {verdict}")


def _record(hub: Hub, receipt_no: str, reason: str, outcome: str, after: dict[str, Any] | None = None) -> None:
    act = Act(
        hub.clock.now(), actor(), ("cli",), "filing.settle", f"filing:{receipt_no[:64]}", outcome, tracing.new().id,
        reason, after=after,
    )  # fmt: skip
    with hub.database.session() as session:
        record(session, act)
