"""Papers: sent once, kept on the citizen's shelf, offered to every office that asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Response, request

from blueprints import asking
from blueprints import materials_forms as forms
from blueprints.auth import require
from blueprints.body import reads_itself
from blueprints.contract import SIGNED_IN, Blueprint, answer, problem_codes
from blueprints.upload import Incoming, Receivers, incoming
from hub.clock import CHINA
from hub.errors import Fault, Problem, invalid
from hub.fields import load
from hub.materials.rules import SUFFIXES

if TYPE_CHECKING:
    from hub.main import Hub
    from hub.materials.handing import Handed
    from hub.materials.shelves import Kept
    from hub.settings.shapes import Service

_CITIZEN = (*SIGNED_IN, "ROLE_REQUIRED", "NOT_FOUND", "KEY_UNAVAILABLE")
_REFUSED = ("FILE_EMPTY", "FILE_TYPE", "FILE_BROKEN", "FILE_UNSAFE", "FILE_INFECTED", "FILE_TOO_LARGE", "FILES_QUOTA")
_SENT = ("MULTIPART", "MEDIA_TYPE", "CONTENT_ENCODING", "CHARSET", "BODY_EMPTY", "CHOICE", "STORAGE_FULL")
_FORM, _FILE = forms.UploadForm(), forms.PaperAnswer()
_FIELDS = ("REQUIRED", "TYPE", "UNKNOWN_FIELD", "FORMAT", "TOO_LONG", "TEXT_CONTROL", "TEXT_INVISIBLE")


def make(hub: Hub) -> Blueprint:
    """The routes of papers."""
    blueprint = Blueprint("materials", __name__, url_prefix="/api/v1", description="Papers: sent once, used everywhere")
    _upload(blueprint, hub, Receivers())
    _library(blueprint, hub)
    return blueprint


def _upload(blueprint: Blueprint, hub: Hub, receivers: Receivers) -> None:
    @blueprint.route("/files", methods=["POST"])
    @problem_codes(*_CITIZEN, *_SENT, *_REFUSED, *_FIELDS)
    @blueprint.doc(requestBody=forms.UPLOAD)
    @blueprint.response(201, _FILE, description="Kept, as it will be handed on.", example=forms.FILE)
    @blueprint.alt_response(200, schema=_FILE, description="It was there already.", example=forms.FILE)
    @reads_itself
    def upload() -> Response:
        """Send a paper

        What it is, is told by its content, never by its name. Photos are written anew without place and camera. The
        same file again is the same paper. With `service`, a photo is fitted to what that department takes.
        """
        with incoming(request.environ) as body:
            principal = require()
            hub.materials.disk.room_for_papers()
            return _taken(principal.citizen_id, body)

    def _taken(citizen_id: str, body: Incoming) -> Response:
        with receivers.place():
            sent = body.read(hub.settings.now.hub.materials.max_kb * 1024, frozenset(_FORM.fields))
            form = load(_FORM, dict(sent.fields))
            service = form.get("service", "")
            if service and service not in hub.settings.now.services:
                raise invalid([Fault("service", "CHOICE")])
            kept, is_new = hub.materials.upload(
                citizen_id, sent.body, sent.name, form.get("type", ""), service
            )  # fmt: skip
        return answer(_file(kept), 201 if is_new else 200)


def _library(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/me/materials")
    @problem_codes(*_CITIZEN, "PAGE_INVALID")
    @blueprint.arguments(forms.LibraryPage, location="query")
    @blueprint.response(200, forms.LibraryAnswer, description="The newest first.", example=forms.LIBRARY)
    def library(page: dict[str, Any]) -> Response:
        """My papers, which offices have them, and with `service` what can be given again"""
        me = require().citizen_id
        service = _service(hub, page.get("service"))
        with hub.database.session() as session:
            found = hub.materials.library(session, me, page.get("cursor"), page["page_size"] + 1)
            given = hub.materials.handing.handed(session, me)
            types = [str(each.get("type", "")) for each in _asked(service)]
            offered = hub.materials.handing.offers(session, me, types) if service else {}
        shown = found[: page["page_size"]]
        told: dict[str, Any] = {
            "items": [_entry(each, given) for each in shown],
            "next_cursor": shown[-1].file_id if len(found) > len(shown) else None,
        }
        if service:
            told["offers"] = [_offer(each, offered, given) for each in _asked(service)]
        return answer(told)

    @blueprint.route("/me/materials/<string:file_id>/file")
    @problem_codes(*_CITIZEN, "FILE_INFECTED")
    @blueprint.doc(responses={200: forms.BYTES})
    def file(file_id: str) -> Response:
        """One of my papers itself"""
        me = require().citizen_id
        with hub.database.session() as session:
            kept, body = hub.materials.own(session, me, file_id)
        response = Response(body, mimetype=kept.media_type)
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_file_name(kept), safe='')}"
        return response

    @blueprint.route("/me/materials/<string:file_id>", methods=["DELETE"])
    @problem_codes(*_CITIZEN, "STATE_CONFLICT")
    @blueprint.response(200, forms.DeletedAnswer, description="Gone.", example={"deleted": forms.FILE["file_id"]})
    def delete(file_id: str) -> Response:
        """Delete one of my papers, when no case needs it"""
        me = require().citizen_id
        with hub.database.session() as session:
            hub.materials.delete(session, me, file_id)
        return answer({"deleted": file_id})


def _service(hub: Hub, id: str | None) -> Service | None:
    if id is None:
        return None
    if id not in hub.settings.now.services:
        raise Problem("NOT_FOUND")
    return hub.settings.now.services[id]


def _asked(service: Service | None) -> list[Mapping[str, Any]]:
    """The papers of its guide that have a kind: the others cannot be known again."""
    listed = service.guide.get("materials", ()) if service else ()
    return [each for each in listed if each.get("type")]


def _offer(asked: Mapping[str, Any], offered: Mapping[str, Kept], given: Sequence[Handed]) -> dict[str, Any]:
    language = asking.language()
    kept = offered.get(asked["type"])
    return {
        "type": asked["type"],
        "name": asked["name"].get(language) or asked["name"]["zh"],
        "required": asked["required"],
        "file": _entry(kept, given) if kept else None,
        "licence": asked.get("licence"),
    }


def _entry(kept: Kept, given: Sequence[Handed]) -> dict[str, Any]:
    handed = [
        {"office": each.office, "receipt_no": each.receipt_no, "at": each.at.astimezone(CHINA), "ended": each.ended}
        for each in given
        if each.file_id == kept.file_id
    ]
    return {**_file(kept), "given": handed}


def _file(kept: Kept) -> dict[str, Any]:
    return {
        "file_id": kept.file_id,
        "sha256": kept.sha256,
        "media_type": kept.media_type,
        "size": kept.size,
        "pages": kept.pages,
        "name": _file_name(kept),
        "type": kept.type or None,
        "scan": kept.scan,
        "uploaded_at": kept.uploaded_at.astimezone(CHINA),
    }


def _file_name(kept: Kept) -> str:
    """Its name with the ending of what it is now: a photo may have come in another form."""
    stem, suffix = kept.name.rpartition(".")[0] or kept.name or kept.file_id, SUFFIXES[kept.media_type]
    return f"{stem}.{suffix}"
