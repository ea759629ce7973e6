"""A fixed-width department: its layouts are those of a system.yaml, its slicing and packing are its own.

Q26  fields are counted in bytes (true), or in characters as a broken release once did (false)
Q27  the name of a field whose text is longer than its width today: cut in bytes, within a character
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from adapters.twins.tcp_site import TcpSite

FOLDER = Path(__file__).parents[1]
Piece = Mapping[str, Any]
DENIED = "DENIED"


@dataclass(frozen=True)
class Told:
    """What comes back: a result code, and the body's texts by name (a group is a list of them). Without a body the
    answer ends after its header, as refusals do here."""

    result: str
    body: Mapping[str, Any] | None = None
    trailer: Mapping[str, str] = field(default_factory=dict)


class FixedWidthSite(TcpSite):
    """A twin of its own overrides `carried_out`. `denied` is the result code for a wrong account or MAC."""

    denied = "99"

    def __init__(self, system: str, secrets: Path, seed: int, folder: Path | None = None, **quirks: Any) -> None:
        raw = yaml.safe_load(((folder or FOLDER / system) / "system.yaml").read_text(encoding="utf-8"))
        own, charset = raw["fixed_width"], raw["encoding"].replace("gbk", "gb18030")
        super().__init__(system, "fixed_width", seed, charset, {"connections": {}, **own}, Q26=True, Q27="", **quirks)
        self._secrets, self._own, self._operations = secrets, own, raw["operations"]

    def carried_out(self, operation: str, fields: Mapping[str, str]) -> Told:
        """The department's own logic: `fields` by wire name."""
        raise NotImplementedError

    def told(self, message: bytes) -> bytes | None:
        header, at = self._sliced(self._own["request"]["header"], message, 0)
        operation = self._named(header)
        if operation is None:
            return None
        body, at = self._sliced(self._operations[operation]["fixed_width"].get("request", []), message, at)
        trailer, _ = self._sliced(self._own["request"].get("trailer", []), message, at)
        known = self._admitted(header) and self._sealed(message)
        fields = {
            piece["name"]: header[piece["name"]] for piece in self._own["request"]["header"] if not piece.get("secret")
        }
        told = self.carried_out(operation, fields | body | trailer) if known else Told(self.denied)
        return self._written(operation, header, told)

    def secret(self, name: str) -> str:
        return (self._secrets / f"{self.system}_{name}").read_text(encoding="utf-8").strip()

    def _named(self, header: Mapping[str, str]) -> str | None:
        """The operation whose constants stand in the header."""
        for name, operation in self._operations.items():
            constants = operation["request"]["constants"].items()
            if all(header.get(field, value) == value for field, value in constants):
                return str(name)
        return None

    def _open(self, header: Mapping[str, str]) -> dict[str, str]:
        """Without the account."""
        layout = self._own["request"]["header"]
        return {piece["name"]: header[piece["name"]] for piece in layout if not piece.get("secret")}

    def _admitted(self, header: Mapping[str, str]) -> bool:
        fields = [piece for piece in self._own["request"]["header"] if piece.get("secret")]
        return all(header[piece["name"]] == self.secret(piece["secret"]) for piece in fields)

    def _sealed(self, message: bytes) -> bool:
        width = _mac_width(self._own["request"])
        return not width or message[-width:] == self._mac(message[:-width], width)

    def _mac(self, data: bytes, width: int) -> bytes:
        key, rule = self.secret(self._own["mac"].get("secret", "key")).encode(), self._own["mac"]
        if rule["algorithm"] == "hmac_sha256":
            text = hmac.new(key, data, "sha256").hexdigest()
        else:
            text = hashlib.new(rule["algorithm"], data + key).hexdigest()
        return (text if rule.get("case") == "lower" else text.upper()).encode()[:width]

    def _sliced(self, layout: Iterable[Piece], message: bytes, at: int) -> tuple[dict[str, str], int]:
        fields: dict[str, str] = {}
        for piece in layout:
            raw = message[at : at + piece["bytes"]]
            text = raw.decode(self.charset)
            pad = piece.get("pad", " ")
            fields[piece["name"]] = text.lstrip(pad) if piece.get("align") == "right" else text.rstrip(pad)
            at += piece["bytes"]
        return fields, at

    def _written(self, operation: str, asked: Mapping[str, str], told: Told) -> bytes:
        around = self._own["answer"]
        message = self._row(around["header"], {**asked, "result": told.result})
        if told.body is not None:
            message += b"".join(self._body(self._operations[operation]["fixed_width"]["answer"], told.body))
        message += self._row([piece for piece in around.get("trailer", []) if not piece.get("mac")], told.trailer)
        width = _mac_width(around)
        return message + (self._mac(message, width) if width else b"")

    def _body(self, layout: Iterable[Piece], body: Mapping[str, Any]) -> Iterator[bytes]:
        for piece in layout:
            if "fields" in piece:
                yield from (self._row(piece["fields"], row) for row in body[piece["name"]])
            else:
                yield self._row([piece], body)

    def _row(self, layout: Iterable[Piece], texts: Mapping[str, str]) -> bytes:
        return b"".join(self._field(piece, texts.get(piece["name"], "")) for piece in layout)

    def _field(self, piece: Piece, text: str) -> bytes:
        width, pad, charset = (
            piece["bytes"],
            piece.get("pad", " "),
            "gb18030" if self.charset == "gbk" else self.charset,
        )
        if self.quirk("Q27") == piece["name"]:
            text = "A" + text * width  # the A puts the cut within a character of two bytes
        right = piece.get("align") == "right"
        if not self.quirk("Q26"):
            return (text.rjust(width, pad) if right else text.ljust(width, pad)).encode(charset)
        raw = text.encode(charset)[:width]
        return raw.rjust(width, pad.encode()) if right else raw.ljust(width, pad.encode())


def _mac_width(around: Mapping[str, Any]) -> int:
    return next((int(piece["bytes"]) for piece in around.get("trailer", []) if piece.get("mac")), 0)
