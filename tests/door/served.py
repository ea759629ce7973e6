"""An app of the real door and a few plain routes, for a real server: `granian tests.door.served:app`."""

from __future__ import annotations

import os
import time
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import Response, request
from prometheus_client import CollectorRegistry

from blueprints import asking, docs, health
from blueprints.contract import Blueprint, Page, answer
from blueprints.frame import build
from blueprints.inspection import client_address
from blueprints.kept import keep
from hub.clock import CHINA, Clock
from hub.errors import Problem
from hub.fields import TYPES, Form
from hub.settings.shapes import Hub, Peak, Snapshot


def snapshot() -> Snapshot:
    """A configuration with what the door reads."""
    return Snapshot(
        version="test",
        loaded_at=datetime.now(CHINA),
        hub=Hub(
            name={"zh": "示范县（虚构数据）", "en": "Demo county (invented)"},
            region="360423",
            hosts=("localhost", "127.0.0.1"),
            trusted_proxies=tuple(filter(None, os.environ.get("TEST_PROXIES", "").split())),
            minimum_client=os.environ.get("TEST_MINIMUM_CLIENT", ""),
            max_in_flight=int(os.environ.get("TEST_MAX_IN_FLIGHT", "220")),
            peak=Peak(os.environ.get("TEST_PEAK", "auto")),
        ),
        services={},
        systems={},
        departments={},
        themes={},
        regions={},
        roles={},
        texts={"SERVICE_DISABLED": {"zh": "换过的话。", "en": "A replaced sentence."}},
    )


class Everything(Form.from_dict({f"a_{name}": field(choices=("a", "b")) for name, field in TYPES.items()})):  # type: ignore[misc]
    """One field of each type, none required."""


class Person(Form):
    """Required ones, and a period."""

    name = TYPES["name"](required=True)


Period = Form.from_dict({"from": TYPES["date"](), "to": TYPES["date"]()})


def make(_: Any) -> Blueprint:
    """Routes that tell what reached them."""
    blueprint = Blueprint("echo", __name__, url_prefix="/api/v1")

    @blueprint.route("/everything", methods=["POST"])
    @blueprint.arguments(Everything)
    def everything(fields: dict[str, Any]) -> Response:
        return answer({"fields": fields})

    @blueprint.route("/people", methods=["POST"])
    @blueprint.arguments(Person)
    def people(fields: dict[str, Any]) -> Response:
        return answer({"fields": fields}, 201)

    @blueprint.route("/periods", methods=["POST"])
    @blueprint.arguments(Period)
    def periods(fields: dict[str, Any]) -> Response:
        return answer({"fields": fields})

    @blueprint.route("/free", methods=["POST"])
    def free() -> Response:
        return answer({"body": asking.body()})

    @blueprint.route("/things")
    @blueprint.arguments(Page, location="query")
    def things(page: dict[str, Any]) -> Response:
        return answer({"page": page})

    @blueprint.route("/things/<string:thing>")
    def thing(thing: str) -> Response:
        return answer({"thing": thing})

    _that_go_wrong(blueprint)
    return blueprint


def _that_go_wrong(blueprint: Blueprint) -> None:
    @blueprint.route("/me")
    def me() -> Response:
        proxies = tuple(filter(None, os.environ.get("TEST_PROXIES", "").split()))
        return answer({"address": client_address(request.environ, proxies), "trace_id": asking.trace().id})

    @blueprint.route("/kept")
    def kept() -> Response:
        keep(3)
        response = answer({"made_at": time.monotonic_ns()})
        response.set_etag("one")
        response.headers["Cache-Control"] = "public, max-age=5"
        return response

    @blueprint.route("/slow")
    def slow() -> Response:
        time.sleep(float(os.environ.get("TEST_SLOW_S", "1.5")))
        return answer({})

    @blueprint.route("/broken")
    def broken() -> Response:
        raise RuntimeError("11010519491231002X must not be told")

    @blueprint.route("/off")
    def off() -> Response:
        notice: Any = {"zh": "系统升级", "en": "Being upgraded"}
        raise Problem("SERVICE_DISABLED", origin="hub", notice=notice, retry_after=60)

    @blueprint.route("/department")
    def department() -> Response:
        raise Problem(
            "DEPARTMENT_TIMEOUT", origin="department:medical_insurance", note="java.lang.NullPointerException"
        )

    return blueprint


hub: Any = SimpleNamespace(
    settings=SimpleNamespace(now=snapshot(), problem=None), clock=Clock(), registry=CollectorRegistry(),
    gateway=SimpleNamespace(outside=0),
)  # fmt: skip
app = build(hub, [make, docs.make, health.make])
