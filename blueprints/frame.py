"""The Flask app without its rooms: the door in front, the errors behind, JSON by orjson, the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import flask_smorest
import orjson
from flask import Flask, Request, Response, request
from flask.json.provider import JSONProvider
from flask.sessions import NullSession, SessionInterface

from blueprints import openapi
from blueprints.asking import BODY
from blueprints.auth import identified
from blueprints.body import LARGEST, Readers, has_body, receive, receive_bytes
from blueprints.door import Door
from blueprints.peak import Peak
from blueprints.problems import Problems
from blueprints.traffic import ROUTE, Traffic
from blueprints.whole import Whole

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.routing import MapAdapter

    from hub.main import Hub

_MOST_ROUTES = 4096
_IN_RULE = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
_NEEDED: list[dict[str, list[str]]] = [{"bearer": []}]
Room = Callable[["Hub"], flask_smorest.Blueprint]


class Orjson(JSONProvider):
    """Flask's JSON, both ways by orjson. Bodies that come in are read by blueprints/body.py instead."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return Response(orjson.dumps(self._prepare_response_obj(args, kwargs)), mimetype="application/json")


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

    def __init__(self, bind: Callable[[], MapAdapter | None], environ: WSGIEnvironment, found: dict[Any, Any]) -> None:
        self._bind, self._environ, self._found = bind, environ, found

    def match(self, return_rule: bool = True) -> Any:
        asked = self._environ["REQUEST_METHOD"], self._environ["PATH_INFO"]
        found = self._found.get(asked)
        if found is None:
            found = self._adapter().match(return_rule=return_rule)  # type: ignore[call-overload]
            if len(self._found) >= _MOST_ROUTES:
                self._found.clear()
            self._found[asked] = found
        rule, values = found
        return rule, dict(values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter(), name)

    def _adapter(self) -> MapAdapter:
        adapter = self._bind()
        assert adapter is not None  # there is a request
        return adapter


class Asked(Request):
    """Nothing here is read by Flask, so nothing of it has to be closed."""

    def close(self) -> None:
        return


class App(Flask):
    """Flask without cookies' sessions, without a look at each view whether it is asynchronous (none is), without a
    second search for a route that was found before, and without signals and hooks, which nothing here uses: they cost
    as much as a small view."""

    request_class = Asked
    response_class = Whole
    session_interface = NoSessions()

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._routes: dict[Any, Any] = {}
        self.enter: Callable[[Request], None] = lambda _: None

    def create_url_adapter(self, request: Request | None) -> Any:
        bind = partial(super().create_url_adapter, request)
        return bind() if request is None else Remembered(bind, request.environ, self._routes)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func

    def full_dispatch_request(self) -> Response:
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        try:
            self.enter(asked)
            if asked.routing_exception is not None:
                self.raise_routing_exception(asked)
            found = self.view_functions[asked.url_rule.endpoint](**asked.view_args)  # type: ignore[union-attr, arg-type]
        except Exception as error:
            found = self.handle_user_exception(error)
        return self.finalize_request(found)

    def finalize_request(self, rv: Any, from_error_handler: bool = False) -> Response:  # noqa: ARG002
        return rv if isinstance(rv, Whole) else self.make_response(rv)

    def do_teardown_request(self, *_: Any) -> None:
        return

    def do_teardown_appcontext(self, *_: Any) -> None:
        return


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
    api = Api(app)
    api.ma_plugin.converter.add_attribute_function(openapi.strict_field)
    for make in rooms:
        api.register_blueprint(make(hub))
    app.extensions["openapi"] = openapi.document(api.spec.to_dict(), hub.settings.now)
    app.extensions["guarded"] = guarded = _guarded(app)
    readers = Readers()
    _read_before_view(app, hub, readers, guarded)
    peak = Peak(lambda: len(readers) + hub.gateway.outside)
    app.wsgi_app = Door(app.wsgi_app, hub, problems, traffic, peak)  # type: ignore[method-assign]
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


def _read_before_view(app: App, hub: Hub, readers: Readers, guarded: frozenset[tuple[str, str]]) -> None:
    def enter(asked: Request) -> None:
        environ, rule = asked.environ, asked.url_rule
        if rule is None:
            return
        environ[ROUTE] = rule.rule
        if has_body(environ) and asked.routing_exception is None:
            view = app.view_functions[rule.endpoint]
            if hasattr(view, "takes_bytes"):
                environ[BODY] = receive_bytes(environ, readers)
            elif not hasattr(view, "reads_itself"):
                environ[BODY] = receive(environ, readers)
        if (rule.rule, environ["REQUEST_METHOD"]) in guarded:
            identified(environ, hub)  # before any form or parameter is looked at: a stranger learns nothing about them

    app.enter = enter
