"""`hub doctor`: looks at everything the hub needs; each finding says what to do next."""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import click
from sqlalchemy import text

from hub.clock import CHINA
from hub.commands.listing import all_systems
from hub.commands.opening import as_json, home_folder, hub_of, print_json, print_table
from hub.demo.places import SYSTEM_ACCOUNT, account, reachable
from hub.errors import Problem
from hub.main import Hub
from hub.migrations.upgrade import is_current
from hub.port import Adapter
from hub.settings import Unusable
from hub.settings.secrets import Missing

Verdict = Literal["good", "watch", "bad"]
_SKEW_S = 2.0
_SOCKETS = 4096
_CALENDAR_DAYS = 60  # the yearly notice comes in autumn, and a term may take that long
_REFRESH = "Once the State Council has published them: a newer chinesecalendar, then hub calendar refresh."
_CORRECT = "Correct the file, or put what it names in its place (hub demo makes invented ones); hub check looks again."
_NEXT = {
    "contacted_unproven": "It let us reach it, but nothing was asked yet: call one of its services.",
    "failing": "Ask the department; meanwhile announce it: hub systems disable {id} --reason … --notice …",
    "off": "See hub systems show {id} and config/systems.yaml.",
}


_AFTER = {
    "contract": "The department changed its answer: compare it with adapters/<id>/system.yaml.",
    "people": "hub call it as a person; the trace of the last look stands in /ops/v1/systems.",
    "delivery": "Ask the department for it; hub systems report names it.",
    "rows": "hub systems report lists each row and its place, for the department.",
    "expiry": "Renew it, then set its new day under expires: in config/systems.yaml.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    verdict: Verdict
    found: str
    next: str = ""


@click.command()
@as_json
def doctor(json_wanted: bool) -> None:
    """Look at configuration, home, port, clock, database, Redis and every system. Exit 1 on anything bad."""
    findings = list(examined(home_folder()))
    if json_wanted:
        print_json([asdict(finding) for finding in findings])
    else:
        columns = {"what": "WHAT", "verdict": "", "found": "FOUND", "next": "NEXT STEP"}
        print_table(columns, [asdict(finding) for finding in findings])
    if any(finding.verdict == "bad" for finding in findings):
        raise SystemExit(1)


def examined(home: Path) -> Iterator[Finding]:
    """Each look on its own: what one finds does not keep the next from looking."""
    yield from _home(home)
    yield _port(int(os.environ.get("HUB_PORT") or 8080))
    yield _sockets()
    try:
        hub = hub_of(home)
    except Unusable as error:
        for complaint in error.complaints:
            yield Finding("config", "bad", str(complaint), _CORRECT)
        return
    except Missing as error:
        yield Finding("config", "bad", str(error), "Start hub demo in this HUB_HOME, or set it.")
        return
    try:
        yield from _config(hub)
        yield working_days(hub.workdays.known_until, hub.clock.now().astimezone(CHINA).date())
        yield from _guarded("database", hub, _database)
        yield from _guarded("redis", hub, _redis)
        yield from _guarded("systems", hub, _systems)
        yield from _guarded("database", hub, _inspected)
        yield from _guarded("database", hub, _recognition)
    finally:
        hub.close()


def _guarded(what: str, hub: Hub, look: Callable[[Hub], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look(hub)
    except Exception as error:  # whatever it is, it is a finding
        note = error.note if isinstance(error, Problem) else ""
        yield Finding(what, "bad", f"does not answer ({type(error).__name__} {note})".replace(" )", ")"),
                      f"Is it running? Its address is HUB_{what.upper()}_URL.")  # fmt: skip


def _home(home: Path) -> Iterator[Finding]:
    if not home.is_dir():
        yield Finding("home", "bad", f"{home} is not there", "Start hub demo, or set HUB_HOME.")
        return
    if not os.access(home, os.W_OK):
        yield Finding("home", "bad", f"{home} cannot be written", "Give this account the right to write there.")
    loose = [path for path in (home / "secrets").glob("*") if path.is_file() and path.stat().st_mode & 0o077]
    for path in loose:
        yield Finding("home", "bad", f"{path} can be read by others", f"chmod 600 '{path}'")
    data = home / "postgres"
    if os.geteuid() == 0 and data.exists() and not reachable(data / "base", account()):
        yield Finding("home", "bad", f"{data} cannot be reached by {SYSTEM_ACCOUNT}", "chmod a+x each folder above it.")
    if not loose:
        yield Finding("home", "good", str(home))


def _port(port: int) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(2)
        if probe.connect_ex(("127.0.0.1", port)):
            return Finding("port", "watch", f"nobody listens on {port}", "Start hub demo or hub serve.")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        if answer.status == 200 and answer.getheader("X-Trace-Id"):
            return Finding("port", "good", f"the hub answers on {port}")
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    return Finding("port", "bad", f"something else has port {port}", "Stop it, or set HUB_PORT to another.")


def _sockets() -> Finding:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < _SOCKETS:
        return Finding(
            "sockets", "watch", f"at most {most} open files", f"Raise the limit to {_SOCKETS}: LimitNOFILE=."
        )
    return Finding(
        "sockets", "good", f"at most {'any number of' if most == resource.RLIM_INFINITY else most} open files"
    )


def _config(hub: Hub) -> Iterator[Finding]:
    complaints = hub.settings.check()
    for complaint in complaints:
        verdict: Verdict = "bad" if complaint.broken else "watch"
        yield Finding("config", verdict, str(complaint), "Correct the file; it takes effect by itself.")
    if not complaints:
        now = hub.settings.now
        yield Finding(
            "config", "good", f"{len(now.services)} services, {len(now.systems)} systems, version {now.version[:12]}"
        )


def working_days(known_until: date, today: date) -> Finding:
    """Past the last year that is known weekends alone count: deadlines that reach there would be wrong."""
    ends = (known_until - today).days
    told = f"working days are known until {known_until}"
    if ends >= _CALENDAR_DAYS:
        return Finding("calendar", "good", told)
    return Finding("calendar", "watch", f"{told}; the next year's are missing", _REFRESH)


def _database(hub: Hub) -> Iterator[Finding]:
    with hub.database.read() as connection:
        there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        version = connection.execute(text("SHOW server_version")).scalar_one()
    yield _skew("the database's", (hub.clock.now() - there).total_seconds())
    if is_current(hub.database):
        yield Finding("database", "good", f"PostgreSQL {version}, of this release's shape")
    else:
        yield Finding("database", "bad", f"PostgreSQL {version}, not of this release's shape", "hub migrate")


def _redis(hub: Hub) -> Iterator[Finding]:
    seconds, microseconds = hub.redis.time()
    yield _skew("Redis's", hub.clock.now().timestamp() - seconds - microseconds / 1e6)
    info = hub.redis.info()
    saved = "append-only file on" if info.get("aof_enabled") else "no append-only file"
    yield Finding("redis", "good", f"Redis {info['redis_version']}, {saved}")


def _skew(whose: str, seconds: float) -> Finding:
    if abs(seconds) > _SKEW_S:
        return Finding("clock", "bad", f"{seconds:+.1f} s from {whose} clock", "Set both clocks by NTP.")
    return Finding("clock", "good", f"agrees with {whose} clock")


def _inspected(hub: Hub) -> Iterator[Finding]:
    """What the rounds of `hub work` found last, and jobs that were given up."""
    with hub.database.session() as session:
        found, failed = hub.inspection.findings(session), hub.jobs.counts(session)["failed"]
        unheard = hub.cases.rounds.unheard(session)
    for each in found:
        if each.bad:
            told = f"{each.state}: {each.code} {each.note}".strip()
            if each.kind == "expiry":
                told = f"ends {each.until:%Y-%m-%d}" if each.until else told
            worst = each.state in ("expired", "degraded", "failing")
            yield Finding(f"{each.kind} {each.target}", "bad" if worst else "watch", told, _AFTER[each.kind])
    if unheard:
        yield Finding("cases", "watch", f"{unheard} not acknowledged by their department in time", "hub filings list")
    if failed:
        yield Finding("jobs", "watch", f"{failed} given up", "hub jobs list --status failed")


def _recognition(hub: Hub) -> Iterator[Finding]:
    """What of the trust in other regions ends soon or has ended."""
    for each in hub.recognition.findings():
        said = "Take a newer list: hub recognition trust-list take FILE." if each.what == "trust list" else _CORRECT
        yield Finding(f"recognition {each.what}", "bad" if each.bad else "watch", each.note, said)


def _systems(hub: Hub) -> Iterator[Finding]:
    with contextlib.suppress(Problem):
        hub.switches.refresh()
    for system in all_systems(hub, probe=True):
        state = system["health"]
        verdict: Verdict = "good" if state == "works" else "watch" if state == "contacted_unproven" else "bad"
        if state == "off" and system["status"] in ("closed", "maintenance"):
            verdict = "watch"  # somebody meant it
        told = f"{state}: {system['why']}" if system["why"] else state
        yield Finding(f"system {system['id']}", verdict, told, _NEXT.get(state, "").format(id=system["id"]))
        with contextlib.suppress(Problem):
            yield from gaps(system["id"], hub.systems.get(system["id"]).adapter)


def gaps(id: str, adapter: Adapter) -> Iterator[Finding]:
    """What the system offers and its protocol cannot do, as its adapter lists it; each with the one line why."""
    unsupported: Mapping[str, str] = getattr(adapter, "unsupported", {})
    for operation, why in sorted(unsupported.items()):
        yield Finding(f"system {id}", "watch", f"{operation} cannot be called: {why}", "Ask for another way to do it.")
