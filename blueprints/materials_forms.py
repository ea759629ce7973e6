"""What the routes of papers take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import ValidationError, fields

from blueprints.contract import Page
from hub.fields import Form, Text
from hub.settings.papers import KEPT
from hub.settings.pieces import IDENTIFIER

SCANS = ["clean", "unscanned", "infected", "none"]


class Word(Text):
    """An id of the configuration."""

    def _shaped(self, text: str) -> str:
        if not IDENTIFIER.fullmatch(text):
            raise ValidationError("FORMAT")
        return str(super()._shaped(text))


class UploadForm(Form):
    """The fields beside the file: which paper it is, and for which service."""

    type = Word(max=64)
    service = Word(max=64)


class LibraryPage(Page):
    """A page of the library; with `service`, what is offered for its list of papers too."""

    service = Text(max=64)


class PaperAnswer(marshmallow.Schema):
    """A paper as it is kept."""

    file_id = fields.String(required=True)
    sha256 = fields.String(required=True, metadata={"pattern": "^[0-9a-f]{64}$"})
    media_type = fields.String(required=True, metadata={"enum": list(KEPT)})
    size = fields.Integer(required=True, metadata={"description": "Bytes"})
    pages = fields.Integer(required=True)
    name = fields.String(required=True, metadata={"description": "What it was called; never a path"})
    type = fields.String(required=True, allow_none=True, metadata={"description": "Which paper it is"})
    scan = fields.String(
        required=True,
        metadata={
            "enum": SCANS,
            "description": "unscanned: not handed on until the scanner answered. none: there is no scanner",
        },
    )
    uploaded_at = fields.DateTime(required=True)


class HandedAnswer(marshmallow.Schema):
    """An office that has it."""

    office = fields.String(required=True)
    receipt_no = fields.String(required=True)
    at = fields.DateTime(required=True)
    ended = fields.Boolean(required=True, metadata={"description": "The case is over"})


class LibraryEntry(PaperAnswer):
    """A paper, and who has it."""

    given = fields.List(fields.Nested(HandedAnswer), required=True)


class OfferAnswer(marshmallow.Schema):
    """One paper of a service's list, and what can be given for it with one tap."""

    type = fields.String(required=True)
    name = fields.String(required=True)
    required = fields.Boolean(required=True)
    file = fields.Nested(LibraryEntry, required=True, allow_none=True)
    licence = fields.String(
        required=True, allow_none=True, metadata={"description": "A licence of this kind stands in"}
    )


class LibraryAnswer(marshmallow.Schema):
    """The newest first; `offers` only when a service was named."""

    items = fields.List(fields.Nested(LibraryEntry), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    offers = fields.List(fields.Nested(OfferAnswer))


class DeletedAnswer(marshmallow.Schema):
    """It is gone."""

    deleted = fields.String(required=True)


UPLOAD: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP or PDF"},
                    "type": {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$", "maxLength": 64},
                    "service": {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$", "maxLength": 64},
                },
            },
        }
    },
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
BYTES: dict[str, Any] = {"description": "Its bytes.", "content": {each: _BINARY for each in KEPT}}
FILE: dict[str, Any] = {
    "file_id": "m5f0c1d2e3a4b5968778695a4b3c2d1e0",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "media_type": "image/jpeg",
    "size": 482_113,
    "pages": 1,
    "name": "营业场所租赁合同.jpg",
    "type": "lease_contract",
    "scan": "clean",
    "uploaded_at": "2026-03-02T09:30:00+08:00",
}
ENTRY: dict[str, Any] = {
    **FILE,
    "given": [
        {"office": "housing", "receipt_no": "360423-20260302-000017-5", "at": FILE["uploaded_at"], "ended": False}
    ],
}
LIBRARY: dict[str, Any] = {
    "items": [ENTRY],
    "next_cursor": None,
    "offers": [{"type": "lease_contract", "name": "租赁合同", "required": True, "file": ENTRY, "licence": None}],
}
