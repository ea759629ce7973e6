"""What every field shares, and the texts: one line, several lines, names, words of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from marshmallow import ValidationError, fields

from hub.clock import Clock

_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff"
_CONTROL_BUT_LINES = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff"
# Bidi marks and overrides, zero-width signs, fillers that draw nothing, tags. Variation selectors stay: names use them.
_INVISIBLE = (
    r"\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
    r"\ufff9-\ufffb"
)
_HAS_INVISIBLE = re.compile(f"[{_INVISIBLE}\U000e0000-\U000e007f]")
EARLIEST_YEAR = 1880
_BLANKS = " \t\r\n\u00a0\u3000"
MESSAGES: dict[str, Any] = {
    "required": "REQUIRED",
    "null": "TYPE",
    "invalid": "TYPE",
    "type": "TYPE",
    "validator_failed": "FORMAT",
}


class Strict(fields.Field[Any]):
    """What all fields share. `min` and `max` mean characters of a text and the value of a number."""

    default_error_messages = MESSAGES
    longest = 200

    def __init__(
        self,
        *,
        min: int | None = None,
        max: int | None = None,
        choices: Sequence[str] = (),
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.min, self.max, self.choices = min, max, tuple(choices)
        self.clock = clock or Clock()
        if self.required:
            self.error_messages["null"] = "REQUIRED"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self.accept(value)

    def accept(self, value: Any) -> Any:
        """The value in its one form; raises ValidationError with a code as its text."""
        raise NotImplementedError

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of what is accepted."""
        raise NotImplementedError

    def _today(self) -> date:
        return self.clock.now().date()


class Text(Strict):
    """One line: no line break, no control character, nothing invisible. Blanks around it are cut off."""

    forbidden = _CONTROL
    _control: ClassVar[re.Pattern[str]] = re.compile(f"[{_CONTROL}]")

    def accept(self, value: Any) -> Any:
        return self._shaped(self._clean(value))

    def _clean(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("TYPE")
        if self._control.search(value):
            raise ValidationError("TEXT_CONTROL")
        if _HAS_INVISIBLE.search(value):
            raise ValidationError("TEXT_INVISIBLE")
        text = value.strip(_BLANKS)
        if self.required and not text:
            raise ValidationError("REQUIRED")
        return text

    def _shaped(self, text: str) -> Any:
        if len(text) > (self.max or self.longest):
            raise ValidationError("TOO_LONG")
        if self.min is not None and len(text) < self.min:
            raise ValidationError("TOO_SHORT")
        return text

    def json_schema(self) -> dict[str, Any]:
        shortest = self.min or (1 if self.required else 0)
        return {
            "type": "string",
            "minLength": shortest,
            "maxLength": self.max or self.longest,
            "pattern": f"^[^{self.forbidden}{_INVISIBLE}]*$",
        }


class LongText(Text):
    """Several lines: line breaks and tabs are allowed."""

    longest = 2000
    forbidden = _CONTROL_BUT_LINES
    _control = re.compile(f"[{_CONTROL_BUT_LINES}]")


class Name(Text):
    """A person's name. Every dot that is typed between its parts becomes U+00B7."""

    longest = 50
    _dots: ClassVar[dict[int, str]] = {ord(dot): "\u00b7" for dot in "\u2022\u30fb.\uff0e\uff65\u2027\u22c5"}

    def _shaped(self, text: str) -> Any:
        return super()._shaped(text.translate(self._dots))


class Choice(Text):
    """One of the given words."""

    def _shaped(self, text: str) -> Any:
        if text not in self.choices:
            raise ValidationError("CHOICE")
        return text

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices)}
