"""Whom a visitor of the demo can be in the browser. A hub that is no demo does not have these routes at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response
from marshmallow import fields

from blueprints.contract import Blueprint, answer, problem_codes
from hub.demo.stage import Stage
from hub.fields import Form, Text

if TYPE_CHECKING:
    from hub.main import Hub


class PlayedForm(Form):
    resident = Text(required=True, max=20)


class ShownForm(Form):
    verify_id = Text(required=True, min=1, max=128)


class PersonAnswer(marshmallow.Schema):
    resident = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.Integer(required=True)


class PeopleAnswer(marshmallow.Schema):
    items_ = fields.List(fields.Nested(PersonAnswer), required=True, data_key="items", attribute="items")


class PlayedAnswer(marshmallow.Schema):
    code = fields.String(required=True)


PEOPLE = {"items": [{"resident": "R0001", "name": "示范居民", "level": 2}]}


def make(hub: Hub) -> Blueprint:
    """The routes of the demo's stage."""
    blueprint = Blueprint("demo", __name__, url_prefix="/api/v1/demo", description="The demo's invented people")
    stage = Stage(hub.home / "demo.json")

    @blueprint.route("/people")
    @blueprint.response(200, PeopleAnswer, description="All of them invented.", example=PEOPLE)
    def people() -> Response:
        """Who can be played"""
        return answer({"items": stage.people()})

    @blueprint.route("/login-codes", methods=["POST"])
    @problem_codes("NOT_FOUND", "DEPARTMENT_UNAVAILABLE", "REQUIRED", "TYPE", "TOO_LONG", "UNKNOWN_FIELD")
    @blueprint.arguments(PlayedForm)
    @blueprint.response(201, PlayedAnswer, description="As wx.login gives it: for POST /sessions, once.",
                        example={"code": "033f2bGa1"})  # fmt: skip
    def login_code(form: dict[str, Any]) -> Response:
        """Be one of them"""
        return answer({"code": stage.code(form["resident"])}, 201)

    @blueprint.route("/faces", methods=["POST"])
    @problem_codes("DEPARTMENT_UNAVAILABLE", "REQUIRED", "TYPE", "TOO_SHORT", "TOO_LONG", "UNKNOWN_FIELD")
    @blueprint.arguments(ShownForm)
    @blueprint.response(204, description="What came of it is asked by POST /me/face.")
    def face(form: dict[str, Any]) -> Response:
        """Show one's face, as wx.requestFacialVerify has it done"""
        stage.show_face(form["verify_id"])
        return Response(status=204)

    return blueprint
