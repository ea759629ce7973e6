"""Where a message on a bare connection ends: its length stands before it (legacy.md Q25, Q29). And how we connect.

What system.yaml says about both is the same for every protocol that speaks over its own frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from adapters.protocols.facts import Strict, Words
from hub.port import Garbled


@dataclass(frozen=True, slots=True)
class Framing:
    """`width` bytes of length, as digits or as a big-endian number. `own` is what it counts of itself: its width, or
    nothing. More than `most` bytes are not taken."""

    width: int
    digits: bool
    own: int
    most: int

    def wrap(self, message: bytes) -> bytes:
        length = len(message) + self.own
        if self.digits:
            head = b"%0*d" % (self.width, length)
            if len(head) > self.width:
                raise ValueError("a message longer than its length header can say")
            return head + message
        return length.to_bytes(self.width, "big") + message

    def whole(self, data: bytes) -> int:
        """How long the frame is that begins like this, its length header included."""
        head = data[: self.width]
        if self.digits and not head.isdigit():  # of ASCII alone
            raise Garbled("no length where an answer should begin")
        length = (int(head) if self.digits else int.from_bytes(head, "big")) - self.own
        if length < 0:
            raise Garbled("a length that does not even hold itself")
        if length > self.most:
            raise Garbled("the answer is larger than allowed", code="UPSTREAM_TOO_LARGE")
        return self.width + length


class FramingFacts(Strict):
    """`most_bytes` is the longest message that is taken; a department declares a smaller one where it knows it."""

    length_bytes = fields.Integer(strict=True, required=True, validate=validate.Range(1, 10))
    length_as = Words(load_default="digits", validate=validate.OneOf(["digits", "binary"]))
    length_includes_header = fields.Boolean(load_default=False)
    most_bytes = fields.Integer(strict=True, load_default=1024 * 1024, validate=validate.Range(1, 5 * 1024 * 1024))

    @post_load
    def framing(self, data: dict[str, Any], **_: Any) -> Framing:
        width = data["length_bytes"]
        own = width if data["length_includes_header"] else 0
        return Framing(width, data["length_as"] == "digits", own, data["most_bytes"])


class ConnectionFacts(Strict):
    """`kept` connections wait for the next call (0: one connection for each call). `alone`: the department bears one
    connection at a time and ends the older one, so callers take turns, in all workers."""

    kept = fields.Integer(strict=True, load_default=8, validate=validate.Range(0, 64))
    alone = fields.Boolean(load_default=False)

    @validates_schema
    def alone_keeps_none(self, data: dict[str, Any], **_: Any) -> None:
        if data["alone"] and data["kept"]:
            raise ValidationError("who must be alone keeps no connection: another worker's call would end it", "kept")
