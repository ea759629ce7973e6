"""/ops/v1/drills, in `hub demo` only: make a simulated department ill from the console, and well again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response
from marshmallow import fields

from blueprints.acts import noting, recorded
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from hub.demo.drills import ILLNESSES
from hub.fields import Choice, Form

if TYPE_CHECKING:
    from hub.demo.drills import Drills


class IllnessForm(Form):
    illness = Choice(choices=tuple(ILLNESSES), required=True)


class DrillsAnswer(marshmallow.Schema):
    systems = fields.List(fields.String(), required=True)
    illnesses = fields.List(fields.String(), required=True)


def make(drills: Drills) -> Blueprint:
    """The routes of drills."""
    blueprint = Blueprint("drills", __name__, url_prefix="/ops/v1", description="Drills of the demo")

    @blueprint.route("/drills")
    @recorded("system.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200, DrillsAnswer, description="What is simulated.", example={"systems": ["wechat"], "illnesses": ["hang"]}
    )
    def listed() -> Response:
        """The systems that can be made ill, and how"""
        return answer({"systems": drills.systems(), "illnesses": list(ILLNESSES)})

    @blueprint.route("/drills/<string:id>", methods=["PUT"])
    @recorded("switch.write", "system:{id}")
    @problem_codes(*STAFF, "NOT_FOUND", "CHOICE", "DEPARTMENT_UNAVAILABLE")
    @blueprint.arguments(IllnessForm)
    @blueprint.response(204, description="Ill from its next call on.")
    def infect(form: dict[str, Any], id: str) -> Response:
        """Make a simulated department ill"""
        noting(reason="drill", after={"illness": form["illness"]})
        drills.infect(id, form["illness"])
        return Response(status=204)

    @blueprint.route("/drills/<string:id>", methods=["DELETE"])
    @recorded("switch.write", "system:{id}")
    @problem_codes(*STAFF, "NOT_FOUND", "DEPARTMENT_UNAVAILABLE")
    @blueprint.response(204, description="Well again.")
    def heal(id: str) -> Response:
        """Make it well again"""
        noting(reason="drill")
        drills.heal(id)
        return Response(status=204)

    return blueprint
