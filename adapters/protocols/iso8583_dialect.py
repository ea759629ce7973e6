"""One partner's dialect of ISO 8583: data in the adapter's folder, carried out by pyiso8583.

Every partner has its own bitmap, length prefixes and encodings, and a message of another dialect may well be decoded by
chance. So each field must hold only the letters it is declared with, and nothing undeclared may come (Q30).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import iso8583
import yaml
from marshmallow import ValidationError

from adapters.protocols.charset import CHARSETS, decode
from adapters.protocols.facts import unusable
from adapters.protocols.iso8583_facts import LETTERS, PLACES, DialectFieldFacts
from hub.errors import Fault, invalid
from hub.port import Garbled

Fields = dict[str, str]

_NO_HEADER = {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 0, "letters": "ans"}
_AROUND, _BETWEEN = ("h", "p", "1"), "\x1f"


class Dialect:
    """Fields by number to bytes and back; `t` is the message type."""

    def __init__(self, spec: Mapping[str, Mapping[str, Any]]) -> None:
        self._spec = {"h": _NO_HEADER, **spec}
        self._form = lru_cache(64)(self._joined)
        self._fixed = {
            name: (self.width(name), field["letters"] in ("n", "b"))
            for name, field in spec.items()
            if name not in PLACES and not field["len_type"]
        }

    @classmethod
    def read(cls, file: Path) -> Dialect:
        """Raises Problem CONFIG_INVALID for a file that describes no dialect."""
        try:
            raw = yaml.safe_load(file.read_text(encoding="utf-8"))
            spec = {str(name): DialectFieldFacts().load(each) for name, each in dict(raw).items()}
        except (OSError, ValueError, TypeError, ValidationError, yaml.YAMLError) as error:
            raise unusable(f"{file.name}: {error}") from error
        missing = {"t", "p", "1"} - spec.keys()
        if missing:
            raise unusable(f"{file.name}: no {', '.join(sorted(missing))}")
        return cls(spec)

    def width(self, name: str) -> int:
        """How many bytes (or digits) a field holds at most. Raises Problem CONFIG_INVALID for one that is not known."""
        if name not in self._spec or name in PLACES:
            raise unusable(f"the dialect has no field {name}")
        field = self._spec[name]
        return int(field["max_len"]) * (2 if field["data_enc"] == "b" and field["len_count"] == "bytes" else 1)

    def filled(self, name: str, text: str) -> str:
        """As long as a field of fixed length must be: figures to the right, letters to the left."""
        if not text or name not in self._fixed:
            return text
        width, figures = self._fixed[name]
        if figures:
            return text.rjust(width, "0")
        if text.isascii():
            return text.ljust(width)
        try:
            return text + " " * (width - len(text.encode(self._spec[name]["data_enc"])))
        except UnicodeEncodeError:
            raise invalid([Fault(name, "FORMAT")]) from None

    def written(self, fields: Fields) -> bytes:
        """Raises 422 for a text that its field cannot hold."""
        strange, _ = self._strange(fields)
        if strange:
            raise invalid([Fault(strange, "FORMAT")])
        try:
            raw, _ = iso8583.encode(dict(fields), self._spec)
        except iso8583.EncodeError as error:
            raise invalid([Fault(error.field, "FORMAT")]) from None
        return bytes(raw)

    def understood(self, message: bytes) -> Fields:
        """Raises Garbled for whatever is not wholly of this dialect."""
        try:
            fields, encoded = iso8583.decode(message, self._spec)
        except (iso8583.DecodeError, LookupError) as error:
            where = error.field if isinstance(error, iso8583.DecodeError) else str(error)
            raise Garbled(f"not of this dialect at field {where}", sample=message) from None
        strange, plain = self._strange(fields)
        if strange:
            raise Garbled(f"field {strange} holds what it must not", sample=message)
        for name, text in () if plain else fields.items():
            if not text.isascii() and (charset := self._spec[name]["data_enc"]) in CHARSETS:
                decode(encoded[name]["data"], charset)  # another charset, or a mistake in its store
        for name in _AROUND:
            fields.pop(name, None)
        return fields

    def _strange(self, fields: Fields) -> tuple[str, bool]:
        """The first field that does not hold the letters it is declared with; whether all are ASCII. They are looked
        at in one go, side by side: no letter of any field is the mark between them."""
        text = _BETWEEN.join(fields.values())
        if self._form(tuple(fields)).fullmatch(text):
            return "", text.isascii()
        return next(name for name, each in fields.items() if not self._letters(name).fullmatch(each)), False

    def _joined(self, names: tuple[str, ...]) -> re.Pattern[str]:
        return re.compile(_BETWEEN.join(self._letters(name).pattern for name in names))

    def _letters(self, name: str) -> re.Pattern[str]:
        return LETTERS[self._spec[name]["letters"]]
