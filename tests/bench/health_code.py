"""Health codes shown on many phones, and verified at many gates, against an empty view of the same server."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import update

from hub.demo.personas import PERSONAS
from hub.demo.ports import free_port
from hub.health_code.models import CodeRow
from hub.health_code.service import Holder
from hub.identity.models import Person
from hub.identity.service import Standing
from hub.main import Hub
from tests.bench.load import Question, closed
from tests.bench.processes import SERVER_CPU, granian, started
from tests.bench.rounds import Side, Timing, compared
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_CONNECTIONS, _PEOPLE, _VERIFIERS, _LEAST = 32, 200, 20, 0.6
Asked = Callable[[str], list[Question]]
_WELL = {"temperature": 36.6, "symptoms": "none", "contact": False, "risk_area": False}


def code_shown(stand: Stand, timing: Timing) -> Iterator[Row]:
    """Everybody looks at the own code, each with a token of their own."""
    hub = _opened(stand)
    tokens = [_token(hub, "citizen", citizen, Standing(2, "360423001")) for citizen in _declared(hub)]
    hub.close()
    asked = partial(_looks, tokens)
    yield _measured("code_shown", "health code shown", stand, timing, asked)


def code_verified(stand: Stand, timing: Timing) -> Iterator[Row]:
    """Volunteers scan printed codes, because shown ones would end before the rounds do; the way is the same."""
    hub = _opened(stand)
    tokens, codes, now = _at_gates(hub, _declared(hub))
    hub.close()
    yield _measured("code_verified", "health code verified", stand, timing, partial(_scans, tokens, codes, now))


def gates_and_phones(stand: Stand) -> tuple[Asked, Asked]:
    """By the hub's URL: what gates scan, and what phones look at, history first."""
    hub = _opened(stand)
    people = _declared(hub)
    tokens = [_token(hub, "citizen", citizen, Standing(2, "360423001")) for citizen in people]
    gates, codes, now = _at_gates(hub, people)
    hub.close()

    def looked_at(url: str) -> list[Question]:
        return [
            Question(f"{url}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
            for token in tokens for path in ("health-code/history", "me/messages", "me/access-log")
        ]  # fmt: skip

    return partial(_scans, gates, codes, now), looked_at


def _at_gates(hub: Hub, people: Sequence[str]) -> tuple[list[str], list[str], str]:
    """Tokens of volunteers, printed codes of these people, and when they were scanned."""
    with hub.database.session() as session:
        session.execute(update(CodeRow).values(paper_serial=1))
        account = hub.identity.staff(session, "verifier")
        assert account is not None
    until = hub.clock.now() + timedelta(days=9)
    codes = [hub.health_code.shown.paper(citizen, 1, until) for citizen in people]
    roles = Standing(roles=("verifier",))
    tokens = [_token(hub, "staff", account.staff_id, roles) for _ in range(_VERIFIERS)]
    return tokens, codes, hub.clock.now().isoformat()


def _measured(row: str, what: str, stand: Stand, timing: Timing, asked: Callable[[str], Sequence[Question]]) -> Row:
    with ExitStack() as stack:
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        bare = stack.enter_context(started(granian("tests.bench.references:bare", port, 256), url, [SERVER_CPU]))
        hub = stack.enter_context(stand.hub(Plan()))
        questions = asked(hub.url)
        sides = {
            "bare": Side(bare, partial(closed, [replace(each, url=url) for each in questions], _CONNECTIONS)),
            "hub": Side(hub.process, partial(closed, questions, _CONNECTIONS)),
        }
        best, others = compared(sides, timing)
    ratio = best["hub"].result.rate / best["bare"].result.rate
    return Row(
        row, what, f"{best['hub'].result.rate:,.0f}/s", f"{best['bare'].result.rate:,.0f}/s bare Flask", ratio,
        f"≥ {_LEAST} ×", ratio >= _LEAST and not best["hub"].refused, best["hub"].cpu_us, best["bare"].cpu_us, others,
        str(best["hub"].result.statuses),
    )  # fmt: skip


def _looks(tokens: Sequence[str], url: str) -> list[Question]:
    return [Question(f"{url}/api/v1/health-code", headers={"Authorization": f"Bearer {each}"}) for each in tokens]


def _scans(tokens: Sequence[str], codes: Sequence[str], now: str, url: str) -> list[Question]:
    return [
        Question(
            f"{url}/api/v1/gate/scans", "POST",
            json.dumps({"code": code, "gate_id": "yuning-market", "direction": "in", "scanned_at": now}),
            {"Authorization": f"Bearer {tokens[place % len(tokens)]}", "Content-Type": "application/json"},
        )
        for place, code in enumerate(codes)
    ]  # fmt: skip


def _opened(stand: Stand) -> Hub:
    return Hub.open(stand.home, {**os.environ, **stand.environ, "HUB_CONFIG": str(Path("config").resolve())})


def _declared(hub: Hub) -> list[str]:
    """People who are well, and known to be."""
    made, person = [], PERSONAS[0]
    with hub.database.session(patience=60) as session:
        for _ in range(_PEOPLE):
            citizen = hub.identity.new_citizen_id()
            hub.identity.register_visitor(session, citizen)
            holder = Holder(citizen, person.name, person.id_number)
            hub.health_code.codes.declare(session, holder, citizen, "health", _WELL, {"status": "none"})
            made.append(citizen)
        session.execute(update(Person).where(Person.citizen_id.in_(made)).values(level=2))
    return made


def _token(hub: Hub, kind: str, subject: str, standing: Standing) -> str:
    with hub.database.session() as session:
        return hub.login._sessions.begin(session, kind, subject, standing).access_token  # type: ignore[arg-type]
