"""The servers the hub is measured against: a bare Flask view, bare Flask proxies, and the hub one writes first."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import requests
import urllib3
from flask import Flask, Response, jsonify
from flask import request as asked
from psycopg_pool import ConnectionPool
from sqlalchemy import make_url

from adapters.protocols.transport import Transport
from blueprints.app import create_app
from blueprints.kept import Kept
from hub.main import Hub


def bare() -> Flask:
    """The smallest useful Flask application."""
    app = Flask("bare")

    @app.route("/", methods=["GET", "POST"])
    def view() -> Response:
        return jsonify(status="ok", items=[])

    return app


def two_rows() -> Flask:
    """A bare Flask view that commits two rows, on a connection of psycopg's own pool."""
    app = Flask("two rows")
    url = make_url(os.environ["HUB_DATABASE_URL"]).set(drivername="postgresql")
    pool = ConnectionPool(url.render_as_string(hide_password=False), min_size=8, max_size=8, open=True)
    with pool.connection() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_two (id bigserial PRIMARY KEY, note text, body bytea)")

    @app.post("/")
    def view() -> tuple[Response, int]:
        kind = asked.get_json()["fields"]["kind"]
        with pool.connection() as connection:
            for _ in range(2):
                connection.execute("INSERT INTO bench_two (note, body) VALUES (%s, %s)", (kind * 4, b"y" * 400))
        return jsonify(status="received", kind=kind), 202

    return app


def proxy() -> Flask:
    """A bare Flask view that asks the upstream through a urllib3 pool and hands the answer on."""
    app, pool = Flask("proxy"), urllib3.PoolManager(maxsize=1024)
    upstream = os.environ["UPSTREAM"]

    @app.route("/", methods=["GET", "POST"])
    def view() -> Response:
        answer = pool.request("POST", upstream, body=asked.get_data(), timeout=10, retries=False)
        return Response(answer.data, answer.status, content_type="application/json")

    return app


def client() -> Flask:
    """A bare Flask view that asks the upstream through the hub's own transport."""
    app, address = Flask("client"), os.environ["UPSTREAM"]
    root, _, path = address.removeprefix("http://").partition("/")
    transport = Transport(f"http://{root}", allow_private=True, keep=64)

    @app.route("/", methods=["GET", "POST"])
    def view() -> Response:
        body = asked.get_data()
        answer = transport.send("POST", f"/{path}", {}, body, deadline=time.monotonic() + 3)
        return Response(answer.body, answer.status, content_type="application/json")

    return app


def smorest() -> Flask:
    """The hub without the door's copies, so that each read wakes its view."""
    hub = Hub.open(Path(os.environ["HUB_HOME"]), os.environ)
    hub.start()
    app = create_app(hub)
    app.wsgi_app._kept = _Nothing()  # type: ignore[attr-defined]
    return app


class _Nothing(Kept):
    def store(self, *_: Any) -> None:
        return


def canned() -> Callable[..., Iterable[bytes]]:
    """The upstream where nginx is missing: bare WSGI."""
    table = {path: (kind, bytes.fromhex(body)) for path, (kind, body) in json.loads(os.environ["ANSWERS"]).items()}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read()
        kind, body = table.get(environ["PATH_INFO"], ("text/plain", b""))
        start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return app


def naive() -> Flask:
    """The hub one writes first: requests for REST, zeep's own client for SOAP, no guard of any kind."""
    app = Flask("naive")
    upstream = os.environ["UPSTREAM"]

    @app.route("/", methods=["GET", "POST"])
    def view() -> Response:
        answer = requests.post(upstream, json=asked.get_json(silent=True) or {}, timeout=10)
        return jsonify(fields=answer.json())

    if "WSDL" in os.environ:
        import zeep

        client = zeep.Client(os.environ["WSDL"])
        binding = next(iter(client.wsdl.bindings))
        service = client.create_service(binding, upstream)
        operation, arguments = os.environ["OPERATION"], json.loads(os.environ["ARGUMENTS"])

        @app.route("/soap", methods=["GET", "POST"])
        def soap() -> Response:
            answer = zeep.helpers.serialize_object(service[operation](**arguments), dict)
            return Response(json.dumps(answer, default=str), content_type="application/json")

    return app
