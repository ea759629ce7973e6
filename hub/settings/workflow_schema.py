"""What config/workflows.yaml may hold: how cases are handled, step by step, and what becomes of silence and delay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import fields, post_load, validate, validates_schema

from hub.settings.pieces import Matching, Sentence, Strict, identifier, refuse, switchable, whole
from hub.settings.workflow_shapes import Act, Cards, Procedure, Stage, Workflow

OF_APPLICANT = ("corrections", "withdrawal", "rating")
OF_DESK = (
    "pick-up", "accept", "request-correction", "accept-on-promise", "pause", "resume", "approve", "refuse", "undo",
    "reassign",
)  # fmt: skip
ACTS = (*OF_APPLICANT, *OF_DESK)
BY_ITSELF = ("accept",)
APPLICANT = "applicant"
_STAYS = ("reassign", "rating")
_BY = re.compile(rf"{APPLICANT}|[a-z_]+\.[a-z_]+", re.ASCII)


class ActSchema(Strict):
    by = Matching(_BY, f"'{APPLICANT}' or a permission like case.write", required=True)
    to = identifier(load_default="")
    second_person = switchable(load_default=False)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Act:
        return Act(**data)


class SilenceSchema(Strict):
    working_days = whole(1, 365, required=True)
    then = fields.String(required=True, validate=validate.OneOf(BY_ITSELF))


class StageSchema(Strict):
    title = Sentence(required=True)
    acts = fields.Dict(
        keys=fields.String(validate=validate.OneOf(ACTS)), values=fields.Nested(ActSchema), load_default=dict
    )
    shows = whole(1, 4, load_default=2)
    clock = fields.String(load_default="runs", validate=validate.OneOf(["runs", "waits", "ended"]))
    silence = fields.Nested(SilenceSchema)
    tasks = fields.List(identifier(), load_default=list, validate=validate.Length(max=10))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Stage:
        silence = data.pop("silence", {"working_days": 0, "then": ""})
        data["tasks"] = tuple(data["tasks"])
        return Stage(**data, silence_days=silence["working_days"], silence_act=silence["then"])


class ProcedureSchema(Strict):
    title = Sentence(required=True)
    basis = Sentence(required=True)
    days = whole(1, 365, required=True)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Procedure:
        return Procedure(**data)


class CardsSchema(Strict):
    warning = whole(0, 60, load_default=1)
    red = whole(1, 60, load_default=1)
    every = whole(1, 60, load_default=1)
    chain = fields.List(Sentence(required=True), required=True, validate=validate.Length(1, 10))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Cards:
        return Cards(**{**data, "chain": tuple(data["chain"])})


class WorkflowSchema(Strict):
    title = Sentence(required=True)
    first = identifier(required=True)
    stages = fields.Dict(
        keys=identifier(), values=fields.Nested(StageSchema), required=True, validate=validate.Length(2, 40)
    )
    procedures = fields.Dict(keys=identifier(), values=fields.Nested(ProcedureSchema), load_default=dict)
    cards = fields.Nested(CardsSchema, required=True)

    @validates_schema(skip_on_field_errors=True)
    def hangs_together(self, data: dict[str, Any], **_: Any) -> None:
        refuse(_misfits(data["first"], data["stages"]))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Workflow:
        return Workflow(id="", **data)


def _misfits(first: str, stages: Mapping[str, Stage]) -> Iterator[tuple[tuple[str, ...], str]]:
    if first not in stages:
        yield ("first",), f"no stage '{first}'"
    for id in ("draft", "waiting"):
        if id in stages:
            yield ("stages", id), "is what a case is before it is submitted"
    reached = {act.to for stage in stages.values() for act in stage.acts.values()}
    for id, stage in stages.items():
        if id not in reached and id != first:
            yield ("stages", id), "no act leads here"
        if stage.silence_act and stage.silence_act not in stage.acts:
            yield ("stages", id, "silence", "then"), f"'{stage.silence_act}' is no act of this stage"
        for name, act in stage.acts.items():
            yield from ((("stages", id, "acts", name, key), text) for key, text in _wrong(name, act, stages))


def _wrong(name: str, act: Act, stages: Mapping[str, Stage]) -> Iterator[tuple[str, str]]:
    if act.to and act.to not in stages:
        yield "to", f"no stage '{act.to}'"
    if (name in _STAYS) == bool(act.to):
        yield "to", f"'{name}' leads nowhere" if act.to else "is missing"
    if (act.by == APPLICANT) != (name in OF_APPLICANT):
        yield "by", "is the applicant's to do" if name in OF_APPLICANT else "is the desk's to do"
    if name == "undo" and not act.second_person:
        yield "second_person", "a decision is undone by a second person"
