"""What a file is, by its content alone, and what of it is kept."""

from __future__ import annotations

import filetype

from hub.errors import Problem
from hub.materials import documents, pictures
from hub.materials.refusals import refused
from hub.materials.rules import Made, contradicts
from hub.settings.shapes import Uploads

_HEAD = 8192
_PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_ARCHIVES = ("zip", "rar", "7z", "tar", "gzip", "x-bzip", "x-xz", "zstd", "cab")
_OFFICE = ("msword", "ms-excel", "ms-powerpoint", "officedocument", "opendocument", "rtf", "ole")


def kind_of(raw: bytes) -> str:
    """One of image/jpeg, image/png, image/webp, application/pdf. Raises FILE_EMPTY; FILE_TYPE for all else."""
    if not raw.strip(b"\0"):
        raise refused("empty")
    for head, media_type in _PICTURES.items():
        if raw.startswith(head):
            return media_type
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "image/webp"
    if raw.startswith(b"%PDF-"):
        return "application/pdf"
    raise _not_taken(raw)


def checked(raw: bytes, name: str, limits: Uploads) -> Made:
    """What is kept of a file that came under this name. Raises FILE_EMPTY, FILE_TYPE, FILE_BROKEN, FILE_UNSAFE,
    FILE_TOO_LARGE."""
    media_type = kind_of(raw)
    if contradicts(name, media_type):
        raise refused("extension", found=media_type)
    if media_type == "application/pdf":
        return documents.checked(raw, limits.max_pages)
    return pictures.rebuilt(raw)


def fits(made: Made, limits: Uploads) -> bool:
    return made.media_type in limits.media_types and len(made.body) <= limits.max_bytes


def fitted(made: Made, limits: Uploads) -> Made:
    """As the office takes it: pictures are converted, a PDF is not. Raises FILE_TYPE, FILE_TOO_LARGE."""
    if made.pages > limits.max_pages:
        raise refused("pages")
    if fits(made, limits):
        return made
    if made.media_type != "application/pdf":
        return pictures.fitted(made.body, limits)
    raise refused("size" if made.media_type in limits.media_types else "office_type", found=made.media_type)


def _not_taken(raw: bytes) -> Problem:
    found = filetype.guess(raw[:_HEAD])
    said = found.mime if found else ""
    start = raw[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if "heic" in said or "heif" in said or "avif" in said:
        return refused("heic", found=said)
    if start.startswith((b"<", b"%!ps")):
        return refused("markup")
    if start.startswith((b"mz", b"\x7felf", b"#!")) or said in ("application/x-msdownload", "application/x-executable"):
        return refused("program", found=said)
    if any(each in said for each in _OFFICE):
        return refused("office", found=said)
    if any(each in said for each in _ARCHIVES):
        return refused("archive", found=said)
    return refused("unknown", found=said)
