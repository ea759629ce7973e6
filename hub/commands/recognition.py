"""`hub recognition …`: whom this region believes, by which rules it decides, and what it refuses from now on."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import click
import orjson
from sqlalchemy.orm import Session

from hub import trace
from hub.commands.opening import as_json, opened, print_json, print_table
from hub.commands.switching import actor
from hub.errors import Problem
from hub.main import Hub
from hub.operations.service import Act, record
from hub.recognition.trust import What, revocation

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_REASON = click.option("--reason", required=True, help="Why; it stands in the history.")


@click.group("recognition", help="See and change whom this region believes, its rules, what it refuses.")
def recognition() -> None:
    """The group."""


@recognition.group("trust-list")
def trust_list() -> None:
    """The signed list of issuers."""


@trust_list.command("show")
@as_json
def show_list(json_wanted: bool) -> None:
    """Issuers believed now, the list's version and end, and what needs a person. Exit 1 where nothing is decided."""
    with opened() as hub:
        stand, found = hub.recognition.standing.now(), list(hub.recognition.findings())
    told = {"version": stand.trust.version, "until": stand.trust.expires_at, "issuers": sorted(stand.trust.issuers),
            "revoked": len(stand.trust.revoked), "findings": [asdict(each) for each in found]}  # fmt: skip
    if json_wanted:
        print_json(told)
    else:
        click.echo(f"version {told['version']}, until {told['until'] or 'no end'}, {told['revoked']} revoked")
        click.echo(f"believed: {', '.join(sorted(stand.trust.issuers)) or 'nobody'}")
        for each in found:
            click.echo(f"{'BAD' if each.bad else 'watch'}: {each.what} {each.note}")
    if any(each.bad for each in found):
        raise SystemExit(1)


@trust_list.command("take")
@click.argument("file", type=_FILE)
def take_list(file: Path) -> None:
    """Take the list in FILE. It must be newer, in time and signed by a signer of recognition.yaml."""
    with opened() as hub, hub.database.session() as session:
        try:
            version = hub.recognition.desk.take_list(session, file.read_text(encoding="ascii"), actor())
        except ValueError as error:
            raise click.ClickException(f"Not taken: {error}.") from None
        _record(session, hub, f"trust-list:{version}", "")
    click.echo(f"Taken: version {version}, in force within seconds.")


@recognition.group("rules")
def rules() -> None:
    """The rules by which this region decides."""


@rules.command("list")
@as_json
def list_rules(json_wanted: bool) -> None:
    """All versions, the newest first."""
    with opened() as hub, hub.database.session() as session:
        found = [asdict(each) for each in hub.recognition.desk.versions(session)]
    if json_wanted:
        print_json(found)
        return
    columns = {"Identifier": "RULE", "Version": "VERSION", "Type": "TYPE", "ValidFrom": "FROM", "ValidTo": "TO",
               "state": "STATE", "in_force": "IN FORCE"}  # fmt: skip
    print_table(columns, [{**each["document"], **each} for each in found])


@rules.command("publish")
@click.argument("file", type=_FILE)
@_REASON
def publish(file: Path, reason: str) -> None:
    """Publish the rule in FILE (JSON), 48 hours to two weeks before it begins.

    An emergency without notice needs two people, who sign in at the desk: POST /desk/recognition/rules.
    """
    try:
        document: Any = orjson.loads(file.read_bytes())
    except ValueError:
        raise click.ClickException(f"{file} is no JSON.") from None
    with opened() as hub, hub.database.session() as session:
        if not isinstance(document, dict):
            raise Problem("JSON_NOT_OBJECT")
        made = hub.recognition.desk.propose(session, document, actor(), reason)
        name = f"{made.document['Identifier']}@{made.document['Version']}"
        _record(session, hub, f"rule:{name}", reason)
    click.echo(f"Published: {name}, from {made.document['ValidFrom']}.")


@recognition.command()
@click.argument("what", type=click.Choice(get_args(What)))
@click.argument("issuer")
@click.argument("value")
@_REASON
def revoke(what: What, issuer: str, value: str, reason: str) -> None:
    """Refuse a credential, a batch or a key of ISSUER from now on. VALUE is its id."""
    with opened() as hub, hub.database.session() as session:
        new = hub.recognition.desk.revoke(session, what, issuer, value, actor(), reason)
        _record(session, hub, f"{what}:{revocation(what, issuer, value)}", reason)
    click.echo("Revoked, in force within seconds." if new else "It was revoked already.")


def _record(session: Session, hub: Hub, target: str, reason: str) -> None:
    act = Act(hub.clock.now(), actor(), ("cli",), "recognition.write", target, "OK", trace.new().id)
    record(session, replace(act, reason=reason))
