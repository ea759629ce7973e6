"""T30: the OpenAPI document and the routes are the same; every code and an example of each route stand in it."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from flask import Flask
from openapi_spec_validator import validate

from blueprints.app import create_app
from hub.errors import KINDS
from hub.main import Hub
from tests.door.wire import PROBLEM

METHODS = {"get", "post", "put", "patch", "delete"}
NO_JSON = {"/metrics", "/docs", "/docs/{asset}", "/openapi.json"}


@pytest.fixture(scope="module")
def app(hub: Hub) -> Flask:
    return create_app(hub)


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    spec: dict[str, Any] = app.extensions["openapi"]
    return spec


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_threat_T30_every_route_is_documented_and_the_reverse(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method) for path, method, _ in operations(document)}


def test_the_document_is_valid_and_titled(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_operation_says_what_it_is(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        name = f"{method} {path}"
        assert operation.get("summary"), f"{name}: a docstring"
        good = [status for status in operation["responses"] if int(status) < 400]
        assert good, name
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (name, status)
                assert response["content"]["application/problem+json"]["examples"], (name, status)


def test_every_operation_has_examples(document: dict[str, Any]) -> None:
    without = []
    for path, method, operation in operations(document):
        contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        contents += [response.get("content", {}) for response in operation["responses"].values()]
        shown = [body for content in contents for kind, body in content.items() if kind == "application/json"]
        if path not in NO_JSON and any("example" not in body and "examples" not in body for body in shown):
            without.append(f"{method} {path}")
    assert not without


def test_every_problem_example_is_a_problem(document: dict[str, Any]) -> None:
    for name, example in document["components"]["examples"].items():
        jsonschema.validate(example["value"], PROBLEM)
        assert example["value"]["code"] in KINDS, name


def test_every_code_stands_in_the_document(document: dict[str, Any]) -> None:
    shown = {example["value"]["code"] for example in document["components"]["examples"].values()}
    assert not set(KINDS) - shown


def test_no_route_answers_another_persons_schema_without_a_token(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        private = path.startswith(("/ops/", "/api/v1/me")) or path.endswith("/calls")
        assert bool(operation.get("security")) or not private, f"{method} {path}"


def test_threat_T25_the_public_app_knows_no_operations(hub: Hub) -> None:
    public = create_app(hub, ops=False)
    assert not [rule.rule for rule in public.url_map.iter_rules() if "/ops/" in rule.rule]
    told = public.test_client().get("/ops/v1/config")
    assert (told.status_code, told.json["code"]) == (404, "NOT_FOUND")
