"""The Flask app without its rooms: the door in front, the errors behind, JSON by orjson, the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import flask_smorest
import orjson
from flask import Flask, Request, Response, g, request
from flask.json.provider import JSONProvider
from flask.sessions import NullSession, SessionInterface

from blueprints import openapi
from blueprints.auth import caller
from blueprints.body import LARGEST, Readers, has_body, receive, receive_bytes
from blueprints.door import ARRIVED, TRACE, Door
from blueprints.problems import Problems
from blueprints.traffic import ROUTE, Traffic

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.routing import MapAdapter

    from hub.main import Hub

_MOST_ROUTES = 4096
_IN_RULE = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
_NEEDED = [{"bearer": []}]
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


class Remembered:
    """What Flask asks for a route, with the answers of before: the same path is asked again and again, and to find its
    route costs as much as the view. A path that has none is looked for each time."""

    def __init__(self, bind: Callable[[], MapAdapter], environ: WSGIEnvironment, found: dict[Any, Any]) -> None:
        self._bind, self._environ, self._found = bind, environ, found

    def match(self, return_rule: bool = True) -> Any:
        asked = self._environ["REQUEST_METHOD"], self._environ["PATH_INFO"]
        found = self._found.get(asked)
        if found is None:
            found = self._bind().match(return_rule=return_rule)
            if len(self._found) >= _MOST_ROUTES:
                self._found.clear()
            self._found[asked] = found
        rule, values = found
        return rule, dict(values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bind(), name)


class App(Flask):
    """Flask without cookies' sessions, without a look at each view whether it is asynchronous (none is), and without a
    second search for a route that was found before."""

    response_class = Whole
    session_interface = NoSessions()

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._routes: dict[Any, Any] = {}

    def create_url_adapter(self, request: Request | None) -> Any:
        bind = partial(super().create_url_adapter, request)
        return bind() if request is None else Remembered(bind, request.environ, self._routes)

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
    app.extensions["guarded"] = _guarded(app)
    app.wsgi_app = Door(app.wsgi_app, hub, problems, traffic)  # type: ignore[method-assign]
    return app


def _guarded(app: Flask) -> frozenset[tuple[str, str]]:
    """The routes and methods that the document says need a token. A view that reads its body itself asks for it itself:
    who is refused while still sending would never hear why."""
    paths = app.extensions["openapi"]["paths"]
    return frozenset(
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        if not hasattr(app.view_functions[rule.endpoint], "reads_itself")
        for method in rule.methods or ()
        if paths.get(_IN_RULE.sub(r"{\1}", rule.rule), {}).get(method.lower(), {}).get("security") == _NEEDED
    )


def _read_before_view(app: Flask) -> None:
    readers = Readers()

    def enter() -> None:
        environ = request.environ
        g.trace = environ[TRACE]
        g.arrived = environ[ARRIVED]
        if request.url_rule is not None:
            environ[ROUTE] = request.url_rule.rule
        if has_body(environ) and request.routing_exception is None:
            view = app.view_functions[request.endpoint or ""]
            if hasattr(view, "takes_bytes"):
                g.body = receive_bytes(environ, readers)
            elif not hasattr(view, "reads_itself"):
                g.body = receive(environ, readers)
        if (environ.get(ROUTE), environ["REQUEST_METHOD"]) in app.extensions["guarded"]:
            caller()  # before any form or parameter is looked at: a stranger learns nothing about them

    app.before_request(enter)
