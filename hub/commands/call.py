"""`hub call`: what a person's phone does, from the login on, and each leg of the way as the hub recorded it.

The login is a real one against the simulated WeChat of a running demo, so this works where `hub demo` runs.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import click

from hub import trace as tracing
from hub.clock import CHINA
from hub.commands.opening import as_json, home_folder, opened, print_json, print_table
from hub.crypto import mask_id, mask_name
from hub.ledger.exchange import Exchange
from hub.ledger.service import find
from hub.main import Hub

_PATIENCE_S = 30
_LEGS_S = 3.0
_COLUMNS = {"leg": "LEG", "at": "AT", "ms": "MS", "sent": "SENT", "received": "RECEIVED", "outcome": "OUTCOME"}
_PERSONAL = {"name": mask_name, "id_number": mask_id}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One HTTP request of ours and its answer."""

    status: int
    body: Any
    request_bytes: int
    response_bytes: int
    ms: float


_PERSON = click.option("--as", "persona", required=True, help="A person of the demo: name, number (R0001) or openid.")


@click.command()
@_PERSON
def token(persona: str) -> None:
    """Log in as a person of the demo and print the access token, for curl and the like."""
    demo = _demo()
    click.echo(_login(demo, _person(demo, persona)["openid"]))


@click.command()
@click.argument("service")
@_PERSON
@click.option("--field", "pairs", multiple=True, metavar="NAME=VALUE", help="A field of the service's form; repeat it.")
@click.option("--trace", "legs_wanted", is_flag=True, help="Show each leg: phone, hub, department.")
@as_json
def call(service: str, persona: str, pairs: tuple[str, ...], legs_wanted: bool, json_wanted: bool) -> None:
    """Call SERVICE as a person of the demo. Exit 1 unless it answered."""
    demo = _demo()
    person = _person(demo, persona)
    fields = dict(_pair(pair) for pair in pairs)
    trace = tracing.new()
    access = _login(demo, person["openid"])
    api = f"{demo['base_url']}/api/v1"
    spoken = _speak("POST", f"{api}/services/{service}/calls", {"fields": fields}, access, trace)
    _speak("DELETE", f"{api}/sessions/current", None, access, tracing.new())
    with opened() as hub:
        legs = [_phone(spoken), *legs_of(hub, trace.id)] if legs_wanted else []
    answer = {"status": spoken.status, "body": masked(spoken.body), "trace_id": trace.id}
    if json_wanted:
        print_json({**answer, "legs": legs} if legs_wanted else answer)
    else:
        print_json(answer)
        if legs_wanted:
            print_legs(legs)
    if spoken.status >= 400:
        raise SystemExit(1)


def _demo() -> Mapping[str, Any]:
    path = home_folder() / "demo.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except OSError as error:
        raise click.ClickException(
            f"There is no running demo in {path.parent}: start hub demo, or set HUB_HOME."
        ) from error


def _person(demo: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
    for person in demo["personas"]:
        if wanted in (person["name"], person["resident"], person["openid"]):
            found: dict[str, Any] = person
            return found
    names = ", ".join(f"{each['name']} ({each['resident']})" for each in demo["personas"])
    raise click.ClickException(f"No person {wanted!r}; there are {names}.")


def _pair(text: str) -> tuple[str, Any]:
    """`year=2025` is a number, `plate=赣G12345` a text; what reads as JSON is JSON."""
    name, separator, value = text.partition("=")
    if not separator:
        raise click.UsageError(f"--field {text}: write it as NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _login(demo: Mapping[str, Any], openid: str) -> str:
    codes = _speak("POST", f"{demo['twins']['wechat']['url']}/twin/login-codes", {"openid": openid})
    signed_in = _speak("POST", f"{demo['base_url']}/api/v1/sessions", {"code": codes.body["code"]})
    if signed_in.status != 201:
        raise click.ClickException(f"The login was refused ({signed_in.status}): {signed_in.body}")
    return str(signed_in.body["access_token"])


def _speak(method: str, url: str, value: Any, token: str = "", trace: tracing.Trace | None = None) -> Spoken:
    parts = urlsplit(url)
    body = json.dumps(value, ensure_ascii=False).encode() if value is not None else None
    headers = {"Content-Type": "application/json"} if body else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if trace:
        headers["traceparent"] = trace.child()
    started = time.monotonic()
    try:
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE_S)) as connection:
            connection.request(method, parts.path, body, headers)
            response = connection.getresponse()
            data = response.read()
    except OSError as error:
        raise click.ClickException(f"{parts.netloc} does not answer ({error}): is hub demo running?") from error
    spent = (time.monotonic() - started) * 1000
    return Spoken(response.status, json.loads(data) if data else None, len(body or b""), len(data), round(spent, 1))


def _phone(spoken: Spoken) -> dict[str, Any]:
    return {
        "leg": "phone -> hub", "at": "", "ms": spoken.ms, "sent": spoken.request_bytes,
        "received": spoken.response_bytes, "outcome": spoken.status,
    }  # fmt: skip


def legs_of(hub: Hub, trace_id: str) -> list[dict[str, Any]]:
    """From the call records, which are written a moment after the answer."""
    until = time.monotonic() + _LEGS_S
    while not (exchanges := _found(hub, trace_id)) and time.monotonic() < until:
        time.sleep(0.1)
    return [leg for exchange in exchanges for leg in _of_exchange(exchange)]


def print_legs(legs: Sequence[Mapping[str, Any]]) -> None:
    print_table(_COLUMNS, legs)


def demo_person(wanted: str) -> Mapping[str, Any]:
    """A person of the running demo, by name, number or openid."""
    return _person(_demo(), wanted)


def _found(hub: Hub, trace_id: str) -> Sequence[Exchange]:
    with hub.database.session() as session:
        return find(session, trace_id)


def _of_exchange(exchange: Exchange) -> list[dict[str, Any]]:
    how = ["kept answer"] if exchange.cached else []
    how += ["stale"] if exchange.stale else []
    how += [f"{exchange.attempts} attempts"] if exchange.attempts > 1 else []
    inside = {
        "leg": f"  hub: {exchange.service or exchange.operation}",
        "at": _clock(exchange.request_in_at),
        "ms": _ms(exchange.request_in_at, exchange.response_out_at),
        "outcome": ", ".join([exchange.outcome, *how]),
    }
    if exchange.request_out_at is None:
        return [inside]
    outside = {
        "leg": f"    hub -> {exchange.system}.{exchange.operation}",
        "at": _clock(exchange.request_out_at),
        "ms": _ms(exchange.request_out_at, exchange.response_in_at),
        "sent": exchange.request_bytes,
        "received": exchange.response_bytes,
        "outcome": "answered" if exchange.response_in_at else "no answer",
    }
    return [inside, outside]


def _clock(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%H:%M:%S.%f")[:-3]


def _ms(start: datetime, end: datetime | None) -> float | str:
    return round((end - start).total_seconds() * 1000, 1) if end else ""


def masked(value: Any, name: str = "") -> Any:
    """Names and numbers of persons are shown in part only."""
    if isinstance(value, dict):
        return {key: masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, name) for inner in value]
    mask = next((mask for ending, mask in _PERSONAL.items() if name == ending or name.endswith(f"_{ending}")), None)
    return mask(value) if mask and isinstance(value, str) else value
