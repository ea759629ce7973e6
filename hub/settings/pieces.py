"""The strict pieces that the schemas of config/ are put together from. Only the shape of one value is checked here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from hub.clock import CHINA
from hub.settings.secrets import REFERENCE
from hub.settings.shapes import Maintenance, Rollout, Switch

IDENTIFIER = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", re.ASCII)
REGION = re.compile(r"[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?", re.ASCII)
_SECRET_NAME = re.compile(r"passw|secret|token|private|credential|(^|_)(api|app|access|sign|mac)?_?key$", re.IGNORECASE)


class Strict(Schema):
    """Unknown keys are refused."""

    class Meta:
        unknown = RAISE


def refuse(misfits: Iterable[tuple[tuple[str, ...], str]]) -> None:
    """Raises ValidationError with each text at its path; nothing when there is none."""
    found: dict[str, Any] = {}
    for path, text in misfits:
        place = found
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place.setdefault(path[-1], []).append(text)
    if found:
        raise ValidationError(found)


class Words(fields.String):
    """A line of text. A number or a yes/no that was meant as text must stand in quotes."""

    default_error_messages = {"invalid": "must be text; put it in quotes"}  # noqa: RUF012

    def __init__(self, longest: int = 200, **options: Any) -> None:
        checks = options.pop("validate", [])
        super().__init__(validate=[validate.Length(1, longest), *checks], **options)


class Matching(fields.String):
    """A text of a fixed form; `meaning` says which."""

    default_error_messages = {"invalid": "must be text; put it in quotes"}  # noqa: RUF012

    def __init__(self, form: re.Pattern[str], meaning: str, **options: Any) -> None:
        anchored = re.compile(f"^(?:{form.pattern})\\Z", form.flags)
        super().__init__(validate=validate.Regexp(anchored, error=f"is not {meaning}"), **options)


def identifier(**options: Any) -> Matching:
    return Matching(IDENTIFIER, "an id (small letters, digits, - or _)", **options)


def region(**options: Any) -> Matching:
    return Matching(REGION, "a region code of 6, 9 or 12 digits", **options)


def whole(least: int, most: int, **options: Any) -> fields.Integer:
    """A whole number within limits."""
    limits = validate.Range(least, most, error=f"must be from {least} to {most}")
    return fields.Integer(strict=True, validate=limits, **options)


def switchable(**options: Any) -> fields.Boolean:
    return fields.Boolean(truthy={True, "on", "yes"}, falsy={False, "off", "no"}, **options)


class SentenceSchema(Strict):
    zh = fields.String(required=True, validate=validate.Length(0, 2000))
    en = fields.String(validate=validate.Length(0, 2000))


class Sentence(fields.Nested):
    """A text by language: zh, and en where there is one. An empty one counts as none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(SentenceSchema, **options)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> dict[str, str]:
        texts: dict[str, str] = super()._deserialize(value, *args, **options)
        if not texts["zh"].strip():
            if self.required or texts.get("en"):
                raise ValidationError({"zh": ["must not be empty"]})
            return {}
        return {language: text for language, text in texts.items() if text.strip()}


class Moment(fields.AwareDateTime):
    """A time with its offset; kept in +08:00."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "is not a time like 2026-03-01T08:00:00+08:00",
        "invalid_awareness": "is a time without its offset, like +08:00",
    }

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type="datetime")
        moment: datetime = super()._deserialize(value, *args, **options)
        return moment.astimezone(CHINA)


def check_url(value: str, schemes: frozenset[str] = frozenset({"http", "https"})) -> None:
    """Raises ValidationError, without the value: it may hold a password."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValidationError("is not a URL") from None
    if parts.scheme not in schemes or not parts.hostname or port == 0 or re.search(r"[\s\\<>\"{}|^`]", value):
        raise ValidationError(f"is not a URL ({' or '.join(sorted(schemes))})")
    if parts.username is not None or parts.password is not None:
        raise ValidationError("a user or password must not stand in a URL")
    if parts.query or parts.fragment:
        raise ValidationError("a URL here has no ? and no #")


DATABASES = frozenset({"postgresql", "mysql", "oracle", "sqlserver", "dameng", "kingbase"})
_OTHERS = frozenset({"http", "https", "amqp", "amqps", "stomp", "stomps", "tcp", "tcps", "sftp"})


def check_address(value: str) -> None:
    """Where a system is: its protocol knows which of these it speaks."""
    if value.startswith("file:"):
        check_folder(value)
    else:
        check_url(value, DATABASES if value.partition(":")[0] in DATABASES else _OTHERS)


def check_issuer(value: str) -> None:
    """Who vouches for staff is asked over TLS, unless it is on this machine."""
    check_url(value)
    if not value.startswith("https://") and urlsplit(value).hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValidationError("must be https://")


def check_folder(value: str) -> None:
    """A folder of this machine has no host, user or port: file:///srv/dropped."""
    path = value.removeprefix("file://")
    if not path.startswith("/") or path.strip("/") == "" or ".." in path.split("/") or re.search(r"[\s\\?#]", value):
        raise ValidationError("is not the absolute path of a folder (file:///srv/dropped)")


class Reference(Matching):
    """The name of a secret, never the secret."""

    def __init__(self, **options: Any) -> None:
        super().__init__(REFERENCE, "a reference (env/NAME or file/PATH); a secret is never written here", **options)


class Address(fields.String):
    """A URL, or a reference to one."""

    default_error_messages = {"invalid": "must be text; put it in quotes"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, *args, **options)
        if not REFERENCE.fullmatch(text):
            check_address(text)
        return text


def refuse_secrets(value: Any) -> None:
    """Raises ValidationError where something free holds what looks like a secret."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if _SECRET_NAME.search(str(key)) and isinstance(inner, str):
                raise ValidationError({key: ["looks like a secret; name it under secrets: as env/NAME or file/PATH"]})
            try:
                refuse_secrets(inner)
            except ValidationError as error:
                raise ValidationError({key: error.messages}) from None


class MaintenanceSchema(Strict):
    starts_at = Moment(required=True, data_key="from")
    ends_at = Moment(required=True, data_key="until")
    notice = Sentence(load_default=dict)

    @validates_schema(skip_on_field_errors=True)
    def ends_after_it_starts(self, data: dict[str, Any], **_: Any) -> None:
        if data["ends_at"] <= data["starts_at"]:
            raise ValidationError("must be after 'from'", "until")

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Maintenance:
        return Maintenance(**data)


class RolloutSchema(Strict):
    percent = whole(0, 100)
    regions = fields.List(region(), load_default=list, validate=validate.Length(max=200))
    citizens = fields.List(Words(64), load_default=list, validate=validate.Length(max=1000))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Rollout:
        """Where only regions or citizens are listed, nobody else is let in."""
        listed = data["regions"] or data["citizens"]
        return Rollout(data.get("percent", 0 if listed else 100), tuple(data["regions"]), tuple(data["citizens"]))


class SwitchSchema(Strict):
    enabled = switchable(load_default=True)
    notice = Sentence(load_default=dict)
    maintenance = fields.Nested(MaintenanceSchema, load_default=None, allow_none=True)
    rollout = fields.Nested(RolloutSchema, load_default=Rollout)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Switch:
        return Switch(**data)
