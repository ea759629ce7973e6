"""The pure rules of papers: what a name may say, what unfolds too far, how long what is kept."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.settings.shapes import Materials as Terms

LONGEST_NAME = 120
LARGEST_DECODED = 160 * 1024 * 1024
SMALL_DECODED = 32 * 1024 * 1024
STEEPEST = 100
SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}
_PICTURES = frozenset({"jpg", "jpeg", "png", "webp", "heic", "gif", "bmp", "tif", "tiff"})


@dataclass(frozen=True, slots=True)
class Made:
    """What is kept of a file: rebuilt, or as it came where a signature would break."""

    media_type: str
    body: bytes
    pages: int = 1


def label(name: str) -> str:
    """What a file may be called on the screen. It is never a path: no folder, no control or direction signs, no half
    characters; at most 120 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C" and sign != "\ufffd")
    return unicodedata.normalize("NFC", plain).strip(" .")[:LONGEST_NAME]


def contradicts(name: str, media_type: str) -> bool:
    """Whether the name says PDF and it is a picture, or the other way round."""
    suffix = name.rpartition(".")[2].lower()
    return suffix in _PICTURES if media_type == "application/pdf" else suffix == "pdf"


def is_bomb(decoded: int, packed: int) -> bool:
    """Sizes in bytes: too much in any case, or far more than it came as."""
    return decoded > LARGEST_DECODED or (decoded > SMALL_DECODED and decoded > STEEPEST * packed)


def offered_since(terms: Terms, now: datetime) -> datetime:
    """Papers given before this are not offered again."""
    return now - timedelta(days=round(terms.offer_months * 30.44))


def cutoffs(terms: Terms, now: datetime) -> tuple[datetime, datetime]:
    """Papers that were never given end when they came before the first; given ones, when their last case was over
    before the second."""
    return now - timedelta(days=terms.unused_days), now - timedelta(days=terms.keep_days)
