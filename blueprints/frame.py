"""The Flask app without its rooms: the door in front, the errors behind, JSON by orjson, the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import flask_smorest
import orjson
from flask import Flask, Response, g, request
from flask.json.provider import JSONProvider
from flask.sessions import NullSession, SessionInterface

from blueprints import openapi
from blueprints.body import LARGEST, Readers, has_body, receive, receive_bytes
from blueprints.door import ARRIVED, TRACE, Door
from blueprints.problems import Problems
from blueprints.traffic import ROUTE, Traffic

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from hub.main import Hub

Room = Callable[["Hub"], flask_smorest.Blueprint]


class Orjson(JSONProvider):
    """Flask's JSON, both ways by orjson. Bodies that come in are read by blueprints/body.py instead."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return Response(orjson.dumps(self._prepare_response_obj(args, kwargs)), mimetype="application/json")


class Whole(Response):
    """A response that hands a finished body over as a list, which the server sends in one piece."""

    def get_app_iter(self, environ: WSGIEnvironment) -> Any:
        whole = self.is_sequence and not self._on_close and environ["REQUEST_METHOD"] != "HEAD"
        if whole and self.status_code >= 200 and self.status_code not in (204, 304):
            return list(self.iter_encoded())
        return super().get_app_iter(environ)


class NoSessions(SessionInterface):
    """Nothing here lives in a cookie."""

    def __init__(self) -> None:
        self._none = NullSession()

    def open_session(self, app: Flask, request: Any) -> NullSession:  # noqa: ARG002
        return self._none

    def save_session(self, *_: Any) -> None:
        return


class App(Flask):
    """Flask without cookies' sessions, and without a look at each view whether it is asynchronous: none is."""

    response_class = Whole
    session_interface = NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


class Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest without its own error answers; ours are in blueprints/problems.py."""

    ERROR_SCHEMA = openapi.Problem

    def _register_error_handlers(self) -> None:
        return


def build(hub: Hub, rooms: Iterable[Room]) -> Flask:
    """An app of these rooms."""
    app = App("hub", static_folder=None)
    app.config.update(
        API_TITLE=hub.settings.now.hub.name["zh"],
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=LARGEST,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json = Orjson(app)
    app.url_map.merge_slashes = False
    app.extensions["hub"] = hub
    app.extensions["traffic"] = traffic = Traffic(hub.registry)
    problems = Problems(hub)
    problems.attach(app)
    _read_before_view(app)
    api = Api(app)
    api.ma_plugin.converter.add_attribute_function(openapi.strict_field)
    for make in rooms:
        api.register_blueprint(make(hub))
    app.extensions["openapi"] = openapi.document(api.spec.to_dict(), hub.settings.now)
    app.wsgi_app = Door(app.wsgi_app, hub, problems, traffic)  # type: ignore[method-assign]
    return app


def _read_before_view(app: Flask) -> None:
    readers = Readers()

    def enter() -> None:
        environ = request.environ
        g.trace = environ[TRACE]
        g.arrived = environ[ARRIVED]
        if request.url_rule is not None:
            environ[ROUTE] = request.url_rule.rule
        if has_body(environ) and request.routing_exception is None:
            bytes_wanted = hasattr(app.view_functions[request.endpoint or ""], "takes_bytes")
            g.body = receive_bytes(environ, readers) if bytes_wanted else receive(environ, readers)

    app.before_request(enter)
