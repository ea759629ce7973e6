"""`hub systems try · record · verify · report`: what one does with a system while attaching it, or when it changed.

`try` goes through the gateway. `record` and `verify` open the adapter beside it, to stand between it and the department
or to ask more than a citizen may; each such use is put on record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hub import trace as tracing
from hub.commands.call import demo_person, legs_of, print_legs
from hub.commands.opening import as_json, opened, print_json, print_table, sentence
from hub.commands.switching import actor
from hub.crypto import mask_id, mask_name, mask_phone
from hub.errors import Problem
from hub.gateway.orders import Caller
from hub.inbox.service import Bad
from hub.inspection.service import concerns
from hub.main import Hub
from hub.operations.service import Act, record
from hub.port import Adapter, Call, PortError
from hub.settings.shapes import System
from hub.systems import filing
from hub.systems.anonymous import Inventor
from hub.systems.answering import Answering
from hub.systems.asking import SOMEBODY, fitting, typed
from hub.systems.contract import Contract, Finding, run
from hub.systems.drafted import write_call
from hub.systems.opening import opened_alone, recordings, replayed
from hub.systems.recording import Heard, Relay
from hub.systems.sampling import anonymised, left_over

_PERSON = click.option("--as", "persona", default="", help="A person of the demo: name, number (R0001) or openid.")
_FIELDS = click.argument("pairs", nargs=-1, metavar="[FIELD=VALUE]…")
_WRITES = click.option("--writes", is_flag=True, help="Allow an operation that changes something at the department.")
_SECONDS = 3.0
_ASKER = Caller("cli", 3, "hub")


@click.command("try")
@click.argument("id")
@click.argument("operation")
@_FIELDS
@_PERSON
@_WRITES
@as_json
def try_(id: str, operation: str, pairs: tuple[str, ...], persona: str, writes: bool, json_wanted: bool) -> None:
    """Call one OPERATION of a system by hand, through the gateway, and print each leg. Values are masked."""
    trace = tracing.new()
    with opened() as hub:
        hub.switches.refresh()
        hub.exchanges.start()
        told = _declared(hub, id, operation, writes)
        fields = _fields(told, hub.systems.facts(id)["codes"], pairs, persona)
        said: dict[str, Any] = {"trace_id": trace.id}
        try:
            reply = hub.gateway.ask(id, operation, fields, _ASKER, trace, hub.settings.now.systems[id].deadline_s)
            said |= {"fields": veiled(reply.fields, told), "receipt": reply.receipt, "done": reply.done}
        except Problem as problem:
            said |= {"problem": sentence(problem)}
        legs = legs_of(hub, trace.id)
    if json_wanted:
        print_json({**said, "legs": legs})
    else:
        print_json(said)
        print_legs(legs)
    if "problem" in said:
        raise SystemExit(1)


@click.command("record")
@click.argument("id")
@click.argument("operation")
@_FIELDS
@_PERSON
@_WRITES
@click.option("--case", default="recorded", show_default=True, help="The word in the sample's name.")
def record_(id: str, operation: str, pairs: tuple[str, ...], persona: str, writes: bool, case: str) -> None:
    """Ask the department once, and keep its answer as a sample: whatever is not known to be harmless is replaced."""
    if not case.isidentifier() or not case.isascii():
        raise click.UsageError("--case is one word.")
    with opened() as hub:
        told = _declared(hub, id, operation, writes)
        facts, attached, folder = hub.systems.facts(id), hub.settings.now.systems[id], hub.systems.folder(id)
        if not attached.address.startswith("http"):
            raise click.UsageError("Only what is answered over HTTP is recorded; what is delivered is not.")
        fields = _fields(told, facts["codes"], pairs, persona)
        with _on_record(hub, f"system:{id}", "systems.record", f"a sample of {operation}"):
            heard, problem = _listened(folder, facts, attached, operation, fields)
    try:
        kept = _kept(folder, facts, operation, case, heard, fields)
    except ValueError as error:
        raise click.ClickException(f"Nothing was kept: {error}") from error
    for path in kept:
        click.echo(f"wrote {path}")
    click.echo(sentence(problem) if problem else _replay(folder, kept[-1].name))


@click.command("verify")
@click.argument("id")
@_PERSON
@click.option(
    "--live/--no-live", default=True, show_default=True, help="Ask the system itself too, not only its folder."
)
@click.option(
    "--writes", is_flag=True, help="Measure the settle time: files 200 times. Only in the department's test mode."
)
@click.option("--probes", default=filing.PROBES, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def verify(id: str, persona: str, live: bool, writes: bool, probes: int, json_wanted: bool) -> None:
    """The contract kit over one system: its folder, its recordings, and the system itself. Exit 1 on any breach."""
    with opened() as hub:
        if id not in hub.systems.ids():
            raise Problem("NOT_FOUND", note=f"no folder adapters/{id} with a system.yaml")
        person = _person(persona) or SOMEBODY
        findings = list(_verified(hub, id, person, live, writes, probes))
    if json_wanted:
        print_json([asdict(finding) for finding in findings])
    else:
        print_table({"check": "CHECK", "verdict": "", "said": "FOUND"}, [asdict(finding) for finding in findings])
    if any(finding.verdict == "bad" for finding in findings):
        raise SystemExit(1)


_DELIVERIES = 20
_UNMAPPED = {"system": "SYSTEM", "operation": "OPERATION", "kind": "WHAT", "word": "THE DEPARTMENT'S WORD",
             "seen": "SEEN", "last_seen_at": "LAST"}  # fmt: skip
_REFUSED = {"system": "SYSTEM", "delivery": "DELIVERY", "received_at": "CAME", "place": "REFUSED ROW", "code": "CODE",
            "note": "WHY"}  # fmt: skip
_MISSING = {"target": "NOT AS AGREED", "note": "WHY", "changed_at": "SINCE"}


@click.command("report")
@click.argument("id", required=False, default="")
@as_json
def report(id: str, json_wanted: bool) -> None:
    """What departments sent that no system.yaml knows, which rows of theirs were refused and where they stand, what
    they should have brought. No values."""
    with opened() as hub, hub.database.session() as session:
        unmapped = [asdict(seen) for seen in hub.unmapped.report(session, id)]
        found = hub.inspection.findings(session)
        missing = [asdict(each) for each in found if each.bad and each.kind == "delivery" and concerns(each, id)]
        refused = [
            {"system": arrived.source, "delivery": arrived.message_id, "received_at": arrived.received_at,
             **asdict(bad)}
            for arrived, rows in hub.inbox.refused(session, id or None, _DELIVERIES)
            for bad in (rows if arrived.bad_rows else [Bad("", arrived.code, arrived.result)])
        ]  # fmt: skip
    if json_wanted:
        print_json({"unmapped": unmapped, "refused": refused, "missing": missing})
        return
    for columns, lines in ((_UNMAPPED, unmapped), (_REFUSED, refused), (_MISSING, missing)):
        print_table(columns, lines)


VERBS: tuple[click.Command, ...] = (try_, record_, verify, report)


def _declared(hub: Hub, id: str, operation: str, writes: bool) -> Mapping[str, Any]:
    if id not in hub.settings.now.systems:
        why = hub.settings.now.not_started.get(id, f"no system '{id}' in the configuration")
        raise Problem("NOT_FOUND", note=why)
    told = hub.systems.declared(id, operation)
    if not told:
        names = ", ".join(hub.systems.operations(id) or ()) or "none, see hub check"
        raise Problem("NOT_FOUND", note=f"no operation '{operation}'; there are {names}")
    if told["kind"] == "write" and not writes:
        raise click.UsageError(f"{operation} changes something at the department: say --writes if you mean it.")
    return told


def _person(persona: str) -> dict[str, str]:
    if not persona:
        return {}
    found = demo_person(persona)
    return {name: str(found[name]) for name in ("id_number", "name")}


def _fields(told: Mapping[str, Any], codes: Mapping[str, Any], pairs: tuple[str, ...], persona: str) -> dict[str, Any]:
    asked: Mapping[str, Any] = told["request"]["fields"]
    given: dict[str, Any] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or name not in asked:
            raise click.UsageError(f"{pair}: write FIELD=VALUE; it takes {', '.join(asked) or 'no fields'}.")
        try:
            given[name] = typed(asked[name], value)
        except (ValueError, KeyError) as error:
            raise click.UsageError(f"{name} takes a value of type {asked[name]['as']}.") from error
    person = _person(persona)
    chosen = {name: value for name, value in person.items() if name in asked} | given
    missing = [name for name, entry in asked.items() if entry["required"] and name not in chosen]
    if missing and persona:
        return fitting(told, codes, chosen)
    if missing:
        raise click.UsageError(f"{', '.join(missing)} must be given: FIELD=VALUE, or --as a person of the demo.")
    return chosen


def veiled(fields: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Values of class 3 and 4 in part only."""
    answer = told["answer"]
    shown = {name: _veil(value, answer["fields"][name]) for name, value in fields.items() if name in answer["fields"]}
    for name, rows in answer["lists"].items():
        shown[name] = [
            {key: _veil(value, rows["fields"][key]) for key, value in row.items()} for row in fields.get(name, [])
        ]
    return shown


def _veil(value: Any, entry: Mapping[str, Any]) -> Any:
    if value is None or entry["class"] < 3:
        return value
    if not isinstance(value, str):
        return "***"
    if len(value) >= 15:
        return mask_id(value)
    return mask_phone(value) if value.isdigit() and len(value) == 11 else mask_name(value)


@contextmanager
def _on_record(hub: Hub, target: str, permission: str, reason: str) -> Iterator[None]:
    act = Act(hub.clock.now(), actor(), ("cli",), permission, target, "OK", tracing.new().id, reason)
    with hub.database.session() as session:
        record(session, act)
    yield


def _listened(
    folder: Path, facts: Mapping[str, Any], attached: System, operation: str, fields: Mapping[str, Any]
) -> tuple[list[Heard], PortError | None]:
    """What the department said to one call, a refusal as well."""
    problem = None
    with (
        Relay(attached.address) as relay,
        opened_alone(folder, relay.url + relay.base, attached.secrets, facts, options=attached.options) as adapter,
    ):
        try:
            adapter.call(Call(operation, fields, time.monotonic() + _SECONDS, key="SAMPLE-0001"))
        except PortError as error:
            problem = error
    heard = relay.heard()
    if not heard:
        raise Problem("DEPARTMENT_UNAVAILABLE", note=problem.note if problem else "nothing was said")
    return heard, problem


def _kept(
    folder: Path, facts: Mapping[str, Any], operation: str, case: str, heard: list[Heard], fields: Mapping[str, Any]
) -> list[Path]:
    inventor = Inventor()
    asked = {name: _asked(value, facts["operations"][operation]["request"]["fields"][name], inventor)
             for name, value in fields.items()}  # fmt: skip
    safe = [anonymised(each.body, facts, operation, inventor) for each in heard]
    safe = [(inventor.loose_bytes(body, facts["encoding"]), ending) for body, ending in safe]
    if any(left_over(body, facts["encoding"], inventor) for body, _ in safe):
        raise ValueError("a personal value would still stand in it")
    names = [f"{operation}.{case}.{number}.{ending}" for number, (_, ending) in enumerate(safe, 1)]
    names[-1] = f"{operation}.{case}.{safe[-1][1]}"
    samples = folder / "samples"
    taken = [name for name in names if (samples / name).exists()]
    if taken:
        raise ValueError(f"{taken[0]} is there already; give another --case")
    samples.mkdir(exist_ok=True)
    for name, (body, _) in zip(names, safe, strict=True):
        (samples / name).write_bytes(body)
    also = {each.path: name for each, name in zip(heard[:-1], names[:-1], strict=True)}
    write_call(samples, names[-1], heard[-1].path, heard[-1].media_type, asked, also=also)
    return [samples / name for name in names]


def _asked(value: Any, entry: Mapping[str, Any], inventor: Inventor) -> Any:
    return inventor(value) if isinstance(value, str) and entry["as"] == "text" else value


def _replay(folder: Path, sample: str) -> str:
    """Whether the sample says the same when it is played back; written beside it when it does."""
    recording = next(each for each in recordings(folder) if each.sample == sample)
    try:
        reply = replayed(recording)
    except Problem as problem:
        (folder / "samples" / f"{sample.rpartition('.')[0]}.call.json").unlink()
        return (
            f"It cannot be played back as it is ({problem.code}: {problem.note}); a test must say what to expect of it."
        )
    write_call(folder / "samples", sample, recording.path, recording.media_type, recording.asked, reply.fields,
               recording.also)  # fmt: skip
    return f"Played back: {len(reply.fields)} fields."


def _verified(hub: Hub, id: str, person: Mapping[str, Any], live: bool, writes: bool, probes: int) -> Iterator[Finding]:
    folder = hub.systems.folder(id)
    if complaints := [each for each in hub.systems.complaints() if each.file.split("/")[-2] == id]:
        yield from (Finding("system.yaml", "bad", str(complaint)) for complaint in complaints)
        return
    contract = Contract(folder)
    yield from run({"nothing is left to decide": contract.nothing_left_to_decide, **contract.checks()})
    attached = hub.settings.now.systems.get(id)
    if not live:
        return
    if attached is None:
        why = hub.settings.now.not_started.get(id, "it is not in systems.yaml")
        yield Finding("the system itself", "bad", why)
        return
    with _on_record(hub, f"system:{id}", "systems.verify", "contract kit"), _beside(hub, contract, attached) as adapter:
        yield from run(Answering(contract, adapter, person).checks())
        if writes:
            yield from run(_settling(contract, adapter, attached, person, probes))
    hub.unmapped.write()


@contextmanager
def _beside(hub: Hub, contract: Contract, attached: System) -> Iterator[Adapter]:
    with opened_alone(
        contract.folder, attached.address, attached.secrets, contract.facts,
        unmapped=hub.unmapped.of(contract.folder.name), options=attached.options,
        allow_private=attached.allow_private, records=hub.inbox.records(contract.folder.name),
    ) as adapter:  # fmt: skip
        yield adapter


def _settling(
    contract: Contract, adapter: Adapter, attached: System, person: Mapping[str, Any], probes: int
) -> Mapping[str, Callable[[], str]]:
    """For each write: how late its own query shows what was filed."""

    def measure(operation: str) -> str:
        asked = contract.asked(operation, person)
        try:
            delays = filing.measured(adapter, contract.facts, operation, lambda _: asked, probes)
        except ValueError as error:
            return f"not measured, so it files as R4: {error}"
        found = filing.settle_s(delays, attached.deadline_s)
        return f"settle_s: {found} after {len(delays)} filings; write it under filing: in system.yaml"

    writes = [name for name, each in contract.facts["operations"].items() if each["kind"] == "write"]
    return {f"settle time of {name}": lambda name=name: measure(name) for name in writes}  # type: ignore[misc]
