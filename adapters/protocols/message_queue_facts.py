"""What system.yaml says about a message queue: how its broker speaks, which queue brings its events, where ours go."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from adapters.protocols.facts import Facts, OperationFacts, Strict, Words

BODIES = ("json", "xml")


class PublishFacts(Strict):
    """A write is published under `topic` (AMQP: through `exchange`; STOMP: a destination), as a JSON object or as XML
    below `root`. A read looks up what was delivered: the rows of `dataset` whose field `by` is the one asked for."""

    exchange = Words(load_default="")
    topic = Words(load_default="")
    root = Words(load_default="message")
    dataset = Words(load_default="")
    by = Words(load_default="")
    rows = Words(load_default="")


class MessageOperationFacts(OperationFacts):
    message_queue = fields.Nested(PublishFacts, required=True)

    @validates_schema
    def direction(self, data: dict[str, Any], **_: Any) -> None:
        own = data["message_queue"]
        if data["kind"] == "write" and not own["topic"]:
            raise ValidationError({"message_queue": {"topic": ["a write names where it is published"]}})
        if data["kind"] == "read" and own["rows"] not in data["answer"]["lists"]:
            raise ValidationError({"message_queue": {"rows": ["names no list of the answer"]}})
        if data["kind"] == "read" and own["by"] not in data["request"]["fields"]:
            raise ValidationError({"message_queue": {"by": ["no field of the request"]}})


class MessageQueueFacts(Strict):
    """`queue` is what we receive from; `prefetch` how many messages may be on their way to us unacknowledged."""

    wire = Words(required=True, validate=validate.OneOf(["amqp", "stomp"]))
    virtual_host = Words(load_default="/")
    queue = Words(load_default="")
    prefetch = fields.Integer(strict=True, load_default=50, validate=validate.Range(1, 1000))
    body = Words(load_default="json", validate=validate.OneOf(BODIES))


class FACTS(Facts):
    """Offered by every protocol under this name."""

    message_queue = fields.Nested(MessageQueueFacts, required=True)
    operations = fields.Dict(keys=Words(), values=fields.Nested(MessageOperationFacts), required=True)

    @validates_schema
    def known_names(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data["poll"]) != bool(data["message_queue"]["queue"]):
            raise ValidationError("a queue that brings something, and only such a one, is polled", "poll")
        for name, operation in data["operations"].items():
            own = operation["message_queue"]
            looked_up = data["datasets"].get(own["dataset"], {"look_up": []})["look_up"]
            if operation["kind"] == "read" and own["by"] not in looked_up:
                raise ValidationError(
                    {"operations": {name: {"message_queue": ["no such dataset, or not looked up so"]}}}
                )
